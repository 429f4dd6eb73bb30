"""Trees of languages by their signatures, and how like their families these are.

Trees are compared by matrices ``[languages, languages]`` of *levels*: ranks of the heights at
which any two languages join. They are ultrametric, as the heights are, and tell which languages
make a clade and how any four group. Equal heights are one level: a tree whose nodes are tied is
unresolved there.
"""

import itertools
import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.permutations import orders
from langsig.errors import InputError

if TYPE_CHECKING:
    from skbio.tree import TreeNode

Array = NDArray[np.floating[Any]]
Indices = NDArray[np.integer[Any]]
STATISTICS = ["clades", "quartets", "cophenetic correlation", "genus purity"]
_DECIMALS = 12  # of heights, which beyond them differ by rounding errors only
_TIE = 1e-9  # of statistics, likewise
_BATCH = 2_000_000  # numbers of one kind held at once
_ABOVE_DISTANCES = 4.0  # which are 2 at most


class Trees(NamedTuple):
    """Trees, and how they compare with the reference."""

    newicks: pd.DataFrame
    """Columns ``category``, ``layer``, ``newick``."""
    statistics: pd.DataFrame
    """Columns ``category``, ``layer``, ``statistic``, ``value``; ``expected``, the mean over
    permutations of the languages; ``best``, what the tree would have if it agreed with the
    reference, and followed the distances where that says nothing; ``n``, number of languages;
    ``p``, one-sided: of a value as high by chance; ``p_adjusted``; ``enough``: whether n reaches
    `min_languages`."""


def trees(
    distances: pd.DataFrame,
    facts: pd.DataFrame,
    *,
    reference: str | None = None,
    min_languages: int,
    permutations: int,
    seed: int,
) -> Trees:
    """UPGMA tree of each category and layer, against known relations (paper, section 5.3, E.1).

    UPGMA is clustering by average distance (Sokal and Michener 1958). The statistics:

    - `clades`: share of the reference's clades, of two languages to all but one, that the tree
      has too.
    - `quartets`: share of the groups of four languages parted into two pairs by the reference
      that the tree parts alike.
    - `cophenetic correlation`: Spearman's, over pairs of languages, of the height at which the
      tree joins them with the height at which the reference does, counted in nodes from its root.
    - `genus purity`: share that the genus of two languages has in the smallest clade of the tree
      that holds both, mean over all pairs of one genus (dendrogram purity: Heller and Ghahramani
      2005).

    A small p says that languages lie closer to their relatives than if names were dealt out at
    random, not that descent is the reason: relatives also share scripts, and which categories
    they have.

    The p-values of one statistic, over all categories and layers, are one family for the
    correction of the false discovery rate. Those of fewer than `min_languages` languages are not
    counted, and not adjusted.

    Parameters
    ----------
    distances
        Columns ``category``, ``layer``, ``language``, ``other``, ``distance``, each pair once.
        Languages without any known distance are left out of the tree.
    facts
        Columns ``language``, ``family``, ``genus``, the latter two missing where unknown.
    reference
        Rooted tree in Newick format, of codes of languages; those that are not in it have no
        relatives. Without it, :func:`reference_tree` of the facts.
    min_languages
        Of a tree whose statistics are counted.
    permutations, seed
        Number of permutations of the languages, and seed of those drawn; all are gone through
        where there are no more.

    Returns
    -------
    Trees
        A tree for two languages and more. Statistics are missing where the reference has nothing
        to compare: clades and correlation need three languages, quartets four, purity two of one
        genus. So is the correlation where all heights are equal.

    Raises
    ------
    InputError
        If a language is not among the facts, only some distances of one are missing, or the
        reference cannot be read or has none of the languages.
    """
    every = {*distances["language"], *distances["other"]}
    unknown = sorted(every - {*facts["language"]})
    if unknown:
        raise InputError(f"{unknown}: add them to the facts of languages, with family and genus")
    root = _parsed(reference_tree(facts) if reference is None else reference, every)
    newicks, rows = [], []
    for key, group in distances.groupby(["category", "layer"], sort=True):
        languages, condensed = _condensed(group)
        if len(languages) < 2:
            continue
        clusters = linkage(condensed, "average")
        newicks.append((*key, _newick(clusters, languages)))
        known = _relations(root, facts, languages)
        levels = _levels(cophenet(clusters))
        null = _under_permutations(levels, known, permutations, seed)
        value = null[0]
        p = np.where(np.isnan(value), np.nan, (null >= value - _TIE).mean(0))
        best = _statistics(_levels(cophenet(_agreeing(condensed, known))), known)
        numbers = zip(STATISTICS, value, null.mean(0), best, p, strict=True)
        rows += [(*key, *row[:-1], len(languages), row[-1]) for row in numbers]
    columns = ["category", "layer", "statistic", "value", "expected", "best", "n", "p"]
    table = pd.DataFrame(rows, columns=columns)
    enough = table["n"] >= min_languages
    adjusted = with_adjusted(table[enough], ["statistic"])["p_adjusted"]
    return Trees(
        pd.DataFrame(newicks, columns=["category", "layer", "newick"]),
        table.assign(p_adjusted=adjusted, enough=enough),
    )


