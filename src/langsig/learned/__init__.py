"""Learned signatures: what two models share that neither had before training.

They are measured on words that did not choose the directions.
"""

from langsig.learned.fits import LearnedFit, crossed, scores_of
from langsig.learned.signatures import (
    RECOMMENDED,
    Learned,
    learned_changes,
    learned_signatures,
)
from langsig.learned.slices import PartialSlices, partial_slices
from langsig.learned.statistics import (
    PartialCovariances,
    PartialLayer,
    PartialStatistics,
    lemma_halves,
    partial_statistics,
)
from langsig.learned.uncertainty import rotation_test, without_blocks

__all__ = [
    "RECOMMENDED",
    "Learned",
    "LearnedFit",
    "PartialCovariances",
    "PartialLayer",
    "PartialSlices",
    "PartialStatistics",
    "crossed",
    "learned_changes",
    "learned_signatures",
    "lemma_halves",
    "partial_slices",
    "partial_statistics",
    "rotation_test",
    "scores_of",
    "without_blocks",
]
