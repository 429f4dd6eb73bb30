"""All figures of correlations, distances and trees."""

from collections.abc import Collection

from matplotlib.figure import Figure

from langsig.figures.correlations import correlation_heatmap, correlation_intervals
from langsig.figures.distances import distance_matrices
from langsig.figures.labels import PROPERTIES, readable
from langsig.figures.trees import dendrograms
from langsig.morphology import ALL_WORDS
from langsig.schemas import Correlations, Distances, Languages, ScoreCorrelations, Trees


def relation_figures(
    *,
    languages: Languages,
    correlations: Correlations,
    benchmarks: ScoreCorrelations | None,
    distances: Distances,
    trees: Trees,
    layers: Collection[int],
) -> dict[str, Figure]:
    """Figures of correlations, distances and trees, by name.

    Parameters
    ----------
    benchmarks
        Correlations with benchmark scores, if there are scores.
    layers
        Layers whose distances and trees are drawn.
    """
    figures = {
        "correlations": correlation_intervals(
            correlations, title="Correlation with the average signature over the layers"
        )
    }
    for name in correlations.frame["property"].unique():
        figures[f"correlations_{name}"] = correlation_heatmap(
            correlations.select(property=name),
            rows=["category"],
            title=f"Average signature and {readable(name, PROPERTIES)}",
        )
    if benchmarks is not None:
        figures["benchmarks"] = correlation_heatmap(
            benchmarks,
            rows=["task", "metric", "model"],
            title="Average signature and benchmark scores",
        )
    selections = (
        ("", "all words", {"scope": "category", "category": ALL_WORDS}),
        ("_combined", "mean over all categories", {"scope": "combined"}),
    )
    for suffix, description, selection in selections:
        figures[f"distances{suffix}"] = distance_matrices(
            distances.select(layer=layers, **selection),
            languages,
            title=f"Cosine distance of signatures, {description}",
        )
        figures[f"trees{suffix}"] = dendrograms(
            trees.select(layer=layers, **selection),
            languages,
            title=f"UPGMA trees of languages, {description}",
        )
    return figures
