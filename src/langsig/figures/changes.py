"""Two experiments side by side."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from langsig.figures.canvas import CONTRAST, INK, TITLE
from langsig.figures.layers import draw_violins

_WIDTH, _HEIGHT = 1.7, 2.2  # inches, of the panel of a language
_COLUMNS = 4


def before_and_after(averages: pd.DataFrame, *, titles: tuple[str, str]) -> Figure:
    """Distribution over languages by layer in two experiments, side by side (paper, figure 2).

    Parameters
    ----------
    averages
        Columns ``layer``, ``language``, ``before``, ``after``, of one category.
    """
    layers = averages["layer"].nunique()
    figure = Figure(figsize=(2 * (1.0 + 0.6 * layers), 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, side, title in zip(panels, ("before", "after"), titles, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        wide = averages.pivot(index="language", columns="layer", values=side)
        draw_violins(axes, wide)
        axes.set_xlabel("layer (0: embeddings)")
        axes.set_title(title, fontsize=TITLE)
    panels[0].set_ylabel("average signature")
    highest = averages[["before", "after"]].max().max()
    panels[0].set_ylim(0, 1.1 * highest or 1)
    return figure


def changes(table: pd.DataFrame, *, title: str) -> Figure:
    """Change of every language by layer, with 95 % intervals; a panel a language, same scale.

    The languages that changed most come first. A line shows the change beyond the mean of the
    others.

    Parameters
    ----------
    table
        Columns ``kind``, ``layer``, ``language``, ``estimate``, ``low``, ``high``, as of
        :func:`langsig.analysis.changes.signature_changes`, of one source and normalisation.
    """
    own = table[table["kind"] == "change"]
    means = own[own["layer"].isna()].set_index("language")["estimate"]
    languages = [*means.abs().sort_values(ascending=False).index]
    columns = min(_COLUMNS, len(languages))
    rows = -(-len(languages) // columns)
    figure = Figure(figsize=(0.8 + _WIDTH * columns, 0.8 + _HEIGHT * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, language in zip(panels, languages, strict=False):
        axes.spines[["top", "right"]].set_visible(False)
        axes.axhline(0, color="0.6", linewidth=0.8)
        of_language = table[(table["language"] == language) & table["layer"].notna()]
        by_kind = {kind: part.sort_values("layer") for kind, part in of_language.groupby("kind")}
        part = by_kind["change"]
        reach = np.abs(part[["low", "high"]].to_numpy().T - part["estimate"].to_numpy())
        axes.errorbar(
            part["layer"], part["estimate"], yerr=reach, fmt="o", color=INK, markersize=3,
            elinewidth=1, label="change, 95 %",
        )  # fmt: skip
        if "relative" in by_kind:
            relative = by_kind["relative"]
            axes.plot(
                relative["layer"], relative["estimate"], color=CONTRAST, linewidth=1.2,
                label="beyond the mean of the others",
            )  # fmt: skip
        axes.set_title(language, fontsize=9)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.tick_params(labelbottom=True)
    for axes in panels[len(languages) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(languages) - columns) : len(languages)]:
        axes.set_xlabel("layer (0: embeddings)", fontsize=8)
    for axes in panels[::columns]:
        axes.set_ylabel("logarithmic change", fontsize=8)
    figure.suptitle(title, fontsize=TITLE)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return figure
