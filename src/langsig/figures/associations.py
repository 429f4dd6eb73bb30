"""All figures of the associations of signatures with facts about the languages."""

from collections.abc import Collection

from matplotlib.figure import Figure

from langsig.analysis import Associations
from langsig.figures.correlations import correlation_heatmap, correlation_intervals
from langsig.figures.distances import distance_matrices
from langsig.figures.labels import PROPERTY_LABELS, readable
from langsig.figures.trees import dendrograms
from langsig.morphology import ALL_WORDS


def association_figures(
    associations: Associations, *, layers: Collection[int]
) -> dict[str, Figure]:
    """Figures of correlations, distances and trees, by name.

    Parameters
    ----------
    layers
        Layers whose distances and trees are drawn.
    """
    correlations, benchmarks = associations.correlations, associations.benchmarks
    figures = {
        "correlations": correlation_intervals(
            correlations, title="Correlation with the average signature over the layers"
        )
    }
    for name in correlations.frame["property"].unique():
        figures[f"correlations_{name}"] = correlation_heatmap(
            correlations.select(property=name),
            rows=["category"],
            title=f"Average signature and {readable(name, PROPERTY_LABELS)}",
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
            associations.distances.select(layer=layers, **selection),
            associations.languages,
            title=f"Cosine distance of signatures, {description}",
        )
        figures[f"trees{suffix}"] = dendrograms(
            associations.trees.select(layer=layers, **selection),
            associations.languages,
            title=f"UPGMA trees of languages, {description}",
        )
    return figures
