"""Sentences to token sequences of nearly equal length, downsampled to the same number."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import load_file, save_file

from langsig.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BATCH = 1_000


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

    def take(self, indices: NDArray[np.int64]) -> "Sequences":
        """The sequences at these places, in this order."""
        tokens, offsets = _take(self.tokens, self.offsets, indices)
        fingerprints, fingerprint_offsets = _take(
            self.fingerprints, self.fingerprint_offsets, indices
        )
        return Sequences(tokens, offsets, fingerprints, fingerprint_offsets)

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
) -> Sequences:
    """Turn sentences into sequences of at most ``max_length`` sub-words.

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
    tokens: list[NDArray[np.int32]] = []
    fingerprints: list[list[int]] = []
    pending: list[int] = []
    pending_fingerprints: list[int] = []

    def close() -> None:
        tokens.append(np.array([first, *pending, last], np.int32))
        fingerprints.append(sorted(set(pending_fingerprints)))
        pending.clear()
        pending_fingerprints.clear()

    for pieces, identities in _tokenised(sentences, tokenizer):
        if pending and (not join or len(pending) + len(pieces) > room):
            close()
        for start in range(0, len(pieces), room):
            if pending and start:
                close()
            pending.extend(pieces[start : start + room])
            pending_fingerprints.extend(identities)
    if pending:
        close()
    return Sequences(*_ragged(tokens, np.int32), *_ragged(fingerprints, np.uint64))


def concatenate(parts: Sequence[Sequences]) -> Sequences:
    """All sequences of all parts, in this order."""

    def end_to_end(*offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        lengths = np.concatenate([np.diff(part) for part in offsets])
        return np.concatenate([[0], np.cumsum(lengths)])

    return Sequences(
        tokens=np.concatenate([part.tokens for part in parts]),
        offsets=end_to_end(*(part.offsets for part in parts)),
        fingerprints=np.concatenate([part.fingerprints for part in parts]),
        fingerprint_offsets=end_to_end(*(part.fingerprint_offsets for part in parts)),
    )


def downsample(
    sequences: Sequences, count: int, *, seed: int, language: str, parameter: str
) -> Sequences:
    """Draw ``count`` sequences uniformly without replacement, kept in their order.

    Raises
    ------
    InputError
        If there are fewer, naming the language and the parameter.
    """
    if count > len(sequences):
        raise InputError(
            f"{parameter}: {language} has {len(sequences):,} sequences, fewer than {count:,}; "
            f"lower the parameter to {len(sequences)} or give {language} more text"
        )
    drawn = np.random.default_rng(seed).choice(len(sequences), count, replace=False)
    return sequences.take(np.sort(drawn))


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
