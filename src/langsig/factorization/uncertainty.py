"""How much average signatures depend on the sentences, and whether they differ from chance.

Words of a sentence are not independent, and neither are sentences of a text. So blocks of
consecutive sentences are resampled and flipped, never single words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.factorization.layers import fits_from_starts
from langsig.factorization.model import Parafac2Result
from langsig.factorization.solver import Solver, batches, signatures_under_each
from langsig.factorization.workers import worker_pool
from langsig.intervals import interval
from langsig.schemas import SOURCES, Estimates, Replicates

if TYPE_CHECKING:
    from langsig.representations import BlockStatistics, CategoryStatistics

MIN_LANGUAGES = 3
"""Number of languages from which there is a joint model of all languages but one."""


class NullTest(NamedTuple):
    """Whether a language's average signature exceeds that of vectors without a relation."""

    observed: Array
    """Average signatures in the directions of the other languages, ``[languages]``."""
    null: Array
    """The same with blocks flipped at random, ``[replicates, languages]``."""
    p: Array
    """One-sided p: share of the observed and the flipped values that are not below the observed
    one, ``[languages]``."""


def draw_blocks(counts: NDArray[np.int64], replicates: int, seed: int) -> NDArray[np.int64]:
    """Draw blocks with replacement; the number drawn is that of the blocks with words.

    The same seed draws the same blocks, so all layers of a language are resampled alike.

    Parameters
    ----------
    counts
        Number of words in each block, ``[blocks]``.
    replicates
        Number of draws.
    seed
        Seed of the draws.

    Returns
    -------
    ndarray
        Numbers of the blocks, ``[replicates, blocks with words]``.
    """
    filled = np.flatnonzero(counts)
    return np.random.default_rng(seed).choice(filled, (replicates, len(filled)))


def shrinkage(residual: Array, noise: float) -> float:
    """Factor from 0 to 1 that removes the expected squared norm of noise from a residual.

    Parameters
    ----------
    residual
        Difference of a slice and its model, ``[dim_control, dim_experimental]``.
    noise
        Expected squared norm of the noise in it.

    Returns
    -------
    float
        sqrt(max(0, 1 - noise / |residual|^2)); 0 if the residual is 0.
    """
    square = float(np.sum(residual**2))
    return float(np.sqrt(max(0.0, square - noise) / square)) if square else 0.0


def bootstrap(
    blocks: Sequence["BlockStatistics"],
    fit: Parafac2Result,
    *,
    solver: Solver,
    replicates: int,
    seed: int = 0,
    normalise: str = "none",
) -> Array:
    """Average signatures of resampled sentences.

    Blocks are drawn in each language independently. All languages are then factorised again,
    starting from the fit to all sentences. Slices already hold the noise of their sentences, and
    resampling adds the same amount once more. Since signatures are not a linear function of the
    slices, replicates would then vary too much. So the change by resampling is not added to the
    slice, but to its model plus its shrunken residual (:func:`shrinkage`): nearly the model alone
    where words are few, nearly the slice where they are many.

    Replicates show how much the fit varies, not where it lies
    (see :func:`langsig.intervals.interval`). They are cut short on purpose: there is no warning
    if they do not converge.

    Parameters
    ----------
    blocks
        Sums over blocks of each language, in the order of the fit.
    fit
        Fit to all sentences.
    solver
        Settings of each fit, with the rank of `fit`.
    replicates
        Number of draws.
    seed
        Seed of the draws.
    normalise
        Normalisation of the hidden states, as in `fit`.

    Returns
    -------
    ndarray
        ``[replicates, languages]``.
    """
    draws = [
        draw_blocks(sums.counts, replicates, (seed << 16) + index)
        for index, sums in enumerate(blocks)
    ]
    observed = [sums.cross_covariance(slice(None), normalise) for sums in blocks]
    parts = batches(replicates, sum(omega.size for omega in observed))

    def changes(part: slice) -> Iterator[NDArray[np.float64]]:
        """Changes of the slice of each language, ``[replicates, dim_control,
        dim_experimental]``."""
        for sums, drawn, omega in zip(blocks, draws, observed, strict=True):
            yield sums.resampled_covariances(drawn[part], normalise) - omega

    squares = np.concatenate(
        [np.array([np.sum(change**2, axis=(1, 2)) for change in changes(part)]) for part in parts],
        axis=1,
    )  # [languages, replicates]
    centres = []
    for index, (omega, noise) in enumerate(zip(observed, squares.mean(1).tolist(), strict=True)):
        model = fit.reconstruct(index)
        residual = omega - model
        centres.append(model + shrinkage(residual, noise) * residual)
    averages = []
    for part in parts:
        resampled = [centre + change for centre, change in zip(centres, changes(part), strict=True)]
        problems = list(zip(*resampled, strict=True))
        results = solver.fit_all(problems, inits=[fit] * len(problems))
        averages += [result.average_signatures for result in results]
    return np.array(averages)


