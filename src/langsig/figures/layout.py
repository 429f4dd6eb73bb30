"""The order of languages and the layout of trees, the same in print figures and on the page."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from langsig.figures.palette import family_marks
from langsig.schemas import Languages

if TYPE_CHECKING:
    from skbio.tree import TreeNode


def related_order(languages: Languages, codes: Collection[str]) -> list[str]:
    """The codes by family, large families first, then by genus and code.

    Parameters
    ----------
    languages
        All languages of the run.
    codes
        Languages to order. Those that the table lacks, or whose family is unknown, come last.
    """
    rank = {family: position for position, family in enumerate(family_marks(languages))}
    known = languages.frame.set_index("language").reindex(sorted(set(codes)))
    known["rank"] = known["family"].map(rank)
    return [str(code) for code in known.sort_values(["rank", "genus"], kind="stable").index]


class TreeLayout(NamedTuple):
    """Where the lines and leaves of a dendrogram are drawn.

    Heights are those of :func:`scipy.cluster.hierarchy.dendrogram`: a node is drawn at the
    distance at which its clusters join, and leaves are drawn at 0. Positions are perpendicular to
    heights.
    """

    lines: pd.DataFrame
    """Columns ``height``, ``position``, ``height2``, ``position2``: the two ends of each line. A
    node has one line that joins its children, at a single height, and one line per child, at a
    single position."""
    leaves: pd.DataFrame
    """Columns ``language``, ``position`` (0, 1, ...)."""


def tree_layout(newick: str, order: Sequence[str]) -> TreeLayout:
    """Lay out an ultrametric tree.

    Branches are turned so that the languages come as close to the given order as the tree allows.
    A node stands midway between its first and its last child.

    Parameters
    ----------
    newick
        Rooted tree in Newick format. The path between two leaves is as long as the distance at
        which they join, as in the trees of :mod:`langsig.analysis`: a branch is half the
        difference between the heights of its ends.
    order
        Codes of languages. Leaves that are not among them come last.
    """
    from skbio.tree import TreeNode  # imported late because it takes seconds

    root = TreeNode.read([newick], format="newick", convert_underscores=False)
    rank = {language: position for position, language in enumerate(order)}
    lines: list[tuple[float, float, float, float]] = []
    leaves: list[str] = []
    _lay_out(root, rank, lines, leaves)
    return TreeLayout(
        pd.DataFrame(lines, columns=["height", "position", "height2", "position2"], dtype=float),
        pd.DataFrame({"language": leaves, "position": range(len(leaves))}),
    )


def _lay_out(
    node: "TreeNode",
    rank: dict[str, int],
    lines: list[tuple[float, float, float, float]],
    leaves: list[str],
) -> tuple[float, float]:
    """Append the lines and leaves below a node; return its height and position."""
    if node.is_tip():
        leaves.append(str(node.name))
        return 0.0, len(leaves) - 1.0
    children = sorted(
        node.children,
        key=lambda child: min(
            rank.get(leaf.name, len(rank)) for leaf in child.tips(include_self=True)
        ),
    )
    ends = [_lay_out(child, rank, lines, leaves) for child in children]
    # The path between two leaves goes up and down again, so that a height is twice a path to it.
    height = max(end + 2 * child.length for (end, _), child in zip(ends, children, strict=True))
    first, last = ends[0][1], ends[-1][1]
    lines.append((height, first, height, last))
    lines.extend((end, position, height, position) for end, position in ends)
    return height, (first + last) / 2
