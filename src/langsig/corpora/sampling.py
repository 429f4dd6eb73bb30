"""Uniform samples of streams that do not fit into memory."""

from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Reservoir(Generic[T]):
    """Uniform sample without replacement of a stream of unknown length.

    This is algorithm R of Vitter (1985), *Random Sampling with a Reservoir*. Only the sample is
    held in memory. If the stream has fewer items than the sample, all of them are drawn.

    Parameters
    ----------
    size
        Number of items to draw.
    seed
        Seed of the draws.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.offered = 0
        """Number of items of the stream so far."""
        self._size = size
        self._random = Random(seed)
        self._drawn: list[tuple[int, T]] = []

    def offer(self, item: T) -> None:
        """Consider the next item of the stream for the sample."""
        number = self.offered
        self.offered += 1
        if number < self._size:
            self._drawn.append((number, item))
            return
        slot = self._random.randrange(self.offered)
        if slot < self._size:
            self._drawn[slot] = number, item

    def items(self) -> list[T]:
        """The drawn items in the order of the stream."""
        return [item for _, item in sorted(self._drawn, key=lambda drawn: drawn[0])]
