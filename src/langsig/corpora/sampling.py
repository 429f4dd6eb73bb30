"""Uniform samples of streams, without holding the stream."""

from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Reservoir(Generic[T]):
    """Uniform sample without replacement of a stream of unknown length (Vitter's algorithm R).

    Memory is that of the items drawn. If the stream is no longer than the sample, all of it is
    drawn.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.offered = 0
        """How many items there were to draw from."""
        self._size = size
        self._random = Random(seed)
        self._drawn: list[tuple[int, T]] = []

    def offer(self, item: T) -> None:
        """Take the next item of the stream, or not."""
        number = self.offered
        self.offered += 1
        if number < self._size:
            self._drawn.append((number, item))
            return
        place = self._random.randrange(self.offered)
        if place < self._size:
            self._drawn[place] = number, item

    def items(self) -> list[T]:
        """The items drawn, in the order of the stream."""
        return [item for _, item in sorted(self._drawn, key=lambda drawn: drawn[0])]
