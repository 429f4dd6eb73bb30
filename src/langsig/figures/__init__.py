"""Pictures for print."""

from langsig.figures.layers import heatmap, violins

__all__ = ["heatmap", "violins"]
