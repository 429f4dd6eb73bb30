"""Variance of average signatures in a diverse set of languages and in related ones."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import chi2, levene, permutation_test

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.options import InferenceOptions
from langsig.arrays import Array
from langsig.errors import InputError
from langsig.schemas import AverageSignatures, SetAverages, VarianceTests

_Test = Callable[[Array, Array], tuple[float, float]]
CHI_SQUARE, BROWN_FORSYTHE, PERMUTATION = "chi-square", "Brown-Forsythe", "permutation"
DIVERSE = "diverse"
"""Name of the diverse set."""
_MIN_DISTANCES = 3  # two languages are always equally far from their median


def variance_tests(
    averages: AverageSignatures,
    *,
    diverse: Collection[str],
    related: Mapping[str, Collection[str]],
    layers: Collection[int],
    options: InferenceOptions,
) -> VarianceTests:
    """Compare the variance of average signatures in a diverse set and in related languages.

    There are three two-sided tests (paper, section 5.2, which has only the first):

    - `chi-square`: statistic (n - 1) s^2 / r^2, where s^2 is the variance of the n diverse
      languages, and r^2 that of the related ones, which is treated as if it were known. As it is
      an estimate, the test rejects too often: 31 % at the level .05 for normal samples of equal
      variance with ten diverse and five related languages, and 22 % with ten and eight. Its
      p-values alone are no evidence.
    - `Brown-Forsythe`: analysis of variance of the distances to the median of each set. With ten
      and five languages it rejects 2 % of such samples.
    - `permutation`: statistic log s^2 - log r^2. The deviations of languages from the mean of
      their set are permuted between the sets. The test rejects 4 % of such samples, also where
      the means differ.

    The shares are of simulated samples, see docs/method/relations.md.

    The last two need sets without common members: a language of both sets counts as related only.
    In the first test it is in both, as in the paper.

    The p-values of one test are one family for the correction of the false discovery rate.

    Parameters
    ----------
    averages
        Average signatures of one joint factorisation of all languages.
    diverse
        Languages of different genera. Languages without a category are left out of its tests.
    related
        Sets of related languages, by name.
    layers
        Layers to test.
    options
        Number and seed of permutations, and the number of languages that both sets must have for
        a test to count.

    Returns
    -------
    VarianceTests
        Ratio, statistic and p are missing where a set has fewer than two languages or no
        variance. Statistic and p of the Brown-Forsythe test are missing where a set has fewer
        than three languages.

    Raises
    ------
    InputError
        If no category has average signatures in one of the layers.
    """
    frame = _tests(averages.frame, diverse, related, layers, options)
    return VarianceTests(with_adjusted(frame, ["test"]).assign(fit="joint"))


def separate_variance_tests(
    averages: SetAverages,
    *,
    diverse: Collection[str],
    related: Mapping[str, Collection[str]],
    layers: Collection[int],
    options: InferenceOptions,
) -> VarianceTests:
    """The tests of :func:`variance_tests` for sets that were factorised separately.

    A language of both sets has two average signatures, and counts as related only in all tests.

    Parameters
    ----------
    averages
        Average signatures of each set. A related set is left out if neither it nor the diverse set
        was factorised, as both have fewer than two languages.
    diverse, related, layers, options
        As in :func:`variance_tests`.

    Raises
    ------
    InputError
        If no category of a set has average signatures in one of the layers.
    """
    frames = []
    for name, members in related.items():
        unrelated = set(diverse) - set(members)
        frame = averages.frame
        is_diverse = (frame["set"] == DIVERSE) & frame["language"].isin(unrelated)
        both = frame[is_diverse | (frame["set"] == name)]
        if not both.empty:
            frames.append(_tests(both, unrelated, {name: members}, layers, options))
    if not frames:
        return VarianceTests.empty()
    frame = with_adjusted(pd.concat(frames, ignore_index=True), ["test"])
    return VarianceTests(frame.assign(fit="separate"))


def _tests(
    averages: pd.DataFrame,
    diverse: Collection[str],
    related: Mapping[str, Collection[str]],
    layers: Collection[int],
    options: InferenceOptions,
) -> pd.DataFrame:
    """All tests, without the kind of factorisation and the correction of p."""
    available = {int(layer) for layer in averages["layer"].unique()}
    absent = sorted(set(layers) - available)
    if absent:
        raise InputError(
            "layers must be among those with average signatures "
            f"({', '.join(map(str, sorted(available)))}), got {', '.join(map(str, absent))}"
        )
    permutation = partial(_permutation, permutations=options.permutations, seed=options.seed)
    tests: dict[str, _Test] = {
        CHI_SQUARE: _chi_square,
        BROWN_FORSYTHE: _brown_forsythe,
        PERMUTATION: permutation,
    }
    rows = []
    chosen = averages[averages["layer"].isin(layers)]
    for (category, layer), group in chosen.groupby(["category", "layer"], sort=True):
        values = group.set_index("language")["average_signature"].sort_index()
        for (name, members), (test, function) in product(related.items(), tests.items()):
            first = set(diverse) if test == CHI_SQUARE else set(diverse) - set(members)
            row = {"category": category, "layer": layer, "related": name, "test": test}
            rows.append(row | _compared(_among(values, first), _among(values, members), function))
    added_later = {"measure", "fit", "p_adjusted", "enough"}
    columns = [name for name in VarianceTests.columns if name not in added_later]
    table = pd.DataFrame(rows, columns=columns)
    numbers = table[["diverse_languages", "related_languages"]].min(axis=1)
    return table.assign(enough=numbers >= options.min_languages)


def _among(values: pd.Series, languages: Collection[str]) -> Array:
    return values[values.index.isin(languages)].to_numpy(float)


def _compared(diverse: Array, related: Array, test: _Test) -> dict[str, float]:
    """Numbers of languages, variances, their ratio, statistic and p."""
    ratio = statistic = p = np.nan
    if all(len(values) >= 2 and np.ptp(values) > 0 for values in (diverse, related)):
        ratio = float(diverse.var(ddof=1) / related.var(ddof=1))
        statistic, p = test(diverse, related)
    return {
        "diverse_languages": len(diverse),
        "related_languages": len(related),
        "diverse_variance": diverse.var(ddof=1) if len(diverse) > 1 else np.nan,
        "related_variance": related.var(ddof=1) if len(related) > 1 else np.nan,
        "ratio": ratio,
        "statistic": statistic,
        "p": p,
    }


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

    # Without centring, sets of different means would be mixed, and the test would reject too often.
    test = permutation_test(
        (diverse - diverse.mean(), related - related.mean()),
        distance,
        n_resamples=permutations,
        alternative="greater",  # two-sided, as the statistic is an absolute value
        rng=seed,
    )
    return float(_log_ratio(diverse, related, 0)), float(test.pvalue)


def _log_ratio(x: Array, y: Array, axis: int) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):  # deviations that are all equal
        ratio: Array = np.log(x.var(axis, ddof=1)) - np.log(y.var(axis, ddof=1))
    return ratio
