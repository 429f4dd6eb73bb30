"""Trends of average signatures from the lower to the upper layers."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pymannkendall
from scipy.stats import theilslopes

from langsig.analysis.corrections import SIGNIFICANCE, with_adjusted
from langsig.arrays import Array
from langsig.schemas import AverageSignatures, CategoryTrends, Trends

_MIN_LAYERS = 3
"""With fewer points, the normal approximation of the test does not hold."""
_MIN_INTERVAL = 5
"""With four points, even the interval from the lowest to the highest slope covers only 92 %."""
_ROUNDING = 1e-9  # smaller deviations from a line, relative to the range, are rounding errors


class _Trend(NamedTuple):
    tau: float = np.nan
    p: float = np.nan
    hamed_rao_p: float = np.nan
    slope: float = np.nan
    low: float = np.nan
    high: float = np.nan


def trends(averages: AverageSignatures) -> Trends:
    """Test each language of each category for a trend over the layers.

    The tests are Mann and Kendall's (paper, section 5.1), with Sen's slope, and the same with the
    variance of the statistic corrected for the autocorrelation of the layers (Hamed and Rao 1998).
    The p-values of all languages of one category are one family for the correction of the false
    discovery rate by Benjamini and Hochberg (1995).

    Returns
    -------
    Trends
        A constant series has tau and slope 0 and both p 1. All statistics are missing for fewer
        than three layers, and intervals for fewer than five. Hamed and Rao's p is missing where
        the corrected variance is not positive, and where the series is a straight line, as there
        are no residuals to estimate autocorrelation from. Missing p-values do not count in the
        corrections.

    Notes
    -----
    The intervals of slopes assume independent layers. Hamed and Rao's correction needs long
    series. Below six layers it never changes p. With the number of layers that models have, it
    lowers p more often than it raises it, as autocorrelations are underestimated. Rates of
    false findings are in docs/method/trends.md.
    """
    columns = ["category", "language", "layers", *_Trend._fields]
    rows = []
    groups = averages.frame.groupby(["category", "language"], sort=True)
    for (category, language), series in groups:
        series = series.sort_values("layer")
        values, layers = series["average_signature"].to_numpy(), series["layer"].to_numpy(float)
        rows.append((category, language, len(values), *_trend(values, layers)))
    table = with_adjusted(pd.DataFrame(rows, columns=columns), ["category"])
    return Trends(with_adjusted(table, ["category"], column="hamed_rao_p"))


def mann_kendall_tau(values: Array) -> float:
    """Mann and Kendall's tau of a series over the layers, as in :func:`trends`.

    Parameters
    ----------
    values
        Average signatures of one language, from the lowest layer to the highest, ``[layers]``.
    """
    if len(values) < _MIN_LAYERS:
        return np.nan
    return 0.0 if np.ptp(values) == 0 else float(pymannkendall.original_test(values).Tau)


def _trend(values: Array, layers: Array) -> _Trend:
    if len(values) < _MIN_LAYERS:
        return _Trend()
    if np.ptp(values) == 0:
        return _Trend(0.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    test = pymannkendall.original_test(values)
    sen = theilslopes(values, layers, alpha=0.95)
    has_interval = len(values) >= _MIN_INTERVAL
    return _Trend(
        tau=float(test.Tau),
        p=float(test.p),
        hamed_rao_p=_hamed_rao_p(values),
        slope=float(sen.slope),
        low=float(sen.low_slope) if has_interval else np.nan,
        high=float(sen.high_slope) if has_interval else np.nan,
    )


def _hamed_rao_p(values: Array) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        test = pymannkendall.hamed_rao_modification_test(values)
    residuals = values - test.slope * np.arange(len(values))
    return float(test.p) if np.ptp(residuals) > _ROUNDING * np.ptp(values) else np.nan


def trends_by_category(trends: Trends) -> CategoryTrends:
    """Count the languages that decrease from the lower to the upper layers, in each category.

    A language decreases if its tau is negative, and significantly so if its adjusted p is below
    .05 (paper, section 5.1). Shares and the median are missing where no language has a test.
    """
    frame = trends.frame
    falls = frame["tau"] < 0
    marked = frame[["measure", "category", "tau"]].assign(
        decreasing=falls,
        significantly=falls & (frame["p_adjusted"] < SIGNIFICANCE),
        hamed_rao=falls & (frame["hamed_rao_p_adjusted"] < SIGNIFICANCE),
    )
    table = marked.groupby(["measure", "category"], sort=True).agg(
        languages=("tau", "count"),
        decreasing=("decreasing", "sum"),
        significantly_decreasing=("significantly", "sum"),
        hamed_rao_decreasing=("hamed_rao", "sum"),
        median_tau=("tau", "median"),
    )
    for name in ("decreasing", "significantly_decreasing"):
        table[f"share_{name}"] = table[name] / table["languages"]
    return CategoryTrends(table.reset_index())
