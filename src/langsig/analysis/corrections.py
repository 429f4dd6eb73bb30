"""Correction of p-values for the number of tests."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control


def with_adjusted(table: pd.DataFrame, family: Sequence[str], *, of: str = "p") -> pd.DataFrame:
    """The table with a column ``p_adjusted``: Benjamini and Hochberg's correction of its ``p``.

    Rows that agree in the columns `family` are corrected together; without any such columns, all
    rows are. Where p is missing, or where a column ``enough`` says that it is of too few
    languages, the adjusted one is missing and is not counted.

    Parameters
    ----------
    table
        With the columns `family` and `of`, and perhaps ``enough``.
    of
        Column of p-values; the corrected ones are ``OF_adjusted``.
    """
    adjusted = pd.Series(np.nan, index=table.index)
    tested = table[of].notna()
    if "enough" in table:
        tested &= table["enough"]
    counted = table[tested]
    families = [rows for _, rows in counted.groupby(list(family))] if family else [counted]
    for rows in families:
        adjusted[rows.index] = false_discovery_control(rows[of], method="bh")
    return table.assign(**{f"{of}_adjusted": adjusted})
