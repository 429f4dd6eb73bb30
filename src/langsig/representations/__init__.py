"""Hidden states of words, and the covariances between those of two models."""

from langsig.representations.covariance import (
    CategoryStatistics,
    CovarianceFitter,
    covariances_by_category,
)
from langsig.representations.extraction import States, extract

__all__ = [
    "CategoryStatistics",
    "CovarianceFitter",
    "States",
    "covariances_by_category",
    "extract",
]
