"""Figures of a profile: fits, outcomes, and what predicts what."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from langsig.figures.canvas import TITLE, canvas
from langsig.figures.labels import LAYER, MEASURE_LABELS, OUTCOME_LABELS, layer_range, readable
from langsig.figures.layout import related_order
from langsig.figures.palette import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    SEQUENTIAL,
    VERMILION,
    diverging_colours,
)
from langsig.schemas import Fits, Languages, Outcomes, Predictors

_PREDICTED = ("transfer", "probe", "selectivity", "retrieval")
"""Outcomes that the fit is drawn against."""
_TAGS = "UPOS"
_ROW, _CELL = 0.2, 0.19  # inches, of a language
_SIDE = 3.1  # inches, of a panel
_DARK = 0.65  # |r| above which a cell needs white text
_UNKNOWN = "0.88"  # grey of cells
_SERIES = (
    ("probe", BLUE, "-"),
    ("probe_untrained", BLUE, ":"),
    ("transfer", VERMILION, "-"),
    ("retrieval", GREEN, "-"),
)
"""Outcomes by layer: name, colour and style of the line."""


def profile_figures(
    summary: pd.DataFrame,
    fits: Fits,
    outcomes: Outcomes,
    predictors: Predictors,
    *,
    layers: Collection[int],
    languages: Languages | None = None,
) -> dict[str, Figure]:
    """All figures of one model, by name.

    Parameters
    ----------
    summary
        Means over the inner layers, indexed by language: ``fit``, ``low``, ``high``, ``null``,
        ``untrained`` and outcomes.
    fits, outcomes, predictors
        Tables of the profile.
    layers
        The inner layers.
    languages
        Families and genera, for the order of the languages (default: alphabetical).
    """
    means = f"mean over {layer_range(layers)}"
    figures = {
        "fits": language_fits(summary, title=f"Fit, {means}"),
        "outcomes": fits_and_outcomes(summary, predictors, title=f"Fit and outcomes, {means}"),
        "layers": profile_layers(fits, outcomes, layers=layers, title="Mean over languages"),
    }
    if predictors.frame["partial"].notna().any():
        figures["predictors"] = predictor_heatmap(predictors, title="Measures and outcomes")
    figures["transfer"] = transfer_matrix(
        outcomes, layers=layers, languages=languages, title=f"Transfer of tags, {means}"
    )
    return figures


def language_fits(fits: pd.DataFrame, *, title: str) -> Figure:
    """The fit of each language with its 95 % interval, the highest at the top.

    Grey ticks are the null, and hollow dots a model with random weights.

    Parameters
    ----------
    fits
        Columns ``fit``, ``low``, ``high``, ``null`` and ``untrained``, indexed by language.
    """
    table = fits.sort_values("fit")
    rows = np.arange(len(table))
    figure, axes = canvas(5, 1.4 + _ROW * len(table))
    axes.plot(table["null"], rows, "|", color=GREY, markersize=8, label="null")
    if table["untrained"].notna().any():
        axes.plot(
            table["untrained"], rows, "o", color=VERMILION, markerfacecolor="white", markersize=4,
            label="random weights",
        )  # fmt: skip
    _dots(axes, rows, table, label="fit, with 95 % interval")
    axes.set_yticks(rows, table.index, fontsize=8)
    axes.set_xlabel("share of the canonical slice that is explained")
    _finish(figure, axes, title)
    return figure


def fit_differences(differences: pd.DataFrame, *, title: str) -> Figure:
    """Difference of the fits of two models, with 95 % intervals, the highest at the top.

    Parameters
    ----------
    differences
        Columns ``fit``, ``low`` and ``high``, indexed by language.
    """
    table = differences.sort_values("fit")
    rows = np.arange(len(table))
    figure, axes = canvas(5, 1.4 + _ROW * len(table))
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
    _dots(axes, rows, table, label="difference, with 95 % interval")
    axes.set_yticks(rows, table.index, fontsize=8)
    axes.set_xlabel("difference of the fits")
    _finish(figure, axes, title)
    return figure


def _dots(axes: Axes, rows: np.ndarray, table: pd.DataFrame, *, label: str) -> None:
    """One dot with interval per row; intervals may be clipped at 0 and 1."""
    axes.hlines(rows, table["low"], table["high"], color=INK, linewidth=1)
    axes.plot(table["fit"], rows, "o", color=INK, markersize=4, label=label)
    axes.set_ylim(-0.8, len(table) - 0.2)


def _finish(figure: Figure, axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=TITLE)
    style: dict[str, Any] = {"frameon": False, "fontsize": 8, "ncols": 3}
    figure.legend(loc="outside lower center", **style)


def fits_and_outcomes(summary: pd.DataFrame, predictors: Predictors, *, title: str) -> Figure:
    """The fit of each language against outcomes, one panel per outcome.

    Above each panel stand the rank correlation, and the partial rank correlation given the
    covariates with its 95 % interval.

    Parameters
    ----------
    summary
        ``fit`` and outcomes, indexed by language. Outcomes without values are left out.
    predictors
        Correlations of the measure ``fit`` with the outcomes.
    """
    names = [name for name in _PREDICTED if name in summary and summary[name].notna().any()]
    columns = min(2, len(names)) or 1
    rows = math.ceil(len(names) / columns) or 1
    figure = Figure(figsize=(_SIDE * columns + 0.4, _SIDE * rows + 0.7), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(grid, names, strict=False):
        shown = summary[["fit", name]].dropna()
        axes.plot(shown["fit"], shown[name], "o", color=INK, markersize=2.5)
        for language, (fit, value) in shown.iterrows():
            axes.annotate(
                str(language), (fit, value), xytext=(2, 1.5), textcoords="offset points",
                fontsize=7, color="0.25",
            )  # fmt: skip
        row = predictors.select(measure="fit", outcome=name).frame
        axes.set_title(_correlations(row), fontsize=8)
        axes.set_xlabel("fit", fontsize=8)
        axes.set_ylabel(readable(name, OUTCOME_LABELS), fontsize=8)
        axes.tick_params(labelsize=7)
        axes.margins(0.1)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    figure.suptitle(title, fontsize=TITLE)
    return figure


def _correlations(row: pd.DataFrame) -> str:
    known = row.dropna(subset="partial")
    if known.empty:
        return "too few languages for correlations"
    values = known.iloc[0]
    return (
        f"rank correlation {values['spearman']:.2f}\npartial {values['partial']:.2f} "
        f"({values['low']:.2f} to {values['high']:.2f})"
    )


def profile_layers(
    fits: Fits, outcomes: Outcomes, *, layers: Collection[int], title: str
) -> Figure:
    """Means over languages by layer: fits on the left, outcomes on the right.

    Parameters
    ----------
    fits, outcomes
        Tables of the profile.
    layers
        The inner layers, which are shaded.
    """
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    panels = figure.subplots(1, 2)
    of_fits = fits.frame.groupby("layer")[["fit", "null", "untrained"]].mean()
    styles = {
        "fit": ("fit", INK, "-"),
        "null": ("null", GREY, "--"),
        "untrained": ("fit of random weights", VERMILION, ":"),
    }
    for name, (label, colour, style) in styles.items():
        if of_fits[name].notna().any():
            panels[0].plot(of_fits.index, of_fits[name], style, color=colour, label=label)
    frame = outcomes.frame
    frame = frame[frame["layer"].notna() & frame["category"].fillna(_TAGS).eq(_TAGS)]
    means = frame.groupby(["outcome", "layer"])["value"].mean()
    for name, colour, style in _SERIES:
        if name in means.index:
            of_layers = means[name]
            label = readable(name, OUTCOME_LABELS)
            panels[1].plot(of_layers.index, of_layers, style, color=colour, label=label)
    for axes, label in zip(panels, ("share explained", "accuracy"), strict=True):
        axes.axvspan(min(layers) - 0.5, max(layers) + 0.5, color="0.95", zorder=0)
        axes.set(xlabel=LAYER, ylabel=label)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=7)
    figure.suptitle(title, fontsize=TITLE)
    return figure


def predictor_heatmap(predictors: Predictors, *, title: str) -> Figure:
    """Partial rank correlations given the covariates, measures by outcomes.

    A dot marks a measure that predicts beyond the covariates: its interval excludes 0, and it is
    above the family-wise threshold. Grey cells cannot be computed.
    """
    table = predictors.frame
    measures, outcomes = list(table["measure"].unique()), list(table["outcome"].unique())
    figure, axes = canvas(3.4 + 0.55 * len(outcomes), 2.6 + 0.27 * len(measures))
    values = np.full((len(measures), len(outcomes)), np.nan)
    for cell in table.to_dict("records"):
        row, column = measures.index(cell["measure"]), outcomes.index(cell["outcome"])
        partial = values[row, column] = cell["partial"]
        text = "–" if math.isnan(partial) else f"{partial:.2f}"
        colour = "white" if abs(partial) > _DARK else "black"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
        if cell["beyond"]:
            axes.plot(column + 0.38, row - 0.32, ".", color=colour, markersize=4)
    image = axes.imshow(values, aspect="auto", cmap=diverging_colours(), vmin=-1, vmax=1)
    axes.set_facecolor(_UNKNOWN)
    labels = [readable(name, OUTCOME_LABELS) for name in outcomes]
    axes.set_xticks(range(len(outcomes)), labels, fontsize=8, rotation=40, ha="right")
    labels = [readable(name, MEASURE_LABELS) for name in measures]
    axes.set_yticks(range(len(measures)), labels, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=TITLE)
    figure.colorbar(image, ax=axes, label="partial rank correlation", aspect=30)
    threshold = table["threshold"].iloc[0]
    label = f"interval excludes 0, and above the family-wise threshold of {threshold:.2f}"
    dot = Line2D([], [], marker=".", linestyle="none", color="black", label=label)
    figure.legend(handles=[dot], loc="outside lower center", frameon=False, fontsize=8)
    return figure


def transfer_matrix(
    outcomes: Outcomes, *, layers: Collection[int], languages: Languages | None, title: str
) -> Figure:
    """Accuracy of tags that were learnt on one language and tested on another.

    Parameters
    ----------
    outcomes
        Outcomes, of which ``transfer_single`` is drawn.
    layers
        Layers whose mean is shown.
    languages
        Families and genera: related languages are adjacent. None: the order is alphabetical.
    """
    single = outcomes.select(outcome="transfer_single", layer=layers).frame
    wide = single.pivot_table("value", "language", "source")
    codes = {*wide.index, *wide.columns}
    order = related_order(languages, codes) if languages else sorted(codes)
    side = max(1.7, _CELL * len(order))
    figure, axes = canvas(side + 1.6, side + 0.9)
    image = axes.imshow(
        wide.reindex(index=order, columns=order).to_numpy(float),
        cmap=colormaps[SEQUENTIAL].with_extremes(bad=_UNKNOWN),
    )
    axes.set_xticks(range(len(order)), order, rotation=90, fontsize=7)
    axes.set_yticks(range(len(order)), order, fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="learnt on", ylabel="tested on")
    axes.set_title(title, fontsize=TITLE)
    figure.colorbar(image, ax=axes, label="accuracy", shrink=0.8)
    return figure
