"""How many components: error, stability over starts and held-out error of candidate ranks."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.stats import sem
from tqdm import tqdm

from langsig.errors import InputError
from langsig.factorization.baselines import orthogonal_error, shared_pca, singular_values
from langsig.factorization.diagnostics import MIN_AGREEMENT, agreement
from langsig.factorization.parafac2 import parafac2
from langsig.factorization.signatures import fits_from_starts
from langsig.representations.covariance import BlockStatistics

Array = NDArray[np.floating[Any]]


def rank_sweep(
    blocks: Mapping[str, BlockStatistics],
    *,
    candidates: Sequence[int],
    starts: int,
    folds: int,
    seed: int = 0,
    normalise: str = "none",
    **options: Any,
) -> pd.DataFrame:
    """Factorise the slices of one layer at several ranks.

    Held-out error is that of factors fitted to the slices of all folds but one, on the slices of
    that one; folds are of random blocks of sentences, the same for all ranks.

    Parameters
    ----------
    blocks
        By language.
    candidates
        Ranks; those above the smallest dimension of any slice are left out.
    starts
        The SVD start and random ones, at least two.
    folds
        From two to the number of blocks.
    options
        Of :func:`parafac2`.

    Returns
    -------
    DataFrame
        A row a rank, ascending: ``rank``; ``relative_error`` from the SVD start, with those of
        the plainer models that it cannot fall below, ``shared_pca_error`` and ``svd_error``
        (truncated slice by slice); ``agreement``, Spearman's rank correlation of the average
        signatures of those two starts that differ most; ``held_out_error``, mean over the folds,
        and ``held_out_se``, its standard error; ``unfactorized_error``, that of the other folds'
        slices themselves in the place of factors; ``converged``, whether all starts and folds
        did; ``blueprint_condition``, the worst of the starts.

    Raises
    ------
    InputError
        If `starts` or `folds` is out of range, no candidate is possible, or there are fewer than
        two languages.
    """
    if len(blocks) < 2:
        raise InputError(f"{len(blocks)} languages: a joint factorisation needs at least two")
    count = min(len(one.counts) for one in blocks.values())
    if starts < 2:
        raise InputError(f"ranks.starts: {starts}: it takes two to agree")
    if not 2 <= folds <= count:
        raise InputError(f"ranks.folds: {folds} is not between 2 and {count}, the blocks there are")
    slices = _slices(blocks, slice(None), normalise)
    largest = min(min(omega.shape) for omega in slices)
    ranks = sorted({rank for rank in candidates if rank <= largest})
    if not ranks:
        raise InputError(f"ranks.candidates: none of {candidates} is possible, at most {largest}")
    parts = np.array_split(default_rng(seed).permutation(count), folds)
    known = [_slices(blocks, np.setdiff1d(np.arange(count), part), normalise) for part in parts]
    held_out = [_slices(blocks, part, normalise) for part in parts]
    unfactorized = np.mean([_distance(*pair) for pair in zip(known, held_out, strict=True)])
    rows = []
    for rank in tqdm(ranks, "ranks", mininterval=1, disable=None):
        fits = fits_from_starts(slices, rank=rank, starts=starts, seed=seed, **options)
        crossed = [parafac2(part, rank=rank, **options) for part in known]
        errors = [fit.error_of(part) for fit, part in zip(crossed, held_out, strict=True)]
        rows.append(
            {
                "rank": rank,
                "relative_error": fits[0].relative_error,
                "shared_pca_error": orthogonal_error(slices, shared_pca(slices, rank)),
                "svd_error": orthogonal_error(slices, singular_values(slices, rank)),
                "agreement": agreement(fits).rank_correlation,
                "held_out_error": np.mean(errors),
                "held_out_se": sem(errors),
                "unfactorized_error": unfactorized,
                "converged": all(fit.converged for fit in [*fits, *crossed]),
                "blueprint_condition": max(fit.blueprint_condition for fit in fits),
            }
        )
    return pd.DataFrame(rows)


class Recommendation(NamedTuple):
    """A rank, and what it hangs on."""

    rank: int | None
    """None if no candidate is stable."""
    decided_by: str
    """``held-out error``, if larger stable ranks do no better than by a standard error; else
    ``stability``, if larger candidates are not stable; else ``candidates``, of which it is the
    largest."""


def recommended_rank(sweep: pd.DataFrame) -> Recommendation:
    """The smallest stable rank whose held-out error is within a standard error of the best.

    The one-standard-error rule (Breiman et al. 1984, section 3.4.3; Hastie, Tibshirani and
    Friedman 2009, section 7.10) among the ranks whose fits all converged and whose starts agree
    on the ranking of the languages at `MIN_AGREEMENT` (of
    :mod:`langsig.factorization.diagnostics`) or more: what cannot be estimated twice with the
    same result is no candidate, however well it fits.

    Parameters
    ----------
    sweep
        What :func:`rank_sweep` returns.
    """
    stable = sweep[sweep["converged"] & (sweep["agreement"] >= MIN_AGREEMENT)]
    if stable.empty:
        return Recommendation(None, "stability")
    best = stable.iloc[stable["held_out_error"].argmin()]
    within = stable["held_out_error"] <= best["held_out_error"] + best["held_out_se"]
    rank = int(stable.loc[within, "rank"].min())
    if rank < stable["rank"].max():
        return Recommendation(rank, "held-out error")
    return Recommendation(rank, "stability" if rank < sweep["rank"].max() else "candidates")


def split_halves(
    blocks: Mapping[str, BlockStatistics],
    *,
    rank: int,
    starts: int,
    seed: int = 0,
    normalise: str = "none",
    **options: Any,
) -> pd.DataFrame:
    """Average signatures of even and of odd blocks of sentences, each fitted by itself.

    From random starts, others in each half: starts in common could lead both halves to the same
    local solution, and make them more alike than their sentences are.

    Returns
    -------
    DataFrame
        Columns ``half`` (0: even), ``start``, ``language``, ``average_signature``, ``svd`` (mean of
        the largest singular values of the slice).
    """
    tables = []
    for half in (0, 1):
        slices = _slices(blocks, slice(half, None, 2), normalise)
        level = singular_values(slices, rank).mean(1)
        for start in range(starts):
            seed_here = seed + half * starts + start
            fit = parafac2(slices, rank=rank, init="random", seed=seed_here, **options)
            table = {"average_signature": fit.average_signatures, "svd": level}
            tables.append(
                pd.DataFrame({"half": half, "start": start, "language": list(blocks), **table})
            )
    return pd.concat(tables, ignore_index=True)


def _slices(
    blocks: Mapping[str, BlockStatistics], chosen: slice | NDArray[np.int64], normalise: str
) -> list[NDArray[np.float64]]:
    return [one.cross_covariance(chosen, normalise) for one in blocks.values()]


def _distance(known: Sequence[Array], held_out: Sequence[Array]) -> float:
    """Squared norm of the difference, over that of what is held out."""
    squares = [np.sum((y - x) ** 2) for x, y in zip(known, held_out, strict=True)]
    return float(sum(squares) / sum(np.sum(omega**2) for omega in held_out))
