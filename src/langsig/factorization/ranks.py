"""How many components: error, stability over starts and held-out error of candidate ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.stats import sem
from tqdm import tqdm

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.factorization.baselines import orthogonal_error, shared_pca, singular_values
from langsig.factorization.diagnostics import MIN_AGREEMENT, agreement
from langsig.factorization.layers import fits_from_starts
from langsig.factorization.solver import Solver
from langsig.schemas import Halves, RankRecommendations, RankSweep

if TYPE_CHECKING:
    from langsig.representations import BlockStatistics, CategoryStatistics


class RankTables(NamedTuple):
    """Candidate ranks of several layers, the ranks to recommend, and signatures of halves."""

    sweep: RankSweep
    recommendations: RankRecommendations
    halves: Halves


def ranks_by_layer(
    statistics: Sequence["CategoryStatistics"],
    *,
    layers: Sequence[int],
    candidates: Sequence[int],
    solver: Solver,
    starts: int,
    folds: int,
    seed: int = 0,
    normalise: str = "none",
) -> RankTables:
    """Compare candidate ranks and fit halves of the sentences, in several layers.

    Parameters
    ----------
    statistics
        Covariances of one category, one entry per language. Languages without covariances are
        left out.
    layers
        Layers to fit, among those whose sums over blocks are kept.
    candidates, starts, folds, seed, normalise
        As in :func:`rank_sweep` and :func:`split_halves`.
    solver
        Settings of each fit. Its rank, the one in use, is added to the candidates, and the halves
        are fitted with it.

    Raises
    ------
    InputError
        If a layer has no sums over blocks in some language, or as :func:`rank_sweep`.
    """
    entries = [entry for entry in statistics if entry.layers]
    sweeps, halves = [], []
    for layer in layers:
        for entry in entries:
            if layer not in entry.blocks:
                kept = ", ".join(map(str, sorted(entry.blocks))) or "none"
                raise InputError(
                    f"layers must have sums over blocks; layer {layer} of {entry.language} has "
                    f"none (layers with sums: {kept})"
                )
        blocks = {entry.language: entry.blocks[layer] for entry in entries}
        sweeps.append(
            rank_sweep(
                blocks,
                candidates=candidates,
                solver=solver,
                starts=starts,
                folds=folds,
                seed=seed,
                normalise=normalise,
                layer=layer,
            )
        )
        halves.append(
            split_halves(
                blocks, solver=solver, starts=starts, seed=seed, normalise=normalise, layer=layer
            )
        )
    sweep = RankSweep.concat(sweeps)
    return RankTables(sweep, recommend_ranks(sweep), Halves.concat(halves))


def rank_sweep(
    blocks: Mapping[str, "BlockStatistics"],
    *,
    candidates: Sequence[int],
    solver: Solver,
    starts: int,
    folds: int,
    seed: int = 0,
    normalise: str = "none",
    layer: int = 0,
) -> RankSweep:
    """Factorise the slices of one layer at several ranks.

    The held-out error of a fold is the error, on the slices of that fold, of factors fitted to
    the slices of all other folds. Folds are random sets of blocks of sentences, the same for all
    ranks. Fits that do not converge are marked in the table and give no warning.

    Parameters
    ----------
    blocks
        Sums over blocks of sentences of each language.
    candidates
        Ranks to try, in addition to that of `solver`. Ranks above the smallest dimension of a
        slice are left out.
    solver
        Settings of each fit, apart from the rank. Its rank is the one in use.
    starts
        Number of starts, at least two: the first from singular vectors, the others random.
    folds
        Number of folds, from two to the number of blocks.
    seed
        Seed of the folds and of the random starts.
    normalise
        Normalisation of the hidden states, see
        :func:`langsig.representations.normalising_factors`.
    layer
        Number of the layer, for the table (default: 0).

    Returns
    -------
    RankSweep
        One row per rank, in ascending order. ``relative_error`` is that of the first start; it
        cannot be below those of the simpler models, ``shared_pca_error`` and ``svd_error``.
        ``agreement`` is Spearman's rank correlation of the average signatures of the two starts
        that differ most. ``unfactorized_error`` is the held-out error of the other folds' slices
        themselves, in place of a model of them.

    Raises
    ------
    InputError
        If `starts` or `folds` is out of range, no rank is possible, or there are fewer than two
        languages.
    """
    if len(blocks) < 2:
        raise InputError(f"a joint factorisation needs at least two languages, got {len(blocks)}")
    count = min(len(sums.counts) for sums in blocks.values())
    if starts < 2:
        raise InputError(f"starts must be at least 2, since starts are compared; got {starts}")
    if not 2 <= folds <= count:
        raise InputError(f"folds must be between 2 and {count}, the number of blocks; got {folds}")
    slices = _slices(blocks, slice(None), normalise)
    solvers = _solvers_of_ranks(solver, candidates, slices)
    for candidate in solvers:
        candidate.validate(slices, list(blocks))
    parts = np.array_split(default_rng(seed).permutation(count), folds)
    known = [_slices(blocks, np.setdiff1d(np.arange(count), part), normalise) for part in parts]
    held_out = [_slices(blocks, part, normalise) for part in parts]
    unfactorized = np.mean([_distance(*pair) for pair in zip(known, held_out, strict=True)])
    rows = []
    for candidate in tqdm(solvers, "ranks", mininterval=1, disable=None):
        rank = candidate.rank
        fits = fits_from_starts(slices, solver=candidate, starts=starts, seed=seed)
        fits_of_folds = [candidate.fit(part) for part in known]
        errors = [fit.error_of(part) for fit, part in zip(fits_of_folds, held_out, strict=True)]
        rows.append(
            {
                "layer": layer,
                "rank": rank,
                "in_use": rank == solver.rank,
                "relative_error": fits[0].relative_error,
                "shared_pca_error": orthogonal_error(slices, shared_pca(slices, rank)),
                "svd_error": orthogonal_error(slices, singular_values(slices, rank)),
                "agreement": agreement(fits).rank_correlation,
                "held_out_error": np.mean(errors),
                "held_out_se": sem(errors),
                "unfactorized_error": unfactorized,
                "converged": all(fit.converged for fit in [*fits, *fits_of_folds]),
                "blueprint_condition": max(fit.blueprint_condition for fit in fits),
            }
        )
    return RankSweep(pd.DataFrame(rows))


def recommend_ranks(sweep: RankSweep) -> RankRecommendations:
    """The smallest stable rank of each layer whose held-out error is near the best.

    This is the one-standard-error rule (Breiman et al. 1984, section 3.4.3; Hastie, Tibshirani
    and Friedman 2009, section 7.10) among stable ranks: those whose fits all converged, and whose
    starts agree on the ranking of the languages at `MIN_AGREEMENT` (of
    :mod:`langsig.factorization.diagnostics`) or more. A rank that cannot be estimated twice with
    the same result is no candidate, however well it fits.

    Returns
    -------
    RankRecommendations
        One row per layer. ``decided_by`` says what limits the rank. ``held-out error``: larger
        stable ranks do not improve it by more than a standard error. ``stability``: larger ranks
        are not stable. ``candidates``: it is the largest candidate.
    """
    rows = [
        (layer, *_recommended_rank(of_layer))
        for layer, of_layer in sweep.frame.groupby("layer", sort=False)
    ]
    return RankRecommendations(pd.DataFrame(rows, columns=list(RankRecommendations.columns)))


def split_halves(
    blocks: Mapping[str, "BlockStatistics"],
    *,
    solver: Solver,
    starts: int,
    seed: int = 0,
    normalise: str = "none",
    layer: int = 0,
) -> Halves:
    """Average signatures of the even and of the odd blocks of sentences, fitted separately.

    All starts are random, and each half has its own. Common starts could lead both halves to the
    same local minimum, and make them more similar than their sentences are.

    Parameters
    ----------
    blocks
        Sums over blocks of sentences of each language.
    solver
        Settings of each fit.
    starts
        Number of random starts per half.
    seed
        Seed of the first start; each start has the next seed.
    normalise
        Normalisation of the hidden states, as in :func:`rank_sweep`.
    layer
        Number of the layer, for the table (default: 0).
    """
    tables = []
    for half in (0, 1):
        slices = _slices(blocks, slice(half, None, 2), normalise)
        solver.validate(slices, list(blocks))
        level = singular_values(slices, solver.rank).mean(1)
        for start in range(starts):
            fit = solver.fit(slices, init="random", seed=seed + half * starts + start)
            columns = {"average_signature": fit.average_signatures, "svd": level}
            keys = {"layer": layer, "half": half, "start": start, "language": list(blocks)}
            tables.append(Halves(pd.DataFrame(keys | columns)))
    return Halves.concat(tables)


def _solvers_of_ranks(
    solver: Solver, candidates: Sequence[int], slices: Sequence[Array]
) -> list[Solver]:
    """The solver with each rank that the slices allow, in ascending order."""
    largest = min(min(omega.shape) for omega in slices)
    ranks = sorted({rank for rank in [*candidates, solver.rank] if rank <= largest})
    if not ranks:
        raise InputError(
            f"candidates must hold a rank of at most {largest}, the smallest dimension of a "
            f"slice; got {', '.join(map(str, candidates))}"
        )
    return [replace(solver, rank=rank) for rank in ranks]


def _recommended_rank(sweep: pd.DataFrame) -> tuple[int | None, str]:
    """The rank to recommend for one layer, None if no candidate is stable; and what limits it."""
    stable = sweep[sweep["converged"] & (sweep["agreement"] >= MIN_AGREEMENT)]
    if stable.empty:
        return None, "stability"
    best = stable.iloc[stable["held_out_error"].argmin()]
    within = stable["held_out_error"] <= best["held_out_error"] + best["held_out_se"]
    rank = int(stable.loc[within, "rank"].min())
    if rank < stable["rank"].max():
        return rank, "held-out error"
    return rank, "stability" if rank < sweep["rank"].max() else "candidates"


def _slices(
    blocks: Mapping[str, "BlockStatistics"], chosen: slice | NDArray[np.int64], normalise: str
) -> list[NDArray[np.float64]]:
    """Cross-covariance of each language over the chosen blocks."""
    return [sums.cross_covariance(chosen, normalise) for sums in blocks.values()]


def _distance(known: Sequence[Array], held_out: Sequence[Array]) -> float:
    """Squared norm of the differences, over that of the held-out slices."""
    squares = [np.sum((y - x) ** 2) for x, y in zip(known, held_out, strict=True)]
    return float(sum(squares) / sum(np.sum(omega**2) for omega in held_out))
