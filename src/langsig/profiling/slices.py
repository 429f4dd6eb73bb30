"""Canonical slices of one language and layer, with replicates for intervals and the null."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.representations import (
    CommonFrame,
    LayerStatistics,
    linear_cka,
    shrunken,
    svcca,
    whitening_root,
)

WIDEST = 64
"""Most dimensions of a reference; of a wider one, the leading principal components are used."""
_EXACT_ENOUGH = 0.01
"""Shrinkage from which covariances can be whitened in float32: the smallest variance is then at
least this share of the mean."""


class Slices(NamedTuple):
    """Canonical slices, ``[dim_reference, dim]`` each."""

    whole: Array
    """Of all words."""
    without: Array
    """Without each block of sentences, ``[blocks, dim_reference, dim]``."""
    flipped: Array
    """With the signs of some blocks flipped, ``[replicates, dim_reference, dim]``."""
    statistics: LayerStatistics
    """Covariances of reference and states."""

    def arrays(self) -> dict[str, Array]:
        """Everything that fits and measures of the language are computed from."""
        return {
            "whole": self.whole,
            "without": self.without,
            "flipped": self.flipped,
            "cross": self.statistics.cross.astype(np.float32),
            "cka": np.array([linear_cka(self.statistics)]),
            "svcca": np.array([svcca(self.statistics)]),
            "variance": np.array([np.trace(self.statistics.experimental)], np.float64),
        }


class _Sums(NamedTuple):
    """Sums over words; those of several sets of words add up."""

    words: NDArray[np.float64]
    reference: Array
    states: Array
    cross: Array
    references: Array
    products: Array

    @classmethod
    def of(cls, reference: Array, states: Array) -> "_Sums":
        return cls(
            np.array(float(len(states))),
            reference.sum(0),
            states.sum(0),
            reference.T @ states,
            reference.T @ reference,
            states.T @ states,
        )

    def minus(self, other: "_Sums") -> "_Sums":
        return _Sums(*(mine - its for mine, its in zip(self, other, strict=True)))

    def statistics(self) -> LayerStatistics:
        z, y = self.reference / self.words, self.states / self.words
        return LayerStatistics(
            self.cross / self.words - np.outer(z, y),
            self.references / self.words - np.outer(z, z),
            self.products / self.words - np.outer(y, y),
            z,
            y,
        )


def balanced_signs(replicates: int, blocks: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random signs of blocks, half of them negative, ``[replicates, blocks]``.

    With equal numbers of both, what the blocks have in common cancels. Otherwise a share of the
    true relation would remain, and the fit, which does not depend on scale, would find it.

    Parameters
    ----------
    replicates
        Number of draws.
    blocks
        Number of blocks, even.
    rng
        Source of randomness.
    """
    signs = np.tile(np.repeat([1, -1], blocks // 2), (replicates, 1))
    return rng.permuted(signs, axis=1)


def slices_of(
    reference: Array,
    states: Array,
    frame: CommonFrame,
    *,
    shrinkage: float,
    block: NDArray[np.int64],
    signs: NDArray[np.int64],
) -> Slices:
    """Compute the canonical slices of one language in one layer.

    Parameters
    ----------
    reference
        The reference, ``[words, dim_reference]``.
    states
        Hidden states of the same words, ``[words, dim]``.
    frame
        The frame that all languages share.
    shrinkage
        See :func:`langsig.representations.shrunken`.
    block
        Number of the block of each word, ``[words]``. With a single block there are no replicates.
    signs
        Signs of the blocks, see :func:`balanced_signs`. States are centred within blocks, as in
        :meth:`langsig.representations.BlockStatistics.flipped_covariances`.
    """
    reference = reference - reference.mean(0, dtype=np.float64)
    states = states.astype(np.float32) - states.mean(0, dtype=np.float64).astype(np.float32)
    reference = _narrowed(reference).astype(np.float32)
    parts = [
        _Sums.of(reference[block == number], states[block == number])
        for number in range(int(block.max()) + 1)
    ]
    total = _Sums(*(sum(sums) for sums in zip(*parts, strict=True)))
    statistics = total.statistics()
    if len(parts) == 1:
        whole = _whitened(statistics.cross, statistics, frame, shrinkage)
        none = np.empty((0, *whole.shape), np.float32)
        return Slices(whole, none, none, statistics)
    without = []
    for part in parts:
        others = total.minus(part).statistics()
        without.append(_whitened(others.cross, others, frame, shrinkage))
    within = np.stack(
        [part.cross - np.outer(part.reference, part.states) / part.words for part in parts]
    )
    flipped = np.tensordot(signs, within, 1) / total.words  # [replicates, dim_reference, dim]
    whole, *replicates = _whitened(
        np.concatenate([statistics.cross[None], flipped]), statistics, frame, shrinkage
    )
    return Slices(whole, np.stack(without), np.stack(replicates), statistics)


def _narrowed(reference: Array) -> Array:
    """The leading principal components of a reference that is wide."""
    if reference.shape[1] <= WIDEST:
        return reference
    directions = np.linalg.eigh(reference.T @ reference)[1][:, -WIDEST:]
    narrowed: Array = reference @ directions
    return narrowed


def _whitened(
    cross: Array, statistics: LayerStatistics, frame: CommonFrame, shrinkage: float
) -> NDArray[np.float32]:
    """Canonical slices of cross-covariances, ``[..., dim_reference, dim]``.

    They are computed in float32, which takes half of the time, where that is exact enough.
    """
    dtype = np.float32 if shrinkage >= _EXACT_ENOUGH else np.float64
    z = whitening_root(shrunken(statistics.control, shrinkage)).astype(dtype)
    y: Array = shrunken(statistics.experimental, shrinkage).astype(dtype)
    return frame.whitened(z @ cross.astype(dtype), y).astype(np.float32)
