"""Dendrograms as segments: where each line of a tree begins and ends."""

from io import StringIO
from typing import NamedTuple

import pandas as pd
from skbio import TreeNode


class Dendrogram(NamedTuple):
    """A tree laid out with its tips one below the other, the root to the left."""

    segments: pd.DataFrame
    """Columns ``height``, ``place``, ``height2``, ``place2``: the ends of each line."""
    tips: pd.DataFrame
    """Columns ``language``, ``height``, ``place`` (0, 1, ...)."""


def dendrogram(newick: str) -> Dendrogram:
    """Lay out a rooted tree; a branch without a length counts 1.

    Heights are distances below which a node's languages are joined: 0 at the tip farthest from
    the root. A node stands in the middle of its children.
    """
    tree = TreeNode.read(StringIO(newick), format="newick", convert_underscores=False)
    depth = {id(tree): 0.0}
    for node in tree.preorder(include_self=False):
        depth[id(node)] = depth[id(node.parent)] + (1.0 if node.length is None else node.length)
    deepest = max(depth.values())
    place: dict[int, float] = {}
    segments: list[tuple[float, ...]] = []
    tips: list[tuple[str, float, float]] = []
    for node in tree.postorder():
        height = deepest - depth[id(node)]
        if node.is_tip():
            place[id(node)] = float(len(tips))
            tips.append((node.name, height, place[id(node)]))
            continue
        ends = [place[id(child)] for child in node.children]
        place[id(node)] = (ends[0] + ends[-1]) / 2
        segments.append((height, ends[0], height, ends[-1]))
        for child, end in zip(node.children, ends, strict=True):
            segments.append((height, end, deepest - depth[id(child)], end))
    return Dendrogram(
        pd.DataFrame(segments, columns=["height", "place", "height2", "place2"]),
        pd.DataFrame(tips, columns=["language", "height", "place"]),
    )
