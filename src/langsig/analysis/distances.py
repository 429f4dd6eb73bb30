"""Distances between languages, of several categories together."""

from collections.abc import Iterable
from itertools import combinations, product

import pandas as pd

from langsig.morphology import ALL_WORDS
from langsig.schemas import Distances

_MISSING = 1.0  # distance to a language without the category (paper, appendix E.1)


def combined_distances(
    distances: Distances, *, languages: Iterable[str], categories: Iterable[str]
) -> Distances:
    """Mean over categories of the distances in each layer (paper, appendix E.1, figure 8b).

    A missing distance counts as 1. It is missing if one of the two languages lacks the category,
    or has a signature of zeros. Languages that lack many categories are therefore far from all
    others, whatever their signatures are: compare with :func:`absence_distances`.

    Parameters
    ----------
    distances
        Distances of single categories.
    languages
        All languages of the result. A language that has none of the categories is at distance 1
        from every other.
    categories
        Categories over which to take the mean. :data:`langsig.ALL_WORDS` is left out.

    Returns
    -------
    Distances
        Rows whose scope is ``combined``; none if no category is left.
    """
    return _means(distances.frame, languages, categories, scope="combined")


def absence_distances(
    distances: Distances, *, languages: Iterable[str], categories: Iterable[str]
) -> Distances:
    """Share of the categories that one of two languages lacks, in each layer.

    These are the :func:`combined_distances` of languages whose signatures are all alike.

    Parameters
    ----------
    distances, languages, categories
        As in :func:`combined_distances`.

    Returns
    -------
    Distances
        Rows whose scope is ``absences``; none if no category is left.
    """
    alike = distances.frame.assign(distance=0.0)
    return _means(alike, languages, categories, scope="absences")


def _means(
    distances: pd.DataFrame, languages: Iterable[str], categories: Iterable[str], *, scope: str
) -> Distances:
    keys = ["category", "layer", "language", "other"]
    chosen = [category for category in categories if category != ALL_WORDS]
    layers = sorted(distances["layer"].unique())
    pairs = combinations(sorted(languages), 2)
    expected = [(*cell, *pair) for *cell, pair in product(chosen, layers, pairs)]
    index = pd.MultiIndex.from_frame(pd.DataFrame(expected, columns=keys))
    known = distances.set_index(keys)["distance"]
    filled = known.reindex(index).fillna(_MISSING).reset_index()
    means = filled.groupby(["layer", "language", "other"], sort=True)["distance"].mean()
    return Distances(means.reset_index().assign(scope=scope, category=None))
