"""The order in which a training run sees its sequences.

All sequences of a run are drawn before it begins, independently of the number of processes. A run
that was killed therefore resumes with exactly the sequences that it would have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from langsig.errors import InputError


@dataclass(frozen=True)
class Draws:
    """The sequences of a run in the order in which they are used."""

    language: NDArray[np.int16]
    """Index of the language, ``[draws]``."""
    sequence: NDArray[np.int64]
    """Index of the sequence within its language, ``[draws]``."""

    def __len__(self) -> int:
        return len(self.sequence)

    def batched_by_length(
        self, lengths: Sequence[NDArray[np.int64]], *, batch_size: int, batches: int, seed: int
    ) -> "Draws":
        """The same draws, reordered so that each batch has sequences of similar length.

        Parameters
        ----------
        lengths
            Lengths of the sequences of each language, one array ``[sequences]`` per language.
        batch_size
            Number of sequences per batch.
        batches
            Number of consecutive batches whose sequences are sorted together. The sorted batches
            are then shuffled.
        seed
            Seed of the shuffling.
        """
        length = np.empty(len(self), np.int64)
        for language, language_lengths in enumerate(lengths):
            drawn = self.language == language
            length[drawn] = language_lengths[self.sequence[drawn]]
        generator = np.random.default_rng(seed)
        order = []
        for start in range(0, len(self), batch_size * batches):
            part = length[start : start + batch_size * batches]
            rows = start + np.argsort(part, kind="stable")
            whole = len(part) // batch_size * batch_size
            order.append(generator.permutation(rows[:whole].reshape(-1, batch_size)).ravel())
            order.append(rows[whole:])
        permutation = np.concatenate(order)
        return Draws(self.language[permutation], self.sequence[permutation])


def draw(sizes: Sequence[int], count: int, *, alpha: float, seed: int) -> Draws:
    """Draw the sequences of a run.

    A language with n sequences is drawn with a probability proportional to n^alpha (paper,
    section 5.2, with alpha = .3). Within a language, all sequences are used once in random order
    before any is used again.

    Parameters
    ----------
    sizes
        Number of sequences of each language.
    count
        Number of draws.
    alpha
        Exponent, not negative: 0 draws all languages equally often, 1 all sequences.
    seed
        Seed of the draws.

    Raises
    ------
    InputError
        If `alpha` is negative, or a language has no sequences.
    """
    if alpha < 0:
        raise InputError(f"alpha must not be negative, got {alpha}")
    if not sizes or min(sizes) < 1:
        raise InputError(
            f"each language must have at least one sequence to train on, got {list(sizes)}"
        )
    generator = np.random.default_rng(seed)
    weights = np.asarray(sizes, float) ** alpha
    language = generator.choice(len(sizes), count, p=weights / weights.sum()).astype(np.int16)
    sequence = np.empty(count, np.int64)
    for index, size in enumerate(sizes):
        drawn = np.flatnonzero(language == index)
        rounds = [generator.permutation(size) for _ in range(0, len(drawn), size)]
        sequence[drawn] = np.concatenate([*rounds, np.empty(0, np.int64)])[: len(drawn)]
    return Draws(language, sequence)
