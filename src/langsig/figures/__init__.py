"""Pictures for print."""

from langsig.figures.correlations import correlation_heatmap, correlation_intervals
from langsig.figures.intervals import intervals
from langsig.figures.layers import heatmap, violins
from langsig.figures.learning import learning_curves
from langsig.figures.ranks import rank_curves

__all__ = [
    "correlation_heatmap",
    "correlation_intervals",
    "heatmap",
    "intervals",
    "learning_curves",
    "rank_curves",
    "violins",
]
