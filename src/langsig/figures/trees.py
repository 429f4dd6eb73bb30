"""Trees of languages."""

from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.figures.canvas import TITLE, family_legend, mark_line
from langsig.figures.labels import JOINING_DISTANCE
from langsig.figures.layout import TreeLayout, related_order, tree_layout
from langsig.figures.palette import INK, family_marks
from langsig.schemas import Languages, Trees

_LEAF = 0.19  # inches
_WIDTH = 2.9  # inches, of a panel
_MARGIN = 1.05  # times the highest node
_LABEL = 24  # characters per line, of the label of an axis
_NAME = 7  # points, from the end of a branch to the name


def dendrograms(trees: Trees, languages: Languages, *, title: str) -> Figure:
    """Trees side by side, one panel per layer, on one scale (paper, figure 8).

    Nodes are drawn at the mean distance of the clusters that they join. Branches are turned so
    that related languages are as close together as the tree allows.

    Parameters
    ----------
    trees
        Trees of one category, or of all categories combined.
    languages
        All languages of the run.
    """
    rows = trees.frame.sort_values("layer")
    newicks = dict(zip(rows["layer"], rows["newick"], strict=True))
    order = related_order(languages, languages.frame["language"])
    layouts = {layer: tree_layout(newick, order) for layer, newick in newicks.items()}
    codes = {code for layout in layouts.values() for code in layout.leaves["language"]}
    panels = max(1, len(layouts))
    size = 0.4 + _WIDTH * panels, 1.6 + _LEAF * len(codes)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, panels, squeeze=False, sharex=True)[0]
    for axes, (layer, layout) in zip(grid, layouts.items(), strict=False):
        _panel(axes, layout, languages)
        axes.set_title(f"layer {layer}", fontsize=9)
        axes.set_xlabel(fill(JOINING_DISTANCE, _LABEL), fontsize=8)
    highest = max((layout.lines["height"].max() for layout in layouts.values()), default=0)
    grid[0].set_xlim(_MARGIN * highest or 1, 0)
    family_legend(figure, languages, codes)
    figure.suptitle(title, fontsize=TITLE)
    return figure


def _panel(axes: Axes, layout: TreeLayout, languages: Languages) -> None:
    style: dict[str, Any] = {"color": INK, "linewidth": 1, "solid_capstyle": "projecting"}
    for height, position, height2, position2 in layout.lines.itertuples(index=False):
        axes.plot([height, height2], [position, position2], **style)
    leaves: list[str] = layout.leaves["language"].tolist()
    known = languages.frame.set_index("language").reindex(leaves)
    marks = family_marks(languages)
    for position, (code, name, family) in enumerate(
        zip(leaves, known["name"].fillna(""), known["family"], strict=True)
    ):
        if family in marks:
            axes.add_artist(mark_line(marks[family], 0, position))
        axes.annotate(
            name or code, (0, position), xytext=(_NAME, 0), textcoords="offset points",
            va="center", fontsize=8, annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(len(leaves) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
