"""Pictures for print."""

from langsig.figures.layers import heatmap, violins
from langsig.figures.learning import learning_curves

__all__ = ["heatmap", "learning_curves", "violins"]
