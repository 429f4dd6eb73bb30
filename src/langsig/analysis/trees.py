"""Trees of languages by their signatures, compared with known relations of the languages.

Trees are compared by matrices ``[languages, languages]`` of *levels*: ranks of the heights at
which any two languages join. Like the heights, levels are ultrametric, and they determine which
languages form a clade and how any four languages group. Equal heights have the same level: a tree
with tied nodes is unresolved there.
"""

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.options import InferenceOptions
from langsig.analysis.permutations import orders
from langsig.arrays import Array
from langsig.errors import InputError
from langsig.languages import language_code_if_any
from langsig.schemas import Distances, Languages, Trees, TreeStatistics

if TYPE_CHECKING:
    from skbio.tree import TreeNode

_Indices = NDArray[np.integer[Any]]
_STATISTICS = ["clades", "quartets", "cophenetic correlation", "genus purity"]
_DECIMALS = 12  # of heights; smaller differences are rounding errors
_TIE = 1e-9  # smaller differences of statistics are rounding errors, too
_BATCH = 2_000_000  # size of the largest array of one batch of permutations
_ABOVE_DISTANCES = 4.0  # more than twice the largest distance, which is 2 at most
_CELL = ["scope", "category", "layer"]


@dataclass(frozen=True)
class TreeComparison:
    """Trees of languages, and how well they agree with a reference tree.

    Attributes
    ----------
    trees
        One tree per category and layer with at least two languages.
    statistics
        One row per tree and statistic. `expected` is the mean of the statistic over permutations
        of the languages. `best` is its value for a tree that agrees with the reference, and
        follows the distances where the reference is unresolved.
    """

    trees: Trees
    statistics: TreeStatistics


