"""Do average signatures rise or fall from the lower to the upper layers?"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pymannkendall
from numpy.typing import NDArray
from scipy.stats import theilslopes

from langsig.analysis.corrections import with_adjusted

MIN_LAYERS = 3
"""With fewer points the normal approximation of the test means nothing."""
_MIN_INTERVAL = 5
"""Of four points, even the lowest and the highest slope hold 92 % between them."""
_LEVEL = 0.05  # of the false discovery rate (paper, section 5.1)
_ROUNDING = 1e-9  # of the range of a series; what deviates from a line by less does not
Array = NDArray[np.float64]


class _Trend(NamedTuple):
    tau: float = np.nan
    p: float = np.nan
    hamed_rao_p: float = np.nan
    slope: float = np.nan
    low: float = np.nan
    high: float = np.nan


def trends(averages: pd.DataFrame) -> pd.DataFrame:
    """Mann-Kendall test and Sen's slope over the layers, for each language of each category.

    The p-values of one category are one family for Benjamini and Hochberg's correction of the
    false discovery rate (paper, section 5.1); those after Hamed and Rao (1998) likewise.

    Parameters
    ----------
    averages
        Columns ``category``, ``layer``, ``language``, ``average_signature``.

    Returns
    -------
    DataFrame
        Columns ``category``, ``language``, ``layers`` (their number), ``tau``, ``p``;
        ``hamed_rao_p``, of the same test with the variance of its statistic corrected for the
        autocorrelation of the layers; ``slope`` per layer (Sen) with its 95 % interval ``low``,
        ``high``, for independent layers; ``p_adjusted``, ``hamed_rao_p_adjusted``. A constant
        series has tau and slope 0 and both p 1. Missing, and not counted in the corrections, are
        all of them with fewer than three layers, the interval with fewer than five, and Hamed
        and Rao's p where the corrected variance is not positive, or where a straight line leaves
        nothing whose autocorrelation could be estimated.

    Notes
    -----
    Hamed and Rao's correction needs long series. Below six layers it never changes anything, and
    with as few as models have it lowers p more often than it raises it: autocorrelations are
    estimated too low. What it does to the rate of false findings is in docs/method/trends.md.
    """
    columns = ["category", "language", "layers", *_Trend._fields]
    rows = []
    for (category, language), series in averages.groupby(["category", "language"], sort=True):
        series = series.sort_values("layer")
        values, layers = series["average_signature"].to_numpy(), series["layer"].to_numpy(float)
        rows.append((category, language, len(values), *_trend(values, layers)))
    table = with_adjusted(pd.DataFrame(rows, columns=columns), ["category"])
    return with_adjusted(table, ["category"], of="hamed_rao_p")


def _trend(values: Array, layers: Array) -> _Trend:
    if len(values) < MIN_LAYERS:
        return _Trend()
    if np.ptp(values) == 0:
        return _Trend(0.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    test = pymannkendall.original_test(values)
    sen = theilslopes(values, layers, alpha=0.95)
    known = len(values) >= _MIN_INTERVAL
    low, high = (sen.low_slope, sen.high_slope) if known else (np.nan, np.nan)
    numbers = test.Tau, test.p, _hamed_rao_p(values), sen.slope, low, high
    return _Trend(*map(float, numbers))


def _hamed_rao_p(values: Array) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        test = pymannkendall.hamed_rao_modification_test(values)
    rest = values - test.slope * np.arange(len(values))
    return float(test.p) if np.ptp(rest) > _ROUNDING * np.ptp(values) else np.nan


def trends_by_category(trends: pd.DataFrame) -> pd.DataFrame:
    """How many languages decrease from the lower to the upper layers, in each category.

    Parameters
    ----------
    trends
        What :func:`trends` returns.

    Returns
    -------
    DataFrame
        Columns ``category``; ``languages``, the number of those with enough layers for a test;
        ``decreasing``, how many have a negative tau; ``significantly_decreasing``, with an
        adjusted p below .05 (paper, section 5.1), and ``hamed_rao_decreasing``, with that of
        Hamed and Rao; ``share_decreasing`` and ``share_significantly_decreasing`` of the
        languages; ``median_tau``. Shares and median are missing where no language has a test.
    """
    falls = trends["tau"] < 0
    marked = trends[["category", "tau"]].assign(
        decreasing=falls,
        significantly=falls & (trends["p_adjusted"] < _LEVEL),
        hamed_rao=falls & (trends["hamed_rao_p_adjusted"] < _LEVEL),
    )
    table = marked.groupby("category", sort=True).agg(
        languages=("tau", "count"),
        decreasing=("decreasing", "sum"),
        significantly_decreasing=("significantly", "sum"),
        hamed_rao_decreasing=("hamed_rao", "sum"),
        median_tau=("tau", "median"),
    )
    for name in ("decreasing", "significantly_decreasing"):
        table[f"share_{name}"] = table[name] / table["languages"]
    return table.reset_index()
