"""Hidden states of words, and the covariances between those of two models."""

from langsig.representations.covariance import (
    CategoryStatistics,
    CovarianceFitter,
    covariances_by_category,
    match_layers,
)
from langsig.representations.extraction import States, extract
from langsig.representations.models import Shape, load_model, load_shape

__all__ = [
    "CategoryStatistics",
    "CovarianceFitter",
    "Shape",
    "States",
    "covariances_by_category",
    "extract",
    "load_model",
    "load_shape",
    "match_layers",
]
