"""Trees of languages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from langsig.figures.canvas import INK, TITLE, family_colours, family_legend, relatives_together

if TYPE_CHECKING:
    from skbio.tree import TreeNode

_LEAF = 0.19  # inches
_WIDTH = 2.7  # inches, of a panel
_MARGIN = 1.05  # of the highest node
_NAME = 7  # points, from the end of a branch to the name


def dendrograms(newicks: pd.DataFrame, facts: pd.DataFrame, *, title: str) -> Figure:
    """Trees side by side, a panel a layer, on one scale (paper, figure 8).

    Every node stands at the mean distance of the languages that it joins. Branches are turned so
    that the languages come as near as the tree allows to the order in which relatives stand
    together.

    Parameters
    ----------
    newicks
        Columns ``layer``, ``newick``, of one category: what :func:`langsig.analysis.trees` gives.
    facts
        Columns ``language``, ``name``, ``family``, ``genus``.
    """
    from skbio.tree import TreeNode  # late, as it takes seconds

    roots = {
        int(layer): TreeNode.read([newick], format="newick", convert_underscores=False)
        for layer, newick in newicks[["layer", "newick"]].itertuples(index=False)
    }
    languages = {str(tip.name) for root in roots.values() for tip in root.tips()}
    order = relatives_together(facts, languages)
    panels = max(1, len(roots))
    size = 0.4 + _WIDTH * panels, 1.4 + _LEAF * len(languages)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1, panels, squeeze=False, sharex=True)[0]
    for axes, layer in zip(grid, sorted(roots), strict=False):
        _panel(axes, roots[layer], order, facts)
        axes.set_title(f"layer {layer}", fontsize=9)
    highest = max((axes.dataLim.x1 for axes in grid if axes.lines), default=0)
    grid[0].set_xlim(_MARGIN * highest or 1, 0)
    family_legend(figure, facts, languages)
    figure.suptitle(title, fontsize=TITLE)
    return figure


def _panel(axes: Axes, root: "TreeNode", order: Sequence[str], facts: pd.DataFrame) -> None:
    leaves: list[str] = []
    _branches(axes, root, order, leaves)
    known = facts.set_index("language").reindex(leaves)
    colours = family_colours(facts)
    for place, (language, name, family) in enumerate(
        zip(leaves, known["name"], known["family"], strict=True)
    ):
        if family in colours:
            axes.add_artist(colours[family].line(0, place))
        label = language if pd.isna(name) else name
        axes.annotate(
            label, (0, place), xytext=(_NAME, 0), textcoords="offset points", va="center",
            fontsize=8, annotation_clip=False,
        )  # fmt: skip
    axes.set_xlabel("cosine distance")
    axes.set_ylim(len(leaves) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)


def _branches(
    axes: Axes, node: "TreeNode", order: Sequence[str], leaves: list[str]
) -> tuple[float, float]:
    """Draw what is below a node, and add its leaves in order; height and place of the node."""
    if node.is_tip():
        leaves.append(str(node.name))
        return 0.0, len(leaves) - 1.0
    children = sorted(
        node.children,
        key=lambda child: min(order.index(tip.name) for tip in child.tips(include_self=True)),
    )
    ends = [_branches(axes, child, order, leaves) for child in children]
    height = max(
        end + 2 * child.length for (end, _), child in zip(ends, children, strict=True)
    )  # twice, as lengths to either of two languages make up their distance
    style: dict[str, Any] = {"color": INK, "linewidth": 1, "solid_capstyle": "projecting"}
    for end, place in ends:
        axes.plot([end, height], [place, place], **style)
    places = [place for _, place in ends]
    axes.plot([height, height], [min(places), max(places)], **style)
    return height, (min(places) + max(places)) / 2