def flip_test(
    blocks: Sequence["BlockStatistics"],
    *,
    solver: Solver,
    replicates: int,
    seed: int = 0,
    normalise: str = "none",
    steps: int = 15,
) -> NullTest:
    """Test each language against its own slices with the signs of blocks flipped at random.

    A model is fitted to the other languages. The language's slices within blocks
    (:meth:`~langsig.representations.BlockStatistics.flipped_covariances`), flipped or not, get
    signatures in the directions of that model. The other languages do not depend on the signs.
    So if the vectors of the two models are unrelated, all these slices have the same
    distribution, and p is uniform whatever the dependence within a block. (Shifting one model's
    vectors along the text would not do: it breaks up sentences whose ends both models share, and
    rejects too often.) With fewer than three languages there is no joint model of the others,
    and all results are missing. Fits are cut short on purpose: there is no warning if they do not
    converge.

    Parameters
    ----------
    blocks
        Sums over blocks of each language.
    solver
        Settings of the fits to the other languages. Its ridge is also that of the signatures.
    replicates
        Number of random choices of signs.
    seed
        Seed of the signs.
    normalise
        Normalisation of the other languages' hidden states.
    steps
        Number of times that projections and signatures are fitted in fixed directions.
    """
    if len(blocks) < MIN_LANGUAGES:
        missing = np.full(len(blocks), np.nan)
        return NullTest(missing, np.empty((0, len(blocks))), missing)
    rng = np.random.default_rng(seed)
    slices = [sums.cross_covariance(slice(None), normalise) for sums in blocks]
    others = [
        [omega for number, omega in enumerate(slices) if number != index]
        for index in range(len(slices))
    ]
    averages: list[Array] = []
    # In parts, since the projections of a model are as large as all slices.
    for part in batches(len(blocks), sum(omega.size for omega in slices)):
        models = solver.fit_all(others[part], inits=["svd"] * len(others[part]))
        flipped = []
        for sums in blocks[part]:
            signs = rng.choice([-1, 1], (1 + replicates, len(sums.counts)))
            signs[0] = 1
            flipped.append(list(sums.flipped_covariances(signs)))
        signatures = signatures_under_each(models, flipped, ridge=solver.ridge, steps=steps)
        averages += [of_language.mean(1) for of_language in signatures]
    by_replicate = np.array(averages).T  # [1 + replicates, languages]
    observed, null = by_replicate[0], by_replicate[1:]
    p = (1 + np.sum(null >= observed, axis=0)) / (1 + replicates)
    return NullTest(observed, null, p)


class LayeredUncertainty(NamedTuple):
    """Intervals, tests and replicates of all layers and normalisations."""

    estimates: Estimates
    replicates: Replicates


