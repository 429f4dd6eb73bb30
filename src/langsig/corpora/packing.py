"""Sentences to token sequences of nearly equal length, downsampled to the same number."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load_file, save_file

from langsig.corpora.sampling import Reservoir
from langsig.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BATCH = 1_000


class Packed(NamedTuple):
    """One packed token sequence."""

    tokens: NDArray[np.int32]
    """``[tokens]``, special tokens included."""
    fingerprints: NDArray[np.uint64]
    """``[sentences]``, of the sentences in it, ascending."""


@dataclass(frozen=True)
class Sequences:
    """Packed token sequences, ragged arrays laid end to end."""

    tokens: NDArray[np.int32]
    """``[tokens]``, special tokens included."""
    offsets: NDArray[np.int64]
    """``[sequences + 1]``, where each sequence begins in ``tokens``."""
    fingerprints: NDArray[np.uint64]
    """``[sentences]``, of the sentences that were packed."""
    fingerprint_offsets: NDArray[np.int64]
    """``[sequences + 1]``, where the fingerprints of each sequence begin."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``[sequences]``, in sub-words."""
        return np.diff(self.offsets)

    @classmethod
    def of(cls, packed: Iterable[Packed]) -> "Sequences":
        """Lay sequences end to end."""
        rows = list(packed)
        tokens = _ragged([row.tokens for row in rows], np.int32)
        return cls(*tokens, *_ragged([row.fingerprints for row in rows], np.uint64))

    def take(self, indices: NDArray[np.int64]) -> "Sequences":
        """The sequences at these places, in this order."""
        tokens, offsets = _take(self.tokens, self.offsets, indices)
        fingerprints, fingerprint_offsets = _take(
            self.fingerprints, self.fingerprint_offsets, indices
        )
        return Sequences(tokens, offsets, fingerprints, fingerprint_offsets)

    def sample(self, share: float, *, seed: int, parameter: str) -> "Sequences":
        """A random share of the sequences, in their order; a smaller one is part of a larger.

        Raises
        ------
        InputError
            If the share is not between 0 and 1, or too small for a single sequence, naming the
            parameter.
        """
        if not isinstance(share, int | float) or not 0 < share <= 1:
            raise InputError(f"{parameter}: {share!r} is not a number above 0 and at most 1")
        count = round(share * len(self))
        if not count:
            raise InputError(f"{parameter}: {share} of {len(self):,} sequences are none")
        chosen = np.random.default_rng(seed).permutation(len(self))[:count]
        return self.take(np.sort(chosen))

    def without(self, analysed: NDArray[np.uint64]) -> "Sequences":
        """Only the sequences that hold none of these sentences."""
        leaked = np.flatnonzero(np.isin(self.fingerprints, analysed))
        sequence = np.searchsorted(self.fingerprint_offsets, leaked, side="right") - 1
        return self.take(np.setdiff1d(np.arange(len(self)), sequence))

    def save(self, path: Path) -> None:
        """Write to a safetensors file, an array a field."""
        save_file({name: getattr(self, name) for name in self.__dataclass_fields__}, path)

    @classmethod
    def load(cls, path: Path) -> "Sequences":
        """Read what :meth:`save` wrote."""
        return cls(**load_file(path))


def pack(
    sentences: Iterable[tuple[str, list[int]]],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    max_length: int,
    join: bool,
) -> Iterator[Packed]:
    """Turn a stream of sentences into sequences of at most ``max_length`` sub-words.

    A sentence that is too long for a sequence of its own goes on in the next ones
    (paper, appendix B.1; the published code drops none either).

    Parameters
    ----------
    sentences
        Text and fingerprints of each sentence.
    max_length
        Sub-words in a sequence, the two special tokens included.
    join
        Join consecutive sentences until the next would not fit, as the paper does. Otherwise
        each is a sequence of its own, from which small models learn far sooner.

    Raises
    ------
    InputError
        If ``max_length`` is below 3.
    """
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    room = max_length - 2
    if room < 1:
        raise InputError(f"pack.max_length: {max_length} leaves no room for a sub-word")
    pending: list[int] = []
    pending_fingerprints: set[int] = set()

    def close() -> Packed:
        packed = Packed(
            np.array([first, *pending, last], np.int32),
            np.array(sorted(pending_fingerprints), np.uint64),
        )
        pending.clear()
        pending_fingerprints.clear()
        return packed

    for pieces, identities in _tokenised(sentences, tokenizer):
        if pending and (not join or len(pending) + len(pieces) > room):
            yield close()
        for start in range(0, len(pieces), room):
            if pending and start:
                yield close()
            pending.extend(pieces[start : start + room])
            pending_fingerprints.update(identities)
    if pending:
        yield close()


def downsample(
    packed: Iterable[Packed], count: int, *, seed: int, language: str, parameter: str
) -> tuple[Sequences, int]:
    """Draw ``count`` sequences uniformly without replacement, kept in their order.

    Holds no more than the sequences drawn.

    Returns
    -------
    drawn
        The sequences.
    total
        How many there were to draw from.

    Raises
    ------
    InputError
        If there are fewer, naming the language and the parameter.
    """
    sample: Reservoir[Packed] = Reservoir(count, seed)
    for sequence in packed:
        sample.offer(sequence)
    total = sample.offered
    if count > total:
        raise InputError(
            f"{parameter}: {language} has {total:,} sequences, fewer than {count:,}; "
            f"lower the parameter to {total} or give {language} more text"
        )
    return Sequences.of(sample.items()), total


def _tokenised(
    sentences: Iterable[tuple[str, list[int]]], tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[tuple[list[int], list[int]]]:
    batch: list[tuple[str, list[int]]] = []

    def encode() -> Iterator[tuple[list[int], list[int]]]:
        texts = [text for text, _ in batch]
        encoded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        yield from zip(encoded, (identities for _, identities in batch), strict=True)

    for sentence in sentences:
        batch.append(sentence)
        if len(batch) == _BATCH:
            yield from encode()
            batch.clear()
    if batch:
        yield from encode()


def _ragged(rows: Sequence[ArrayLike], dtype: type) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Rows of unequal length laid end to end, and where each begins."""
    arrays: list[NDArray[Any]] = [np.asarray(row, dtype) for row in rows]
    offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int64)
    return np.concatenate([np.empty(0, dtype), *arrays]), offsets


def _take(
    values: NDArray[Any], offsets: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    rows = [values[offsets[index] : offsets[index + 1]] for index in indices]
    return _ragged(rows, values.dtype.type)
