"""Whether a fit says something: are its components separate, and do other starts end there?"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from langsig.factorization.parafac2 import Parafac2Result

Array = NDArray[np.floating[Any]]
MIN_CONGRUENCE = -0.85
"""Two components more opposite than this are taken for degenerate: they cancel most of each other
(two-factor degeneracies, Mitchell and Burdick 1994; the bound is a convention)."""
MAX_CANCELLATION = 5.0
"""Where the squared norms of the components add up to so many times that of their sum, most of
what they are cancels."""
MIN_AGREEMENT = 0.9
"""Rank correlation between starts below which rankings of languages depend on the start."""


class Agreement(NamedTuple):
    """Of fits of the same slices from several starts; missing values for a single one."""

    rank_correlation: float
    """Spearman's, between the average signatures of the two starts that agree least."""
    level_spread: float
    """Highest minus lowest mean of the average signatures, over their mean."""
    factor_match: float
    """Mean absolute cosine between experimental directions of the first start and, matched one
    to one, of the start that agrees least."""


def agreement(fits: Sequence[Parafac2Result]) -> Agreement:
    """How alike the fits from several starts are."""
    if len(fits) < 2:
        return Agreement(np.nan, np.nan, np.nan)
    averages = np.array([fit.average_signatures for fit in fits])
    levels = averages.mean(1)
    return Agreement(
        min(_rank_correlation(a, b) for a, b in combinations(averages, 2)),
        float(np.ptp(levels) / levels.mean()),
        min(_match(fits[0], other) for other in fits[1:]),
    )


def congruence(fit: Parafac2Result) -> float:
    """The lowest congruence of two components: product of the cosines between their signatures
    over languages, columns of B and columns of V. Near -1, they cancel. Missing for a single one.
    """
    products = np.prod(
        [
            _cosines(factor)
            for factor in (fit.signatures, fit.blueprint, fit.experimental_directions)
        ],
        axis=0,
    )
    pairs = products[np.triu_indices(len(products), 1)]
    return float(pairs.min()) if len(pairs) else np.nan


def cancellation(fit: Parafac2Result) -> float:
    """Squared norms of all components of all slices, over that of the model: 1 if they are
    orthogonal or alone, much more if they cancel one another."""
    grams = [f.T @ f for f in (fit.signatures, fit.blueprint, fit.experimental_directions)]
    product = np.prod(grams, axis=0)
    whole = product.sum()
    return float(np.trace(product) / whole) if whole > 0 else np.inf


def flags(
    *, converged: bool, congruence: float, cancellation: float, agreement: float
) -> list[str]:
    """What a reader must know before believing a fit; empty if nothing."""
    checks = {
        "not converged": not converged,
        "degenerate": congruence < MIN_CONGRUENCE or cancellation > MAX_CANCELLATION,
        "starts disagree": agreement < MIN_AGREEMENT,
    }
    return [flag for flag, raised in checks.items() if raised]


def _cosines(factor: Array) -> Array:
    norms = np.linalg.norm(factor, axis=0)
    unit = factor / np.where(norms > 0, norms, 1)
    cosines: Array = unit.T @ unit
    return cosines


def _rank_correlation(one: Array, other: Array) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    return float(spearmanr(one, other).statistic)


def _match(one: Parafac2Result, other: Parafac2Result) -> float:
    cosines = np.abs(one.experimental_directions.T @ other.experimental_directions)
    return float(cosines[linear_sum_assignment(-cosines)].mean())
