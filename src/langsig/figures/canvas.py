"""Parts that print figures share, and how they are saved."""

import math
from collections.abc import Collection
from io import StringIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from langsig.figures.palette import FamilyMark, family_marks
from langsig.schemas import Languages

mpl.rcParams["svg.hashsalt"] = "langsig"  # otherwise identifiers in SVG files differ between runs
TITLE = 11  # points
_MIN_WIDTH = 3.6  # inches that a title needs
_LEGEND_COLUMN = 1.2  # inches that the name of a family needs


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes; sizes in inches."""
    figure = Figure(figsize=(max(width, _MIN_WIDTH), height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save_figure(figure: Figure, folder: Path, name: str) -> None:
    """Write ``NAME.svg`` and ``NAME.pdf``, without dates: equal figures give equal files."""
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    figure.set_layout_engine(None)  # both files have the layout that was just computed
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})


def svg_of(figure: Figure) -> str:
    """The figure as an SVG file without a date: equal figures give equal texts."""
    stream = StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def mark_line(
    mark: FamilyMark, x: float = math.nan, y: float = math.nan, label: str = ""
) -> Line2D:
    """The mark of a family at a point, or without a point for a legend."""
    return Line2D(
        [x], [y], color=mark.colour, marker=mark.shape, markersize=5, markeredgecolor="0.3",
        markeredgewidth=0.4, linestyle="none", label=label, clip_on=False,
    )  # fmt: skip


def family_legend(figure: Figure, languages: Languages, codes: Collection[str]) -> None:
    """Add a legend below the figure with the families of the given languages."""
    shown = set(languages.select(language=codes).frame["family"].dropna())
    handles = [
        mark_line(mark, label=family)
        for family, mark in family_marks(languages).items()
        if family in shown
    ]
    columns = math.floor(figure.get_figwidth() / _LEGEND_COLUMN)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=max(1, min(len(handles), columns)),
        frameon=False, fontsize=8, handletextpad=0.1,
    )  # fmt: skip
