"""Average signatures with their intervals, and what they are to be seen beside."""

import math
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.figures.canvas import TITLE

_UNTOLD = 0.05  # adjusted p above which a signature is not told from that of unrelated vectors
_STEP, _SPREAD = 0.05, 0.4  # layers between dots of one language and the next, and at most of all
_NAMES = 5  # of languages, in an inch of the legend
_LABELS = {"none": "average signature", "variance": "by variance"}


def intervals(estimates: pd.DataFrame, *, title: str) -> Figure:
    """Average signature of each language over the layers, with 95 % intervals.

    A column of panels for each source, a row for each normalisation; panels of a row have the
    same scale. Hollow dots are signatures that the test by flipped blocks does not tell from
    those of unrelated vectors.

    Parameters
    ----------
    estimates
        Columns ``source``, ``normalise``, ``layer``, ``language``, ``average_signature``,
        ``low``, ``high``, ``p_adjusted``.
    """
    sources, normalisations = estimates["source"].unique(), estimates["normalise"].unique()
    languages = sorted(estimates["language"].unique())
    shape = max(1, len(normalisations)), max(1, len(sources))
    height = 0.6 + 2.4 * shape[0]
    columns = math.ceil(len(languages) / (_NAMES * height))
    width = 0.4 + 0.6 * columns + 2.6 * shape[1]
    figure = Figure(figsize=(width, height), layout="constrained")
    grid: Any = figure.subplots(*shape, squeeze=False, sharex=True, sharey="row")
    for row, normalise in enumerate(normalisations):
        for column, source in enumerate(sources):
            shown = estimates.query("source == @source and normalise == @normalise")
            _panel(grid[row, column], shown, languages)
            grid[0, column].set_title(source, fontsize=9)
            grid[-1, column].set_xlabel("layer (0: embeddings)")
        grid[row, 0].set_ylabel(_LABELS[normalise])
    figure.suptitle(title, fontsize=TITLE)
    if languages:
        handles, names = grid[0, 0].get_legend_handles_labels()
        style: dict[str, Any] = {"frameon": False, "fontsize": 8, "ncols": columns}
        figure.legend(handles, names, loc="outside right center", **style)
    return figure


def _panel(axes: Axes, estimates: pd.DataFrame, languages: list[str]) -> None:
    shades = mpl.colormaps["cividis"].resampled(len(languages) + 1)  # the last is too pale
    axes.spines[["top", "right"]].set_visible(False)
    step = min(_STEP, _SPREAD / max(1, len(languages)))
    for index, language in enumerate(languages):
        curve = estimates[estimates["language"] == language].sort_values("layer")
        place = curve["layer"] + step * (index - (len(languages) - 1) / 2)
        value = curve["average_signature"]
        reach = [(value - curve["low"]).clip(lower=0), (curve["high"] - value).clip(lower=0)]
        style: dict[str, Any] = {"color": shades(index), "linewidth": 1, "markersize": 3}
        axes.errorbar(place, value, reach, fmt="o-", elinewidth=0.8, label=language, **style)
        untold = curve["p_adjusted"] > _UNTOLD
        axes.plot(place[untold], value[untold], "o", markerfacecolor="white", **style)
    axes.set_ylim(bottom=0)