def reference_tree(facts: pd.DataFrame) -> str:
    """Families, and in them genera, as a tree in Newick format without lengths.

    Nothing is resolved that the facts do not say: families join at the root, genera at their
    family, languages at their genus, else their family, else the root.

    Parameters
    ----------
    facts
        Columns ``language``, ``family``, ``genus``, the latter two missing where unknown.
    """
    from skbio.tree import TreeNode  # late, as it takes seconds

    lineages = [
        (language, [name for name in groups if not pd.isna(name)])
        for language, *groups in facts[["language", "family", "genus"]].itertuples(index=False)
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
    leaves = [tip.name for tip in root.tips()]
    if languages and not {*leaves} & {*languages}:
        raise InputError(f"reference: its leaves {leaves} are none of {sorted(languages)}")
    return root


def _newick(clusters: Array, languages: Sequence[str]) -> str:
    """With branch lengths: two languages lie as far apart as their clusters do on average."""
    from skbio.tree import TreeNode

    return str(TreeNode.from_linkage_matrix(clusters, languages)).strip()


def _condensed(distances: pd.DataFrame) -> tuple[list[str], Array]:
    """Languages, and the upper triangle of their distances, row by row."""
    known = distances.dropna(subset="distance")
    turned = known.rename(columns={"language": "other", "other": "language"})
    square = pd.concat([known, turned]).pivot(index="language", columns="other", values="distance")
    condensed = square.to_numpy(float)[np.triu_indices(len(square), 1)]
    if np.isnan(condensed).any():
        some = [*square.index[square.isna().sum(axis=1) > 1]]  # one's own is missing always
        place = distances.iloc[0]
        raise InputError(
            f"category {place['category']}, layer {place['layer']}: only some distances of {some} "
            "are there: give all, or none"
        )
    return [*square.index], condensed


def _levels(heights: Array) -> Array:
    """``[languages, languages]``, of the upper triangle of heights at which languages join."""
    levels: Array = squareform(rankdata(np.round(heights, _DECIMALS)))
    return levels


class _Relations(NamedTuple):
    """What is known of the languages of one tree."""

    levels: Array
    """``[languages, languages]``, of the reference."""
    clades: NDArray[np.bool_]
    """``[clades, languages]``: who is in it."""
    quartets: Indices
    """``[4, quartets]``: languages, of which the reference parts the first two from the others."""
    same_genus: NDArray[np.bool_]
    """``[languages, languages]``, of one language and another or itself."""


def _relations(root: "TreeNode", facts: pd.DataFrame, languages: Sequence[str]) -> _Relations:
    genera = facts.groupby(["family", "genus"], dropna=False).ngroup()
    genera = genera.where(facts["genus"].notna()).set_axis(facts["language"])
    of_each = genera.loc[[*languages]].to_numpy()  # missing ones equal no other
    same_genus = of_each[:, None] == of_each
    levels = _levels(-squareform(_shared_nodes(root, languages), checks=False))
    return _Relations(levels, _clades(levels), _quartets(levels), same_genus)


def _shared_nodes(root: "TreeNode", languages: Sequence[str]) -> Array:
    """``[languages, languages]``: nodes of the tree, its root among them, above both."""
    place = {language: index for index, language in enumerate(languages)}
    shared = np.zeros((len(languages), len(languages)))
    for node in root.non_tips(include_self=True):
        members = [place[tip.name] for tip in node.tips() if tip.name in place]
        shared[np.ix_(members, members)] += 1
    return shared


def _clades(levels: Array) -> NDArray[np.bool_]:
    """``[clades, languages]``, of two languages and more, but not all."""
    joined = levels[:, None, :] <= levels[:, :, None]  # with i below where i and j join: k
    clades = np.unique(joined.reshape(-1, len(levels)), axis=0)
    sizes = clades.sum(1)
    proper: NDArray[np.bool_] = clades[(sizes > 1) & (sizes < len(levels))]
    return proper


def _quartets(levels: Array) -> Indices:
    """``[4, quartets]``, the first two apart from the others."""
    fours = np.array([*itertools.combinations(range(len(levels)), 4)], int).reshape(-1, 4).T
    splits = np.hstack([fours, fours[[0, 2, 1, 3]], fours[[0, 3, 1, 2]]])
    return splits[:, _parts(levels, splits)]


def _parts(levels: Array, quartets: Indices) -> NDArray[np.bool_]:
    """``[..., quartets]``: whether the tree ``[..., languages, languages]`` parts them so.

    By the four-point condition (Buneman 1971), which of two other splits to compare with does
    not matter: the sums of both are equal where this one is the smallest.
    """
    a, b, c, d = quartets
    smaller: NDArray[np.bool_] = (
        levels[..., a, b] + levels[..., c, d] < levels[..., a, c] + levels[..., b, d]
    )
    return smaller


def _statistics(levels: Array, known: _Relations) -> Array:
    """``[..., statistics]`` of trees ``[..., languages, languages]``."""
    return np.stack(
        [
            _mean(_recovered(levels, known.clades)),
            _mean(_parts(levels, known.quartets)),
            _correlation(levels, known.levels),
            _mean(_purities(levels, known.same_genus)),
        ],
        axis=-1,
    )


def _mean(values: Array | NDArray[np.bool_]) -> Array:
    """Over the last axis; missing if there is nothing along it."""
    count = values.shape[-1]
    return values.mean(-1) if count else np.full(values.shape[:-1], np.nan)


def _recovered(levels: Array, clades: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``[..., clades]``: whether all members join before any other language joins the first."""
    found = [
        levels[..., first, clade].max(-1) < levels[..., first, ~clade].min(-1)
        for first, clade in zip(clades.argmax(1), clades, strict=True)
    ]
    return np.stack(found, axis=-1) if found else np.empty((*levels.shape[:-2], 0), bool)


def _correlation(levels: Array, reference: Array) -> Array:
    """Of ranks, hence Spearman's; missing where all are tied."""
    above = np.triu_indices(len(reference), 1)
    one, other = levels[..., *above], reference[above]
    one, other = one - one.mean(-1, keepdims=True), other - other.mean()
    with np.errstate(invalid="ignore"):
        found: Array = one @ other / np.sqrt((one**2).sum(-1) * (other**2).sum())
    return found


def _purities(levels: Array, same_genus: NDArray[np.bool_]) -> Array:
    """``[..., pairs]`` of languages of one genus: its share of the smallest clade with both."""
    one, other = np.nonzero(np.triu(same_genus, 1))
    clades = levels[..., one, :] <= levels[..., one, other][..., None]
    shares: Array = (clades & same_genus[one]).sum(-1) / clades.sum(-1)
    return shares


def _under_permutations(levels: Array, known: _Relations, number: int, seed: int) -> Array:
    """``[orders, statistics]``, the languages' own order first."""
    every = _orders(len(levels), number, seed)
    pairs = known.same_genus.sum() * len(levels)
    size = len(every) * max(levels.size, pairs, known.quartets.shape[1])
    batches = np.array_split(every, math.ceil(size / _BATCH))
    return np.concatenate(
        [_statistics(levels[order[:, :, None], order[:, None, :]], known) for order in batches]
    )


def _orders(languages: int, number: int, seed: int) -> Indices:
    """``[orders, languages]``: their own first, then `number` others at random, or all."""
    order, exact = orders(np.zeros(languages), number, seed)
    return order if exact else np.vstack([np.arange(languages), order])


def _agreeing(distances: Array, known: _Relations) -> Array:
    """Clusters of relatives before all others, by distance where they are equally related."""
    related = rankdata(squareform(known.levels), method="dense")
    return linkage(_ABOVE_DISTANCES * related + distances, "average")
