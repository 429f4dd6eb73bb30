"""What changed between two experiments: signatures, trees, correlations.

An experiment is compared with another as a pair; several pairs, which differ in their seeds only,
tell how much of a change is due to the seed.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.analysis.averages import replicate_cube
from langsig.intervals import half_width, variance_of

Array = NDArray[np.floating[Any]]
KINDS = ("change", "relative")
_PLACE = ["source", "normalise"]
_MIN_LEAVES = 3  # all trees of two are the same


class Sampled(NamedTuple):
    """Average signatures of all words in one experiment, and what they might have been."""

    estimates: pd.DataFrame
    """Columns ``source``, ``normalise``, ``layer``, ``language``, ``average_signature``."""
    replicates: pd.DataFrame
    """The same, and ``varied`` (``sentences`` or ``start``) and ``replicate``, see
    :class:`langsig.factorization.LayeredUncertainty`."""


def signature_changes(pairs: Sequence[tuple[Sampled, Sampled]]) -> pd.DataFrame:
    """Change of the average signatures of all words, with its interval.

    A change is the natural logarithm of the average signature after by that before. As levels of
    all languages may rise or fall together, there is also the change of a language minus the mean
    change of the others.

    The 95 % interval is Student's about the mean change of the pairs, and its variance the sum of
    three: that between pairs, by their number; that of resampled sentences; that between starts of
    the factorisation, by the number of pairs. The sentences are the same in all pairs, so
    that more pairs do not make their part smaller. Two experiments of the same seed resample the
    same sentences, so that what sentences do to both cancels; seeds that differ only make intervals
    wider. Degrees of freedom are Welch and Satterthwaite's.

    Parameters
    ----------
    pairs
        Before and after. Sources, normalisations, layers and languages that not all have are left
        out.

    Returns
    -------
    DataFrame
        Columns ``source``, ``normalise``, ``kind`` (``change``, ``relative``), ``layer`` (missing
        where it is the mean over layers), ``language``, ``estimate``, ``low``, ``high``; what
        either would reach alone, ``half_width_seeds`` (missing with a single pair) and
        ``half_width_sentences``, each half the length of an interval; ``pairs``, their number.

    Raises
    ------
    ValueError
        If there are no pairs.
    """
    if not pairs:
        raise ValueError("no pairs to compare")
    flat = [sampled for pair in pairs for sampled in pair]
    tables = []
    for source, normalise in _common(
        zip(*(one.estimates[name] for name in _PLACE), strict=True) for one in flat
    ):
        cubes = _log_ratios(pairs, source, normalise)
        if cubes is None:
            continue
        layers, languages, changes = cubes
        for kind in KINDS if len(languages) > 1 else KINDS[:1]:
            table = _intervals(
                [tuple(_of_kind(cube, kind) for cube in parts) for parts in changes],
                layers,
                languages,
            )
            tables.append(table.assign(source=source, normalise=normalise, kind=kind))
    columns = [
        *_PLACE, "kind", "layer", "language", "estimate", "low", "high", "half_width_seeds",
        "half_width_sentences", "pairs",
    ]  # fmt: skip
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True).assign(pairs=len(pairs))[columns]


def category_changes(pairs: Sequence[tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Change of the average signatures of every category; of one seed, without an interval.

    Parameters
    ----------
    pairs
        Before and after: columns ``category``, ``layer``, ``language``, ``average_signature``.

    Returns
    -------
    DataFrame
        Columns ``category``, ``layer``, ``language``, ``before``, ``after`` (geometric means over
        the pairs), ``change`` (logarithm of their ratio), ``low``, ``high`` (95 %, from the
        variance between pairs; missing with a single one), ``pairs``. What not all have is left
        out.
    """
    place = ["category", "layer", "language"]
    logs = [
        np.log(table.set_index(place)["average_signature"].where(lambda values: values > 0))
        for pair in pairs
        for table in pair
    ]
    table = pd.concat(logs, axis=1, join="inner").dropna()
    both = table.to_numpy()
    changes = (both[:, 1::2] - both[:, ::2]).T
    number = len(pairs)
    variance, freedom = variance_of(changes)
    half = half_width([(variance / number, freedom)]) if freedom else np.full(len(both), np.nan)
    mean = changes.mean(0)
    return pd.DataFrame(
        {
            "before": np.exp(both[:, ::2].mean(1)),
            "after": np.exp(both[:, 1::2].mean(1)),
            "change": mean,
            "low": mean - half,
            "high": mean + half,
            "pairs": number,
        },
        index=table.index,
    ).reset_index()


