"""Hidden states of each word of a treebank in each layer of one model.

The state of a word is the mean of the states of its sub-words (paper, section 3).
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from langsig.arrays import Array
from langsig.errors import InputError, LeftOutWarning, check_count
from langsig.files import reserve, write_file
from langsig.representations.encoders import Encoder
from langsig.representations.memory import ALWAYS_FITS, longest_sentence
from langsig.representations.sub_words import SubWords, tokenise, tokenise_texts
from langsig.representations.threads import in_threads, thread_count

if TYPE_CHECKING:
    import torch

DTYPES = ("float16", "float32")
_WORKERS = 4  # batches at the same time; more take much memory


@dataclass(frozen=True, eq=False)
class States:
    """Hidden states of one model for the words of one language.

    Vectors of a reference without layers, such as parts of speech, are states of a single layer.

    Raises
    ------
    InputError
        If there are no layers, or the number of states in a layer is not that of the index.

    Examples
    --------
    Two layers of two words, which are rows 0 and 3 of the words table:

    >>> import numpy as np
    >>> states = States([np.zeros((2, 5)), np.ones((2, 5))], np.array([0, 3]))
    >>> len(states.layers), states.layers[0].shape
    (2, (2, 5))
    """

    layers: list[Array]
    """States of each layer, starting with the embeddings, ``[words, dim]`` each."""
    index: NDArray[np.int64]
    """Row of the words table that each state belongs to, in ascending order, ``[words]``."""

    def __post_init__(self) -> None:
        if not self.layers:
            raise InputError("layers is empty; there must be states of at least one layer")
        for number, layer in enumerate(self.layers):
            if layer.ndim != 2 or len(layer) != len(self.index):
                raise InputError(
                    f"layer {number} must have the shape [{len(self.index)} words, dim], "
                    f"got {layer.shape}"
                )

    def save(self, directory: str | Path) -> None:
        """Write the files that :meth:`open` reads to an existing folder."""
        for number, layer in enumerate(self.layers):
            np.save(Path(directory, _layer_file(number)), layer)
        np.save(Path(directory, "index.npy"), self.index)

    @classmethod
    def open(cls, directory: str | Path) -> "States":
        """Map the files of a folder that :func:`extract` or :meth:`save` wrote into memory.

        Parameters
        ----------
        directory
            Folder with ``layer-00.npy`` (the embeddings) to ``layer-NN.npy``, each
            ``[words, dim]``, and ``index.npy``.

        Raises
        ------
        InputError
            If the folder holds no hidden states, or their shapes do not fit.
        """
        paths = sorted(Path(directory).glob("layer-*.npy"))
        if not paths:
            raise InputError(f"{directory}: no hidden states (layer-00.npy, ...)")
        try:
            layers = [np.load(path, mmap_mode="r") for path in paths]
            return cls(layers, np.load(Path(directory, "index.npy")))
        except Exception as error:  # NumPy raises errors of many kinds for damaged files
            raise InputError(f"{directory}: cannot read hidden states: {error}") from error


class _Batch(NamedTuple):
    """States of the words of a few sentences."""

    rows: NDArray[np.int64]
    """Row that each state belongs to, ``[words of the batch]``."""
    states: "torch.Tensor"
    """``[layers, words of the batch, dim]``"""


def extract(
    encoder: Encoder,
    words: pd.DataFrame,
    output: Path,
    *,
    dtype: str,
    batch_tokens: int | None = None,
    layers: Sequence[int] | None = None,
) -> States:
    """Write the hidden states of all words to a folder, see :meth:`States.open`.

    Sentences go through the model sorted by length, in batches of about the same number of
    sub-words; if padding or neighbours have an effect, in batches of equal length or alone. Each
    state is written directly to its row of the files; only the sub-words of the treebank are kept
    in memory.

    Parameters
    ----------
    encoder
        The model for sentences of the language.
    words
        Words table: columns ``sentence`` and ``form``, one row per word, sentence after sentence.
    output
        Existing folder.
    dtype
        Number format of the files: ``float16`` or ``float32``.
    batch_tokens
        Number of sub-words that go through the model at once, padding included (default:
        :attr:`Encoder.batch_tokens`).
    layers
        Numbers of the layers to keep, where 0 is the embeddings (default: all).

    Returns
    -------
    States
        The files, mapped into memory. Sentences with more sub-words than the model has positions
        or than fit into memory, and words without sub-words, are left out.

    Warns
    -----
    LeftOutWarning
        If sentences are too long; the message says how many.

    Raises
    ------
    InputError
        If an argument is out of range, the model fails, the tokenizer does not belong to it, no
        sentence fits, or a state is not finite in `dtype`; the message names language, layer and
        word.
    OSError
        If the disk has no room for the files.
    """

    def new_file(layer: int, shape: tuple[int, int]) -> Array:
        return _new_file(output / _layer_file(layer), np.dtype(dtype), shape)

    index, _ = _states_of_words(encoder, words, dtype, batch_tokens, layers, new_file)
    content = BytesIO()
    np.save(content, index)
    write_file(output / "index.npy", content.getvalue())
    return States.open(output)


def states_of(
    encoder: Encoder,
    words: pd.DataFrame,
    *,
    dtype: str = "float16",
    batch_tokens: int | None = None,
    layers: Sequence[int] | None = None,
) -> States:
    """Hidden states of all words, in memory.

    Parameters, warnings and errors are those of :func:`extract`.

    Parameters
    ----------
    encoder
        The model for sentences of the language.
    words
        Words table: columns ``sentence`` and ``form``, one row per word, sentence after sentence.
    dtype
        Number format of the states: ``float16`` or ``float32``.
    batch_tokens
        Number of sub-words that go through the model at once, padding included (default:
        :attr:`Encoder.batch_tokens`).
    layers
        Numbers of the layers to keep, where 0 is the embeddings (default: all).

    Returns
    -------
    States
        ``[words, dim]`` for each layer.
    """

    def new_array(layer: int, shape: tuple[int, int]) -> Array:
        return np.empty(shape, dtype)

    index, states = _states_of_words(encoder, words, dtype, batch_tokens, layers, new_array)
    return States(states, index)


def sentence_vectors(
    encoder: Encoder,
    sentences: Sequence[str],
    *,
    dtype: str = "float32",
    batch_tokens: int | None = None,
    layers: Sequence[int] | None = None,
) -> Array:
    """Mean hidden state of the sub-words of each sentence, special ones excluded.

    Each sentence is split into sub-words as a whole. It loses its end if it is longer than the
    model can read.

    Parameters
    ----------
    encoder
        The model for sentences of the language.
    sentences
        Sentences as they are written.
    dtype
        Number format of the vectors: ``float16`` or ``float32``.
    batch_tokens
        Number of sub-words that go through the model at once, padding included (default:
        :attr:`Encoder.batch_tokens`).
    layers
        Numbers of the layers to keep, where 0 is the embeddings (default: all).

    Returns
    -------
    ndarray
        ``[layers, sentences, dim]``

    Raises
    ------
    InputError
        If an argument is out of range, the model fails, the tokenizer does not belong to it, a
        sentence has no sub-words, or a vector is not finite in `dtype`; the message names
        language, layer and sentence.
    """
    if not sentences:
        raise InputError("sentences is empty; give at least one")
    longest = min(encoder.positions, longest_sentence(encoder.model))
    sub_words = tokenise_texts(sentences, encoder.tokenizer, longest)
    index = sub_words.index()
    if len(index) < len(sentences):
        empty = np.setdiff1d(np.arange(len(sentences)), index)[0]
        raise InputError(
            f"{encoder.language}: sentence {empty} ({sentences[empty]!r}) has no sub-words; leave "
            "it out in all languages"
        )
    vectors = _fill(
        encoder, sub_words, index, dtype, batch_tokens, layers,
        lambda layer, shape: np.empty(shape, dtype),
        lambda row: f"sentence {row}",
    )  # fmt: skip
    return np.stack(vectors)


def _states_of_words(
    encoder: Encoder,
    words: pd.DataFrame,
    dtype: str,
    batch_tokens: int | None,
    layers: Sequence[int] | None,
    new_array: Callable[[int, tuple[int, int]], Array],
) -> tuple[NDArray[np.int64], list[Array]]:
    """Index and states of the words, see :class:`States`, in arrays that `new_array` makes."""
    sub_words = _fitting(encoder, words)
    index = sub_words.index()

    def describe(row: int) -> str:
        word = words.iloc[row]
        return f"the word {word.form!r} (row {row} of the words table, sentence {word.sentence})"

    return index, _fill(encoder, sub_words, index, dtype, batch_tokens, layers, new_array, describe)


def _fitting(encoder: Encoder, words: pd.DataFrame) -> SubWords:
    """Sub-words of the sentences that the model can read."""
    fitting = longest_sentence(encoder.model)
    longest = min(encoder.positions, fitting)
    sub_words = tokenise(words, encoder.tokenizer, longest)
    if len(sub_words):
        sub_words = sub_words.up_to(encoder.longest(sub_words.longest()))
        longest = min(encoder.positions, fitting)
    in_memory = longest == fitting or encoder.out_of_memory
    limit = f"{longest:,} sub-words that " + (
        "fit into memory" if in_memory else "the model has positions for"
    )
    if not len(sub_words):
        raise InputError(
            f"{encoder.language}: no sentence fits into the {limit}; use shorter sentences, or "
            "another model"
        )
    if sub_words.too_long:
        warnings.warn(
            f"{encoder.language}: left out {sub_words.too_long:,} of "
            f"{words['sentence'].nunique():,} sentences, with more than the {limit}",
            LeftOutWarning,
            stacklevel=4,
        )
    return sub_words


def _fill(
    encoder: Encoder,
    sub_words: SubWords,
    index: NDArray[np.int64],
    dtype: str,
    batch_tokens: int | None,
    layers: Sequence[int] | None,
    new_array: Callable[[int, tuple[int, int]], Array],
    describe: Callable[[int], str],
) -> list[Array]:
    """Mean states of the sub-words of each row, ``[rows, dim]`` for each layer.

    Parameters
    ----------
    index
        Rows in ascending order, ``[rows]``.
    new_array
        Makes the array of a layer from its number and shape.
    describe
        Describes what a row belongs to, for messages.
    """
    if dtype not in DTYPES:
        raise InputError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    batch_tokens = encoder.batch_tokens if batch_tokens is None else batch_tokens
    check_count("batch_tokens", batch_tokens)
    layers = range(encoder.layers + 1) if layers is None else layers
    if not layers or not set(layers) <= set(range(encoder.layers + 1)):
        raise InputError(f"layers must be numbers from 0 to {encoder.layers}, got {list(layers)}")
    if sub_words.tokens.max() >= encoder.vocabulary:
        raise InputError(
            f"{encoder.language}: the tokenizer gives sub-word {sub_words.tokens.max()}, but the "
            f"model has embeddings of {encoder.vocabulary}; use the tokenizer of this model"
        )
    import torch  # late: it takes seconds, and covariances do not need it

    filled: list[Array] = []
    title = f"extract {encoder.language}"
    with tqdm(None, title, len(index), unit="word", mininterval=1, disable=None) as bar:
        for rows, states in _in_threads(encoder, sub_words, batch_tokens, layers, dtype):
            if not states.sum(dtype=torch.float32).isfinite():  # faster than asking each state
                for place, number in (~states.isfinite().all(2)).nonzero().tolist():
                    raise InputError(
                        f"{encoder.language}: layer {layers[place]} of "
                        f"{describe(int(rows[number]))} is not finite in {dtype}"
                    )
            if not filled:
                shape = (len(index), states.shape[2])
                filled = [new_array(layer, shape) for layer in layers]
            positions = np.searchsorted(index, rows)
            for array, of_layer in zip(filled, states.numpy(), strict=True):
                array[positions] = of_layer
            bar.update(len(rows))
    return filled


def _in_threads(
    encoder: Encoder,
    sub_words: SubWords,
    batch_tokens: int,
    layers: Sequence[int],
    dtype: str,
) -> Iterator[_Batch]:
    """Mean states of the sub-words of each row, batch after batch, several at the same time."""
    workers = 1
    if encoder.model.device.type == "cpu" and sub_words.longest() <= ALWAYS_FITS:
        workers = thread_count(_WORKERS)
    free: SimpleQueue[Encoder] = SimpleQueue()
    for one in encoder.for_threads(workers):
        free.put(one)

    def means(sentences: NDArray[np.int64]) -> _Batch:
        own = free.get()
        try:
            return _means(own, sub_words, sentences, layers, dtype)
        finally:
            free.put(own)

    batches = sub_words.batches(batch_tokens, encoder.batching, encoder.batch_cost)
    yield from in_threads(means, batches, workers)


def _means(
    encoder: Encoder,
    sub_words: SubWords,
    sentences: NDArray[np.int64],
    layers: Sequence[int],
    dtype: str,
) -> _Batch:
    """Mean states of the sub-words of each row in a batch of sentences."""
    import torch

    device = encoder.model.device
    tokens, attended, rows = sub_words.padded(sentences)
    places = np.flatnonzero(rows >= 0)  # of the sub-words in the batch
    rows_of_places = rows.reshape(-1)[places]
    starts = np.flatnonzero(np.diff(rows_of_places, prepend=-1))  # [words of the batch]
    where, offsets = (torch.from_numpy(array).to(device) for array in (places, starts))
    states = encoder.states(tokens, attended)
    shape = (len(layers), len(starts), states[0].shape[2])
    means = torch.empty(shape, dtype=getattr(torch, dtype), device=device)
    for place, layer in enumerate(layers):
        state = states[layer].flatten(0, 1).float()  # [sub-words of the batch, dim]
        means[place] = torch.nn.functional.embedding_bag(where, state, offsets, mode="mean")
    return _Batch(rows_of_places[starts], means.cpu())


def _layer_file(layer: int) -> str:
    return f"layer-{layer:02d}.npy"


def _new_file(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """An array of zeros in a file, mapped into memory. The disk has room for all of it."""
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        size = file.tell() + math.prod(shape) * dtype.itemsize
    reserve(path, size)
    array: Array = np.load(path, mmap_mode="r+")
    return array
