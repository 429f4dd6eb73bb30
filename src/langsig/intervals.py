"""Student's intervals about estimates whose variance has several sources."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Array = NDArray[np.floating[Any]]
Part = tuple[Array, int]
"""A variance, and its degrees of freedom."""


def half_width(parts: Sequence[Part], level: float = 0.95) -> Array:
    """Half the length of the interval with the sum of these variances.

    Degrees of freedom are Welch and Satterthwaite's.

    Parameters
    ----------
    parts
        Variances ``[...]`` of independent sources; those without degrees of freedom are left out.
    """
    known = [(np.asarray(variance), freedom) for variance, freedom in parts if freedom > 0]
    if not known:
        return np.zeros_like(parts[0][0])
    variance = np.sum([square for square, _ in known], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / np.sum([square**2 / own for square, own in known], axis=0)
    half: Array = student.ppf((1 + level) / 2, np.where(variance > 0, freedom, 1)) * np.sqrt(
        variance
    )
    return half


def variance_of(draws: Array) -> Part:
    """Of draws ``[draws, ...]``: their variance ``[...]``, zero of a single one."""
    if len(draws) < 2:
        return np.zeros(draws.shape[1:]), 0
    return draws.var(0, ddof=1), len(draws) - 1


def interval(
    estimate: Array, replicates: Array, starts: Array, level: float = 0.95
) -> tuple[Array, Array]:
    """Symmetric intervals about estimates: what sentences and what the start leave open.

    They are for the expected value of the estimate in samples of as many words, and as wide as
    Student's distribution makes them with the variance of bootstrap replicates plus that between
    starts, which replicates lack, as they begin at the estimate and do not leave its local
    minimum. Starts are few: degrees of freedom are Welch and Satterthwaite's. Simulations of their
    coverage are in docs/method/validation.md.

    Parameters
    ----------
    estimate
        ``[...]``.
    replicates
        ``[replicates, ...]``, from resampled sentences.
    starts
        ``[starts, ...]``, from all sentences and different starts, that of the estimate among
        them; a single one adds nothing.
    """
    half = half_width([variance_of(replicates), variance_of(starts)], level)
    return estimate - half, estimate + half
