"""All pictures of what goes with signatures."""

from collections.abc import Collection, Mapping

import pandas as pd
from matplotlib.figure import Figure

from langsig.analysis import COMBINED
from langsig.figures.correlations import correlation_heatmap, correlation_intervals
from langsig.figures.distances import distance_matrices
from langsig.figures.trees import dendrograms
from langsig.morphology import ALL_WORDS


def relation_pictures(
    tables: Mapping[str, pd.DataFrame], *, layers: Collection[int]
) -> dict[str, Figure]:
    """Pictures of correlations, distances and trees, by name.

    Parameters
    ----------
    tables
        ``languages``, ``correlations``, ``distances``, ``trees`` and, where there are scores,
        ``benchmarks``, see :func:`langsig.analysis.relations`.
    layers
        To draw distances and trees of.
    """
    facts, correlations = tables["languages"], tables["correlations"]
    pictures = {
        "correlations": correlation_intervals(correlations, title="Average over the layers"),
        **{
            f"correlations_{name}": correlation_heatmap(
                table,
                rows=["category"],
                title=f"Average signature and {str(name).replace('_', ' ')}",
            )
            for name, table in correlations.groupby("property", sort=False)
        },
    }
    if "benchmarks" in tables:
        pictures["benchmarks"] = correlation_heatmap(
            tables["benchmarks"],
            rows=["task", "metric", "model"],
            title="Average signature and benchmark scores",
        )
    distances, newicks = (
        table[table["layer"].isin(layers)] for table in (tables["distances"], tables["trees"])
    )
    for category, suffix, of in ((ALL_WORDS, "", "all words"), (COMBINED, "_combined", COMBINED)):
        chosen = distances[distances["category"] == category]
        title = f"Cosine distance of signatures, {of}"
        pictures[f"distances{suffix}"] = distance_matrices(chosen, facts, title=title)
        grown = newicks[newicks["category"] == category]
        pictures[f"trees{suffix}"] = dendrograms(grown, facts, title=f"UPGMA trees, {of}")
    return pictures
