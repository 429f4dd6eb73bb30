"""Sentences as sub-words, and the row that each sub-word belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_ONE_THREAD = Lock()  # tokenizers fail if two threads use them at the same time
_AT_ONCE = 1_000  # forms or sentences that the tokenizer gets; more take more memory


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
    """Sentences that fit a model, one after another: 8 bytes per sub-word."""

    tokens: NDArray[np.int32]
    """Identifiers of the sub-words, special ones included, ``[sub-words]``."""
    rows: NDArray[np.int32]
    """Row that each sub-word belongs to, -1 for special ones, ``[sub-words]``. Rows are those of
    the words table, or numbers of sentences."""
    offsets: NDArray[np.int64]
    """Position at which each sentence begins, ``[sentences + 1]``."""
    too_long: int = 0
    """Number of sentences that were left out because they do not fit."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def index(self) -> NDArray[np.int64]:
        """Rows that have a sub-word, in ascending order, ``[rows]``."""
        return np.unique(self.rows[self.rows >= 0]).astype(np.int64)

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
            self.rows[kept],
            np.cumsum([0, *lengths[short]], dtype=np.int64),
            self.too_long + int(np.count_nonzero(~short)),
        )

    def batches(
        self, batch_tokens: int, batching: Batching, batch_cost: int
    ) -> Iterator[NDArray[np.int64]]:
        """Numbers of the sentences of each batch, from the longest sentence to the shortest.

        Sorted sentences are divided where padding and the cost of batches are least in total.

        Parameters
        ----------
        batch_tokens
            Number of sub-words per batch at most, padding included. A longer sentence is a batch
            of its own.
        batching
            Which sentences may share a batch.
        batch_cost
            What a batch takes besides its sub-words, as a number of sub-words.
        """
        order = np.argsort(self.offsets[:-1] - self.offsets[1:], kind="stable")
        lengths = np.diff(self.offsets)[order]
        costs = np.append(0, np.full(len(lengths), np.inf))  # of the first n sentences
        starts = np.zeros(len(costs), np.int64)  # of the last batch of the first n sentences
        for start, length in enumerate(lengths):
            most = 1 if batching is Batching.ALONE else max(1, batch_tokens // length)
            of_batch = lengths[start : start + most]
            if batching is Batching.UNPADDED:
                of_batch = of_batch[of_batch == length]
            ends = np.arange(start + 1, start + 1 + len(of_batch))
            reached = costs[start] + batch_cost + length * (ends - start)
            better = ends[reached <= costs[ends]]
            costs[better], starts[better] = reached[better - start - 1], start
        cuts = [len(lengths)]
        while cuts[-1]:
            cuts.append(int(starts[cuts[-1]]))
        for start, end in pairwise(reversed(cuts)):
            yield order[start:end]

    def padded(
        self, sentences: NDArray[np.int64]
    ) -> tuple["torch.Tensor", "torch.Tensor", NDArray[np.int64]]:
        """A batch of sentences, padded at the end to the longest one.

        Padding is masked, so its identifier (0) does not matter. Its row is -1.

        Returns
        -------
        tuple
            Identifiers of the sub-words, 1 for each sub-word and 0 for padding, and the row of
            each sub-word, ``[sentences, longest]`` each.
        """
        import torch  # late, as in extraction

        lengths = np.diff(self.offsets)[sentences]
        attended = np.arange(lengths.max()) < lengths[:, None]  # [sentences, longest]
        positions = (self.offsets[sentences][:, None] + np.arange(lengths.max()))[attended]
        tokens = np.zeros(attended.shape, np.int64)
        rows = np.full(attended.shape, -1, np.int64)
        tokens[attended], rows[attended] = self.tokens[positions], self.rows[positions]
        return torch.from_numpy(tokens), torch.from_numpy(attended.astype(np.int64)), rows


def tokenise(words: pd.DataFrame, tokenizer: "PreTrainedTokenizerBase", longest: int) -> SubWords:
    """Split each word of a words table into sub-words, independently of its neighbours.

    Each form goes through the tokenizer once, however often it occurs.

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
    form_of_word, forms = pd.factorize(words["form"])
    with _ONE_THREAD:
        prefixed = (_word_prefix(tokenizer) + forms).tolist()
        pieces, counts = _pieces(prefixed, tokenizer)
        before, after = _special_pieces(prefixed, counts, tokenizer)
    # The special sub-words are two more forms: one before each sentence, and one after it.
    pieces = np.concatenate([pieces, before, after])
    counts = np.concatenate([counts, [len(before), len(after)]])
    starts = np.flatnonzero(np.diff(words["sentence"].to_numpy(), prepend=-1))
    ends = np.append(starts[1:], len(words))
    places = np.concatenate([ends, starts])  # where a sentence follows another, its end comes first
    special = np.repeat([len(forms) + 1, len(forms)], len(starts))
    unit_forms = np.insert(form_of_word, places, special)  # [words and special forms]
    unit_rows = np.insert(np.arange(len(words), dtype=np.int32), places, -1)
    sizes = ends - starts + 2  # [sentences]
    lengths = np.add.reduceat(counts[unit_forms], np.cumsum(sizes) - sizes)
    kept = (lengths <= longest) & (lengths > len(before) + len(after))
    kept_units = np.repeat(kept, sizes)
    unit_forms, unit_rows = unit_forms[kept_units], unit_rows[kept_units]
    unit_counts = counts[unit_forms]
    shifts = (np.cumsum(counts) - counts)[unit_forms] - (np.cumsum(unit_counts) - unit_counts)
    positions = np.repeat(shifts, unit_counts) + np.arange(unit_counts.sum())
    return SubWords(
        pieces[positions],
        np.repeat(unit_rows, unit_counts),
        np.cumsum([0, *lengths[kept]], dtype=np.int64),
        int(np.count_nonzero(lengths > longest)),
    )


def tokenise_texts(
    texts: Sequence[str], tokenizer: "PreTrainedTokenizerBase", longest: int
) -> SubWords:
    """Split each sentence into sub-words as a whole; its row is its number.

    Parameters
    ----------
    texts
        Sentences as they are written.
    tokenizer
        Tokenizer of the model.
    longest
        Number of sub-words per sentence at most, special ones included. Longer sentences lose
        their end.
    """
    tokens, rows, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [0]
    for first in range(0, len(texts), _AT_ONCE):
        with _ONE_THREAD:
            encoded = tokenizer(
                list(texts[first : first + _AT_ONCE]),
                truncation=True,
                max_length=longest,
                return_special_tokens_mask=True,
            )
        special = encoded["special_tokens_mask"]
        for number, ids in enumerate(encoded["input_ids"]):
            tokens.append(np.array(ids, np.int32))
            rows.append(np.where(special[number], -1, first + number).astype(np.int32))
            lengths.append(len(ids))
    return SubWords(
        np.concatenate(tokens), np.concatenate(rows), np.cumsum(lengths, dtype=np.int64)
    )


def _pieces(
    forms: list[str], tokenizer: "PreTrainedTokenizerBase"
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Sub-words of all forms, ``[sub-words]``, and their number in each, ``[forms]``."""
    tokens, counts = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for first in range(0, len(forms), _AT_ONCE):
        part = forms[first : first + _AT_ONCE]
        encoded = tokenizer(part, is_split_into_words=True, add_special_tokens=False, verbose=False)
        tokens.append(np.array(encoded["input_ids"], np.int32))
        counts.append(np.bincount(np.array(encoded.word_ids(), np.int64), minlength=len(part)))
    return np.concatenate(tokens), np.concatenate(counts)


def _special_pieces(
    forms: list[str], counts: NDArray[np.int64], tokenizer: "PreTrainedTokenizerBase"
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Special sub-words before and after each sentence."""
    encoded = tokenizer([forms[counts.argmax()]], is_split_into_words=True, verbose=False)
    tokens = np.array(encoded["input_ids"], np.int32)
    ordinary = np.array([word is not None for word in encoded.word_ids()])
    return tokens[: ordinary.argmax()], tokens[len(tokens) - ordinary[::-1].argmax() :]


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
