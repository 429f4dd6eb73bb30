"""Two experiments side by side."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from langsig.figures.canvas import TITLE
from langsig.figures.labels import LAYER
from langsig.figures.layers import draw_violins
from langsig.figures.palette import INK, VERMILION
from langsig.schemas import CategoryChanges, SignatureChanges

_WIDTH, _HEIGHT = 1.7, 2.2  # inches, of the panel of one language
_COLUMNS = 4


def before_and_after(averages: CategoryChanges, *, titles: tuple[str, str]) -> Figure:
    """Distribution over languages by layer in two experiments, side by side (paper, figure 2).

    Parameters
    ----------
    averages
        Average signatures of one category, before and after.
    titles
        Titles of the panels before and after.
    """
    table = averages.frame
    layers = table["layer"].nunique()
    figure = Figure(figsize=(2 * (1.0 + 0.6 * layers), 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, side, title in zip(panels, ("before", "after"), titles, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        wide = table.pivot(index="language", columns="layer", values=side)
        draw_violins(axes, wide)
        axes.set_xlabel(LAYER)
        axes.set_title(title, fontsize=TITLE)
    panels[0].set_ylabel("average signature")
    highest = table[["before", "after"]].max().max()
    panels[0].set_ylim(0, 1.1 * highest or 1)
    return figure


def changes(table: SignatureChanges, *, title: str) -> Figure:
    """Change of every language by layer, with 95 % intervals, on one scale.

    There is one panel per language; the languages that changed most come first. A line shows the
    change relative to the mean change of the other languages.

    Parameters
    ----------
    table
        Changes of one source and normalisation.
    """
    languages = table.languages_by_change()
    columns = max(1, min(_COLUMNS, len(languages)))
    rows = max(1, -(-len(languages) // columns))
    figure = Figure(figsize=(0.8 + _WIDTH * columns, 0.8 + _HEIGHT * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, language in zip(panels, languages, strict=False):
        _panel(axes, table.select(language=language, scope="layer"))
        axes.set_title(language, fontsize=9)
    for axes in panels[len(languages) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(languages) - columns) : len(languages)]:
        axes.set_xlabel(LAYER, fontsize=8)
    for axes in panels[::columns]:
        axes.set_ylabel("log(after / before)", fontsize=8)
    figure.suptitle(title, fontsize=TITLE)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure


def _panel(axes: Axes, table: SignatureChanges) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(0, color="0.6", linewidth=0.8)
    change = table.select(kind="change").frame.sort_values("layer")
    layers = change["layer"].astype(int)
    errors = np.abs(change[["low", "high"]].to_numpy().T - change["estimate"].to_numpy())
    axes.errorbar(
        layers, change["estimate"], yerr=errors, fmt="o", color=INK, markersize=3,
        elinewidth=1, label="change, with 95 % interval",
    )  # fmt: skip
    relative = table.select(kind="relative").frame.sort_values("layer")
    if len(relative):
        axes.plot(
            relative["layer"].astype(int), relative["estimate"], color=VERMILION, linewidth=1.2,
            label="relative to the mean of the other languages",
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelbottom=True)