def tree_distances(pairs: Iterable[tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """How far the trees before and after are apart.

    Parameters
    ----------
    pairs
        Before and after: columns ``category``, ``layer``, ``newick``.

    Returns
    -------
    DataFrame
        Columns ``category``, ``layer``, ``languages``; means over the pairs of
        ``robinson_foulds`` (share of clades that only one of the two has) and
        ``cophenetic_correlation`` (Pearson's, of the distances of languages within the two
        trees); and ``pairs``, their number. Languages that one tree lacks are cut from the other;
        where fewer than three remain, there is no row.
    """
    from skbio.tree import TreeNode  # late, as it takes seconds

    rows = []
    for number, (before, after) in enumerate(pairs):
        place = ["category", "layer"]
        joined = before.merge(after, on=place, suffixes=("_before", "_after")).dropna()
        for row in joined.to_dict("records"):
            one, other = (
                TreeNode.read([row[f"newick_{side}"]], format="newick", convert_underscores=False)
                for side in ("before", "after")
            )
            shared = {tip.name for tip in one.tips()} & {tip.name for tip in other.tips()}
            if len(shared) < _MIN_LEAVES:
                continue
            one, other = one.shear(shared), other.shear(shared)
            rows.append(
                {
                    **{name: row[name] for name in place},
                    "pair": number,
                    "languages": len(shared),
                    "robinson_foulds": one.compare_rfd(other, proportion=True, rooted=True),
                    "cophenetic_correlation": 1 - one.compare_cophenet(other, metric="correlation"),
                }
            )
    columns = ["category", "layer", "languages", "robinson_foulds", "cophenetic_correlation"]
    table = pd.DataFrame(rows, columns=[*columns, "pair"])
    groups = table.groupby(["category", "layer", "languages"], sort=False)
    measured = groups[["robinson_foulds", "cophenetic_correlation"]].mean()
    return measured.assign(pairs=groups.size()).reset_index()


def correlation_changes(pairs: Sequence[tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Correlations with properties of languages, before and after.

    Parameters
    ----------
    pairs
        Before and after: what :func:`langsig.analysis.correlations` returns.

    Returns
    -------
    DataFrame
        Columns ``property``, ``category``, ``layer``; ``before`` and ``after``, means over the
        pairs of Pearson's; ``found_before`` and ``found_after``, in how many of the pairs adjusted
        p is below .05; ``pairs``.
    """
    place = ["property", "category", "layer"]
    columns = [*place, "before", "after", "found_before", "found_after", "pairs"]
    sides: dict[str, pd.DataFrame] = {}
    for side, tables in zip(("before", "after"), zip(*pairs, strict=True), strict=True):
        rows = pd.concat(tables)
        found = rows["p_adjusted"].astype(float) < 0.05
        groups = rows.assign(found=found).groupby(place, sort=False, dropna=False)
        sides[side] = pd.DataFrame(
            {side: groups["pearson"].mean(), f"found_{side}": groups["found"].sum()}
        )
    both = sides["before"].join(sides["after"], how="inner").dropna(subset=["before", "after"])
    return both.assign(pairs=len(pairs)).reset_index()[columns]


def _common(keys: Iterable[Iterable[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """What all have, in the order of the first."""
    first, *others = (list(dict.fromkeys(of_one)) for of_one in keys)
    return [key for key in first if all(key in other for other in others)]


_Parts = tuple[Array, Array, Array]
"""Log ratios ``[1, layers, languages]``, of ``[replicates, ...]`` and of ``[starts, ...]``."""


def _log_ratios(
    pairs: Sequence[tuple[Sampled, Sampled]], source: str, normalise: str
) -> tuple[list[int], list[str], list[_Parts]] | None:
    """Layers, languages, and the changes of each pair; none if a pair shares neither."""
    chosen = [
        tuple(
            Sampled(*(_select(table, source, normalise) for table in sampled)) for sampled in pair
        )
        for pair in pairs
    ]
    flat = [sampled.estimates for pair in chosen for sampled in pair]
    layers = sorted(set.intersection(*(set(table["layer"]) for table in flat)))
    languages = sorted(set.intersection(*(set(table["language"]) for table in flat)))
    if not layers or not languages:
        return None
    changes = []
    for before, after in chosen:
        ratios = []
        for one, other in zip(
            _cubes(before, layers, languages), _cubes(after, layers, languages), strict=True
        ):
            number = min(len(one), len(other))
            ratios.append(np.log(other[:number]) - np.log(one[:number]))
        changes.append((ratios[0], ratios[1], ratios[2]))
    return layers, languages, changes


def _select(table: pd.DataFrame, source: str, normalise: str) -> pd.DataFrame:
    return table[(table["source"] == source) & (table["normalise"] == normalise)]


def _cubes(sampled: Sampled, layers: list[int], languages: list[str]) -> Iterator[Array]:
    """Of the estimates, and of replicates of sentences and of starts."""
    yield replicate_cube(sampled.estimates.assign(replicate=0), layers, languages)
    for varied in ("sentences", "start"):
        of_kind = sampled.replicates["varied"] == varied
        yield replicate_cube(sampled.replicates[of_kind], layers, languages)


def _of_kind(change: Array, kind: str) -> Array:
    """``[..., layers + 1, languages]``: the change or relative change, and its mean over layers."""
    if kind == "relative":
        others = (change.sum(-1, keepdims=True) - change) / (change.shape[-1] - 1)
        change = change - others
    return np.concatenate([change, change.mean(-2, keepdims=True)], axis=-2)


def _intervals(
    changes: Sequence[tuple[Array, ...]], layers: list[int], languages: list[str]
) -> pd.DataFrame:
    estimates = np.array([estimate[0] for estimate, _, _ in changes])
    number = len(changes)
    sentences, starts = (
        (
            np.mean([variance_of(parts[place])[0] for parts in changes], axis=0),
            sum(len(parts[place]) - 1 for parts in changes),
        )
        for place in (1, 2)
    )
    between, freedom = variance_of(estimates)
    seeds = between / number, freedom
    half = half_width([seeds, sentences, (starts[0] / number, starts[1])])
    mean = estimates.mean(0)
    cells = pd.MultiIndex.from_product([[*layers, np.nan], languages], names=["layer", "language"])
    columns = {
        "estimate": mean,
        "low": mean - half,
        "high": mean + half,
        "half_width_seeds": half_width([seeds]) if number > 1 else np.full_like(mean, np.nan),
        "half_width_sentences": half_width([sentences]),
    }
    flat = {name: values.ravel() for name, values in columns.items()}
    return pd.DataFrame(flat, index=cells).reset_index()
