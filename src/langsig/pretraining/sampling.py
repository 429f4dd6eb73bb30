"""The order in which a training run sees its sequences, drawn before it begins.

All draws of a run are known in advance, whatever the number of processes, so a run that was
killed goes on with exactly the sequences that it would have seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from langsig.errors import InputError


@dataclass(frozen=True)
class Draws:
    """Which sequence comes when."""

    language: NDArray[np.int16]
    """``[draws]``, place of the language among those given."""
    sequence: NDArray[np.int64]
    """``[draws]``, place of the sequence among those of its language."""

    def __len__(self) -> int:
        return len(self.sequence)

    def by_length(
        self, lengths: Sequence[NDArray[np.int64]], *, batch_size: int, batches: int, seed: int
    ) -> "Draws":
        """The same draws, put into batches of sequences of like length.

        Parameters
        ----------
        lengths
            Of each language's sequences.
        batches
            So many consecutive batches are sorted together, and then shuffled.
        """
        length = np.empty(len(self), np.int64)
        for number, of_language in enumerate(lengths):
            here = self.language == number
            length[here] = of_language[self.sequence[here]]
        generator = np.random.default_rng(seed)
        order = []
        for start in range(0, len(self), batch_size * batches):
            part = length[start : start + batch_size * batches]
            rows = start + np.argsort(part, kind="stable")
            whole = len(part) // batch_size * batch_size
            order.append(generator.permutation(rows[:whole].reshape(-1, batch_size)).ravel())
            order.append(rows[whole:])
        new = np.concatenate(order)
        return Draws(self.language[new], self.sequence[new])


def draw(sizes: Sequence[int], count: int, *, alpha: float, seed: int) -> Draws:
    """Draw the sequences of a run.

    Each draw is of a language with probability proportional to n^alpha, n the number of its
    sequences (paper, section 5.2, with alpha = .3; 1 draws every sequence alike). Within a
    language all sequences come once in random order before any comes again.

    Parameters
    ----------
    sizes
        Number of sequences of each language.

    Raises
    ------
    InputError
        If `alpha` is negative, or a language has no sequence.
    """
    if alpha < 0:
        raise InputError(f"experimental.alpha: {alpha} is negative")
    if not sizes or min(sizes) < 1:
        raise InputError(f"no sequences to train on in one of the languages: {list(sizes)}")
    generator = np.random.default_rng(seed)
    weights = np.asarray(sizes, float) ** alpha
    language = generator.choice(len(sizes), count, p=weights / weights.sum()).astype(np.int16)
    sequence = np.empty(count, np.int64)
    for number, size in enumerate(sizes):
        here = np.flatnonzero(language == number)
        rounds = [generator.permutation(size) for _ in range(0, len(here), size)]
        sequence[here] = np.concatenate([*rounds, np.empty(0, np.int64)])[: len(here)]
    return Draws(language, sequence)
