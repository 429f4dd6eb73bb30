"""Hidden states of every word of a treebank in every layer of one model.

The vector of a word is the mean of its sub-words' (paper, section 3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from langsig.errors import InputError
from langsig.representations.models import hidden_states, positions, text_encoder
from langsig.representations.sub_words import tokenise

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DTYPES = ("float16", "float32")


@dataclass(frozen=True)
class States:
    """Hidden states of one model over one language, memory-mapped from a folder.

    The folder holds ``layer-00.npy`` (the embeddings) to ``layer-NN.npy``, each
    ``[words, dim]``, and ``index.npy``.
    """

    layers: list[NDArray[np.floating[Any]]]
    """An array ``[words, dim]`` a layer."""
    index: NDArray[np.int64]
    """``[words]``, ascending: the row of the words table that each vector belongs to."""

    @classmethod
    def open(cls, directory: Path) -> "States":
        """Map a folder that :func:`extract` wrote.

        Raises
        ------
        InputError
            If the folder holds no hidden states.
        """
        paths = sorted(directory.glob("layer-*.npy"))
        if not paths:
            raise InputError(f"{directory}: no hidden states (layer-00.npy, ...)")
        layers = [np.load(path, mmap_mode="r") for path in paths]
        return cls(layers, np.load(directory / "index.npy"))


def extract(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    output: Path,
    *,
    dtype: str,
    batch_tokens: int,
    language: str,
) -> int:
    """Write the hidden states of all words to a folder, see :class:`States`.

    Sentences go through the model sorted by length, in batches of about equally many
    sub-words; each vector goes straight to its row of the files. Of the treebank only the
    sub-words are in memory.

    Parameters
    ----------
    model
        Any Hugging Face model of text without its output layer. Of one with an encoder and a
        decoder, the encoder is used.
    words
        Words table: columns ``sentence`` and ``form``, a row a word, sentences together.
    output
        Existing folder.
    dtype
        Of the files: ``float16`` or ``float32``.
    batch_tokens
        Sub-words that go through the model at once, padding included. About 1,000 are fastest
        without a GPU: the activations of more do not fit the cache.

    Returns
    -------
    int
        Number of words kept. Sentences with more sub-words than the model has positions, and
        words without any sub-word, are left out.

    Raises
    ------
    InputError
        If a parameter is out of range, the tokenizer is another model's, no sentence fits, there
        are no hidden states, or one is not finite in ``dtype``, naming language, layer and word.
    """
    if dtype not in DTYPES:
        raise InputError(f"extract.dtype: {dtype!r} is none of {DTYPES}")
    if batch_tokens < 1:
        raise InputError(f"extract.batch_tokens: {batch_tokens} is not positive")
    encoder = text_encoder(model).eval()
    longest = positions(encoder)
    sub_words = tokenise(words, tokenizer, longest)
    if not len(sub_words):
        raise InputError(f"{language}: no sentence fits the {longest} positions of the model")
    known = encoder.get_input_embeddings().num_embeddings
    if sub_words.tokens.max() >= known:
        raise InputError(
            f"{language}: the tokenizer has sub-word {sub_words.tokens.max()}, and the model only "
            f"{known} of them: they do not belong together"
        )
    index = sub_words.index()
    np.save(output / "index.npy", index)
    files: list[NDArray[np.floating[Any]]] = []
    title = f"extract {language}"
    with tqdm(None, title, len(sub_words), unit="sentence", mininterval=1, disable=None) as bar:
        for sentences in sub_words.batches(batch_tokens):
            tokens, attended, rows = sub_words.padded(sentences)
            batch_rows = np.unique(rows[rows >= 0])
            places = np.searchsorted(index, batch_rows)
            vectors_of_layers = _vectors(encoder, tokens, attended, rows, batch_rows, dtype)
            for layer, vectors in enumerate(vectors_of_layers):
                if not np.isfinite(vectors).all():
                    row = batch_rows[np.flatnonzero(~np.isfinite(vectors).all(1))[0]]
                    raise InputError(_not_finite(language, layer, int(row), words, dtype))
                if layer == len(files):
                    shape = (len(index), vectors.shape[1])
                    path = output / f"layer-{layer:02d}.npy"
                    files.append(np.lib.format.open_memmap(path, "w+", vectors.dtype, shape))
                files[layer][places] = vectors
            if not files:
                raise InputError(f"{language}: {type(encoder).__name__} gives no hidden states")
            bar.update(len(sentences))
    return len(index)


def _vectors(
    encoder: "PreTrainedModel",
    tokens: "torch.Tensor",
    attended: "torch.Tensor",
    rows: NDArray[np.int64],
    batch_rows: NDArray[np.int64],
    dtype: str,
) -> Iterator[NDArray[np.floating[Any]]]:
    """Means of the sub-words of each word, ``[words of the batch, dim]``, layer by layer.

    Parameters
    ----------
    tokens, attended
        As in :func:`langsig.representations.models.hidden_states`.
    rows
        ``[sentences, length]``, of the words table, -1 where there is no word.
    batch_rows
        ``[words of the batch]``: the same, ascending, each once.
    """
    import torch  # late, as it takes seconds, which covariances do not need

    states = hidden_states(encoder, tokens.to(encoder.device), attended.to(encoder.device))
    sentence, place = (torch.from_numpy(at).to(encoder.device) for at in np.nonzero(rows >= 0))
    word = torch.from_numpy(np.searchsorted(batch_rows, rows[rows >= 0])).to(encoder.device)
    counts = torch.bincount(word).unsqueeze(1)
    for state in states:
        pieces = state[sentence, place].float()
        sums = pieces.new_zeros(len(batch_rows), pieces.shape[1]).index_add_(0, word, pieces)
        yield (sums / counts).to(getattr(torch, dtype)).cpu().numpy()


def _not_finite(language: str, layer: int, row: int, words: pd.DataFrame, dtype: str) -> str:
    word = words.iloc[row]
    return (
        f"{language}: layer {layer} of the word {word.form!r} (row {row} of the words table, "
        f"sentence {word.sentence}) is not finite in {dtype}"
    )
