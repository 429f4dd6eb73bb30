"""Errors of candidate ranks, and whether their two best starts agree."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.factorization import MIN_AGREEMENT
from langsig.figures.canvas import TITLE
from langsig.figures.palette import FILL, INK, MUTED
from langsig.schemas import RankRecommendations, RankSweep


def rank_curves(sweep: RankSweep, recommendations: RankRecommendations, *, title: str) -> Figure:
    """Errors (upper row) and agreement of the two best starts (lower row) by rank, one column per
    layer.

    Error bars are standard errors over the folds. Vertical lines mark the rank in use (dotted) and
    the recommended rank (broad). The dashed line in the lower row is the agreement that a rank
    needs to be recommended.
    """
    candidates, recommended = sweep.frame, recommendations.frame
    layers = sorted(candidates["layer"].unique())
    ranks = sorted(candidates["rank"].unique())
    figure = Figure(figsize=(1.4 + 2.2 * max(2, len(layers)), 4.4), layout="constrained")
    grid = figure.subplots(
        2, len(layers), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 2]
    )
    for layer, (above, below) in zip(layers, grid.T, strict=True):
        table = candidates[candidates["layer"] == layer].sort_values("rank")
        best = recommended.loc[recommended["layer"] == layer, "rank"].dropna()
        _errors(above, table)
        _agreement(below, table)
        for axes in (above, below):
            _mark_ranks(axes, table.loc[table["in_use"], "rank"], best)
            axes.spines[["top", "right"]].set_visible(False)
        above.set_title(f"layer {layer}", fontsize=9)
        below.set_xscale("log", base=2)
        below.set_xticks(ranks, [str(rank) for rank in ranks], fontsize=8)
        below.minorticks_off()
        below.set_xlabel("number of components")
    grid[0, 0].set(ylabel="relative error", ylim=(0, None))
    grid[1, 0].set(
        ylabel="agreement\nof starts", ylim=(min(0, candidates["agreement"].min()), 1.05)
    )
    figure.suptitle(title, fontsize=TITLE)
    legend = {
        label: handle
        for axes in grid[0]
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        legend.values(), legend.keys(), loc="outside lower center", ncols=2, frameon=False,
        fontsize=8,
    )  # fmt: skip
    return figure


def _errors(axes: Axes, table: pd.DataFrame) -> None:
    axes.plot(
        table["rank"], table["relative_error"], color=FILL, linewidth=1.5, label="all sentences"
    )
    axes.errorbar(
        table["rank"], table["held_out_error"], table["held_out_se"], color=INK, linewidth=1.2,
        capsize=2, label="held-out sentences",
    )  # fmt: skip
    axes.plot(
        table["rank"], table["unfactorized_error"], color=MUTED, linewidth=0.8, linestyle="--",
        label="held-out sentences, no factorisation",
    )  # fmt: skip
    _dots(axes, table, "held_out_error")


def _agreement(axes: Axes, table: pd.DataFrame) -> None:
    axes.plot(table["rank"], table["agreement"], color=INK, linewidth=1.2)
    axes.axhline(MIN_AGREEMENT, color=MUTED, linewidth=0.8, linestyle="--")
    _dots(axes, table, "agreement")


def _dots(axes: Axes, table: pd.DataFrame, column: str) -> None:
    converged, unconverged = table[table["converged"]], table[~table["converged"]]
    axes.plot(converged["rank"], converged[column], "o", color=INK, markersize=4)
    if not unconverged.empty:
        axes.plot(
            unconverged["rank"], unconverged[column], "o", color=INK, markersize=4,
            markerfacecolor="white", label="some fits did not converge",
        )  # fmt: skip


def _mark_ranks(axes: Axes, in_use: pd.Series, recommended: pd.Series) -> None:
    for rank in recommended:
        axes.axvline(rank, color=FILL, alpha=0.5, linewidth=7, zorder=0, label="recommended rank")
    for rank in in_use:
        axes.axvline(rank, color=MUTED, linestyle=":", zorder=1, label="rank in use")
