"""How well each language fits the directions that all languages share, with intervals and null."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.factorization import Parafac2Result, Solver
from langsig.intervals import half_width, jackknife_variance

_STARTS = 2
_ITERATIONS_OF_REPLICATES = 50
_LEVEL = 0.95


class LayerFit(NamedTuple):
    """Results of one layer, ``[languages]`` unless another shape is given."""

    fit: NDArray[np.float64]
    """Share of the squared norm of the canonical slice that the joint model explains."""
    without: NDArray[np.float64]
    """Fits without each block of sentences, ``[blocks, languages]``."""
    null: NDArray[np.float64]
    """The fit that is exceeded by chance in 5 % of cases, if states and reference are unrelated."""
    average: NDArray[np.float64]
    """Average signature of the canonical slices."""
    converged: bool


def best_fit(slices: Sequence[Array], solver: Solver, seed: int) -> Parafac2Result:
    """The fit of the lowest loss among a start from singular vectors and random ones."""
    inits: list[str | Parafac2Result] = ["svd", *["random"] * (_STARTS - 1)]
    fits = solver.fit_all([slices] * _STARTS, inits=inits, seeds=[seed] * _STARTS)
    return min(fits, key=lambda fit: fit.loss)


def fit_layer(
    whole: Sequence[Array],
    without: Sequence[Array],
    flipped: Sequence[Array],
    solver: Solver,
    seed: int = 0,
) -> LayerFit:
    r"""Factorise the canonical slices of all languages, and say how well each is explained.

    Block b of every language is left out at the same time, the states are whitened again, and the
    factorisation resumes from that of all blocks; see :func:`jackknife_interval`.

    Parameters
    ----------
    whole
        For each language its slice, ``[dim_reference, dim]``.
    without
        For each language its slices without each block, ``[blocks, dim_reference, dim]``.
    flipped
        For each language its slices under the null, ``[replicates, dim_reference, dim]``.
    solver
        Settings of the factorisations.
    seed
        Seed of the random start.
    """
    best = best_fit(whole, solver, seed)
    fit = best.shares_explained(whole)
    shorter = replace(solver, max_iterations=_ITERATIONS_OF_REPLICATES)
    return LayerFit(
        fit,
        _shares(without, shorter, best),
        np.quantile(_shares(flipped, shorter, "svd"), _LEVEL, axis=0),
        np.asarray(best.average_signatures, np.float64),
        best.converged,
    )


def jackknife_interval(
    estimate: NDArray[np.float64], without: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Student's interval of estimates from replicates in which one block is left out.

    See :func:`langsig.intervals.jackknife_variance`.

    Parameters
    ----------
    estimate
        Estimates from all blocks, ``[...]``.
    without
        Estimates without each block, ``[blocks, ...]``, at least two.

    Examples
    --------
    The mean of numbers, each of which is a block, has the usual interval:

    >>> import numpy as np
    >>> numbers = np.array([1.0, 2.0, 3.0, 4.0])
    >>> left_out = np.array([np.delete(numbers, n).mean() for n in range(4)])
    >>> low, high = jackknife_interval(numbers.mean(), left_out)
    >>> round(float(low), 3), round(float(high), 3)
    (0.446, 4.554)
    """
    half = half_width([jackknife_variance(without)])
    return estimate - half, estimate + half


def _shares(
    replicates: Sequence[Array], solver: Solver, init: str | Parafac2Result
) -> NDArray[np.float64]:
    """Fits of all languages in each replicate, ``[replicates, languages]``."""
    problems = [list(problem) for problem in zip(*replicates, strict=True)]
    fits = solver.fit_all(problems, inits=[init] * len(problems))
    return np.array(
        [fit.shares_explained(problem) for fit, problem in zip(fits, problems, strict=True)]
    )
