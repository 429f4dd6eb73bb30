"""Distances between languages as matrices."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.transforms import offset_copy

from langsig.figures.canvas import TITLE, family_legend, mark_line
from langsig.figures.layout import related_order
from langsig.figures.palette import SEQUENTIAL, family_marks
from langsig.schemas import Distances, Languages

_CELL = 0.17  # inches, of a language
_MIN_SIDE = 1.7  # inches, of a panel
_MARK = 6  # points, from the axis with codes to the marks of families


def distance_matrices(distances: Distances, languages: Languages, *, title: str) -> Figure:
    """Distances between all languages, one panel per layer, on one scale (paper, figure 5).

    Languages are in the same order in all panels: related languages are adjacent, with a line
    between genera. Dark cells are far apart, and grey cells have no distance.

    Parameters
    ----------
    distances
        Distances of one category, or of all categories combined.
    languages
        All languages of the run.
    """
    table = distances.frame
    order = related_order(languages, {*table["language"], *table["other"]})
    layers = sorted(table["layer"].unique())
    side = max(_MIN_SIDE, _CELL * len(order))
    size = 1.2 + max(1, len(layers)) * (side + 0.5), side + 1.2
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, max(1, len(layers)), squeeze=False)[0]
    furthest = table["distance"].max()
    for axes, layer in zip(grid, layers, strict=False):
        image = _matrix(axes, table[table["layer"] == layer], order, furthest)
        _mark_relatives(figure, axes, languages, order)
        axes.set_title(f"layer {layer}", fontsize=9)
    if layers:
        figure.colorbar(image, ax=[*grid], label="cosine distance", shrink=0.8, pad=0.01)
    family_legend(figure, languages, order)
    figure.suptitle(title, fontsize=TITLE)
    return figure


def _matrix(axes: Axes, distances: pd.DataFrame, order: list[str], furthest: float) -> AxesImage:
    turned = distances.rename(columns={"language": "other", "other": "language"})
    both = pd.concat([distances, turned])
    square = both.pivot(index="language", columns="other", values="distance")
    values = square.reindex(index=order, columns=order).to_numpy(float, copy=True)
    np.fill_diagonal(values, 0)
    image = axes.imshow(
        values,
        cmap=colormaps[SEQUENTIAL].reversed().with_extremes(bad="0.8"),
        vmin=0,
        vmax=furthest,
    )
    axes.set_xticks(range(len(order)), order, rotation=90, fontsize=7)
    axes.set_yticks(range(len(order)), order, fontsize=7)
    axes.tick_params(length=0)
    axes.tick_params("y", pad=2 * _MARK)
    axes.spines[:].set_visible(False)
    return image


def _mark_relatives(figure: Figure, axes: Axes, languages: Languages, order: list[str]) -> None:
    """Draw the marks of families next to the rows, and lines between genera."""
    groups = languages.frame.set_index("language")[["family", "genus"]].reindex(order)
    left_of_axes = offset_copy(axes.get_yaxis_transform(), figure, x=-_MARK, units="points")
    marks = family_marks(languages)
    for row, family in enumerate(groups["family"]):
        if family in marks:
            line = mark_line(marks[family], 0, row)
            line.set_transform(left_of_axes)
            axes.add_artist(line)
    changes = (groups.fillna("") != groups.fillna("").shift()).any(axis=1).to_numpy()
    for row in np.flatnonzero(changes)[1:]:
        axes.axhline(row - 0.5, color="white", linewidth=0.8)
        axes.axvline(row - 0.5, color="white", linewidth=0.8)
