"""Average signatures over the layers: their distribution, and every language's own."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.rcParams["svg.hashsalt"] = "langsig"  # else identifiers in SVG files differ from run to run
_INK, _FILL = "#1f4e79", "#9ecae1"


def violins(averages: pd.DataFrame, *, title: str) -> Figure:
    """Distribution over languages of the average signature in each layer (paper, figure 2a).

    The dots are the languages; the lowest and the highest of each layer are named.

    Parameters
    ----------
    averages
        Columns ``layer``, ``language``, ``average_signature``, of one category.
    """
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    layers = wide.columns.to_list()
    figure, axes = _figure(1.2 + 0.75 * len(layers), 3.6)
    drawable = [layer for layer in layers if wide[layer].count() > 1]
    if drawable:
        parts = axes.violinplot(
            [wide[layer].dropna() for layer in drawable],
            positions=drawable,
            widths=0.8,
            showextrema=False,
        )
        for body in parts["bodies"]:  # type: ignore[attr-defined]
            body.set(facecolor=_FILL, edgecolor=_INK, alpha=0.7)
    for layer in layers:
        values = wide[layer].dropna()
        axes.plot([layer] * len(values), values, "o", color=_INK, markersize=3, alpha=0.8)
        for language, offset in ((str(values.idxmin()), -9), (str(values.idxmax()), 5)):
            axes.annotate(
                language,
                (layer, values[language]),
                xytext=(0, offset),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                color=_INK,
            )
    axes.plot(layers, wide.mean(), color=_INK, linewidth=1, label="mean of the languages")
    axes.set(xlabel="layer (0: embeddings)", ylabel="average signature", title=title)
    axes.set_xticks(layers)
    axes.set_ylim(bottom=0)
    axes.margins(y=0.12)
    axes.legend(frameon=False, fontsize=8)
    return figure


def heatmap(averages: pd.DataFrame, *, title: str) -> Figure:
    """Average signature of each language, by descending mean, in each layer.

    Parameters
    ----------
    averages
        Columns ``layer``, ``language``, ``average_signature``, of one category.
    """
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    wide = wide.loc[wide.mean(axis=1).sort_values(ascending=False).index]
    figure, axes = _figure(1.6 + 0.62 * wide.shape[1], 1.3 + 0.32 * wide.shape[0])
    image = axes.imshow(wide, aspect="auto", cmap="cividis")
    threshold = (wide.max().max() + wide.min().min()) / 2
    for row, language in enumerate(wide.index):
        for column, layer in enumerate(wide.columns):
            value = wide.loc[language, layer]
            colour = "black" if value > threshold else "white"
            axes.text(
                column, row, f"{value:.2g}", ha="center", va="center", fontsize=7, color=colour
            )
    axes.set_xticks(range(wide.shape[1]), wide.columns)
    axes.set_yticks(range(wide.shape[0]), wide.index)
    axes.set(xlabel="layer (0: embeddings)", title=title)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="average signature", fraction=0.06, pad=0.03)
    return figure


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
