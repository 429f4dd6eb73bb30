"""Do languages of different genera differ more from one another than those of one genus?"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, levene, permutation_test

from langsig.analysis.corrections import with_adjusted
from langsig.errors import InputError

Array = NDArray[np.floating[Any]]
_Test = Callable[[Array, Array], tuple[float, float]]
CHI_SQUARE, BROWN_FORSYTHE, PERMUTATION = "chi-square", "Brown-Forsythe", "permutation"
_MIN_DISTANCES = 3  # two languages are as far from their median as one another


def variance_tests(
    averages: pd.DataFrame,
    *,
    diverse: Collection[str],
    related: Mapping[str, Collection[str]],
    layers: Collection[int],
    min_languages: int,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Variance of average signatures in a diverse set of languages against related ones.

    Three two-sided tests (paper, section 5.2, which has the first one only):

    - `chi-square`: statistic (n - 1) s^2 / r^2, s^2 the variance of the n diverse languages, r^2
      that of the related ones, taken as if it were known. It is not: of normal samples of equal
      variance, ten diverse and five related languages, this test rejects 31 % at .05 (ten and
      eight: 22 %), so that its p-values are no evidence by themselves.
    - `Brown-Forsythe`: analysis of variance of the distances to the median of the set. With ten
      and five languages it rejects 2 % of such samples.
    - `permutation`: statistic log s^2 - log r^2; the languages' deviations from the mean of their
      set are dealt anew to sets of the same sizes, in all ways where these are no more than
      `permutations`. It rejects 4 % of such samples, and as many where the means differ.

    The last two need sets without common members: a language of both counts as a related one
    only. In the first it is in both, as in the paper.

    The p-values of one test are one family for the correction of the false discovery rate.

    Parameters
    ----------
    averages
        Columns ``category``, ``layer``, ``language``, ``average_signature``: rows of one joint
        factorisation of all languages, or of factorisations of the sets alone.
    diverse, related
        Languages; those without the category are left out of its tests.
    layers
        Which to test.
    min_languages
        That either set must have for a test to be counted.
    permutations, seed
        Their number, and the seed of what is drawn.

    Returns
    -------
    DataFrame
        Columns ``category``, ``layer``, ``related`` (name of the set), ``test``,
        ``diverse_languages`` and ``related_languages`` (numbers in the test),
        ``diverse_variance`` and ``related_variance`` (n - 1 in the denominator), ``ratio`` of the
        two, ``statistic``, ``p``, ``p_adjusted``, ``enough``: whether both sets have
        `min_languages`; if not, p is not adjusted, and not counted. With fewer than two languages
        in a set, or without any variance in one, ratio, statistic and p are missing; with fewer
        than three, statistic and p of Brown and Forsythe's test.

    Raises
    ------
    InputError
        If no category has average signatures in one of the layers.
    """
    there = {int(layer) for layer in averages["layer"].unique()}
    absent = sorted(set(layers) - there)
    if absent:
        raise InputError(f"layers: {absent} have no average signatures, only {sorted(there)} have")
    tests: dict[str, _Test] = {
        CHI_SQUARE: _chi_square,
        BROWN_FORSYTHE: _brown_forsythe,
        PERMUTATION: partial(_permutation, permutations=permutations, seed=seed),
    }
    rows = []
    chosen = averages[averages["layer"].isin(layers)]
    for key, group in chosen.groupby(["category", "layer"], sort=True):
        values = group.set_index("language")["average_signature"].sort_index()
        for (name, members), (test, function) in product(related.items(), tests.items()):
            apart = set(diverse) if test == CHI_SQUARE else set(diverse) - set(members)
            sets = _of(values, apart), _of(values, members)
            rows.append((*key, name, test, *_numbers(*sets), *_tested(*sets, function)))
    columns = [
        "category", "layer", "related", "test", "diverse_languages", "related_languages",
        "diverse_variance", "related_variance", "ratio", "statistic", "p",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    enough = table[["diverse_languages", "related_languages"]].min(axis=1) >= min_languages
    adjusted = with_adjusted(table[enough], ["test"])["p_adjusted"]
    return table.assign(p_adjusted=adjusted, enough=enough)


def variance_tests_alone(
    averages: pd.DataFrame,
    *,
    diverse: Collection[str],
    related: Mapping[str, Collection[str]],
    **options: Any,
) -> pd.DataFrame:
    """:func:`variance_tests` of sets that were factorised each by itself.

    A language of both sets has two average signatures, and counts as a related one only, in all
    tests.

    Parameters
    ----------
    averages
        Columns ``set`` (``diverse``, or the name of a related set), ``category``, ``layer``,
        ``language``, ``average_signature``.
    options
        The others of :func:`variance_tests`, and its results.
    """
    tables = []
    for name, members in related.items():
        others = set(diverse) - set(members)
        of_diverse = (averages["set"] == "diverse") & averages["language"].isin(others)
        both = averages[of_diverse | (averages["set"] == name)]
        tables.append(variance_tests(both, diverse=others, related={name: members}, **options))
    return with_adjusted(pd.concat(tables, ignore_index=True), ["test"])


def _of(values: pd.Series, languages: Collection[str]) -> Array:
    return values[values.index.isin(languages)].to_numpy(float)


def _numbers(diverse: Array, related: Array) -> tuple[float, ...]:
    """Of languages, and their variances."""
    variances = (x.var(ddof=1) if len(x) > 1 else np.nan for x in (diverse, related))
    return len(diverse), len(related), *variances


def _tested(diverse: Array, related: Array, test: _Test) -> tuple[float, float, float]:
    """Ratio of variances, statistic and p."""
    if any(len(x) < 2 or np.ptp(x) == 0 for x in (diverse, related)):
        return np.nan, np.nan, np.nan
    return float(diverse.var(ddof=1) / related.var(ddof=1)), *test(diverse, related)


def _chi_square(diverse: Array, related: Array) -> tuple[float, float]:
    freedom = len(diverse) - 1
    statistic = freedom * diverse.var(ddof=1) / related.var(ddof=1)
    tails = chi2.cdf(statistic, freedom), chi2.sf(statistic, freedom)
    return float(statistic), float(2 * min(tails))


def _brown_forsythe(diverse: Array, related: Array) -> tuple[float, float]:
    if min(len(diverse), len(related)) < _MIN_DISTANCES:
        return np.nan, np.nan
    test = levene(diverse, related, center="median")
    return float(test.statistic), float(test.pvalue)


def _permutation(
    diverse: Array, related: Array, permutations: int, seed: int
) -> tuple[float, float]:
    def distance(x: Array, y: Array, axis: int) -> Array:
        return np.abs(_log_ratio(x, y, axis))

    # Without centring, sets of different means would be mixed, and the test reject too often.
    test = permutation_test(
        (diverse - diverse.mean(), related - related.mean()),
        distance,
        n_resamples=permutations,
        alternative="greater",  # of the absolute value, hence two-sided
        rng=seed,
    )
    return float(_log_ratio(diverse, related, 0)), float(test.pvalue)


def _log_ratio(x: Array, y: Array, axis: int) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):  # deviations that are all the same
        ratio: Array = np.log(x.var(axis, ddof=1)) - np.log(y.var(axis, ddof=1))
    return ratio
