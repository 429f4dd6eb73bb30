"""Spread of average signatures, and their replicates as arrays."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from langsig.arrays import Array
from langsig.intervals import Variance, jackknife_variance, variance_of
from langsig.schemas import AverageSignatures, Replicates, Spread


def spread(averages: AverageSignatures) -> Spread:
    """Variance over languages of the average signature in each layer (paper, section 5.1).

    Returns
    -------
    Spread
        One row per category and layer. The variance is missing for a single language.
    """
    groups = averages.frame.groupby(["category", "layer"], sort=True)["average_signature"]
    table = groups.agg(languages="count", mean="mean", variance="var")
    return Spread(table.reset_index())


def replicate_cube(
    replicates: Replicates, layers: Sequence[int], languages: Sequence[str]
) -> Array:
    """Average signatures of replicates as an array.

    Parameters
    ----------
    replicates
        Replicates of one source and normalisation that differ in one respect only: their
        sentences, or their start.
    layers, languages
        Layers and languages of the array, in this order.

    Returns
    -------
    array
        Average signatures ``[replicates, layers, languages]``; NaN where there is no row.
    """
    index = ["replicate", "layer", "language"]
    wide = replicates.frame.set_index(index)["average_signature"].unstack(["layer", "language"])
    values = wide.reindex(columns=pd.MultiIndex.from_product([layers, languages]))
    return values.to_numpy(float).reshape(-1, len(layers), len(languages))


def logarithms(values: Array) -> Array:
    """Natural logarithms; NaN of numbers that are not positive, as scores on other words may be."""
    logs: Array = np.log(np.where(values > 0, values, np.nan))
    return logs


def resampled_cube(
    replicates: Replicates, layers: Sequence[int], languages: Sequence[str]
) -> tuple[Array, Callable[[Array], Variance]]:
    """Replicates that differ in their sentences, and the function that estimates their variance.

    Parameters
    ----------
    replicates, layers, languages
        As in :func:`replicate_cube`; all blocks of sentences were drawn, or one was left out.

    Returns
    -------
    tuple
        Average signatures ``[replicates, layers, languages]``, and the variance of an estimate from
        any numbers that are computed from them, ``[replicates, ...]``.
    """
    without = replicates.select(varied="block")
    if len(without):
        return replicate_cube(without, layers, languages), jackknife_variance
    drawn = replicates.select(varied="sentences")
    return replicate_cube(drawn, layers, languages), variance_of
