"""Correction of p-values for the number of tests."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from langsig.schemas import Estimates, Intervals

SIGNIFICANCE = 0.05
"""Results whose adjusted p is below this level are called significant (paper, section 5.1)."""


def with_adjusted(frame: pd.DataFrame, family: Sequence[str], *, column: str = "p") -> pd.DataFrame:
    """Add p-values corrected by the procedure of Benjamini and Hochberg (1995).

    Parameters
    ----------
    frame
        Rows of tests, with the columns `family` and `column`. If there is a column ``enough``,
        rows where it is false are not corrected, and do not count in the correction of others.
        Neither do rows without p.
    family
        Rows that agree in these columns are corrected together. If empty, all rows are.
    column
        Name of the column of p-values.

    Returns
    -------
    DataFrame
        The same rows with the column ``COLUMN_adjusted``.
    """
    adjusted = pd.Series(np.nan, index=frame.index)
    tested = frame[column].notna()
    if "enough" in frame:
        tested &= frame["enough"]
    counted = frame[tested]
    families = [counted]
    if family:
        families = [rows for _, rows in counted.groupby(list(family), dropna=False)]
    for rows in families:
        adjusted[rows.index] = false_discovery_control(rows[column], method="bh")
    return frame.assign(**{f"{column}_adjusted": adjusted})


def adjust_estimates(estimates: Estimates) -> Intervals:
    """Correct the p-values of estimates for the number of languages.

    The languages of one source, normalisation and layer are one family.
    """
    return Intervals(with_adjusted(estimates.frame, ["source", "normalise", "layer"]))
