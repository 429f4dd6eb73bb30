"""Average signatures over the layers: their distribution, and every language's own."""

import math
from collections.abc import Collection, Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.figures.canvas import FILL, INK, TITLE, canvas

_HEADROOM = 1.1  # for the names above the dots
_NO_ROOM_BELOW = 0.08  # of the highest: a dot so close to the axis has its name beside it


def violins(averages: pd.DataFrame, *, title: str, flagged: Collection[int] = ()) -> Figure:
    """Distribution over languages of the average signature in each layer (paper, figure 2a).

    The dots are the languages; the lowest and the highest of each layer are named.

    Parameters
    ----------
    averages
        Columns ``layer``, ``language``, ``average_signature``, of one category.
    flagged
        Layers whose factorisation fails its own checks: they get an asterisk.
    """
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    layers = [int(layer) for layer in wide.columns]
    figure, axes = canvas(1.2 + 0.75 * len(layers), 3.6)
    draw_violins(axes, wide, flagged=flagged)
    axes.set(xlabel=_layer_label(flagged), ylabel="average signature")
    axes.set_title(title, fontsize=TITLE)
    figure.legend(loc="outside lower right", frameon=False, fontsize=8)
    return figure


def draw_violins(axes: Axes, wide: pd.DataFrame, *, flagged: Collection[int] = ()) -> None:
    """The distribution in each layer, a dot a language, and their mean.

    Parameters
    ----------
    wide
        Average signatures: a row a language, a column a layer.
    flagged
        Layers whose factorisation fails its own checks: they get an asterisk.
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
        names = {str(values.idxmin()): (0, -10), str(values.idxmax()): (0, 5)}  # one if one dot
        for language, offset in names.items():
            beside = offset[1] < 0 and values[language] < _NO_ROOM_BELOW * highest
            axes.annotate(
                language,
                (layer, values[language]),
                xytext=(6, 1) if beside else offset,
                textcoords="offset points",
                ha="left" if beside else "center",
                fontsize=7,
                color=INK,
            )
    axes.plot(layers, wide.mean(), color=INK, linewidth=1, label="mean of the languages")
    axes.set_xticks(layers, _ticks(layers, flagged))
    axes.set_xlim(min(layers) - 0.6, max(layers) + 0.6)
    axes.set_ylim(0, _HEADROOM * highest or 1)


def heatmap(averages: pd.DataFrame, *, title: str, flagged: Collection[int] = ()) -> Figure:
    """Average signature of each language, by descending mean, in each layer.

    Parameters
    ----------
    averages
        Columns ``layer``, ``language``, ``average_signature``, of one category.
    flagged
        Layers whose factorisation fails its own checks: they get an asterisk.
    """
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    wide = wide.loc[wide.mean(axis=1).sort_values(ascending=False).index]
    figure, axes = canvas(0.8 + 0.55 * wide.shape[1], 1.1 + 0.3 * wide.shape[0])
    axes.imshow(wide, aspect="auto", cmap="cividis")
    highest, lowest = wide.max().max(), wide.min().min()
    threshold = (highest + lowest) / 2
    # As many decimals for all as give the highest three digits; no colour bar: numbers say more.
    decimals = max(0, 2 - math.floor(math.log10(highest))) if highest > 0 else 0
    for row, language in enumerate(wide.index):
        for column, layer in enumerate(wide.columns):
            value = wide.loc[language, layer]
            missing = math.isnan(value)
            text = "–" if missing else f"{value:.{decimals}f}"
            colour = "black" if missing or value > threshold else "white"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(wide.shape[1]), _ticks(map(int, wide.columns), flagged))
    axes.set_yticks(range(wide.shape[0]), wide.index)
    axes.tick_params(length=0)
    axes.set_xlabel(_layer_label(flagged))
    axes.set_title(title, fontsize=TITLE)
    axes.spines[:].set_visible(False)
    return figure


def _ticks(layers: Iterable[int], flagged: Collection[int]) -> list[str]:
    return [f"{layer}*" if layer in flagged else str(layer) for layer in layers]


def _layer_label(flagged: Collection[int]) -> str:
    return "layer (0: embeddings; *: fit fails its checks)" if flagged else "layer (0: embeddings)"
