"""Average signatures over the layers: their distribution, and the values of each language."""

import math
from collections.abc import Collection

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.figures.canvas import TITLE, canvas
from langsig.figures.labels import layer_label, layer_ticks
from langsig.figures.palette import FILL, INK, SEQUENTIAL
from langsig.schemas import AverageSignatures

_HEADROOM = 1.1  # times the highest value: room for the names above the dots
_NO_ROOM_BELOW = 0.08  # of the highest value: dots below it have their name at the side


def violins(
    averages: AverageSignatures, *, title: str, failed_layers: Collection[int] = ()
) -> Figure:
    """Distribution over languages of the average signature in each layer (paper, figure 2a).

    Each dot is one language; the lowest and the highest of each layer are named.

    Parameters
    ----------
    averages
        Average signatures of one category.
    failed_layers
        Layers whose factorisation failed a check; they are marked with an asterisk.
    """
    wide = averages.frame.pivot(index="language", columns="layer", values="average_signature")
    layers = [int(layer) for layer in wide.columns]
    figure, axes = canvas(1.2 + 0.75 * len(layers), 3.6)
    draw_violins(axes, wide, failed_layers=failed_layers)
    axes.set(xlabel=layer_label(failed_layers), ylabel="average signature")
    axes.set_title(title, fontsize=TITLE)
    figure.legend(loc="outside lower right", frameon=False, fontsize=8)
    return figure


def draw_violins(axes: Axes, wide: pd.DataFrame, *, failed_layers: Collection[int] = ()) -> None:
    """Draw the distribution in each layer, one dot per language, and the mean over languages.

    Parameters
    ----------
    wide
        Average signatures, one row per language and one column per layer.
    failed_layers
        Layers whose factorisation failed a check; they are marked with an asterisk.
    """
    layers = [int(layer) for layer in wide.columns]
    highest = wide.max().max()
    drawable = [layer for layer in layers if wide[layer].count() > 1]
    if drawable:
        parts = axes.violinplot(
            [wide[layer].dropna() for layer in drawable],
            positions=drawable,
            widths=0.8,
            showextrema=False,
        )
        for body in parts["bodies"]:  # type: ignore[attr-defined]
            body.set(facecolor=FILL, edgecolor=INK, alpha=0.7)
    for layer in layers:
        values = wide[layer].dropna()
        axes.plot([layer] * len(values), values, "o", color=INK, markersize=3, alpha=0.8)
        # A single language is both the lowest and the highest, and is named once.
        names = {str(values.idxmin()): (0, -10), str(values.idxmax()): (0, 5)}
        for language, offset in names.items():
            to_the_right = offset[1] < 0 and values[language] < _NO_ROOM_BELOW * highest
            axes.annotate(
                language,
                (layer, values[language]),
                xytext=(6, 1) if to_the_right else offset,
                textcoords="offset points",
                ha="left" if to_the_right else "center",
                fontsize=7,
                color=INK,
            )
    axes.plot(layers, wide.mean(), color=INK, linewidth=1, label="mean over languages")
    axes.set_xticks(layers, layer_ticks(layers, failed_layers))
    axes.set_xlim(min(layers) - 0.6, max(layers) + 0.6)
    axes.set_ylim(0, _HEADROOM * highest or 1)


def heatmap(
    averages: AverageSignatures, *, title: str, failed_layers: Collection[int] = ()
) -> Figure:
    """Average signature of each language in each layer, languages by descending mean.

    Parameters
    ----------
    averages
        Average signatures of one category.
    failed_layers
        Layers whose factorisation failed a check; they are marked with an asterisk.
    """
    wide = averages.frame.pivot(index="language", columns="layer", values="average_signature")
    wide = wide.loc[wide.mean(axis=1).sort_values(ascending=False).index]
    figure, axes = canvas(0.8 + 0.55 * wide.shape[1], 1.1 + 0.3 * wide.shape[0])
    axes.imshow(wide, aspect="auto", cmap=SEQUENTIAL)
    highest, lowest = wide.max().max(), wide.min().min()
    threshold = (highest + lowest) / 2
    # All cells have the number of decimals that gives the highest value three digits. The numbers
    # replace a colour bar.
    decimals = max(0, 2 - math.floor(math.log10(highest))) if highest > 0 else 0
    for row, language in enumerate(wide.index):
        for column, layer in enumerate(wide.columns):
            value = wide.loc[language, layer]
            missing = math.isnan(value)
            text = "–" if missing else f"{value:.{decimals}f}"
            colour = "black" if missing or value > threshold else "white"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(
        range(wide.shape[1]), layer_ticks([int(layer) for layer in wide.columns], failed_layers)
    )
    axes.set_yticks(range(wide.shape[0]), wide.index)
    axes.tick_params(length=0)
    axes.set_xlabel(layer_label(failed_layers))
    axes.set_title(title, fontsize=TITLE)
    axes.spines[:].set_visible(False)
    return figure
