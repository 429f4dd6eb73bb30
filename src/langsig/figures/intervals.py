"""Average signatures with their intervals, by source and normalisation."""

import math
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.analysis import SIGNIFICANCE
from langsig.figures.canvas import TITLE
from langsig.figures.labels import LAYER, NORMALISATION_LABELS, SOURCE_LABELS
from langsig.figures.palette import SEQUENTIAL
from langsig.schemas import Intervals

_STEP = 0.05  # layers between the dots of one language and the next
_SPREAD = 0.4  # layers that the dots of all languages take at most
_NAMES = 5  # languages per inch of the legend


def intervals(estimates: Intervals, *, title: str) -> Figure:
    """Average signature of each language over the layers, with 95 % intervals.

    There is one column of panels per source and one row per normalisation. Panels of a row share
    a scale. Hollow dots are signatures that the test with flipped blocks cannot distinguish from
    those of unrelated vectors.
    """
    table = estimates.frame
    sources, normalisations = table["source"].unique(), table["normalise"].unique()
    languages = sorted(table["language"].unique())
    shape = max(1, len(normalisations)), max(1, len(sources))
    height = 0.6 + 2.4 * shape[0]
    columns = math.ceil(len(languages) / (_NAMES * height))
    width = 0.4 + 0.6 * columns + 2.6 * shape[1]
    figure = Figure(figsize=(width, height), layout="constrained")
    grid: Any = figure.subplots(*shape, squeeze=False, sharex=True, sharey="row")
    for row, normalise in enumerate(normalisations):
        for column, source in enumerate(sources):
            shown = estimates.select(source=source, normalise=normalise).frame
            _panel(grid[row, column], shown, languages)
            grid[0, column].set_title(SOURCE_LABELS[source], fontsize=9)
            grid[-1, column].set_xlabel(LAYER)
        grid[row, 0].set_ylabel(f"average signature,\n{NORMALISATION_LABELS[normalise]}")
    figure.suptitle(title, fontsize=TITLE)
    if languages:
        handles, names = grid[0, 0].get_legend_handles_labels()
        style: dict[str, Any] = {"frameon": False, "fontsize": 8, "ncols": columns}
        figure.legend(handles, names, loc="outside right center", **style)
    return figure


def _panel(axes: Axes, estimates: pd.DataFrame, languages: list[str]) -> None:
    shades = mpl.colormaps[SEQUENTIAL].resampled(len(languages) + 1)  # the last is too pale
    axes.spines[["top", "right"]].set_visible(False)
    step = min(_STEP, _SPREAD / max(1, len(languages)))
    for index, language in enumerate(languages):
        curve = estimates[estimates["language"] == language].sort_values("layer")
        x = curve["layer"] + step * (index - (len(languages) - 1) / 2)
        value = curve["average_signature"]
        errors = [(value - curve["low"]).clip(lower=0), (curve["high"] - value).clip(lower=0)]
        style: dict[str, Any] = {"color": shades(index), "linewidth": 1, "markersize": 3}
        axes.errorbar(x, value, errors, fmt="o-", elinewidth=0.8, label=language, **style)
        by_chance = curve["p_adjusted"] >= SIGNIFICANCE
        axes.plot(x[by_chance], value[by_chance], "o", markerfacecolor="white", **style)
    axes.set_ylim(bottom=0)