def uncertainty_by_layer(
    statistics: Sequence["CategoryStatistics"],
    *,
    source: str,
    normalisations: Sequence[str],
    solver: Solver,
    replicates: int,
    iterations: int,
    starts: int,
    seed: int = 0,
    workers: int = 1,
) -> LayeredUncertainty:
    """Bootstrap and test by flips in each layer, under each normalisation.

    Replicates with the same number have the same sentences in all layers and normalisations, so
    trends over layers have replicates too.

    Parameters
    ----------
    statistics
        Covariances of one category, one entry per language. Languages without covariances are
        left out. Layers whose sums over blocks are kept are analysed.
    source
        Name of what the covariances were computed from, one of :data:`langsig.schemas.SOURCES`.
    normalisations
        Normalisations of the hidden states, see
        :func:`langsig.representations.normalising_factors`.
    solver
        Settings of the fits to all sentences.
    replicates
        Number of draws of blocks of sentences, and of random choices of their signs.
    iterations
        Number of iterations of the fit to each draw, which starts from the fit to all sentences,
        and of the fits to all languages but one.
    starts
        Number of starts. The fit of the lowest loss gives the estimates.
    seed
        Seed of starts, draws and signs.
    workers
        Number of processes that share the layers and normalisations.

    Raises
    ------
    InputError
        If `source` is unknown, or a slice cannot be factorised.
    """
    if source not in SOURCES:
        raise InputError(f"source must be one of {', '.join(SOURCES)}, got {source!r}")
    entries = [entry for entry in statistics if entry.layers]
    languages = [entry.language for entry in entries]
    layers = sorted(entries[0].blocks) if len(entries) > 1 else []
    tasks = list(product(normalisations, layers))
    fit_layer = partial(
        _fit_layer,
        languages=languages,
        solver=solver,
        replicates=replicates,
        iterations=iterations,
        starts=starts,
        seed=seed,
    )
    with worker_pool(workers) as pool:
        problems = (
            _Problem(
                normalise,
                [entry.layers[layer].normalised(normalise).cross for entry in entries],
                [entry.blocks[layer] for entry in entries],
            )
            for normalise, layer in tasks
        )
        results = (pool.map if pool else map)(fit_layer, problems)
        bar = tqdm(results, "uncertainty", len(tasks), mininterval=1, disable=None)
        fitted = list(bar)
    words = [entry.words for entry in entries]
    estimates, draws = [], []
    for (normalise, layer), uncertainty in zip(tasks, fitted, strict=True):
        columns = {"language": languages, "words": words, **uncertainty.columns}
        estimate = pd.DataFrame(columns).assign(source=source, normalise=normalise, layer=layer)
        estimates.append(Estimates(estimate))
        for varied, averages in uncertainty.averages.items():
            wide = pd.DataFrame(averages, columns=languages).rename_axis("replicate").reset_index()
            long = wide.melt("replicate", var_name="language", value_name="average_signature")
            keyed = long.assign(source=source, normalise=normalise, layer=layer, varied=varied)
            draws.append(Replicates(keyed))
    return LayeredUncertainty(Estimates.concat(estimates), Replicates.concat(draws))


class _Problem(NamedTuple):
    """One layer under one normalisation."""

    normalise: str
    slices: list[Array]
    blocks: list["BlockStatistics"]


class _Uncertainty(NamedTuple):
    """Results of one layer under one normalisation."""

    columns: dict[str, Array]
    """Columns of the estimates, ``[languages]`` each."""
    averages: dict[str, Array]
    """By what varies, ``sentences`` or ``start``: ``[replicates, languages]``."""


def _fit_layer(
    problem: _Problem,
    *,
    languages: Sequence[str],
    solver: Solver,
    replicates: int,
    iterations: int,
    starts: int,
    seed: int,
) -> _Uncertainty:
    solver.validate(problem.slices, languages)
    fits = fits_from_starts(problem.slices, solver=solver, starts=starts, seed=seed)
    estimate = fits[0].average_signatures
    short = replace(solver, max_iterations=iterations)
    test = flip_test(
        problem.blocks,
        solver=short,
        replicates=replicates,
        seed=seed,
        normalise=problem.normalise,
    )
    sentences = bootstrap(
        problem.blocks,
        fits[0],
        solver=short,
        replicates=replicates,
        seed=seed,
        normalise=problem.normalise,
    )
    start = np.array([fit.average_signatures for fit in fits])
    low, high = interval(estimate, sentences, start)
    columns: dict[str, Array] = {
        "blocks": np.array([np.count_nonzero(sums.counts) for sums in problem.blocks]),
        "average_signature": estimate,
        "low": low,
        "high": high,
        "p": test.p,
    }
    return _Uncertainty(columns, {"sentences": sentences, "start": start})
