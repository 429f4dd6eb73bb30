"""How far average signatures depend on the sentences at hand, and on what the models share.

Words of a sentence are not independent, and sentences of a text neither, so that what is drawn or
flipped are never single words, but blocks of consecutive sentences.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from langsig.factorization.parafac2 import Parafac2Result, parafac2, signatures_under
from langsig.factorization.signatures import fits_from_starts, processes
from langsig.intervals import interval

if TYPE_CHECKING:
    from langsig.representations import BlockStatistics, CategoryStatistics

Array = NDArray[np.floating[Any]]
MIN_LANGUAGES = 3
_ESTIMATES = [
    "normalise", "layer", "language", "words", "blocks", "average_signature", "low", "high", "p",
]  # fmt: skip
_REPLICATES = ["normalise", "layer", "language", "varied", "replicate", "average_signature"]


class NullTest(NamedTuple):
    """Whether a language's signature is larger than that of vectors that do not belong together."""

    observed: Array
    """``[languages]``, average signatures in the directions of the other languages."""
    null: Array
    """``[replicates, languages]``, the same with flipped blocks."""
    p: Array
    """``[languages]``, share of all these that reach the observed value, which is one of them."""


def draw_blocks(counts: NDArray[np.int64], replicates: int, seed: int) -> NDArray[np.int64]:
    """Blocks drawn with replacement, as many as have words: ``[replicates, blocks with words]``.

    The same seed draws the same blocks, so that all layers of a language are resampled alike.
    """
    filled = np.flatnonzero(counts)
    return np.random.default_rng(seed).choice(filled, (replicates, len(filled)))


def bootstrap(
    blocks: Sequence["BlockStatistics"],
    fit: Parafac2Result,
    *,
    replicates: int,
    seed: int = 0,
    normalise: str = "none",
    **options: Any,
) -> Array:
    """Average signatures of resampled sentences, ``[replicates, languages]``.

    Blocks are drawn in every language independently, and all languages are factorised anew,
    starting from the fit to all sentences. Slices hold the noise of their sentences already, and
    resampling adds as much again; as signatures are no linear function of slices, replicates
    would then vary too much. So what resampling changes is added not to a slice, but to its model
    and the residual, shrunk by as much of it as is noise: to nothing but the model where words
    are few, to the slice itself where they are many.

    Replicates tell how much the fit varies, not where it lies (:func:`langsig.intervals.interval`).

    Parameters
    ----------
    blocks
        Of each language, in the order of the fit.
    normalise
        Of the cross-covariances, as in `fit`.
    options
        Of :func:`parafac2`: its ridge, iterations, and so on; those of `fit`.
    """
    draws = [
        draw_blocks(block.counts, replicates, (seed << 16) + index)
        for index, block in enumerate(blocks)
    ]
    observed = [block.cross_covariance(slice(None), normalise) for block in blocks]

    def changes(replicate: int) -> list[Array]:
        return [
            block.cross_covariance(drawn[replicate], normalise) - omega
            for block, drawn, omega in zip(blocks, draws, observed, strict=True)
        ]

    squares = [[np.sum(change**2) for change in changes(number)] for number in range(replicates)]
    models = [fit.reconstruct(index) for index in range(len(blocks))]
    centres = [
        model + _shrinkage(omega - model, noise) * (omega - model)
        for model, omega, noise in zip(
            models, observed, np.mean(squares, axis=0).tolist(), strict=True
        )
    ]
    rank = fit.signatures.shape[1]
    averages = np.empty((replicates, len(blocks)))
    for replicate in range(replicates):
        slices = [
            centre + change for centre, change in zip(centres, changes(replicate), strict=True)
        ]
        averages[replicate] = parafac2(slices, rank=rank, init=fit, **options).average_signatures
    return averages


def _shrinkage(residual: Array, noise: float) -> float:
    """Root of the share of the squared norm that is not the expected one of noise."""
    square = float(np.sum(residual**2))
    return float(np.sqrt(max(0.0, square - noise) / square)) if square else 0.0


def flip_test(
    blocks: Sequence["BlockStatistics"],
    *,
    rank: int,
    replicates: int,
    seed: int = 0,
    normalise: str = "none",
    steps: int = 15,
    ridge: float = 1e-2,
    **options: Any,
) -> NullTest:
    """Test each language against its own slices with the signs of blocks flipped at random.

    A model is fitted to the other languages, and the language's slices (within blocks, see
    :meth:`~langsig.representations.BlockStatistics.flipped_covariances`), as they are and flipped,
    get signatures in its directions. The other languages know nothing of this one's signs: if
    the vectors of its two models are unrelated, all its slices are alike to them, and p is
    uniform whatever the dependence within a block. (Shifting one model's vectors along the text
    instead tears sentences apart, whose ends the two models share: it rejects too often.) With
    fewer than three languages there is no joint model of the others, and everything is missing.

    Parameters
    ----------
    blocks
        Of each language.
    replicates
        Random choices of signs.
    normalise
        Of the other languages' cross-covariances.
    steps
        Of projection and signature by turns, in directions that stay.
    ridge, options
        Of :func:`parafac2`.
    """
    if len(blocks) < MIN_LANGUAGES:
        missing = np.full(len(blocks), np.nan)
        return NullTest(missing, np.empty((0, len(blocks))), missing)
    rng = np.random.default_rng(seed)
    slices = [block.cross_covariance(slice(None), normalise) for block in blocks]
    averages = []
    for index, block in enumerate(blocks):
        rest = [omega for number, omega in enumerate(slices) if number != index]
        model = parafac2(rest, rank=rank, ridge=ridge, **options)
        signs = rng.choice([-1, 1], (1 + replicates, len(block.counts)))
        signs[0] = 1
        flipped = block.flipped_covariances(signs)
        signatures = signatures_under(model, list(flipped), ridge=ridge, steps=steps)
        averages.append(signatures.mean(1))
    observed, *null = np.array(averages).T
    p = (1 + np.sum(null >= observed, axis=0)) / (1 + replicates)
    return NullTest(observed, np.array(null), p)


