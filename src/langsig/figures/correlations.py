"""Correlations over languages of average signatures with properties and benchmark scores."""

import math
from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from langsig.analysis import SIGNIFICANCE
from langsig.figures.canvas import TITLE, canvas
from langsig.figures.labels import CATEGORY_LABELS, LAYER, PROPERTY_LABELS, readable
from langsig.figures.palette import FILL, INK, MUTED, diverging_colours
from langsig.morphology import ALL_WORDS
from langsig.schemas import Correlations, ScoreCorrelations

_TOO_FEW = "0.88"  # grey of cells
_DARK = 0.65  # |r| above which a cell needs white text
_LETTER = 0.075  # inches of a row's label
_TICKS = [-1, -0.5, 0, 0.5, 1]
_LEGEND = 6.3  # inches that four names in a row need
_MEAN = "mean"
_PANEL_TITLE = 24  # characters per line
_MARK: dict[str, Any] = {
    "marker": "|", "linestyle": "none", "markersize": 11, "markeredgewidth": 2,
}  # fmt: skip


def correlation_heatmap(
    correlations: Correlations | ScoreCorrelations, *, rows: Sequence[str], title: str
) -> Figure:
    """Pearson's r of every row in every layer (paper, figures 3, 6, 7 and tables 4 to 7).

    Cells with too few languages are grey; a dot marks an adjusted p below .05. The last column,
    ``mean``, has the correlation of the average signature over the layers, if the table has it.

    Parameters
    ----------
    correlations
        Correlations with one property, or with benchmark scores.
    rows
        Columns that identify a row of the figure. Rows are in the order of the table, with all
        words last.
    """
    table = _labelled(correlations.frame, rows)
    layers = [int(layer) for layer in sorted(table["layer"].dropna().unique())]
    column_of = {layer: column for column, layer in enumerate(layers)}
    means = (table["scope"] == "mean").any()
    columns = [*map(str, layers), *([_MEAN] if means else [])]
    labels = list(dict.fromkeys(table["label"]))
    letters = max(map(len, labels), default=0)
    figure, axes = canvas(1.1 + _LETTER * letters + 0.46 * len(columns), 1.5 + 0.27 * len(labels))
    shown = np.full((max(1, len(labels)), max(1, len(columns))), np.nan)
    for values in table.to_dict("records"):
        row = labels.index(values["label"])
        column = len(layers) if values["scope"] == "mean" else column_of[int(values["layer"])]
        shown[row, column] = values["pearson"] if values["enough"] else np.nan
        _cell(axes, row, column, values)
    image = axes.imshow(shown, aspect="auto", cmap=diverging_colours(), vmin=-1, vmax=1)
    axes.set_facecolor(_TOO_FEW)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if means:
        axes.axvline(len(layers) - 0.5, color="white", linewidth=3)
    axes.set_xlabel(f"{LAYER}\nmean: average signature over the layers" if means else LAYER)
    axes.set_title(title, fontsize=TITLE)
    figure.colorbar(image, ax=axes, label="Pearson's r", aspect=30, ticks=_TICKS)
    dot = Line2D([], [], marker=".", linestyle="none", color="black", label="adjusted p < .05")
    _legend(figure, [dot, Patch(color=_TOO_FEW, label="too few languages")])
    return figure


def _cell(axes: Axes, row: int, column: int, values: dict[Any, Any]) -> None:
    pearson = values["pearson"]
    colour = "black"
    if not values["enough"]:
        colour = MUTED
    elif abs(pearson) > _DARK:
        colour = "white"
    text = "–" if math.isnan(pearson) else f"{pearson:.2f}"
    axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    if values["p_adjusted"] < SIGNIFICANCE:
        axes.plot(column + 0.41, row - 0.33, ".", color=colour, markersize=4)


def correlation_intervals(correlations: Correlations, *, title: str) -> Figure:
    """Pearson's r of each property with the average over the layers, by category (paper, figure 4).

    Bars are 95 % intervals. Dots are full where the adjusted p is below .05 and hollow elsewhere,
    and grey where there are too few languages. The mark next to a dot is the mean over the layers
    of Pearson's r, which the paper's figure shows.
    """
    table = _labelled(correlations.select(scope="mean").frame, ["category"])
    labels = list(dict.fromkeys(table["label"]))
    panels = list(dict.fromkeys(table["property"]))
    width = 1 + _LETTER * max(map(len, labels), default=0) + 1.9 * max(1, len(panels))
    size = max(width, _LEGEND), 1.7 + 0.22 * len(labels)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, max(1, len(panels)), sharex=True, sharey=True, squeeze=False)[0]
    for axes, name in zip(grid, panels, strict=False):
        for values in table[table["property"] == name].to_dict("records"):
            _estimate(axes, labels.index(values["label"]), values)
        axes.set_title(fill(readable(name, PROPERTY_LABELS), _PANEL_TITLE), fontsize=8)
    for axes in grid:
        axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("Pearson's r", fontsize=8)
    grid[0].set(xlim=(-1.05, 1.05), ylim=(max(1, len(labels)) - 0.5, -0.5))
    grid[0].set_xticks(_TICKS)
    grid[0].set_yticks(range(len(labels)), labels, fontsize=8)
    figure.suptitle(title, fontsize=TITLE)
    dot: dict[str, Any] = {"marker": "o", "linestyle": "none", "markersize": 4}
    _legend(
        figure,
        [
            Line2D([], [], color=INK, label="adjusted p < .05", **dot),
            Line2D([], [], color=INK, markerfacecolor="white", label="adjusted p ≥ .05", **dot),
            Line2D([], [], color=MUTED, markerfacecolor="white", label="too few languages", **dot),
            Line2D([], [], color=FILL, label="mean over layers of r", **_MARK),
        ],
    )
    return figure


def _estimate(axes: Axes, row: int, values: dict[Any, Any]) -> None:
    colour = INK if values["enough"] else MUTED
    inside = colour if values["p_adjusted"] < SIGNIFICANCE else "white"
    axes.plot([values["low"], values["high"]], [row, row], color=colour, linewidth=1, zorder=1)
    axes.plot(values["mean_pearson"], row, color=FILL, **_MARK)
    axes.plot(values["pearson"], row, "o", color=colour, markerfacecolor=inside, markersize=4)


def _labelled(correlations: pd.DataFrame, rows: Sequence[str]) -> pd.DataFrame:
    """Add a column ``label`` that names a row and its number of languages; put all words last."""
    parts = correlations[list(rows)].replace(dict(CATEGORY_LABELS)).itertuples(index=False)
    names = pd.Series(map(", ".join, parts), index=correlations.index, dtype="str")
    n = correlations["n"].groupby(names)
    lowest, highest = n.transform("min").astype(str), n.transform("max").astype(str)
    numbers = lowest.where(lowest == highest, lowest + "–" + highest)
    table = correlations.assign(label=names + " (n = " + numbers + ")")
    all_words = names == CATEGORY_LABELS[ALL_WORDS]
    return pd.concat([table[~all_words], table[all_words]])


def _legend(figure: Figure, handles: Sequence[Any]) -> None:
    style: dict[str, Any] = {"frameon": False, "fontsize": 8, "ncols": len(handles)}
    figure.legend(handles=handles, loc="outside lower center", **style)
