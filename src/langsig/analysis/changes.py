"""Changes between two experiments: of signatures, trees and correlations.

Experiments are compared in pairs, before and after. Several pairs that differ only in their seeds
show how much of a change is due to the seed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from langsig.analysis.averages import logarithms, replicate_cube, resampled_cube
from langsig.analysis.corrections import SIGNIFICANCE
from langsig.arrays import Array
from langsig.intervals import Variance, half_width, variance_of, variance_of_starts
from langsig.schemas import (
    AverageSignatures,
    CategoryChanges,
    CorrelationChanges,
    Correlations,
    Estimates,
    Replicates,
    SignatureChanges,
    TreeChanges,
    Trees,
)

_MIN_LEAVES = 3  # all trees of two languages are the same
_TREE = ["measure", "scope", "category", "layer"]


@dataclass(frozen=True)
class Sampled:
    """Average signatures of all words in one experiment, with their replicates.

    Attributes
    ----------
    estimates
        Average signatures.
    replicates
        The same for resampled sentences and for other starts.
    """

    estimates: Estimates
    replicates: Replicates


def signature_changes(pairs: Sequence[tuple[Sampled, Sampled]]) -> SignatureChanges:
    """Change of the average signatures of all words, with 95 % intervals.

    A change is the natural logarithm of the average signature after, over that before. As the
    levels of all languages may rise or fall together, there is also the relative change: that of
    a language minus the mean change of the other languages.

    The interval is Student's about the mean change of the pairs. Its variance is the sum of three:
    that between pairs, divided by the number of pairs; that of resampled sentences; and that of
    the choice among starts of the factorisation, divided by the number of pairs. The sentences are
    the same in all pairs, so that more pairs do not reduce their part. Two experiments with the
    same seed resample the same sentences, so that the effect of sentences on both cancels;
    different seeds only make intervals wider. Degrees of freedom are those of Welch and
    Satterthwaite.

    If blocks of sentences were left out, the same one is left out before and after, so that both
    must have the same blocks.

    Parameters
    ----------
    pairs
        Experiments before and after. Sources, normalisations, layers and languages that some
        experiment lacks are left out.

    Returns
    -------
    SignatureChanges
        One row per layer and language, and one for the mean over the layers of each language.
        ``half_width_seeds`` is missing for a single pair. Relative changes need two languages.

    Raises
    ------
    ValueError
        If there are no pairs.
    """
    if not pairs:
        raise ValueError("pairs must not be empty")
    sides = [sampled for pair in pairs for sampled in pair]
    tables = []
    for source, normalise in _common_variants([sampled.estimates for sampled in sides]):
        chosen = [
            (_select(before, source, normalise), _select(after, source, normalise))
            for before, after in pairs
        ]
        frames = [sampled.estimates.frame for pair in chosen for sampled in pair]
        layers = sorted(set.intersection(*(set(frame["layer"]) for frame in frames)))
        languages = sorted(set.intersection(*(set(frame["language"]) for frame in frames)))
        if not layers or not languages:
            continue
        ratios = [_LogRatios.of(before, after, layers, languages) for before, after in chosen]
        for kind in ["change", "relative"] if len(languages) > 1 else ["change"]:
            frame = _intervals([part.of_kind(kind) for part in ratios], layers, languages)
            frame = frame.assign(source=source, normalise=normalise, kind=kind, pairs=len(pairs))
            tables.append(SignatureChanges(frame))
    return SignatureChanges.concat(tables)


def category_changes(
    pairs: Sequence[tuple[AverageSignatures, AverageSignatures]],
) -> CategoryChanges:
    """Change of the average signatures of every category.

    The 95 % interval is Student's about the mean change, from the variance between pairs. It is
    missing for a single pair.

    Parameters
    ----------
    pairs
        Average signatures before and after. Categories, layers and languages that some table
        lacks are left out, as are those whose average signature is 0 in some table.
    """
    keys = list(AverageSignatures.keys)
    logs = [
        np.log(table.frame.set_index(keys)["average_signature"].where(lambda values: values > 0))
        for pair in pairs
        for table in pair
    ]
    table = pd.concat(logs, axis=1, join="inner").dropna()
    values = table.to_numpy()  # [cells, 2 * pairs], before and after by turns
    changes = (values[:, 1::2] - values[:, ::2]).T
    number = len(pairs)
    variance, freedom = variance_of(changes)
    half = half_width([(variance / number, freedom)]) if freedom else np.full(len(values), np.nan)
    mean = changes.mean(0)
    frame = pd.DataFrame(
        {
            "before": np.exp(values[:, ::2].mean(1)),
            "after": np.exp(values[:, 1::2].mean(1)),
            "change": mean,
            "low": mean - half,
            "high": mean + half,
            "pairs": number,
        },
        index=table.index,
    )
    return CategoryChanges(frame.reset_index())


def tree_changes(pairs: Iterable[tuple[Trees, Trees]]) -> TreeChanges:
    """Compare the trees before and after.

    Parameters
    ----------
    pairs
        Trees before and after. Languages that one of two trees lacks are cut from the other.

    Returns
    -------
    TreeChanges
        Means over the pairs. There is no row where fewer than three languages are in both trees.
    """
    from skbio.tree import TreeNode  # imported late, as it takes seconds

    rows = []
    for before, after in pairs:
        joined = before.frame.merge(after.frame, on=_TREE, suffixes=("_before", "_after"))
        for row in joined.to_dict("records"):
            trees = [
                TreeNode.read([row[name]], format="newick", convert_underscores=False)
                for name in ("newick_before", "newick_after")
            ]
            shared = set.intersection(*({tip.name for tip in tree.tips()} for tree in trees))
            if len(shared) < _MIN_LEAVES:
                continue
            first, second = trees[0].shear(shared), trees[1].shear(shared)
            rows.append(
                {
                    **{name: row[name] for name in _TREE},
                    "languages": len(shared),
                    "robinson_foulds": first.compare_rfd(second, proportion=True, rooted=True),
                    "cophenetic_correlation": 1
                    - first.compare_cophenet(second, metric="correlation"),
                }
            )
    measures = ["robinson_foulds", "cophenetic_correlation"]
    table = pd.DataFrame(rows, columns=[*_TREE, "languages", *measures])
    groups = table.groupby([*_TREE, "languages"], sort=False, dropna=False)
    means = groups[measures].mean()
    return TreeChanges(means.assign(pairs=groups.size()).reset_index())


def correlation_changes(
    pairs: Sequence[tuple[Correlations, Correlations]],
) -> CorrelationChanges:
    """Compare correlations with properties of languages before and after.

    Correlations are means over the pairs. They count as significant if the adjusted p is below
    .05.

    Parameters
    ----------
    pairs
        Correlations before and after. Those that one side lacks are left out.
    """
    before = _correlations([pair[0] for pair in pairs], "before")
    after = _correlations([pair[1] for pair in pairs], "after")
    both = before.join(after, how="inner").dropna(subset=["before", "after"])
    return CorrelationChanges(both.assign(pairs=len(pairs)).reset_index())


def _correlations(tables: Sequence[Correlations], side: str) -> pd.DataFrame:
    """Mean correlation, and number of significant ones, by the keys of the table."""
    rows = pd.concat([table.frame for table in tables])
    significant = rows["p_adjusted"] < SIGNIFICANCE
    groups = rows.assign(significant=significant).groupby(
        list(Correlations.keys), sort=False, dropna=False
    )
    return pd.DataFrame(
        {side: groups["pearson"].mean(), f"significant_{side}": groups["significant"].sum()}
    )


def _common_variants(tables: Sequence[Estimates]) -> list[tuple[str, str]]:
    """Sources and normalisations that all tables have, in the order of the first."""
    variants = [
        list(dict.fromkeys(zip(table.frame["source"], table.frame["normalise"], strict=True)))
        for table in tables
    ]
    return [key for key in variants[0] if all(key in keys for keys in variants[1:])]


def _select(sampled: Sampled, source: str, normalise: str) -> Sampled:
    return Sampled(
        sampled.estimates.select(source=source, normalise=normalise),
        sampled.replicates.select(source=source, normalise=normalise),
    )


@dataclass(frozen=True)
class _LogRatios:
    """Changes of one pair on a logarithmic scale."""

    estimate: Array
    """Changes of the estimates, ``[layers, languages]``."""
    sentences: Array
    """Changes for resampled sentences, ``[replicates, layers, languages]``."""
    starts: Array
    """Changes for other starts, ``[starts, layers, languages]``."""
    variance: Callable[[Array], Variance]
    """Variance of a change, from `sentences`."""

    @classmethod
    def of(
        cls, before: Sampled, after: Sampled, layers: list[int], languages: list[str]
    ) -> "_LogRatios":
        def estimates(sampled: Sampled) -> Array:
            wide = sampled.estimates.frame.pivot(
                index="layer", columns="language", values="average_signature"
            )
            return wide.reindex(index=layers, columns=languages).to_numpy(float)

        def starts(sampled: Sampled) -> Array:
            return replicate_cube(sampled.replicates.select(varied="start"), layers, languages)

        drawn, variance = resampled_cube(before.replicates, layers, languages)
        return cls(
            _log_ratios(estimates(before), estimates(after)),
            _log_ratios(drawn, resampled_cube(after.replicates, layers, languages)[0]),
            _log_ratios(starts(before), starts(after)),
            variance,
        )

    def of_kind(self, kind: str) -> "_LogRatios":
        """Changes or relative changes, with their mean over the layers as another layer."""
        return _LogRatios(
            _of_kind(self.estimate, kind),
            _of_kind(self.sentences, kind),
            _of_kind(self.starts, kind),
            self.variance,
        )


def _log_ratios(before: Array, after: Array) -> Array:
    """Logarithms of after over before ``[replicates, ...]``; missing if one is not positive."""
    number = min(len(before), len(after))
    ratios: Array = logarithms(after[:number]) - logarithms(before[:number])
    return ratios


def _of_kind(change: Array, kind: str) -> Array:
    """Changes or relative changes, with their mean, ``[..., layers + 1, languages]``."""
    if kind == "relative":
        others = (change.sum(-1, keepdims=True) - change) / (change.shape[-1] - 1)
        change = change - others
    return np.concatenate([change, change.mean(-2, keepdims=True)], axis=-2)


def _intervals(
    changes: Sequence[_LogRatios], layers: list[int], languages: list[str]
) -> pd.DataFrame:
    """Mean changes with their intervals; rows by layer, with the mean last, and language."""
    estimates = np.array([change.estimate for change in changes])
    number = len(changes)
    between, freedom = variance_of(estimates)
    seeds = between / number, freedom
    sentences = (
        np.mean([change.variance(change.sentences)[0] for change in changes], axis=0),
        sum(len(change.sentences) - 1 for change in changes),
    )
    starts = (
        np.mean([variance_of_starts(change.starts)[0] for change in changes], axis=0) / number,
        sum(len(change.starts) - 1 for change in changes),
    )
    half = half_width([seeds, sentences, starts])
    mean = estimates.mean(0)
    columns = {
        "estimate": mean,
        "low": mean - half,
        "high": mean + half,
        "half_width_seeds": half_width([seeds]) if number > 1 else np.full_like(mean, np.nan),
        "half_width_sentences": half_width([sentences]),
    }
    cells = [("layer", layer) for layer in layers] + [("mean", None)]
    frame = pd.DataFrame(
        [(*cell, language) for cell in cells for language in languages],
        columns=["scope", "layer", "language"],
    )
    return frame.assign(**{name: values.ravel() for name, values in columns.items()})
