"""How far apart languages are, as matrices."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.transforms import offset_copy

from langsig.figures.canvas import TITLE, family_colours, family_legend, relatives_together

_CELL = 0.17  # inches, of a language
_MIN_SIDE = 1.7  # inches, of a panel
_MARK = 6  # points, from the codes' axis to the marks of families


def distance_matrices(distances: pd.DataFrame, facts: pd.DataFrame, *, title: str) -> Figure:
    """Distances between all languages, a panel a layer, on one scale (paper, figure 5).

    Languages are in the same order in all panels: relatives stand together, with a line between
    genera. The darker, the further apart; grey where there is no distance.

    Parameters
    ----------
    distances
        Columns ``layer``, ``language``, ``other``, ``distance``, of one category; each pair once.
    facts
        Columns ``language``, ``family``, ``genus``.
    """
    languages = relatives_together(facts, {*distances["language"], *distances["other"]})
    layers = sorted(distances["layer"].unique())
    side = max(_MIN_SIDE, _CELL * len(languages))
    size = 1.2 + max(1, len(layers)) * (side + 0.5), side + 1.2
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, max(1, len(layers)), squeeze=False)[0]
    furthest = distances["distance"].max()
    for axes, layer in zip(grid, layers, strict=False):
        image = _matrix(axes, distances[distances["layer"] == layer], languages, furthest)
        _relations(figure, axes, facts, languages)
        axes.set_title(f"layer {layer}", fontsize=9)
    if layers:
        figure.colorbar(image, ax=[*grid], label="cosine distance", shrink=0.8, pad=0.01)
    family_legend(figure, facts, languages)
    figure.suptitle(title, fontsize=TITLE)
    return figure


def _matrix(
    axes: Axes, distances: pd.DataFrame, languages: list[str], furthest: float
) -> AxesImage:
    turned = distances.rename(columns={"language": "other", "other": "language"})
    both = pd.concat([distances, turned])
    square = both.pivot(index="language", columns="other", values="distance")
    values = square.reindex(index=languages, columns=languages).to_numpy(float, copy=True)
    np.fill_diagonal(values, 0)
    image = axes.imshow(
        values, cmap=colormaps["cividis_r"].with_extremes(bad="0.8"), vmin=0, vmax=furthest
    )
    places = range(len(languages))
    axes.set_xticks(places, languages, rotation=90, fontsize=7)
    axes.set_yticks(places, languages, fontsize=7)
    axes.tick_params(length=0)
    axes.tick_params("y", pad=2 * _MARK)
    axes.spines[:].set_visible(False)
    return image


def _relations(figure: Figure, axes: Axes, facts: pd.DataFrame, languages: list[str]) -> None:
    """Marks of families beside the rows, lines between genera."""
    groups = facts.set_index("language")[["family", "genus"]].reindex(languages)
    beside = offset_copy(axes.get_yaxis_transform(), figure, x=-_MARK, units="points")
    colours = family_colours(facts)
    for row, family in enumerate(groups["family"]):
        if family in colours:
            mark = colours[family].line(0, row)
            mark.set_transform(beside)
            axes.add_artist(mark)
    changes = (groups != groups.shift()).any(axis=1).to_numpy()
    for place in np.flatnonzero(changes)[1:]:
        axes.axhline(place - 0.5, color="white", linewidth=0.8)
        axes.axvline(place - 0.5, color="white", linewidth=0.8)
