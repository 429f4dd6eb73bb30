"""Hidden states of every word of a treebank in every layer of one model.

The vector of a word is the mean of its sub-words' (paper, section 3; ``reference`` code alike).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from langsig.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_SENTENCES_A_TOKENISATION = 1_000


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
    sub-words; each vector goes straight to its row of the files, so that memory does not
    depend on the size of the treebank.

    Parameters
    ----------
    words
        Words table: columns ``sentence`` and ``form``, a row a word, sentences together.
    output
        Existing folder.
    dtype
        Of the files: ``float16`` or ``float32``.
    batch_tokens
        Sub-words that go through the model at once, padding included.

    Returns
    -------
    int
        Number of words kept. Sentences with more sub-words than the model has positions, and
        words without any sub-word, are left out.

    Raises
    ------
    InputError
        If no sentence fits the model, or a hidden state is not finite in ``dtype``, naming
        language, layer and word.
    """
    batches, index = _plan(words, tokenizer, _positions(model), batch_tokens)
    if not len(index):
        raise InputError(
            f"{language}: no sentence fits the {_positions(model)} positions of the model"
        )
    layers = model.config.num_hidden_layers + 1
    shape = (len(index), model.config.hidden_size)
    files = [
        np.lib.format.open_memmap(
            output / f"layer-{layer:02d}.npy", mode="w+", dtype=np.dtype(dtype), shape=shape
        )
        for layer in range(layers)
    ]
    np.save(output / "index.npy", index)
    model.eval()
    for batch in tqdm(
        batches, desc=f"extract {language}", unit="batch", mininterval=1, disable=None
    ):
        inputs = tokenizer.pad({"input_ids": batch.tokens}, return_tensors="pt").to(model.device)
        with torch.inference_mode():
            hidden = model(**inputs, output_hidden_states=True).hidden_states
        sentence, position, row = (torch.from_numpy(part).to(model.device) for part in batch.pieces)
        rows, slot = torch.unique(row, return_inverse=True)
        counts = torch.bincount(slot).unsqueeze(1)
        for layer, states in enumerate(hidden):
            pieces = states[sentence, position].float()
            means = pieces.new_zeros(len(rows), pieces.shape[1]).index_add_(0, slot, pieces)
            vectors = (means / counts).cpu().numpy().astype(dtype)
            if not np.isfinite(vectors).all():
                place = int(rows[int(np.flatnonzero(~np.isfinite(vectors).all(1))[0])])
                word = words.iloc[index[place]]
                raise InputError(
                    f"{language}: layer {layer} of the word {word.form!r} (row {index[place]} of "
                    f"the words table, sentence {word.sentence}) is not finite in {dtype}"
                )
            files[layer][rows.cpu().numpy()] = vectors
    for file in files:
        file.flush()
    return len(index)


@dataclass(frozen=True)
class _Batch:
    tokens: list[list[int]]
    """Sub-words of each sentence, special ones included."""
    pieces: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    """For each sub-word of a word: sentence in the batch, position, row of the output."""


def _positions(model: "PreTrainedModel") -> int:
    """Sub-words that fit the model."""
    positions: int = getattr(model.config, "max_position_embeddings", 0) or 2**31
    for name, module in model.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            positions -= padding + 1  # RoBERTa and its kin count positions from the padding on
    return positions


def _plan(
    words: pd.DataFrame, tokenizer: "PreTrainedTokenizerBase", positions: int, batch_tokens: int
) -> tuple[list[_Batch], NDArray[np.int64]]:
    """Sentences that fit, sorted by length into batches, and the rows of their words."""
    starts = np.flatnonzero(np.diff(words["sentence"].to_numpy(), prepend=-1))
    ends = np.append(starts[1:], len(words))
    forms = words["form"].tolist()
    sentences: list[tuple[list[int], NDArray[np.int64], NDArray[np.int64]]] = []
    for first in range(0, len(starts), _SENTENCES_A_TOKENISATION):
        part = range(first, min(first + _SENTENCES_A_TOKENISATION, len(starts)))
        encoded = tokenizer(
            [forms[starts[s] : ends[s]] for s in part], is_split_into_words=True, verbose=False
        )
        for place, sentence in enumerate(part):
            tokens = encoded["input_ids"][place]
            word_ids = np.array([-1 if w is None else w for w in encoded.word_ids(place)], np.int64)
            if len(tokens) <= positions and (word_ids >= 0).any():
                at = np.flatnonzero(word_ids >= 0)
                sentences.append((tokens, at, starts[sentence] + word_ids[at]))
    if not sentences:
        return [], np.empty(0, np.int64)
    index = np.unique(np.concatenate([rows for _, _, rows in sentences]))
    batches: list[_Batch] = []
    pending: list[tuple[list[int], NDArray[np.int64], NDArray[np.int64]]] = []

    def close() -> None:
        number = np.repeat(np.arange(len(pending)), [len(at) for _, at, _ in pending])
        position = np.concatenate([at for _, at, _ in pending])
        row = np.searchsorted(index, np.concatenate([rows for _, _, rows in pending]))
        batches.append(_Batch([tokens for tokens, _, _ in pending], (number, position, row)))
        pending.clear()

    for sentence_plan in sorted(sentences, key=lambda item: -len(item[0])):
        longest = len(pending[0][0]) if pending else len(sentence_plan[0])
        if pending and longest * (len(pending) + 1) > batch_tokens:
            close()
        pending.append(sentence_plan)
    close()
    return batches, index