def trees(
    distances: Distances,
    languages: Languages,
    *,
    reference: str | None = None,
    options: InferenceOptions,
) -> TreeComparison:
    """Build the UPGMA tree of each category and layer, and compare it with known relations.

    UPGMA clusters by average distance (Sokal and Michener 1958; paper, section 5.3 and appendix
    E.1). The statistics are:

    - `clades`: share of the clades of the reference that are clades of the tree, too. Clades have
      at least two languages, and at most all but one.
    - `quartets`: share of the groups of four languages that the reference splits into two pairs
      for which the tree has the same split.
    - `cophenetic correlation`: Spearman's correlation over pairs of languages between the heights
      at which they join in the tree and in the reference, where height is counted in nodes from
      the root.
    - `genus purity`: share of the genus of two languages in the smallest clade of the tree that
      holds both, mean over all pairs of one genus (dendrogram purity, Heller and Ghahramani
      2005).

    A small p shows that related languages are closer to each other than languages at random. It
    does not show that descent is the reason: related languages also share scripts, and categories.

    The p-values of one statistic, over all categories and layers, are one family for the
    correction of the false discovery rate.

    Parameters
    ----------
    distances
        Distances of each pair of languages. Languages without any distance are left out.
    languages
        Family and genus of each language.
    reference
        Rooted tree of language codes in Newick format. A language that is missing has no
        relatives. By default, :func:`reference_tree` of `languages`.
    options
        Number and seed of permutations of the languages, and the number of languages that a tree
        must have for its statistics to count.

    Returns
    -------
    TreeComparison
        Statistics are missing where the reference has nothing to compare: clades and the
        correlation need three languages, quartets four, and purity two languages of one genus.
        The correlation is also missing where all heights are equal.

    Raises
    ------
    InputError
        If `languages` lacks a language, only some distances of a language are missing, or the
        reference cannot be read or has none of the languages.
    """
    frame, facts = distances.frame, languages.frame
    codes = {*frame["language"], *frame["other"]}
    unknown = sorted(codes - {*facts["language"]})
    if unknown:
        raise InputError(
            f"languages: no row for {', '.join(unknown)}; add them with family and genus"
        )
    root = _parsed(reference_tree(languages) if reference is None else reference, codes)
    newicks, rows = [], []
    for cell, group in frame.groupby(_CELL, sort=False, dropna=False):
        names, condensed = _condensed(group)
        if len(names) < 2:
            continue
        clusters = linkage(condensed, "average")
        newicks.append((*cell, _newick(clusters, names)))
        known = _relations(root, facts, names)
        levels = _levels(cophenet(clusters))
        null = _under_permutations(levels, known, options)
        value = null[0]
        p = np.where(np.isnan(value), np.nan, (null >= value - _TIE).mean(0))
        best = _statistics(_levels(cophenet(_agreeing(condensed, known))), known)
        numbers = zip(_STATISTICS, value, null.mean(0), best, p, strict=True)
        rows += [(*cell, len(names), *row) for row in numbers]
    columns = [*_CELL, "n", "statistic", "value", "expected", "best", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.assign(enough=table["n"] >= options.min_languages)
    return TreeComparison(
        Trees(pd.DataFrame(newicks, columns=[*_CELL, "newick"])),
        TreeStatistics(with_adjusted(table, ["statistic"])),
    )


def reference_tree(languages: Languages) -> str:
    """Families, and genera within them, as a tree in Newick format without branch lengths.

    Families join at the root, genera at their family, and languages at their genus. A language
    without genus joins at its family, and one without family at the root.
    """
    from skbio.tree import TreeNode  # imported late, as it takes seconds

    rows = languages.frame[["language", "family", "genus"]].itertuples(index=False)
    lineages = [
        (language, [name for name in groups if not pd.isna(name)]) for language, *groups in rows
    ]
    return str(TreeNode.from_taxonomy(lineages)).strip()


def _parsed(newick: str, languages: Collection[str]) -> "TreeNode":
    from skbio.io import NewickFormatError
    from skbio.tree import TreeNode

    options = {"convert_underscores": False, "verify": False}
    try:
        root = TreeNode.read([newick], format="newick", **options)
    except NewickFormatError as error:
        raise InputError(f"reference: not a tree in Newick format ({error}): {newick}") from error
    for tip in root.tips():
        if tip.name not in languages:
            tip.name = language_code_if_any(str(tip.name))
    leaves = [tip.name for tip in root.tips()]
    if languages and not {*leaves} & {*languages}:
        raise InputError(
            f"reference: its leaves ({', '.join(map(str, leaves))}) must include some of the "
            f"languages {', '.join(sorted(languages))}"
        )
    return root


def _newick(clusters: Array, languages: Sequence[str]) -> str:
    """The tree in Newick format; two languages are as far apart as their clusters on average."""
    from skbio.tree import TreeNode

    return str(TreeNode.from_linkage_matrix(clusters, languages)).strip()


def _condensed(distances: pd.DataFrame) -> tuple[list[str], Array]:
    """Languages, and the upper triangle of their distances, row by row."""
    known = distances.dropna(subset="distance")
    reverse = known.rename(columns={"language": "other", "other": "language"})
    square = pd.concat([known, reverse]).pivot(index="language", columns="other", values="distance")
    condensed = square.to_numpy(float)[np.triu_indices(len(square), 1)]
    if np.isnan(condensed).any():
        # The distance of a language to itself is always missing.
        incomplete = square.index[square.isna().sum(axis=1) > 1]
        first = distances.iloc[0]
        raise InputError(
            f"distances: category {first['category']}, layer {first['layer']}: some distances of "
            f"{', '.join(incomplete)} are missing; give all distances of a language, or none"
        )
    return [*square.index], condensed


def _levels(heights: Array) -> Array:
    """Levels ``[languages, languages]``, from the upper triangle of the heights."""
    levels: Array = squareform(rankdata(np.round(heights, _DECIMALS)))
    return levels


class _Relations(NamedTuple):
    """Known relations of the languages of one tree."""

    levels: Array
    """Levels of the reference, ``[languages, languages]``."""
    clades: NDArray[np.bool_]
    """Members of each clade of the reference, ``[clades, languages]``."""
    quartets: _Indices
    """Four languages ``[4, quartets]``; the reference splits the first two from the others."""
    same_genus: NDArray[np.bool_]
    """Whether two languages are of one genus, ``[languages, languages]``."""


def _relations(root: "TreeNode", facts: pd.DataFrame, languages: Sequence[str]) -> _Relations:
    genera = facts.groupby(["family", "genus"], dropna=False).ngroup()
    genera = genera.where(facts["genus"].notna()).set_axis(facts["language"])
    genus = genera.loc[[*languages]].to_numpy()  # a missing genus equals no other
    same_genus = genus[:, None] == genus
    levels = _levels(-squareform(_shared_nodes(root, languages), checks=False))
    return _Relations(levels, _clades(levels), _quartets(levels), same_genus)


def _shared_nodes(root: "TreeNode", languages: Sequence[str]) -> Array:
    """Number of nodes above both languages, the root included, ``[languages, languages]``."""
    indices = {language: index for index, language in enumerate(languages)}
    shared = np.zeros((len(languages), len(languages)))
    for node in root.non_tips(include_self=True):
        members = [indices[tip.name] for tip in node.tips() if tip.name in indices]
        shared[np.ix_(members, members)] += 1
    return shared


def _clades(levels: Array) -> NDArray[np.bool_]:
    """Clades of at least two languages, but not of all, ``[clades, languages]``."""
    # [i, j, k]: whether k is below the node where i and j join
    joined = levels[:, None, :] <= levels[:, :, None]
    clades = np.unique(joined.reshape(-1, len(levels)), axis=0)
    sizes = clades.sum(1)
    proper: NDArray[np.bool_] = clades[(sizes > 1) & (sizes < len(levels))]
    return proper


def _quartets(levels: Array) -> _Indices:
    """Quartets ``[4, quartets]`` that the tree splits: the first two from the others."""
    fours = np.array([*itertools.combinations(range(len(levels)), 4)], int).reshape(-1, 4).T
    splits = np.hstack([fours, fours[[0, 2, 1, 3]], fours[[0, 3, 1, 2]]])
    return splits[:, _has_split(levels, splits)]


def _has_split(levels: Array, quartets: _Indices) -> NDArray[np.bool_]:
    """Whether trees ``[..., languages, languages]`` have these splits, ``[..., quartets]``.

    By the four-point condition (Buneman 1971), the two sums of the other splits are equal where
    that of this split is the smallest, so that comparing with one of them is enough.
    """
    a, b, c, d = quartets
    smaller: NDArray[np.bool_] = (
        levels[..., a, b] + levels[..., c, d] < levels[..., a, c] + levels[..., b, d]
    )
    return smaller


def _statistics(levels: Array, known: _Relations) -> Array:
    """Statistics ``[..., statistics]`` of trees ``[..., languages, languages]``."""
    return np.stack(
        [
            _mean(_recovered(levels, known.clades)),
            _mean(_has_split(levels, known.quartets)),
            _correlation(levels, known.levels),
            _mean(_purities(levels, known.same_genus)),
        ],
        axis=-1,
    )


def _mean(values: Array | NDArray[np.bool_]) -> Array:
    """Mean over the last axis; missing if that has no entries."""
    count = values.shape[-1]
    return values.mean(-1) if count else np.full(values.shape[:-1], np.nan)


def _recovered(levels: Array, clades: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether all members join before any other language joins them, ``[..., clades]``."""
    recovered = [
        levels[..., first, clade].max(-1) < levels[..., first, ~clade].min(-1)
        for first, clade in zip(clades.argmax(1), clades, strict=True)
    ]
    if not recovered:
        return np.empty((*levels.shape[:-2], 0), bool)
    return np.stack(recovered, axis=-1)


def _correlation(levels: Array, reference: Array) -> Array:
    """Pearson's correlation of ranks, hence Spearman's; missing where all are tied."""
    above = np.triu_indices(len(reference), 1)
    x, y = levels[..., *above], reference[above]
    x, y = x - x.mean(-1, keepdims=True), y - y.mean()
    with np.errstate(invalid="ignore"):
        correlation: Array = x @ y / np.sqrt((x**2).sum(-1) * (y**2).sum())
    return correlation


def _purities(levels: Array, same_genus: NDArray[np.bool_]) -> Array:
    """Share of the genus in the smallest clade with both of two languages, ``[..., pairs]``."""
    first, second = np.nonzero(np.triu(same_genus, 1))
    clades = levels[..., first, :] <= levels[..., first, second][..., None]
    shares: Array = (clades & same_genus[first]).sum(-1) / clades.sum(-1)
    return shares


def _under_permutations(levels: Array, known: _Relations, options: InferenceOptions) -> Array:
    """Statistics for each permutation of the languages, the identity first."""
    permutations = _orders(len(levels), options)
    pairs = known.same_genus.sum() * len(levels)
    size = len(permutations) * max(levels.size, pairs, known.quartets.shape[1])
    batches = np.array_split(permutations, math.ceil(size / _BATCH))
    return np.concatenate(
        [_statistics(levels[order[:, :, None], order[:, None, :]], known) for order in batches]
    )


def _orders(languages: int, options: InferenceOptions) -> _Indices:
    """All permutations, or the identity and a random sample, ``[orders, languages]``."""
    order, exact = orders(np.zeros(languages), options.permutations, options.seed)
    return order if exact else np.vstack([np.arange(languages), order])


def _agreeing(distances: Array, known: _Relations) -> Array:
    """Clusters that join the closest relatives first, by distance where these are tied."""
    related = rankdata(squareform(known.levels), method="dense")
    return linkage(_ABOVE_DISTANCES * related + distances, "average")
