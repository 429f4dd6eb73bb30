"""Correlation of average signatures with properties of languages."""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import pearsonr, rankdata

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.options import InferenceOptions
from langsig.analysis.permutations import orders
from langsig.arrays import Array
from langsig.schemas import AverageSignatures, Correlations, Properties

_MIN_PAIRS = 3
"""Two points always lie on a line."""
_MIN_INTERVAL = 4  # Fisher's z has the variance 1 / (n - 3)
_MIN_ARRANGEMENTS = 20  # with fewer, p cannot be as low as .05
_ROUNDING = 1e-12  # a series that varies by less, relative to its values, is constant


class Correlation(NamedTuple):
    """Correlation of two series over languages."""

    n: int
    """Number of languages that have both values."""
    pearson: float
    """Pearson's r."""
    low: float
    """Lower end of the 95 % interval of Pearson's r, by Fisher's z."""
    high: float
    """Upper end of that interval."""
    p: float
    """Two-sided p of Pearson's r, by Student's t (paper, section 5.1)."""
    spearman: float
    """Spearman's rank correlation."""
    spearman_p: float
    """Its two-sided p, by permutation."""
    genus_p: float
    """Two-sided p of Pearson's r, by permutation within genera."""


def correlations(
    averages: AverageSignatures,
    properties: Properties,
    *,
    genera: Mapping[str, str],
    options: InferenceOptions,
) -> Correlations:
    """Correlate average signatures with each property over languages.

    By category and layer, these are the correlations of the paper's figures 3, 6 and 7. For each
    property, all categories and layers together are one family for the correction of the false
    discovery rate. The means over the layers (figure 4), of all properties together, are another.

    Parameters
    ----------
    averages
        Average signatures of any number of categories.
    properties
        Properties of the same languages, see :func:`langsig.analysis.language_properties`.
    genera
        Genus of each language, see :func:`correlate`.
    options
        Number and seed of permutations, and the number of languages for a correlation to count.

    Returns
    -------
    Correlations
        Where ``scope`` is ``mean``, the average signature is the mean over the layers, for
        languages that have all of them, and ``mean_pearson`` is the mean over the layers of
        Pearson's r, as in figure 4.
    """
    rows = []
    for name, table in properties.frame.groupby("property", sort=False):
        for category, group in averages.frame.groupby("category", sort=True):
            chosen = table[table["category"].isna() | (table["category"] == category)]
            values = chosen.set_index("language")["value"]
            results = by_layer(group, values, genera=genera, options=options)
            rows += [(name, category, *row) for row in results]
    frame = as_frame(rows, ["property", "category"], min_languages=options.min_languages)
    means = frame["scope"] == "mean"
    adjusted = with_adjusted(frame[~means], ["property"]), with_adjusted(frame[means], [])
    return Correlations(pd.concat(adjusted).sort_index())


def as_frame(
    rows: Sequence[tuple[object, ...]], keys: Sequence[str], *, min_languages: int
) -> pd.DataFrame:
    """Build a table from the rows of :func:`by_layer`, before any correction.

    Parameters
    ----------
    rows
        Values of the `keys`, followed by a row of :func:`by_layer`.
    keys
        Names of the first columns.
    min_languages
        Number of languages that a correlation must have for ``enough`` to be true.

    Returns
    -------
    DataFrame
        Columns `keys`, ``scope``, ``layer``, the fields of :class:`Correlation`,
        ``mean_pearson``, ``enough``.
    """
    columns = [*keys, "scope", "layer", *Correlation._fields, "mean_pearson"]
    numbers = dict.fromkeys([*Correlation._fields, "mean_pearson"], "float64")
    table = pd.DataFrame(rows, columns=columns).astype(numbers | {"layer": "Int64", "n": "int64"})
    return table.assign(enough=table["n"] >= min_languages)


