"""Whether a fit can be relied on: do its components cancel, and does another start agree?"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from langsig.arrays import Array
from langsig.factorization.model import Parafac2Result

MIN_CONGRUENCE = -0.85
"""Congruence below which two components count as degenerate: they cancel most of each other
(two-factor degeneracies, Mitchell and Burdick 1994; the bound is a convention)."""
MAX_CANCELLATION = 5.0
"""Cancellation above which a fit counts as degenerate: its components mostly cancel."""
MIN_AGREEMENT = 0.9
"""Rank correlation of the two best starts below which rankings of languages depend on the start."""


class Agreement(NamedTuple):
    """How similar the best and the next best fit of the same slices are.

    All values are missing for a single fit.
    """

    loss_gap: float
    """How far the loss of the next best fit is above that of the best, over the latter."""
    rank_correlation: float
    """Spearman's correlation of the average signatures."""
    level_spread: float
    """Difference of the means of the average signatures, over their mean."""
    factor_match: float
    """Mean absolute cosine between experimental directions, matched one to one."""


def agreement(fits: Sequence[Parafac2Result]) -> Agreement:
    """How similar the best and the next best of several fits of the same slices are.

    A minimum that is reached twice is unlikely to be beaten by a further start.

    Parameters
    ----------
    fits
        Fits by ascending loss, as from :func:`fits_from_starts`.
    """
    if len(fits) < 2:
        return Agreement(np.nan, np.nan, np.nan, np.nan)
    best, next_best = fits[:2]
    levels = np.array([best.average_signatures.mean(), next_best.average_signatures.mean()])
    return Agreement(
        (next_best.loss - best.loss) / best.loss if best.loss > 0 else np.nan,
        _rank_correlation(best.average_signatures, next_best.average_signatures),
        float(np.ptp(levels) / levels.mean()),
        _match(best, next_best),
    )


def congruence(fit: Parafac2Result) -> float:
    """The lowest congruence of two components; missing if there is only one component.

    The congruence is the product of the cosines between their signatures over languages, their
    columns of B and their columns of V (Tucker's coefficient, Mitchell and Burdick 1994). Near
    -1, the components cancel each other.
    """
    factors = (fit.signatures, fit.blueprint, fit.experimental_directions)
    products = np.prod([_cosines(factor) for factor in factors], axis=0)
    pairs = products[np.triu_indices(len(products), 1)]
    return float(pairs.min()) if len(pairs) else np.nan


def cancellation(fit: Parafac2Result) -> float:
    """Sum of the squared norms of the components over the squared norm of the model.

    It is 1 if the components are orthogonal, and much more if they cancel each other.
    """
    factors = (fit.signatures, fit.blueprint, fit.experimental_directions)
    product = np.prod([factor.T @ factor for factor in factors], axis=0)
    whole = product.sum()
    return float(np.trace(product) / whole) if whole > 0 else np.inf


def diagnostics_of(fits: Sequence[Parafac2Result]) -> dict[str, Any]:
    """Diagnostics of the best of several fits of the same slices.

    Parameters
    ----------
    fits
        Fits by ascending loss, as from :func:`fits_from_starts`.

    Returns
    -------
    dict
        Columns of :class:`langsig.schemas.Diagnostics` from ``rank`` on.
    """
    fit = fits[0]
    starts = agreement(fits)
    lowest, ratio = congruence(fit), cancellation(fit)
    return {
        "rank": fit.signatures.shape[1],
        "relative_error": fit.relative_error,
        "loss": fit.loss,
        "iterations": fit.iterations,
        "converged": fit.converged,
        "blueprint_condition": fit.blueprint_condition,
        "congruence": lowest,
        "cancellation": ratio,
        "degenerate": lowest < MIN_CONGRUENCE or ratio > MAX_CANCELLATION,
        "starts": len(fits),
        **starts._asdict(),
        "starts_disagree": starts.rank_correlation < MIN_AGREEMENT,
    }


def _cosines(factor: Array) -> Array:
    """Cosines between columns, ``[components, components]``."""
    norms = np.linalg.norm(factor, axis=0)
    unit = factor / np.where(norms > 0, norms, 1)
    cosines: Array = unit.T @ unit
    return cosines


def _rank_correlation(first: Array, second: Array) -> float:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return np.nan
    return float(spearmanr(first, second).statistic)


def _match(first: Parafac2Result, second: Parafac2Result) -> float:
    cosines = np.abs(first.experimental_directions.T @ second.experimental_directions)
    return float(cosines[linear_sum_assignment(-cosines)].mean())
