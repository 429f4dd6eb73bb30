"""What candidate ranks cost, and whether their starts agree."""

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.figures.canvas import FILL, INK, TITLE

_GREY = "0.45"
_RECOMMENDED, _IN_USE = {"color": INK, "linewidth": 1}, {"color": _GREY, "linestyle": ":"}


def rank_curves(sweep: pd.DataFrame, recommendations: pd.DataFrame, *, title: str) -> Figure:
    """Error and held-out error above, agreement of starts below, by rank: a column a layer.

    Bars are standard errors over the folds. Hollow dots mark ranks at which a fit did not
    converge; vertical lines, the recommended rank and the one in use.

    Parameters
    ----------
    sweep
        Columns ``layer``, ``rank``, ``relative_error``, ``held_out_error``, ``held_out_se``,
        ``unfactorized_error``, ``agreement``, ``converged``, ``in_use``.
    recommendations
        Columns ``layer``, ``rank``, missing where none is recommended.
    """
    layers = sorted(sweep["layer"].unique())
    figure = Figure(figsize=(1.4 + 2.2 * max(2, len(layers)), 4.4), layout="constrained")
    grid = figure.subplots(
        2, len(layers), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 2]
    )
    ranks = sorted(sweep["rank"].unique())
    for layer, (above, below) in zip(layers, grid.T, strict=True):
        table = sweep[sweep["layer"] == layer].sort_values("rank")
        recommended = recommendations.loc[recommendations["layer"] == layer, "rank"].dropna()
        _errors(above, table)
        _agreement(below, table)
        for axes in (above, below):
            for rank in table.loc[table["in_use"], "rank"]:
                axes.axvline(rank, label="rank in use", zorder=1, **_IN_USE)
            for rank in recommended:
                axes.axvline(rank, label="recommended rank", zorder=0, **_RECOMMENDED)
            axes.spines[["top", "right"]].set_visible(False)
        above.set_title(f"layer {layer}", fontsize=9)
        below.set_xscale("log", base=2)
        below.set_xticks(ranks, [str(rank) for rank in ranks], fontsize=8)
        below.minorticks_off()
        below.set_xlabel("components")
    grid[0, 0].set(ylabel="relative error", ylim=(0, None))
    lowest = np.nanmin([0, *sweep["agreement"]])
    grid[1, 0].set(ylabel="agreement\nof starts", ylim=(lowest, 1.05))
    figure.suptitle(title, fontsize=TITLE)
    handles = {
        label: handle
        for axes in grid[0]
        for handle, label in zip(*cast(Axes, axes).get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(),
        loc="outside lower center", ncols=3, frameon=False, fontsize=8,
    )  # fmt: skip
    return figure


def _errors(axes: Axes, table: pd.DataFrame) -> None:
    axes.errorbar(
        table["rank"], table["held_out_error"], table["held_out_se"],
        color=INK, linewidth=1.2, capsize=2, label="held-out sentences",
    )  # fmt: skip
    axes.plot(table["rank"], table["relative_error"], color=FILL, linewidth=1.5, label="all")
    axes.plot(
        table["rank"], table["unfactorized_error"],
        color=_GREY, linewidth=0.8, linestyle="--", label="held out, without factorisation",
    )  # fmt: skip
    _dots(axes, table, "held_out_error")


def _agreement(axes: Axes, table: pd.DataFrame) -> None:
    axes.plot(table["rank"], table["agreement"], color=INK, linewidth=1.2)
    _dots(axes, table, "agreement")


def _dots(axes: Axes, table: pd.DataFrame, column: str) -> None:
    """Full where every fit converged."""
    for converged, rows in table.groupby("converged"):
        axes.plot(
            rows["rank"], rows[column], "o", color=INK, markersize=4,
            markerfacecolor=INK if converged else "white",
        )  # fmt: skip
