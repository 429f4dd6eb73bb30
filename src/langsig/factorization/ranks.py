"""How many components: error, stability over starts and held-out error of candidate ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

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
from langsig.factorization.layers import by_loss, kinds_of_starts
from langsig.factorization.solver import Solver
from langsig.factorization.workers import worker_pool
from langsig.schemas import Halves, RankRecommendations, RankSweep

if TYPE_CHECKING:
    from langsig.representations import BlockStatistics, CategoryStatistics


class RankTables(NamedTuple):
    """Candidate ranks of several layers, the ranks to recommend, and signatures of halves."""

    sweep: RankSweep
    recommendations: RankRecommendations
    halves: Halves
    rank: int
    """The rank in use."""


def ranks_by_layer(
    statistics: Sequence["CategoryStatistics"],
    *,
    layers: Sequence[int],
    candidates: Sequence[int],
    rank: int | None,
    solver: Solver,
    starts: int,
    folds: int,
    seed: int = 0,
    normalise: str = "none",
    workers: int = 1,
) -> RankTables:
    """Compare candidate ranks and fit halves of the sentences, in several layers.

    Parameters
    ----------
    statistics
        Covariances of one category, one entry per language. Languages without covariances are
        left out.
    layers
        Layers to fit, among those whose sums over blocks are kept.
    candidates
        Ranks to compare. Ranks above the smallest dimension of a slice are left out.
    rank
        The rank in use, which is compared too and with which the halves are fitted; None: the
        rank that is recommended for all layers (:func:`recommend_ranks`).
    solver
        Settings of each fit, apart from the rank.
    starts, folds, seed, normalise
        As in :func:`rank_sweep` and :func:`split_halves`.
    workers
        Number of processes that share the layers and ranks. Results do not depend on it.

    Raises
    ------
    InputError
        If a layer has no sums over blocks in some language, or as :func:`rank_sweep`.
    """
    entries = [entry for entry in statistics if entry.layers]
    for layer, entry in product(layers, entries):
        if layer not in entry.blocks:
            kept = ", ".join(map(str, sorted(entry.blocks))) or "none"
            raise InputError(
                f"layers must have sums over blocks; layer {layer} of {entry.language} has "
                f"none (layers with sums: {kept})"
            )
    blocks = {layer: {entry.language: entry.blocks[layer] for entry in entries} for layer in layers}
    compared = [*candidates] if rank is None else [*candidates, rank]
    with worker_pool(workers) as pool:
        apply = pool.map if pool else map
        tasks = [
            task
            for layer in layers
            for task in _tasks(
                blocks[layer],
                candidates=compared,
                solver=solver,
                starts=starts,
                folds=folds,
                seed=seed,
                normalise=normalise,
                layer=layer,
            )
        ]
        # High ranks take longest and come first, so that all processes end at about the same time.
        tasks.sort(key=lambda task: task.solver.rank, reverse=True)
        rows = list(tqdm(apply(_row, tasks), "ranks", len(tasks), mininterval=1, disable=None))
        rows.sort(key=lambda row: (layers.index(row["layer"]), row["rank"]))
        sweep = pd.DataFrame(rows)
        recommendations = recommend_ranks(RankSweep(sweep.assign(in_use=False)))
        if rank is None:
            rank = int(recommendations.select(scope="all").frame["rank"].iloc[0])
        split = partial(
            _halves_of_layer,
            solver=replace(solver, rank=rank),
            starts=starts,
            seed=seed,
            normalise=normalise,
        )
        halves = list(apply(split, layers, blocks.values()))
    return RankTables(
        RankSweep(sweep.assign(in_use=sweep["rank"] == rank)),
        recommendations,
        Halves.concat(halves),
        rank,
    )


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
        One row per rank, in ascending order. ``relative_error`` is that of the start with the
        lowest loss; it cannot be below those of the simpler models, ``shared_pca_error`` and
        ``svd_error``. ``agreement`` is Spearman's rank correlation of its average signatures with
        those of the start with the next lowest loss. ``unfactorized_error`` is the held-out error
        of the other folds' slices themselves, in place of a model of them.

    Raises
    ------
    InputError
        If `starts` or `folds` is out of range, no rank is possible, or there are fewer than two
        languages.
    """
    tasks = _tasks(
        blocks,
        candidates=[*candidates, solver.rank],
        solver=solver,
        starts=starts,
        folds=folds,
        seed=seed,
        normalise=normalise,
        layer=layer,
    )
    rows = pd.DataFrame(map(_row, tqdm(tasks, "ranks", mininterval=1, disable=None)))
    return RankSweep(rows.assign(in_use=rows["rank"] == solver.rank))


