"""Student's intervals for estimates whose variance has several sources."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from langsig.arrays import Array


class Variance(NamedTuple):
    """An estimated variance."""

    value: Array
    """``[...]``."""
    freedom: int
    """Degrees of freedom; 0 if nothing is known."""


def half_width(parts: Sequence[tuple[Array, int]], level: float = 0.95) -> Array:
    """Half the width of the interval of an estimate with the sum of these variances.

    The degrees of freedom of the sum are those of Welch and Satterthwaite (Welch 1947).

    Parameters
    ----------
    parts
        Variances ``[...]`` of independent sources, each with its degrees of freedom. Those without
        degrees of freedom are left out.
    level
        Coverage of the interval (default: 0.95).

    Returns
    -------
    ndarray
        ``[...]``.
    """
    known = [(np.asarray(value), freedom) for value, freedom in parts if freedom > 0]
    if not known:
        return np.zeros_like(parts[0][0])
    variance = np.sum([value for value, _ in known], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [value**2 / freedom_of_part for value, freedom_of_part in known]
        freedom = variance**2 / np.sum(terms, axis=0)
    quantile = student.ppf((1 + level) / 2, np.where(variance > 0, freedom, 1))
    width: Array = quantile * np.sqrt(variance)
    return width


def variance_of(draws: Array) -> Variance:
    """Sample variance ``[...]`` of draws ``[draws, ...]``; zero for a single draw."""
    if len(draws) < 2:
        return Variance(np.zeros(draws.shape[1:]), 0)
    return Variance(draws.var(0, ddof=1), len(draws) - 1)


def jackknife_variance(without: Array) -> Variance:
    r"""Variance ``[...]`` of estimates, from replicates in which one block is left out.

    With the replicates :math:`f_b` of B blocks it is
    :math:`\frac{B-1}{B} \sum_b (f_b - \bar f)^2` (Efron and Stein 1981).

    Parameters
    ----------
    without
        Estimates without each block, ``[blocks, ...]``, at least two.
    """
    return Variance((len(without) - 1) * without.var(0), len(without) - 1)


def variance_of_starts(starts: Array) -> Variance:
    """Variance ``[...]`` of the estimate from the best of several starts, due to their choice.

    The estimate is that of the lowest loss. The n starts are resampled with replacement (the
    bootstrap, Efron 1979): the lowest loss of such a sample is that of start j, counted from 0 in
    order of the losses, with the probability ((n - j) / n)^n - ((n - j - 1) / n)^n. A start that
    ended in a poor minimum hardly ever counts, and the two best count most.

    Parameters
    ----------
    starts
        Estimates by ascending loss, ``[starts, ...]``. A single start has no variance.
    """
    number = len(starts)
    worse = np.arange(number, -1, -1) / number  # share of the starts from number j on
    shares = -np.diff(worse**number)
    mean = np.tensordot(shares, starts, 1)
    return Variance(np.tensordot(shares, (starts - mean) ** 2, 1), number - 1)


def interval(
    estimate: Array, replicates: Array, starts: Array, level: float = 0.95
) -> tuple[Array, Array]:
    """Symmetric intervals for estimates that depend on sentences and on the start.

    The intervals are for the expected value of the estimate in samples with the same number of
    words. The variance is that of bootstrap replicates plus that of the choice among starts
    (:func:`variance_of_starts`). Replicates lack the latter, since they begin at the estimate and
    do not leave its local minimum. The number of starts is small, hence the degrees of freedom of
    Welch and Satterthwaite. Simulations of the coverage are in docs/method/validation.md.

    Parameters
    ----------
    estimate
        Estimates, ``[...]``.
    replicates
        Estimates from resampled sentences, ``[replicates, ...]``.
    starts
        Estimates from all sentences and different starts, by ascending loss, the first of them
        `estimate` itself, ``[starts, ...]``. A single start adds no variance.
    level
        Coverage of the intervals (default: 0.95).

    Returns
    -------
    tuple
        Lower and upper ends, ``[...]`` each.
    """
    width = half_width([variance_of(replicates), variance_of_starts(starts)], level)
    return estimate - width, estimate + width
