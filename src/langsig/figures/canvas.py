"""What all pictures have in common."""

import itertools
import math
from collections.abc import Collection
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

mpl.rcParams["svg.hashsalt"] = "langsig"  # else identifiers in SVG files differ from run to run
INK, FILL, CONTRAST = "#1f4e79", "#9ecae1", "#d55e00"
TITLE = 11  # points
_MIN_WIDTH = 3.6  # inches, which the title needs
# Okabe and Ito's (2008), told apart by the colour-blind; by shape too where families are many.
_COLOURS = ["#0072b2", CONTRAST, "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#f0e442"]
_LEGEND_COLUMN = 1.2  # inches, which the name of a family needs
_SHAPES = ["o", "s", "^", "D", "v", "P", "X"]


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty picture with one pair of axes; sizes in inches."""
    figure = Figure(figsize=(max(width, _MIN_WIDTH), height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


class Mark(NamedTuple):
    """How the languages of a family are marked."""

    colour: str
    shape: str
    """A marker of matplotlib."""

    def line(self, x: float = math.nan, y: float = math.nan, label: str = "") -> Line2D:
        """The mark at a place, or without one for a legend."""
        return Line2D(
            [x], [y], color=self.colour, marker=self.shape, markersize=5, markeredgecolor="0.3",
            markeredgewidth=0.4, linestyle="none", label=label, clip_on=False,
        )  # fmt: skip


def family_colours(facts: pd.DataFrame) -> dict[str, Mark]:
    """A mark for every family, the same in all pictures of the same languages.

    Families of many languages come first, and have seven different colours; where there are more,
    colours return with another shape.

    Parameters
    ----------
    facts
        Columns ``language``, ``family``, missing where unknown; such languages have no mark.
    """
    families = facts.groupby("family")["language"].nunique().sort_index()
    order = families.sort_values(ascending=False, kind="stable").index
    marks = [Mark(colour, shape) for shape, colour in itertools.product(_SHAPES, _COLOURS)]
    return dict(zip(order, itertools.cycle(marks), strict=False))


def relatives_together(facts: pd.DataFrame, languages: Collection[str]) -> list[str]:
    """The languages by family, in the order of :func:`family_colours`, then by genus and code.

    Parameters
    ----------
    facts
        Columns ``language``, ``family``, ``genus``; languages that are not there come last.
    languages
        Codes.
    """
    order = {family: place for place, family in enumerate(family_colours(facts))}
    by_code = facts.set_index("language")
    known = by_code.assign(place=by_code["family"].map(order)).reindex(sorted(languages))
    return [*known.sort_values(["place", "genus"], kind="stable").index]


def family_legend(figure: Figure, facts: pd.DataFrame, languages: Collection[str]) -> None:
    """Below the picture, the marks of the families that the languages are of."""
    shown = set(facts.loc[facts["language"].isin(languages), "family"])
    handles = [
        mark.line(label=family) for family, mark in family_colours(facts).items() if family in shown
    ]
    room = math.floor(figure.get_figwidth() / _LEGEND_COLUMN)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=max(1, min(len(handles), room)),
        frameon=False, fontsize=8, handletextpad=0.1,
    )  # fmt: skip
