"""What all pictures have in common."""

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.rcParams["svg.hashsalt"] = "langsig"  # else identifiers in SVG files differ from run to run
INK, FILL = "#1f4e79", "#9ecae1"
TITLE = 11  # points
_MIN_WIDTH = 3.6  # inches, which the title needs


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty picture with one pair of axes; sizes in inches."""
    figure = Figure(figsize=(max(width, _MIN_WIDTH), height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
