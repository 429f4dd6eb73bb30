"""The measures: from the states of both models to one value per language and layer.

A family computes one or more measures that share work. :func:`pairwise` makes a family of any
function of two arrays.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import svdvals
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors

from langsig.errors import InputError
from langsig.factorization import Solver, baselines, fits_from_starts
from langsig.learned import RECOMMENDED, PartialLayer, crossed, partial_slices, partial_statistics
from langsig.learned.statistics import BLOCKS
from langsig.morphology import ALL_WORDS
from langsig.representations import (
    CategoryStatistics,
    CovarianceFitter,
    LayerStatistics,
    States,
    blocks_of_words,
    canonical_slices,
)
from langsig.schemas import LEARNED_MEASURES
from langsig.terms import AVERAGE_SIGNATURE

Array = NDArray[np.float64]
PUBLISHED = Solver(rank=6)
"""Settings of the factorisation in the preset ``demo``."""
STARTS = 5
"""Number of starts of the published signature, of which the one of the lowest loss counts."""
LEARNED_STARTS = 2
"""The same of learned signatures, which depend on the start much less."""
NEIGHBOURS = 10
"""Number of neighbours (Huh et al. 2024 use 10)."""
NEIGHBOUR_WORDS = 500
"""Number of words at most among which neighbours are searched."""
_OF_VARIANCE = f"{AVERAGE_SIGNATURE}_variance"
_LEAST = 1e-6  # variance of residuals, relative to that of the states, that counts as none


@dataclass(frozen=True, eq=False)
class Pair:
    """States of the same words of one language in both models, before and after training."""

    language: str
    words: pd.DataFrame
    """Words table, one row per state."""
    control: list[Array]
    """States of the control model by layer, ``[words, dim_control]`` each."""
    experimental: list[Array]
    """States of the experimental model by layer, ``[words, dim_experimental]`` each."""
    untrained_control: list[Array]
    """States of the control model before training."""
    untrained_experimental: list[Array]
    """States of the experimental model before training."""
    half: int | None = None
    """0: only the words of even blocks of sentences are measured, 1: of odd ones; None: all."""

    def layers(self) -> Iterator[tuple[Array, Array]]:
        """States of both models of the words that are measured, layer by layer."""
        chosen: slice | NDArray[np.bool_] = slice(None)
        if self.half is not None:
            blocks = blocks_of_words(self.words["sentence"].to_numpy(), BLOCKS)
            chosen = blocks % 2 == self.half
        for z, y in zip(self.control, self.experimental, strict=True):
            yield z[chosen].astype(np.float64), y[chosen].astype(np.float64)


Values = dict[str, Array]
"""For each measure its values, ``[languages, layers]``."""
Family = Callable[[Sequence[Pair]], Values]
"""Computes measures of all languages."""


def pairwise(name: str, function: Callable[[Array, Array], float]) -> Family:
    """A measure from a function of two arrays of states.

    Parameters
    ----------
    name
        Name of the measure.
    function
        Takes the states of the control and of the experimental model, ``[words, dim_control]`` and
        ``[words, dim_experimental]``, and returns one value.

    Raises
    ------
    InputError
        By the family: if the function fails, or returns something else than a finite number.
    """

    def value(pair: Pair, layer: int, z: Array, y: Array) -> float:
        where = f"{name}: {pair.language}, layer {layer}"
        try:
            result = float(function(z, y))
        except Exception as error:  # whatever a function of the user may raise
            raise InputError(f"{where}: {type(error).__name__}: {error}") from error
        if not np.isfinite(result):
            raise InputError(f"{where}: must be a finite number, got {result}")
        return result

    def family(pairs: Sequence[Pair]) -> Values:
        of_pairs = [
            [value(pair, layer, z, y) for layer, (z, y) in enumerate(pair.layers())]
            for pair in pairs
        ]
        return {name: np.array(of_pairs)}

    return family


def learned(pairs: Sequence[Pair]) -> Values:
    """Learned signatures, see :mod:`langsig.learned`: ``shared`` (A) and others.

    ``partial_product`` is the sum of the products of the entries of both halves' slices, which
    needs no factorisation.

    The states of a model before training have no residuals in their first and last layer. Nothing
    is shared there, and values are zero.
    """
    statistics = [
        partial_statistics(
            *(
                States(layers, np.arange(len(pair.words)))
                for layers in (
                    pair.control,
                    pair.experimental,
                    pair.untrained_control,
                    pair.untrained_experimental,
                )
            ),
            pair.words,
            language=pair.language,
            blocks=BLOCKS,
        )
        for pair in pairs
    ]
    names = [*LEARNED_MEASURES, "partial_product"]
    values = np.zeros((len(names), len(pairs), len(pairs[0].control)))
    for layer in range(values.shape[2]):
        sums = [entry.layers[layer] for entry in statistics]
        total = [np.var(pair.experimental[layer].astype(np.float64), 0).sum() for pair in pairs]
        left = [np.trace(of_language.covariances().experimental) for of_language in sums]
        if np.all(np.array(left) > _LEAST * np.array(total)):
            values[:, :, layer] = _learned_layer(sums, pairs[0].half).T
    return dict(zip(names, values, strict=True))


def _learned_layer(sums: Sequence[PartialLayer], start: int | None) -> Array:
    """Learned measures of one layer, ``[languages, measures]``."""
    chosen = None if start is None else np.arange(start, sums[0].blocks, 2)
    slices = [entry.halves(chosen) for entry in partial_slices(sums)]
    solver = replace(RECOMMENDED, rank=min(RECOMMENDED.rank, *np.shape(slices[0])[1:]))
    halves = [list(of_half) for of_half in zip(*slices, strict=True)]
    fits = [fits_from_starts(half, solver=solver, starts=LEARNED_STARTS)[0] for half in halves]
    products = [np.sum(first * second) for first, second in zip(*halves, strict=True)]
    return np.column_stack([crossed(fits, halves).measures(), products])


def covariances(pairs: Sequence[Pair]) -> Values:
    """Measures that need only covariances.

    ``average_signature`` and ``average_signature_variance`` are those of PARAFAC2 of raw slices,
    without normalisation and with ``normalise: variance``. ``singular_values`` is the mean of the
    largest singular values of each slice, as many as there are components. ``canonical`` is the
    mean canonical correlation with shrunken covariances. ``cka`` and ``svcca`` are those of
    :mod:`langsig.representations.similarity`.
    """
    layers = [
        {pair.language: CovarianceFitter.fit(z, y) for pair, (z, y) in zip(pairs, of, strict=True)}
        for of in zip(*(pair.layers() for pair in pairs), strict=True)
    ]
    by_layer = [_of_covariances(statistics) for statistics in layers]
    values = {name: np.stack([of[name] for of in by_layer], axis=1) for name in by_layer[0]}
    simple = baselines(
        [
            CategoryStatistics(
                pair.language,
                ALL_WORDS,
                len(pair.words),
                [statistics[pair.language] for statistics in layers],
                {},
                [],
            )
            for pair in pairs
        ],
        rank=PUBLISHED.rank,
    ).frame.set_index(["measure", "language", "layer"])["value"]
    for name, measure in {"singular_values": "svd", "cka": "cka", "svcca": "svcca"}.items():
        values[name] = simple[measure].unstack().loc[[pair.language for pair in pairs]].to_numpy()
    return values


def _of_covariances(statistics: Mapping[str, LayerStatistics]) -> dict[str, Array]:
    """Measures of one layer, ``[languages]`` each."""
    values = {}
    for name, normalise in ((AVERAGE_SIGNATURE, "none"), (_OF_VARIANCE, "variance")):
        slices = [of_language.normalised(normalise).cross for of_language in statistics.values()]
        solver = replace(PUBLISHED, rank=min(PUBLISHED.rank, *slices[0].shape))
        values[name] = fits_from_starts(slices, solver=solver, starts=STARTS)[0].signatures.mean(1)
    canonical = canonical_slices(statistics).values()
    values["canonical"] = np.array([svdvals(omega).mean() for omega in canonical])
    return values


def pwcca(z: Array, y: Array) -> float:
    """Canonical correlations, weighted by how much of the control they account for.

    The weight of a correlation is the sum of the absolute inner products of its canonical variate
    with the dimensions of the control (Morcos, Raghu and Bengio 2018, section 3).
    """
    z, y = z - z.mean(0), y - y.mean(0)
    axes_z, axes_y = _orthonormal(z), _orthonormal(y)
    u, correlations, _ = np.linalg.svd(axes_z.T @ axes_y, full_matrices=False)
    weights = np.abs((axes_z @ u).T @ z).sum(1)
    return float(weights @ correlations / weights.sum())


def procrustes(z: Array, y: Array) -> float:
    """Cosine of the states after the best rotation; the root of one minus Procrustes' disparity.

    The sum of the singular values of the cross-product of both models' states, which are centred
    and have norm one (Ding, Denain and Steinhardt 2021, section 2).
    """
    z, y = z - z.mean(0), y - y.mean(0)
    return float(svdvals(z.T @ y).sum() / (np.linalg.norm(z) * np.linalg.norm(y)))


def r2(z: Array, y: Array) -> float:
    """Share of the control's variance that a linear map from the experimental states predicts.

    Each fifth of the words, which follow one another, is predicted from the others.
    """
    predicted = cross_val_predict(LinearRegression(), y, z, cv=KFold(5))
    return float(r2_score(z, predicted, multioutput="variance_weighted"))


def mutual_neighbours(z: Array, y: Array) -> float:
    """Share of the nearest neighbours of a word, by cosine, that both models agree on.

    Mutual nearest neighbours of Huh et al. (2024, section 2), of centred states of evenly spaced
    words.
    """
    rows = np.unique(np.linspace(0, len(z) - 1, NEIGHBOUR_WORDS).astype(int))
    near = [_neighbours(states[rows]) for states in (z, y)]
    shared = [len(np.intersect1d(*of_word)) for of_word in zip(*near, strict=True)]
    return float(np.mean(shared) / NEIGHBOURS)


def _neighbours(states: Array) -> NDArray[np.int64]:
    """Nearest neighbours of each word, ``[words, neighbours]``."""
    search = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine", algorithm="brute")
    found: NDArray[np.int64] = search.fit(states - states.mean(0)).kneighbors(return_distance=False)
    return found


def _orthonormal(states: Array) -> Array:
    """Orthonormal columns that span the states, ``[words, rank]``."""
    axes, sizes, _ = np.linalg.svd(states, full_matrices=False)
    return axes[:, sizes > 1e-10 * sizes[0]]


FAMILIES: dict[str, Family] = {
    "learned": learned,
    "covariances": covariances,
    "pwcca": pairwise("pwcca", pwcca),
    "procrustes": pairwise("procrustes", procrustes),
    "r2": pairwise("r2", r2),
    "mutual_neighbours": pairwise("mutual_neighbours", mutual_neighbours),
}
"""All families by the names of their files in the work folder."""
NAMES = (
    *LEARNED_MEASURES,
    "partial_product",
    AVERAGE_SIGNATURE,
    _OF_VARIANCE,
    "canonical",
    "singular_values",
    "cka",
    "svcca",
    "outcomes",
    "gain",
    "selectivity",
)
"""Measures of families that have several, and names of outcomes."""


def families(added: Iterable[str]) -> dict[str, Family]:
    """All families, with functions of the user.

    Parameters
    ----------
    added
        Functions of two arrays, ``MODULE:FUNCTION``.

    Raises
    ------
    InputError
        If there is no such function, or its name is that of another measure.
    """
    known = dict(FAMILIES)
    for spec in added:
        module, _, name = spec.rpartition(":")
        try:
            function = getattr(import_module(module), name)
        except (AttributeError, ImportError, ValueError) as error:
            raise InputError(f"--add {spec}: must be MODULE:FUNCTION; {error}") from error
        if not callable(function):
            raise InputError(f"--add {spec}: must be a function, got {function!r}")
        if name in (*known, *NAMES):
            raise InputError(f"--add {spec}: there is a measure {name}; rename the function")
        known[name] = pairwise(name, function)
    return known