def by_layer(
    averages: pd.DataFrame,
    values: pd.Series,
    *,
    genera: Mapping[str, str],
    options: InferenceOptions,
) -> list[tuple[object, ...]]:
    """Correlate values of the languages with their average signatures in each layer.

    Parameters
    ----------
    averages
        Columns ``layer``, ``language`` and ``average_signature``, of one category.
    values
        Values indexed by language.
    genera, options
        As in :func:`correlations`.

    Returns
    -------
    list of tuple
        One row per layer: scope, layer, the fields of :class:`Correlation`, and NaN. The last row
        is for the mean over the layers: it has no layer, and ends with the mean over the layers
        of Pearson's r.
    """
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    results = {
        layer: correlate(wide[layer], values, genera=genera, options=options) for layer in wide
    }
    of_mean = correlate(wide.mean(axis=1, skipna=False), values, genera=genera, options=options)
    pearsons = pd.Series([result.pearson for result in results.values()], dtype=float)
    rows: list[tuple[object, ...]] = [
        ("layer", layer, *result, np.nan) for layer, result in results.items()
    ]
    return [*rows, ("mean", None, *of_mean, pearsons.mean())]


def mean_over_layers(averages: pd.DataFrame) -> pd.Series:
    """Mean average signature of each language; missing if the language lacks a layer.

    Parameters
    ----------
    averages
        As in :func:`by_layer`.
    """
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    return wide.mean(axis=1, skipna=False)


def correlate(
    first: pd.Series,
    second: pd.Series,
    *,
    genera: Mapping[str, str],
    options: InferenceOptions,
) -> Correlation:
    """Correlate two series over the languages that have both values.

    Languages of one genus are not independent of each other (Galton's problem): if genera differ
    in both series, the series correlate even if they are unrelated within each genus. Therefore
    ``genus_p`` compares Pearson's r with its values when `second` is permuted within each genus,
    two-sided about their mean.

    Parameters
    ----------
    first, second
        Numbers indexed by language. Missing ones are left out.
    genera
        Genus of each language. A language that is missing is a genus of its own.
    options
        Number and seed of permutations. All pairs of series over the same languages are permuted
        alike.

    Returns
    -------
    Correlation
        All statistics are missing for fewer than three languages, and if a series does not vary.
        The interval is missing for three languages, and ``genus_p`` where fewer than 20 different
        series can be made by permutation.
    """
    pairs = pd.DataFrame({"first": first, "second": second}).dropna().astype(float)
    x, y = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    n = len(pairs)
    if n < _MIN_PAIRS or _constant(x) or _constant(y):
        return Correlation(n, *[np.nan] * 7)
    result = pearsonr(x, y)
    low, high = result.confidence_interval() if n >= _MIN_INTERVAL else (np.nan, np.nan)
    x_ranks, y_ranks = rankdata(x), rankdata(y)
    everyone = np.zeros(n)
    genus = np.array([genera.get(language, language) for language in pairs.index])
    related = _arrangements(y, genus) >= _MIN_ARRANGEMENTS
    return Correlation(
        n,
        float(result.statistic),
        float(low),
        float(high),
        float(result.pvalue),
        float(pearsonr(x_ranks, y_ranks).statistic),
        _permutation_p(x_ranks, y_ranks, everyone, options),
        _permutation_p(x, y, genus, options) if related else np.nan,
    )


def _constant(values: Array) -> bool:
    return bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())


def _arrangements(values: Array, groups: NDArray[np.generic]) -> int:
    """Number of different series that permutation within the groups can make."""
    arrangements = 1
    for group in np.unique(groups):
        repeats: Counter[Hashable] = Counter(values[groups == group].tolist())
        arrangements *= math.factorial(repeats.total())
        arrangements //= math.prod(map(math.factorial, repeats.values()))
    return arrangements


def _permutation_p(
    x: Array, y: Array, groups: NDArray[np.generic], options: InferenceOptions
) -> float:
    """Two-sided p of the correlation, with `y` permuted within groups.

    Permutation changes only the sum of products, whose mean over all permutations is 0 once both
    series are centred within each group.
    """
    x, y = _centred(x, groups), _centred(y, groups)
    order, exact = orders(groups, options.permutations, options.seed)
    rounding = 1e3 * _ROUNDING * np.linalg.norm(x) * np.linalg.norm(y)
    extreme = np.abs(y[order] @ x) >= abs(y @ x) - rounding
    if exact:
        return float(extreme.mean())
    return float((1 + extreme.sum()) / (1 + options.permutations))


def _centred(values: Array, groups: NDArray[np.generic]) -> Array:
    number = np.unique(groups, return_inverse=True)[1]
    means = np.bincount(number, weights=values) / np.bincount(number)
    centred: Array = values - means[number]
    return centred
