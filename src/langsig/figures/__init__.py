"""Pictures for print."""

from langsig.figures.canvas import family_colours
from langsig.figures.changes import before_and_after, changes
from langsig.figures.correlations import correlation_heatmap, correlation_intervals
from langsig.figures.distances import distance_matrices
from langsig.figures.intervals import intervals
from langsig.figures.layers import heatmap, violins
from langsig.figures.learning import learning_curves
from langsig.figures.ranks import rank_curves
from langsig.figures.relations import relation_pictures
from langsig.figures.trees import dendrograms

__all__ = [
    "before_and_after",
    "changes",
    "correlation_heatmap",
    "correlation_intervals",
    "dendrograms",
    "distance_matrices",
    "family_colours",
    "heatmap",
    "intervals",
    "learning_curves",
    "rank_curves",
    "relation_pictures",
    "violins",
]
