"""Pack sentences into token sequences of similar length, and draw a fixed number of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from langsig.corpora.sampling import Reservoir
from langsig.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BATCH = 1_000


class Packed(NamedTuple):
    """One token sequence."""

    tokens: NDArray[np.int32]
    """Token ids, special tokens included, ``[tokens]``."""
    fingerprints: NDArray[np.uint64]
    """Fingerprints of the sentences in the sequence, ascending, ``[sentences]``."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """Token sequences of different lengths, concatenated."""

    tokens: NDArray[np.int32]
    """Token ids of all sequences, special tokens included, ``[tokens]``."""
    offsets: NDArray[np.int64]
    """Start of each sequence in `tokens`, and the end of the last one, ``[sequences + 1]``."""
    fingerprints: NDArray[np.uint64]
    """Fingerprints of the sentences in all sequences, ``[sentences]``."""
    fingerprint_offsets: NDArray[np.int64]
    """Start of each sequence in `fingerprints`, and the end of the last, ``[sequences + 1]``."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Length of each sequence in tokens, ``[sequences]``."""
        return np.diff(self.offsets)

    @classmethod
    def concatenate(cls, packed: Iterable[Packed]) -> "Sequences":
        """Concatenate single sequences."""
        sequences = list(packed)
        tokens, offsets = _concatenate([sequence.tokens for sequence in sequences], np.int32)
        fingerprints, fingerprint_offsets = _concatenate(
            [sequence.fingerprints for sequence in sequences], np.uint64
        )
        return cls(tokens, offsets, fingerprints, fingerprint_offsets)

    def take(self, indices: NDArray[np.int64]) -> "Sequences":
        """The sequences with the given indices, in the given order."""
        tokens, offsets = _take(self.tokens, self.offsets, indices)
        fingerprints, fingerprint_offsets = _take(
            self.fingerprints, self.fingerprint_offsets, indices
        )
        return Sequences(tokens, offsets, fingerprints, fingerprint_offsets)

    def sample(self, share: float, *, seed: int) -> "Sequences":
        """Draw a random share of the sequences, and keep their order.

        With the same seed, a smaller sample is part of a larger one.

        Parameters
        ----------
        share
            Share of the sequences, above 0 and at most 1.
        seed
            Seed of the choice.

        Raises
        ------
        InputError
            If the share is out of range, or too small for a single sequence.
        """
        if not isinstance(share, int | float) or not 0 < share <= 1:
            raise InputError(f"share must be a number above 0 and at most 1, got {share!r}")
        count = round(share * len(self))
        if not count:
            raise InputError(
                f"share {share} of {len(self):,} sequences rounds to zero; use a larger share"
            )
        chosen = np.random.default_rng(seed).permutation(len(self))[:count]
        return self.take(np.sort(chosen))

    def without(self, analysed: NDArray[np.uint64]) -> "Sequences":
        """The sequences that contain none of the given sentences.

        Parameters
        ----------
        analysed
            Fingerprints of sentences, ``[sentences]``.
        """
        leaked = np.flatnonzero(np.isin(self.fingerprints, analysed))
        sequence = np.searchsorted(self.fingerprint_offsets, leaked, side="right") - 1
        return self.take(np.setdiff1d(np.arange(len(self)), sequence))

    def save(self, path: Path) -> None:
        """Write to a safetensors file with one array per field."""
        save_file({name: getattr(self, name) for name in self.__dataclass_fields__}, path)

    @classmethod
    def load(cls, path: Path) -> "Sequences":
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or holds something else.
        """
        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, AttributeError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: cannot read sequences: {reason}; pack them again") from error


def pack(
    sentences: Iterable[tuple[str, list[int]]],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    max_length: int,
    join: bool,
) -> Iterator[Packed]:
    """Turn a stream of sentences into token sequences.

    A sentence that is too long for one sequence continues in the next ones (paper, appendix B.1;
    the published code does not drop any text either).

    Parameters
    ----------
    sentences
        Text and fingerprints of each sentence.
    tokenizer
        Tokenizer to encode the sentences with.
    max_length
        Maximum number of tokens in a sequence, the two special tokens included.
    join
        Whether to join consecutive sentences until the next one would not fit, as in the paper.
        Otherwise each sentence is a sequence, from which small models learn much faster.

    Yields
    ------
    Packed
        The next sequence.

    Raises
    ------
    InputError
        If `max_length` is below 3.
    """
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    room = max_length - 2
    if room < 1:
        raise InputError(
            f"max_length must be at least 3, two special tokens and a sub-word; got {max_length}"
        )
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


def downsample(packed: Iterable[Packed], count: int, *, seed: int) -> tuple[Sequences, int]:
    """Draw sequences uniformly without replacement, and keep their order.

    Only the drawn sequences are held in memory.

    Parameters
    ----------
    packed
        Stream of sequences.
    count
        Number of sequences to draw.
    seed
        Seed of the draws.

    Returns
    -------
    drawn
        The drawn sequences.
    total
        Number of sequences in the stream.

    Raises
    ------
    InputError
        If the stream has fewer sequences than `count`.
    """
    sample: Reservoir[Packed] = Reservoir(count, seed)
    for sequence in packed:
        sample.offer(sequence)
    total = sample.offered
    if count > total:
        raise InputError(
            f"count must be at most {total}, the number of sequences in the text; got {count}"
        )
    return Sequences.concatenate(sample.items()), total


def _tokenised(
    sentences: Iterable[tuple[str, list[int]]], tokenizer: "PreTrainedTokenizerBase"
) -> Iterator[tuple[list[int], list[int]]]:
    """Sub-words and fingerprints of each sentence; sentences are encoded in batches."""
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


def _concatenate(rows: Sequence[ArrayLike], dtype: type) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Concatenate rows of different lengths; also return the start of each, and the end."""
    arrays: list[NDArray[Any]] = [np.asarray(row, dtype) for row in rows]
    offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int64)
    return np.concatenate([np.empty(0, dtype), *arrays]), offsets


def _take(
    values: NDArray[Any], offsets: NDArray[np.int64], indices: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Select rows of concatenated arrays by their indices."""
    rows = [values[offsets[index] : offsets[index + 1]] for index in indices]
    return _concatenate(rows, values.dtype.type)