class LayeredUncertainty(NamedTuple):
    """Of all words, in the layers whose sums over blocks are kept."""

    estimates: pd.DataFrame
    """Columns ``normalise``, ``layer``, ``language``, ``words``, ``blocks`` (those with words),
    ``average_signature``, ``low``, ``high`` (95 % interval), ``p`` (of :func:`flip_test`)."""
    replicates: pd.DataFrame
    """Columns ``normalise``, ``layer``, ``language``, ``varied``, ``replicate``,
    ``average_signature``: what sentences (``varied`` is ``sentences``) or the start (``start``;
    replicate 0 is the estimate) make of it."""


def uncertainty_by_layer(
    statistics: Sequence["CategoryStatistics"],
    *,
    normalisations: Sequence[str],
    replicates: int,
    iterations: int,
    starts: int,
    fit: Mapping[str, Any],
    seed: int = 0,
    workers: int = 1,
) -> LayeredUncertainty:
    """Bootstrap and test by flips in every layer, under each normalisation.

    Replicates with the same number have the same sentences in all layers and normalisations, so
    that trends over layers have replicates too.

    Parameters
    ----------
    statistics
        A language each, of one category.
    replicates
        Draws of blocks of sentences, and of their signs.
    iterations
        Of the factorisation of each draw, which starts from the fit to all sentences; and of the
        fits to all languages but one.
    starts
        Number of starts, of which the first gives the estimates.
    fit
        Options of :func:`parafac2` for the fit to all sentences.
    workers
        Processes to share out layers among.
    """
    layers = sorted(statistics[0].blocks) if len(statistics) > 1 else []
    tasks = list(product(normalisations, layers))
    work = partial(
        _one_layer,
        replicates=replicates,
        iterations=iterations,
        starts=starts,
        fit=dict(fit),
        seed=seed,
    )
    with processes(workers) or nullcontext() as pool:
        problems = (
            (
                normalise,
                [one.layers[layer].normalised(normalise).cross for one in statistics],
                [one.blocks[layer] for one in statistics],
            )
            for normalise, layer in tasks
        )
        results = (pool.map if pool else map)(work, problems)
        found = list(tqdm(results, "uncertainty", len(tasks), mininterval=1, disable=None))
    languages = [one.language for one in statistics]
    estimates, draws = [], []
    for (normalise, layer), (estimate, varied) in zip(tasks, found, strict=True):
        place: dict[str, Any] = {"normalise": normalise, "layer": layer}
        words = [one.words for one in statistics]
        estimates.append(pd.DataFrame({"language": languages, "words": words, **place, **estimate}))
        for name, averages in varied.items():
            wide = pd.DataFrame(averages, columns=languages).rename_axis("replicate").reset_index()
            long = wide.melt("replicate", var_name="language", value_name="average_signature")
            draws.append(long.assign(varied=name, **place))
    return LayeredUncertainty(_table(estimates, _ESTIMATES), _table(draws, _REPLICATES))


def _one_layer(
    problem: tuple[str, list[Array], list["BlockStatistics"]],
    *,
    replicates: int,
    iterations: int,
    starts: int,
    fit: dict[str, Any],
    seed: int,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Columns of the estimates; ``sentences`` and ``start``, ``[replicates, languages]`` each."""
    normalise, slices, blocks = problem
    fits = fits_from_starts(slices, starts=starts, seed=seed, **fit)
    estimate = fits[0].average_signatures
    few = {**fit, "max_iterations": iterations}
    options: dict[str, Any] = {"replicates": replicates, "seed": seed, "normalise": normalise}
    test = flip_test(blocks, **options, **few)
    del few["rank"]
    varied = {
        "sentences": bootstrap(blocks, fits[0], **options, **few),
        "start": np.array([other.average_signatures for other in fits]),
    }
    low, high = interval(estimate, varied["sentences"], varied["start"])
    filled = np.array([np.count_nonzero(block.counts) for block in blocks])
    columns = {"blocks": filled, "average_signature": estimate, "low": low, "high": high}
    return {**columns, "p": test.p}, varied


def _table(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)
