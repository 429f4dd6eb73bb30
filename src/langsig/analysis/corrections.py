"""Correction of p-values for the number of tests."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control


def with_adjusted(table: pd.DataFrame, family: Sequence[str]) -> pd.DataFrame:
    """The table with a column ``p_adjusted``: Benjamini and Hochberg's correction of its ``p``.

    Rows that agree in the columns `family` are corrected together. Where p is missing the
    adjusted one is too, and is not counted.
    """
    adjusted = pd.Series(np.nan, index=table.index)
    tested = table[table["p"].notna()]
    for _, rows in tested.groupby(list(family)):
        adjusted[rows.index] = false_discovery_control(rows["p"], method="bh")
    return table.assign(p_adjusted=adjusted)
