"""Figures for print, and the layout, order and colours that the page shares with them."""

from langsig.figures.associations import association_figures
from langsig.figures.canvas import save_figure, svg_of
from langsig.figures.changes import before_and_after, changes
from langsig.figures.correlations import correlation_heatmap, correlation_intervals
from langsig.figures.distances import distance_matrices
from langsig.figures.intervals import intervals
from langsig.figures.layers import heatmap, violins
from langsig.figures.layout import TreeLayout, related_order, tree_layout
from langsig.figures.learning import learning_curves
from langsig.figures.palette import FamilyMark, family_marks
from langsig.figures.profiles import (
    fit_differences,
    fits_and_outcomes,
    language_fits,
    predictor_heatmap,
    profile_figures,
    profile_layers,
    transfer_matrix,
)
from langsig.figures.ranks import rank_curves
from langsig.figures.trees import dendrograms

__all__ = [
    "FamilyMark",
    "TreeLayout",
    "association_figures",
    "before_and_after",
    "changes",
    "correlation_heatmap",
    "correlation_intervals",
    "dendrograms",
    "distance_matrices",
    "family_marks",
    "fit_differences",
    "fits_and_outcomes",
    "heatmap",
    "intervals",
    "language_fits",
    "learning_curves",
    "predictor_heatmap",
    "profile_figures",
    "profile_layers",
    "rank_curves",
    "related_order",
    "save_figure",
    "svg_of",
    "transfer_matrix",
    "tree_layout",
    "violins",
]