def recommend_ranks(sweep: RankSweep) -> RankRecommendations:
    """The smallest stable rank whose held-out error is near the best, by layer and for all layers.

    This is the one-standard-error rule (Breiman et al. 1984, section 3.4.3; Hastie, Tibshirani
    and Friedman 2009, section 7.10) among stable ranks: those whose fits all converged, and whose
    two best starts agree on the ranking of the languages at `MIN_AGREEMENT` (of
    :mod:`langsig.factorization.diagnostics`) or more. A rank that cannot be estimated twice with
    the same result is no candidate, however well it fits.

    For all layers, the rank must be stable in each of them, and near the best of these ranks in
    each of them. If none is near the best everywhere, it is the one with the least mean held-out
    error. If none is stable everywhere, it is the smallest candidate.

    Returns
    -------
    RankRecommendations
        One row per layer, and one for all layers. ``decided_by`` says what limits the rank.
        ``held-out error``: larger stable ranks do not improve it by more than a standard error.
        ``stability``: larger ranks are not stable. ``candidates``: it is the largest candidate.
        ``mean held-out error``, ``no stable rank``: see above.
    """
    rows: list[tuple[str, int | None, int | None, str]] = [
        ("layer", int(layer), *_recommended_rank(sweep.select(layer=layer).frame))
        for layer in sweep.frame["layer"].unique()
    ]
    rows.append(("all", None, *_common_rank(sweep.frame)))
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
    halves = [_slices(blocks, slice(half, None, 2), normalise) for half in (0, 1)]
    for slices in halves:
        solver.validate(slices, list(blocks))
    fits = solver.fit_all(
        [slices for slices in halves for _ in range(starts)],
        inits=["random"] * (2 * starts),
        seeds=range(seed, seed + 2 * starts),
    )
    tables = []
    for number, fit in enumerate(fits):
        half, start = divmod(number, starts)
        columns = {
            "average_signature": fit.average_signatures,
            "svd": singular_values(halves[half], solver.rank).mean(1),
        }
        keys = {"layer": layer, "half": half, "start": start, "language": list(blocks)}
        tables.append(Halves(pd.DataFrame(keys | columns)))
    return Halves.concat(tables)


def _halves_of_layer(
    layer: int,
    blocks: Mapping[str, "BlockStatistics"],
    *,
    solver: Solver,
    starts: int,
    seed: int,
    normalise: str,
) -> Halves:
    return split_halves(
        blocks, solver=solver, starts=starts, seed=seed, normalise=normalise, layer=layer
    )


class _Task(NamedTuple):
    """One rank in one layer."""

    layer: int
    solver: Solver
    slices: Sequence[Array]
    known: Sequence[Sequence[Array]]
    """For each fold: the slices of the other folds."""
    held_out: Sequence[Sequence[Array]]
    """For each fold: its slices."""
    unfactorized_error: float
    """Mean over the folds of the error of the other folds' slices."""
    starts: int
    seed: int


def _tasks(
    blocks: Mapping[str, "BlockStatistics"],
    *,
    candidates: Sequence[int],
    solver: Solver,
    starts: int,
    folds: int,
    seed: int,
    normalise: str,
    layer: int,
) -> list[_Task]:
    """One task per rank, in ascending order."""
    if len(blocks) < 2:
        raise InputError(f"a joint factorisation needs at least two languages, got {len(blocks)}")
    count = min(len(sums.counts) for sums in blocks.values())
    if starts < 2:
        raise InputError(f"starts must be at least 2, since starts are compared; got {starts}")
    if not 2 <= folds <= count:
        raise InputError(f"folds must be between 2 and {count}, the number of blocks; got {folds}")
    slices = _slices(blocks, slice(None), normalise)
    parts = np.array_split(default_rng(seed).permutation(count), folds)
    known = [_slices(blocks, np.setdiff1d(np.arange(count), part), normalise) for part in parts]
    held_out = [_slices(blocks, part, normalise) for part in parts]
    distances = [_distance(*pair) for pair in zip(known, held_out, strict=True)]
    unfactorized = float(np.mean(distances))
    tasks = []
    for candidate in _solvers_of_ranks(solver, candidates, slices):
        candidate.validate(slices, list(blocks))
        tasks.append(_Task(layer, candidate, slices, known, held_out, unfactorized, starts, seed))
    return tasks


