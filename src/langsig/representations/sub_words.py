"""Sentences as sub-words, and which word each sub-word is of."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_SENTENCES_AT_ONCE = 1_000


@dataclass(frozen=True)
class SubWords:
    """All sentences of a treebank that fit a model, laid end to end: eight bytes a sub-word."""

    tokens: NDArray[np.int32]
    """``[sub-words]``, special ones included."""
    words: NDArray[np.int32]
    """``[sub-words]``: the row of the words table, -1 for special ones."""
    offsets: NDArray[np.int64]
    """``[sentences + 1]``, where each sentence begins."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def index(self) -> NDArray[np.int64]:
        """``[words]``, ascending: the rows of the words table that have a sub-word here."""
        return np.unique(self.words[self.words >= 0]).astype(np.int64)

    def batches(self, batch_tokens: int) -> Iterator[NDArray[np.int64]]:
        """Numbers of the sentences of each batch, from the longest sentence to the shortest.

        A batch has at most `batch_tokens` places, padding included, or is a single sentence.
        """
        lengths = np.diff(self.offsets)
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            end = start + max(1, batch_tokens // int(lengths[order[start]]))
            yield order[start:end]
            start = end

    def padded(
        self, sentences: NDArray[np.int64]
    ) -> tuple["torch.Tensor", "torch.Tensor", NDArray[np.int64]]:
        """``[sentences, longest]`` each: tokens, whether there is one, and rows of their words.

        Padding comes last and is masked, so that any id will do for it. Its row is -1.
        """
        import torch  # late, as in extraction

        lengths = np.diff(self.offsets)[sentences]
        there = np.arange(lengths.max()) < lengths[:, None]
        places = (self.offsets[sentences][:, None] + np.arange(lengths.max()))[there]
        tokens, words = np.zeros(there.shape, np.int64), np.full(there.shape, -1, np.int64)
        tokens[there], words[there] = self.tokens[places], self.words[places]
        return torch.from_numpy(tokens), torch.from_numpy(there.astype(np.int64)), words


def tokenise(words: pd.DataFrame, tokenizer: "PreTrainedTokenizerBase", longest: int) -> SubWords:
    """Cut every word of a words table into sub-words, each word on its own.

    Parameters
    ----------
    words
        Words table: columns ``sentence`` and ``form``, a row a word, sentences together.
    longest
        Sentences with more sub-words, special ones included, are left out, and so are those
        without any of a word.
    """
    starts = np.flatnonzero(np.diff(words["sentence"].to_numpy(), prepend=-1))
    bounds = np.append(starts, len(words))
    prefix = _word_prefix(tokenizer)
    tokens, rows, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [0]
    for first in range(0, len(starts), _SENTENCES_AT_ONCE):
        part = bounds[first : first + _SENTENCES_AT_ONCE + 1]
        forms = (prefix + words["form"].iloc[part[0] : part[-1]]).tolist()
        sentences = [forms[start:end] for start, end in pairwise((part - part[0]).tolist())]
        encoded = tokenizer(sentences, is_split_into_words=True, verbose=False)
        kept_tokens: list[int] = []
        kept_rows: list[int] = []
        for place, start in enumerate(part[:-1].tolist()):
            ids = encoded["input_ids"][place]
            rows_of_ids = [-1 if w is None else start + w for w in encoded.word_ids(place)]
            if len(ids) <= longest and max(rows_of_ids, default=-1) >= 0:
                kept_tokens += ids
                kept_rows += rows_of_ids
                lengths.append(len(ids))
        tokens.append(np.array(kept_tokens, np.int32))
        rows.append(np.array(kept_rows, np.int32))
    offsets = np.cumsum(lengths, dtype=np.int64)
    return SubWords(np.concatenate(tokens), np.concatenate(rows), offsets)


def _word_prefix(tokenizer: "PreTrainedTokenizerBase") -> str:
    """What to put before a word, so that it is cut as it would be in running text.

    In byte-level vocabularies (GPT-2, RoBERTa, Llama 3) the space before a word is part of its
    first sub-word, and of words that come one by one most tokenizers do not know that there was
    one.
    """

    def ids(text: str | list[str]) -> list[int]:
        words = isinstance(text, list)
        encoded = tokenizer(text, is_split_into_words=words, add_special_tokens=False)
        return list(encoded["input_ids"])

    second = ids("a a")[len(ids("a")) :]
    return " " if ids(["a"]) != second and ids([" a"]) == second else ""
