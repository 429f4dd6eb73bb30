"""Do average signatures go with properties of the languages?"""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import pearsonr, rankdata

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.permutations import orders

MIN_PAIRS = 3
"""Two points lie on a line, whatever they are."""
_MIN_INTERVAL = 4  # Fisher's z has the variance 1 / (n - 3)
_MIN_ARRANGEMENTS = 20  # with fewer, p cannot be as low as .05
_ROUNDING = 1e-12  # relative; what varies by less is constant
Array = NDArray[np.float64]


class Correlation(NamedTuple):
    """Of two series, a value each for every language."""

    n: int
    """Languages that have both."""
    pearson: float
    low: float
    high: float
    """95 % interval of Pearson's r by Fisher's z."""
    p: float
    """Of Pearson's r, two-sided, by Student's t (paper, section 5.1)."""
    spearman: float
    spearman_p: float
    """Two-sided, by permutation."""
    genus_p: float
    """Of Pearson's r, by permutation among the languages of a genus only."""


def correlations(
    averages: pd.DataFrame,
    properties: pd.DataFrame,
    *,
    genera: Mapping[str, str],
    min_languages: int,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Correlation over languages of the average signature with each property.

    By category and layer this is the paper's figures 3, 6 and 7, each of which is a family for
    Benjamini and Hochberg's correction: all categories and layers of a property. The means over
    the layers of all properties are another (figure 4).

    Parameters
    ----------
    averages
        Columns ``category``, ``layer``, ``language``, ``average_signature``.
    properties
        What :func:`langsig.analysis.language_properties` returns: columns ``property``,
        ``category`` (missing: the same for every category), ``language``, ``value``.
    genera, permutations, seed
        As in :func:`correlate`.
    min_languages
        Correlations of fewer are not `enough`: they are not counted in the correction.

    Returns
    -------
    DataFrame
        Columns ``property``, ``category``, ``layer``, the fields of :class:`Correlation`,
        ``mean_pearson``, ``enough``, ``p_adjusted`` (of ``p``). Where ``layer`` is missing, the
        average signature is the mean over the layers, of languages that have all of them, and
        ``mean_pearson`` the mean over the layers of Pearson's r, which is what figure 4 shows.
    """
    rows = []
    for name, facts in properties.groupby("property", sort=False):
        for category, table in averages.groupby("category", sort=True):
            own = facts[facts["category"].isna() | (facts["category"] == category)]
            values = own.set_index("language")["value"]
            found = by_layer(table, values, genera=genera, permutations=permutations, seed=seed)
            rows += [(name, category, *row) for row in found]
    table = as_table(rows, ["property", "category"], min_languages=min_languages)
    means = table["layer"].isna()
    adjusted = with_adjusted(table[~means], ["property"]), with_adjusted(table[means], [])
    return pd.concat(adjusted).sort_index()


def as_table(
    rows: Sequence[tuple[object, ...]], keys: Sequence[str], *, min_languages: int
) -> pd.DataFrame:
    """A table of what :func:`by_layer` finds, before any correction.

    Parameters
    ----------
    rows
        Values of the `keys`, then those of a row of :func:`by_layer`.

    Returns
    -------
    DataFrame
        Columns `keys`, ``layer``, the fields of :class:`Correlation`, ``mean_pearson``,
        ``enough``.
    """
    columns = [*keys, "layer", *Correlation._fields, "mean_pearson"]
    numbers = dict.fromkeys([*Correlation._fields, "mean_pearson"], float)
    types: dict[str, Any] = numbers | {"layer": "Int64", "n": int}
    table = pd.DataFrame(rows, columns=columns).astype(types)
    return table.assign(enough=table["n"] >= min_languages)


def by_layer(
    averages: pd.DataFrame,
    values: pd.Series,
    *,
    genera: Mapping[str, str],
    permutations: int,
    seed: int,
) -> list[tuple[object, ...]]:
    """Correlation of values of the languages with their average signatures in each layer.

    Parameters
    ----------
    averages
        Columns ``layer``, ``language``, ``average_signature``, of one category.
    values
        By language.
    genera, permutations, seed
        As in :func:`correlate`.

    Returns
    -------
    list of tuple
        Layer, the fields of :class:`Correlation`, and nan. The last is of the mean over the
        layers: its layer is None, and it ends with the mean over the layers of Pearson's r.
    """
    wide = averages.pivot(index="language", columns="layer", values="average_signature")

    def test(signatures: pd.Series) -> Correlation:
        options = {"permutations": permutations, "seed": seed}
        return correlate(signatures, values, genera=genera, **options)

    found = {layer: test(wide[layer]) for layer in wide}
    pearsons = pd.Series([one.pearson for one in found.values()], dtype=float)
    rows: list[tuple[object, ...]] = [(layer, *one, np.nan) for layer, one in found.items()]
    return [*rows, (None, *test(wide.mean(axis=1, skipna=False)), pearsons.mean())]


def correlate(
    one: pd.Series, other: pd.Series, *, genera: Mapping[str, str], permutations: int, seed: int
) -> Correlation:
    """Correlate two series over the languages that have both.

    Parameters
    ----------
    one, other
        Numbers by language; missing ones are left out.
    genera
        Genus of each language. Languages of a genus are not independent of one another (Galton's
        problem): if genera differ in both series, they correlate without having to do with each
        other. ``genus_p`` therefore keeps each genus where it is. Pearson's r is held against
        those with `other` permuted among the languages of each genus, two-sided about their
        mean. A language that has none here is a genus of its own.
    permutations
        Number of random ones; if there are no more in all, each is gone through once.
    seed
        Of the permutations, which are the same for all pairs of the same languages.

    Returns
    -------
    Correlation
        With n only for fewer than three languages, or if a series does not vary. The interval is
        missing for three; ``genus_p`` where permutation gives fewer than 20 different series.
    """
    pairs = pd.DataFrame({"one": one, "other": other}).dropna().astype(float)
    x, y = pairs["one"].to_numpy(), pairs["other"].to_numpy()
    n = len(pairs)
    if n < MIN_PAIRS or _constant(x) or _constant(y):
        return Correlation(n, *[np.nan] * 7)
    result = pearsonr(x, y)
    low, high = result.confidence_interval() if n >= _MIN_INTERVAL else (np.nan, np.nan)
    x_ranks, y_ranks = rankdata(x), rankdata(y)
    everyone = np.zeros(n)
    genus = np.array([genera.get(language, language) for language in pairs.index])
    related = _different(y, genus) >= _MIN_ARRANGEMENTS
    return Correlation(
        n,
        float(result.statistic),
        float(low),
        float(high),
        float(result.pvalue),
        float(pearsonr(x_ranks, y_ranks).statistic),
        _permutation_p(x_ranks, y_ranks, everyone, permutations, seed),
        _permutation_p(x, y, genus, permutations, seed) if related else np.nan,
    )


def _constant(values: Array) -> bool:
    return bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())


def _different(values: Array, groups: NDArray[np.generic]) -> int:
    """Number of different series that permutation within the groups can give."""
    different = 1
    for group in np.unique(groups):
        repeats: Counter[Hashable] = Counter(values[groups == group].tolist())
        different *= math.factorial(repeats.total())
        different //= math.prod(map(math.factorial, repeats.values()))
    return different


def _permutation_p(
    x: Array, y: Array, groups: NDArray[np.generic], number: int, seed: int
) -> float:
    """p of the correlation, with `y` permuted within groups, two-sided about the mean of those.

    Only the sum of products changes, and its mean over the permutations is that of the groups'
    means: with both series centred in each group it is 0.
    """
    x, y = _centred(x, groups), _centred(y, groups)
    order, exact = orders(groups, number, seed)
    rounding = 1e3 * _ROUNDING * np.linalg.norm(x) * np.linalg.norm(y)
    reached = np.abs(y[order] @ x) >= abs(y @ x) - rounding
    return float(reached.mean()) if exact else float((1 + reached.sum()) / (1 + number))


def _centred(values: Array, groups: NDArray[np.generic]) -> Array:
    series = pd.Series(values)
    return (series - series.groupby(groups).transform("mean")).to_numpy()