def _row(task: _Task) -> dict[str, Any]:
    """Columns of :class:`RankSweep`, apart from ``in_use``."""
    rank, starts, folds = task.solver.rank, task.starts, len(task.known)
    results = task.solver.fit_all(
        [task.slices] * starts + [*task.known],
        inits=[*kinds_of_starts(starts), *["svd"] * folds],
        seeds=[*range(task.seed, task.seed + starts), *[0] * folds],
    )
    fits, fits_of_folds = by_loss(results[:starts]), results[starts:]
    errors = [fit.error_of(part) for fit, part in zip(fits_of_folds, task.held_out, strict=True)]
    return {
        "layer": task.layer,
        "rank": rank,
        "relative_error": fits[0].relative_error,
        "shared_pca_error": orthogonal_error(task.slices, shared_pca(task.slices, rank)),
        "svd_error": orthogonal_error(task.slices, singular_values(task.slices, rank)),
        "agreement": agreement(fits).rank_correlation,
        "held_out_error": np.mean(errors),
        "held_out_se": sem(errors),
        "unfactorized_error": task.unfactorized_error,
        "converged": all(fit.converged for fit in results),
        "blueprint_condition": max(fit.blueprint_condition for fit in fits),
    }


def _solvers_of_ranks(
    solver: Solver, candidates: Sequence[int], slices: Sequence[Array]
) -> list[Solver]:
    """The solver with each rank that the slices allow, in ascending order."""
    largest = min(min(omega.shape) for omega in slices)
    ranks = sorted({rank for rank in candidates if rank <= largest})
    if not ranks:
        raise InputError(
            f"candidates must hold a rank of at most {largest}, the smallest dimension of a "
            f"slice; got {', '.join(map(str, candidates))}"
        )
    return [replace(solver, rank=rank) for rank in ranks]


def _recommended_rank(sweep: pd.DataFrame) -> tuple[int | None, str]:
    """The rank to recommend for one layer, None if no candidate is stable; and what limits it."""
    stable = sweep[_stable(sweep)]
    if stable.empty:
        return None, "stability"
    rank = int(stable.loc[_near_the_best(stable), "rank"].min())
    return rank, _limit(rank, stable, sweep)


def _common_rank(sweep: pd.DataFrame) -> tuple[int, str]:
    """The rank to recommend for all layers, and what limits or decides it."""
    everywhere = _stable(sweep).groupby(sweep["rank"]).all()
    stable = sweep[sweep["rank"].map(everywhere)]
    if stable.empty:
        return int(sweep["rank"].min()), "no stable rank"
    near = pd.concat(_near_the_best(of_layer) for _, of_layer in stable.groupby("layer"))
    near_everywhere = near.groupby(stable["rank"]).all()
    if not near_everywhere.any():
        means = stable.groupby("rank")["held_out_error"].mean()
        return int(means.index[int(means.argmin())]), "mean held-out error"
    rank = int(near_everywhere[near_everywhere].index.min())
    return rank, _limit(rank, stable, sweep)


def _stable(sweep: pd.DataFrame) -> pd.Series:
    """Whether all fits converged and the two best starts agree, by row."""
    stable: pd.Series = sweep["converged"] & (sweep["agreement"] >= MIN_AGREEMENT)
    return stable


def _near_the_best(of_layer: pd.DataFrame) -> pd.Series:
    """Whether held-out errors are within a standard error of the least, by row."""
    best = of_layer.iloc[of_layer["held_out_error"].argmin()]
    near: pd.Series = of_layer["held_out_error"] <= best["held_out_error"] + best["held_out_se"]
    return near


def _limit(rank: int, stable: pd.DataFrame, sweep: pd.DataFrame) -> str:
    """What limits a recommended rank."""
    if rank < stable["rank"].max():
        return "held-out error"
    return "stability" if rank < sweep["rank"].max() else "candidates"


def _slices(
    blocks: Mapping[str, "BlockStatistics"], chosen: slice | NDArray[np.int64], normalise: str
) -> list[NDArray[np.float64]]:
    """Cross-covariance of each language over the chosen blocks."""
    return [sums.cross_covariance(chosen, normalise) for sums in blocks.values()]


def _distance(known: Sequence[Array], held_out: Sequence[Array]) -> float:
    """Squared norm of the differences, over that of the held-out slices."""
    squares = [np.sum((y - x) ** 2) for x, y in zip(known, held_out, strict=True)]
    return float(sum(squares) / sum(np.sum(omega**2) for omega in held_out))
