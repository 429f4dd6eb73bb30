"""Average signatures, and how far apart languages are in each layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def spread(averages: pd.DataFrame) -> pd.DataFrame:
    """Variance over languages of the average signature in each layer (paper, section 5.1).

    Parameters
    ----------
    averages
        What :meth:`langsig.schemas.Signatures.average` returns.

    Returns
    -------
    DataFrame
        Columns ``category``, ``layer``, ``languages`` (their number), ``mean``, ``variance``
        (of the sample, with n - 1 in the denominator).
    """
    groups = averages.groupby(["category", "layer"], sort=True)["average_signature"]
    table = groups.agg(languages="count", mean="mean", variance="var")
    return table.reset_index()


def replicate_cube(
    replicates: pd.DataFrame, layers: Sequence[int], languages: Sequence[str]
) -> Array:
    """Average signatures of replicates as an array, ``[replicates, layers, languages]``.

    Parameters
    ----------
    replicates
        Columns ``replicate``, ``layer``, ``language``, ``average_signature``; what is not there
        becomes NaN.
    """
    index = ["replicate", "layer", "language"]
    wide = replicates.set_index(index)["average_signature"].unstack(["layer", "language"])
    values = wide.reindex(columns=pd.MultiIndex.from_product([layers, languages]))
    return values.to_numpy(float).reshape(-1, len(layers), len(languages))
