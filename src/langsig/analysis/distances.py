"""How far apart the signatures of languages are."""

from collections.abc import Iterable
from itertools import combinations, product

import pandas as pd

from langsig.morphology import ALL_WORDS

COMBINED = "all categories"
"""Stands for the category where distances of several are combined."""
_MISSING = 1.0  # the distance to a language without the category (paper, appendix E.1)
_COLUMNS = ["category", "layer", "language", "other", "distance"]


def combined_distances(
    distances: pd.DataFrame, *, languages: Iterable[str], categories: Iterable[str]
) -> pd.DataFrame:
    """Mean over categories of the distances of each layer (paper, appendix E.1, figure 8b).

    Where a distance is missing, as one of the two languages does not have the category (or has a
    signature of zeros), it counts as 1. Languages that lack many categories hence lie far from
    all others, whatever their signatures are: what absences do alone is seen where all distances
    given are 0.

    Parameters
    ----------
    distances
        Columns ``category``, ``layer``, ``language``, ``other``, ``distance``.
    languages
        All that shall be there. One that has none of the categories is at distance 1 from all.
    categories
        Over which to take the mean; Part of Speech, which is all words, is left out of it.

    Returns
    -------
    DataFrame
        The same columns, with the category ``all categories``. No rows if no
        category is left.
    """
    kept = [category for category in categories if category != ALL_WORDS]
    layers = sorted(distances["layer"].unique())
    pairs = combinations(sorted(languages), 2)
    expected = [(*place, *pair) for *place, pair in product(kept, layers, pairs)]
    index = pd.MultiIndex.from_frame(pd.DataFrame(expected, columns=_COLUMNS[:-1]))
    known = distances.set_index(_COLUMNS[:-1])["distance"]
    filled = known.reindex(index).fillna(_MISSING).reset_index()
    means = filled.groupby(["layer", "language", "other"], sort=True)["distance"].mean()
    return means.reset_index().assign(category=COMBINED)[_COLUMNS]
