"""Sentences as sub-words, and the word that each sub-word belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_SENTENCES_AT_ONCE = 1_000


class Batching(StrEnum):
    """How sentences share a batch, so that none changes the hidden states of another."""

    PADDED = "padded"
    """Sentences of all lengths, padded to the longest one."""
    UNPADDED = "unpadded"
    """Only sentences of the same length, since padding has an effect on the model."""
    ALONE = "alone"
    """One sentence per batch, since neighbours have an effect on the model."""

    @property
    def note(self) -> str:
        """What to say about a model that is run in this way; empty where nothing is unusual."""
        if self is Batching.UNPADDED:
            return "padding changes its states, so that sentences of equal length share a batch"
        if self is Batching.ALONE:
            return "sentences in a batch change each other's states, so that each was run alone"
        return ""


@dataclass(frozen=True, eq=False)
class SubWords:
    """All sentences of a treebank that fit a model, one after another: 8 bytes per sub-word."""

    tokens: NDArray[np.int32]
    """Identifiers of the sub-words, special ones included, ``[sub-words]``."""
    words: NDArray[np.int32]
    """Row of the words table that each sub-word belongs to, -1 for special ones,
    ``[sub-words]``."""
    offsets: NDArray[np.int64]
    """Position at which each sentence begins, ``[sentences + 1]``."""
    too_long: int = 0
    """Number of sentences that were left out because they do not fit."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def index(self) -> NDArray[np.int64]:
        """Rows of the words table that have a sub-word, in ascending order, ``[words]``."""
        return np.unique(self.words[self.words >= 0]).astype(np.int64)

    def longest(self) -> int:
        """Number of sub-words of the longest sentence."""
        return int(np.diff(self.offsets).max())

    def up_to(self, length: int) -> "SubWords":
        """The sentences of at most this length; the others are counted as too long."""
        lengths = np.diff(self.offsets)
        short = lengths <= length
        kept = np.repeat(short, lengths)  # [sub-words]
        return SubWords(
            self.tokens[kept],
            self.words[kept],
            np.cumsum([0, *lengths[short]], dtype=np.int64),
            self.too_long + int(np.count_nonzero(~short)),
        )

    def batches(self, batch_tokens: int, batching: Batching) -> Iterator[NDArray[np.int64]]:
        """Numbers of the sentences of each batch, from the longest sentence to the shortest.

        Parameters
        ----------
        batch_tokens
            Number of sub-words per batch at most, padding included. A longer sentence is a batch
            of its own.
        batching
            Which sentences may share a batch.
        """
        lengths = np.diff(self.offsets)
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            length = int(lengths[order[start]])
            count = max(1, batch_tokens // length)
            if batching is Batching.ALONE:
                count = 1
            elif batching is Batching.UNPADDED:
                count = min(count, int(np.count_nonzero(lengths[order[start:]] == length)))
            yield order[start : start + count]
            start += count

    def padded(
        self, sentences: NDArray[np.int64]
    ) -> tuple["torch.Tensor", "torch.Tensor", NDArray[np.int64]]:
        """A batch of sentences, padded at the end to the longest one.

        Padding is masked, so its identifier (0) does not matter. Its row is -1.

        Returns
        -------
        tuple
            Identifiers of the sub-words, 1 for each sub-word and 0 for padding, and rows of their
            words, ``[sentences, longest]`` each.
        """
        import torch  # late, as in extraction

        lengths = np.diff(self.offsets)[sentences]
        attended = np.arange(lengths.max()) < lengths[:, None]  # [sentences, longest]
        positions = (self.offsets[sentences][:, None] + np.arange(lengths.max()))[attended]
        tokens = np.zeros(attended.shape, np.int64)
        words = np.full(attended.shape, -1, np.int64)
        tokens[attended], words[attended] = self.tokens[positions], self.words[positions]
        return torch.from_numpy(tokens), torch.from_numpy(attended.astype(np.int64)), words


def tokenise(words: pd.DataFrame, tokenizer: "PreTrainedTokenizerBase", longest: int) -> SubWords:
    """Split each word of a words table into sub-words, independently of its neighbours.

    Parameters
    ----------
    words
        Words table: columns ``sentence`` and ``form``, one row per word, sentence after sentence.
    tokenizer
        Tokenizer of the model.
    longest
        Number of sub-words per sentence at most, special ones included. Longer sentences are left
        out and counted; sentences whose words have no sub-words are left out too.
    """
    starts = np.flatnonzero(np.diff(words["sentence"].to_numpy(), prepend=-1))
    bounds = np.append(starts, len(words))
    prefix = _word_prefix(tokenizer)
    too_long = 0
    tokens, rows, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [0]
    for first in range(0, len(starts), _SENTENCES_AT_ONCE):
        part = bounds[first : first + _SENTENCES_AT_ONCE + 1]
        forms = (prefix + words["form"].iloc[part[0] : part[-1]]).tolist()
        sentences = [forms[start:end] for start, end in pairwise((part - part[0]).tolist())]
        encoded = tokenizer(sentences, is_split_into_words=True, verbose=False)
        kept_tokens: list[int] = []
        kept_rows: list[int] = []
        for number, start in enumerate(part[:-1].tolist()):
            ids = encoded["input_ids"][number]
            rows_of_ids = [-1 if w is None else start + w for w in encoded.word_ids(number)]
            if len(ids) > longest:
                too_long += 1
            elif max(rows_of_ids, default=-1) >= 0:
                kept_tokens += ids
                kept_rows += rows_of_ids
                lengths.append(len(ids))
        tokens.append(np.array(kept_tokens, np.int32))
        rows.append(np.array(kept_rows, np.int32))
    offsets = np.cumsum(lengths, dtype=np.int64)
    return SubWords(np.concatenate(tokens), np.concatenate(rows), offsets, too_long)


def _word_prefix(tokenizer: "PreTrainedTokenizerBase") -> str:
    """Prefix of each word that makes the tokenizer split it as in running text.

    In byte-level vocabularies (GPT-2, RoBERTa, Llama 3), the space before a word is part of its
    first sub-word. Given single words, most tokenizers do not add that space themselves.
    """

    def ids(text: str | list[str]) -> list[int]:
        words = isinstance(text, list)
        encoded = tokenizer(text, is_split_into_words=words, add_special_tokens=False)
        return list(encoded["input_ids"])

    second = ids("a a")[len(ids("a")) :]
    return " " if ids(["a"]) != second and ids([" a"]) == second else ""
