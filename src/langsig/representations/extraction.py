"""Hidden states of each word of a treebank in each layer of one model.

The state of a word is the mean of the states of its sub-words (paper, section 3).
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from langsig.arrays import Array
from langsig.errors import InputError, LeftOutWarning, check_count
from langsig.files import reserve, write_file
from langsig.representations.encoders import Encoder
from langsig.representations.memory import longest_sentence
from langsig.representations.sub_words import Batching, tokenise

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DTYPES = ("float16", "float32")


@dataclass(frozen=True, eq=False)
class States:
    """Hidden states of one model for the words of one language.

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

    @classmethod
    def open(cls, directory: str | Path) -> "States":
        """Map the files of a folder that :func:`extract` wrote into memory.

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


class Extracted(NamedTuple):
    """What :func:`extract` has written."""

    words: int
    """Number of words that have states."""
    batching: Batching
    """Which sentences shared a batch."""


def extract(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    output: Path,
    *,
    dtype: str,
    batch_tokens: int,
    language: str,
) -> Extracted:
    """Write the hidden states of all words to a folder, see :meth:`States.open`.

    The model is tried first, see :class:`Encoder`. Sentences go through it sorted by length, in
    batches of about the same number of sub-words; if padding or neighbours have an effect, in
    batches of equal length or alone. Each state is written directly to its row of the files; only
    the sub-words of the treebank are kept in memory.

    Parameters
    ----------
    model
        Any Hugging Face model of text without its output layer. If it has an encoder and a
        decoder, the encoder is used.
    tokenizer
        Tokenizer of the model.
    words
        Words table: columns ``sentence`` and ``form``, one row per word, sentence after sentence.
    output
        Existing folder.
    dtype
        Number format of the files: ``float16`` or ``float32``.
    batch_tokens
        Number of sub-words that go through the model at once, padding included. Without a GPU,
        about 1,000 are fastest: the activations of more do not fit into the cache.
    language
        Code of the language. Models with parts for each language use those of this one.

    Returns
    -------
    Extracted
        Number of words that have states, and which sentences shared a batch. Sentences with more
        sub-words than the model has positions or than fit into memory, and words without
        sub-words, are left out.

    Warns
    -----
    LeftOutWarning
        If sentences are too long; the message says how many.

    Raises
    ------
    InputError
        If an argument is out of range, the model cannot be used (see :class:`Encoder`) or fails,
        the tokenizer does not belong to it, no sentence fits, or a state is not finite in `dtype`;
        the message names language, layer and word.
    OSError
        If the disk has no room for the files.
    """
    if dtype not in DTYPES:
        raise InputError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    check_count("batch_tokens", batch_tokens)
    encoder = Encoder(model, tokenizer, language)
    fitting = longest_sentence(encoder.model)
    longest = min(encoder.positions, fitting)
    sub_words = tokenise(words, tokenizer, longest)
    if len(sub_words):
        sub_words = sub_words.up_to(encoder.longest(sub_words.longest()))
        longest = min(encoder.positions, fitting)
    in_memory = longest == fitting or encoder.out_of_memory
    limit = f"{longest:,} sub-words that " + (
        "fit into memory" if in_memory else "the model has positions for"
    )
    if not len(sub_words):
        raise InputError(
            f"{language}: no sentence fits into the {limit}; use shorter sentences, or another "
            "model"
        )
    if sub_words.too_long:
        warnings.warn(
            f"{language}: left out {sub_words.too_long:,} of {words['sentence'].nunique():,} "
            f"sentences, with more than the {limit}",
            LeftOutWarning,
            stacklevel=2,
        )
    if sub_words.tokens.max() >= encoder.vocabulary:
        raise InputError(
            f"{language}: the tokenizer gives sub-word {sub_words.tokens.max()}, but the model has "
            f"embeddings of {encoder.vocabulary}; use the tokenizer of this model"
        )
    index = sub_words.index()
    content = BytesIO()
    np.save(content, index)
    write_file(output / "index.npy", content.getvalue())
    files: list[Array] = []
    title = f"extract {language}"
    with tqdm(None, title, len(sub_words), unit="sentence", mininterval=1, disable=None) as bar:
        for sentences in sub_words.batches(batch_tokens, encoder.batching):
            tokens, attended, rows = sub_words.padded(sentences)
            batch_rows = np.unique(rows[rows >= 0])
            positions_in_index = np.searchsorted(index, batch_rows)
            vectors_of_layers = _vectors(encoder, tokens, attended, rows, batch_rows, dtype)
            for layer, vectors in enumerate(vectors_of_layers):
                if not np.isfinite(vectors).all():
                    row = batch_rows[np.flatnonzero(~np.isfinite(vectors).all(1))[0]]
                    raise InputError(_not_finite(language, layer, int(row), words, dtype))
                if layer == len(files):
                    shape = (len(index), vectors.shape[1])
                    path = output / f"layer-{layer:02d}.npy"
                    files.append(_new_file(path, vectors.dtype, shape))
                files[layer][positions_in_index] = vectors
            bar.update(len(sentences))
    return Extracted(len(index), encoder.batching)


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


def _vectors(
    encoder: Encoder,
    tokens: "torch.Tensor",
    attended: "torch.Tensor",
    rows: NDArray[np.int64],
    batch_rows: NDArray[np.int64],
    dtype: str,
) -> Iterator[Array]:
    """Mean states of the sub-words of each word, ``[words of the batch, dim]``, layer by layer.

    Parameters
    ----------
    tokens, attended
        As in :meth:`Encoder.states`.
    rows
        Row of the words table of each sub-word, -1 for sub-words without a word,
        ``[sentences, length]``.
    batch_rows
        The different rows in ascending order, ``[words of the batch]``.
    """
    import torch  # late: it takes seconds, and covariances do not need it

    device = encoder.model.device
    states = encoder.states(tokens, attended)
    sentences, positions_in_sentence = np.nonzero(rows >= 0)
    sentence = torch.from_numpy(sentences).to(device)
    position = torch.from_numpy(positions_in_sentence).to(device)
    word = torch.from_numpy(np.searchsorted(batch_rows, rows[rows >= 0])).to(device)
    counts = torch.bincount(word).unsqueeze(1)
    for state in states:
        pieces = state[sentence, position].float()  # [sub-words, dim]
        sums = pieces.new_zeros(len(batch_rows), pieces.shape[1]).index_add_(0, word, pieces)
        yield (sums / counts).to(getattr(torch, dtype)).cpu().numpy()


def _not_finite(language: str, layer: int, row: int, words: pd.DataFrame, dtype: str) -> str:
    word = words.iloc[row]
    return (
        f"{language}: layer {layer} of the word {word.form!r} (row {row} of the words table, "
        f"sentence {word.sentence}) is not finite in {dtype}"
    )
