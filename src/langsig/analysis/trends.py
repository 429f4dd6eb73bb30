"""Do average signatures rise or fall from the lower to the upper layers?"""

import numpy as np
import pandas as pd
import pymannkendall

from langsig.analysis.corrections import with_adjusted

MIN_LAYERS = 3
"""With fewer points the normal approximation of the test means nothing."""


def trends(averages: pd.DataFrame) -> pd.DataFrame:
    """Mann-Kendall test over the layers, for each language of each category.

    The p-values of one category are one family for Benjamini and Hochberg's correction of the
    false discovery rate (paper, section 5.1).

    Parameters
    ----------
    averages
        Columns ``category``, ``layer``, ``language``, ``average_signature``.

    Returns
    -------
    DataFrame
        Columns ``category``, ``language``, ``layers`` (their number), ``tau``, ``p``,
        ``p_adjusted``. A constant series has tau 0 and p 1; with fewer than three layers tau
        and p are missing, and are not counted in the correction.
    """
    columns = ["category", "language", "layers", "tau", "p"]
    rows = []
    for (category, language), series in averages.groupby(["category", "language"], sort=True):
        values = series.sort_values("layer")["average_signature"].to_numpy()
        tau, p = _mann_kendall(values)
        rows.append((category, language, len(values), tau, p))
    table = pd.DataFrame(rows, columns=columns)
    return with_adjusted(table, ["category"])


def _mann_kendall(values: np.ndarray) -> tuple[float, float]:
    if len(values) < MIN_LAYERS:
        return np.nan, np.nan
    if np.ptp(values) == 0:
        return 0.0, 1.0
    test = pymannkendall.original_test(values)
    return float(test.Tau), float(test.p)
