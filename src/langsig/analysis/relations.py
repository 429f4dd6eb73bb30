"""What goes with signatures: properties of languages, relatives, benchmark scores."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from langsig.analysis.benchmarks import score_correlations
from langsig.analysis.correlations import correlations
from langsig.analysis.distances import COMBINED, combined_distances
from langsig.analysis.facts import LanguageFacts
from langsig.analysis.measure_tests import measure_tests, measures
from langsig.analysis.sets import PERMUTATION, variance_tests, variance_tests_alone
from langsig.analysis.trees import trees
from langsig.morphology import ALL_WORDS
from langsig.schemas import Signatures

ABSENCES = "absences of categories"
"""Stands for the category of trees by nothing but which categories languages lack."""
_NAMES = {ALL_WORDS: "all words", COMBINED: COMBINED}


def relations(
    signatures: pd.DataFrame,
    *,
    alone: pd.DataFrame,
    baselines: pd.DataFrame,
    estimates: pd.DataFrame,
    properties: pd.DataFrame,
    facts: LanguageFacts,
    layers: Collection[int],
    diverse: Collection[str],
    related: Mapping[str, Collection[str]],
    **tests: Any,
) -> dict[str, pd.DataFrame]:
    """All tables of what goes with signatures, by name.

    Parameters
    ----------
    signatures
        Columns ``category``, ``layer``, ``language``, ``component``, ``value``.
    alone
        Average signatures of sets factorised by themselves, see
        :func:`langsig.analysis.variance_tests_alone`.
    baselines, estimates
        As in :func:`langsig.analysis.measures`.
    properties
        What :func:`langsig.analysis.language_properties` returns.
    layers, diverse, related
        As in :func:`langsig.analysis.variance_tests`.
    tests
        ``min_languages``, ``permutations`` and ``seed`` of all tests.

    Returns
    -------
    dict
        ``languages`` (of the facts), ``properties``, ``correlations``, ``distances``, ``trees``,
        ``tree_statistics``, ``variance_tests`` (with a column ``fit``: ``joint`` or ``alone``),
        ``measure_tests`` and, where the facts have scores, ``benchmarks``: what the functions of
        these names return. Trees are also of all categories together, and of their absences only.
    """
    averages = Signatures(signatures).average().frame
    by_genus = {"genera": facts.genera, **tests}
    sets: dict[str, Any] = {"layers": layers, "diverse": diverse, "related": related, **tests}
    distances = Signatures(signatures).distances().frame.drop(columns="scope")
    named: dict[str, Any] = {
        "languages": facts.languages["language"], "categories": averages["category"].unique()
    }  # fmt: skip
    combined = combined_distances(distances, **named)
    absences = combined_distances(distances.assign(distance=0.0), **named)
    grown = trees(
        pd.concat([distances, combined, absences.assign(category=ABSENCES)]),
        facts.languages,
        reference=facts.tree,
        **tests,
    )
    tables = {
        "languages": facts.languages,
        "properties": properties,
        "correlations": correlations(averages, properties, **by_genus),
        "distances": pd.concat([distances, combined], ignore_index=True),
        "trees": grown.newicks,
        "tree_statistics": grown.statistics,
        "variance_tests": pd.concat(
            [
                variance_tests(averages, **sets).assign(fit="joint"),
                variance_tests_alone(alone, **sets).assign(fit="alone"),
            ],
            ignore_index=True,
        ),
        "measure_tests": measure_tests(
            measures(averages, baselines, estimates), properties, facts.scores, **by_genus
        ),
    }
    if facts.scores is not None:
        all_words = averages[averages["category"] == ALL_WORDS]
        tables["benchmarks"] = score_correlations(all_words, facts.scores, **by_genus)
    return tables


def relation_metrics(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Of all words, by the keys of ``metrics/summary.json``.

    Parameters
    ----------
    tables
        ``coverage``, ``trends_by_category``, ``correlations``, ``variance_tests``,
        ``tree_statistics`` and, where there are scores, ``benchmarks``: what the functions of
        these names return.

    Returns
    -------
    dict
        ``coverage``: languages with enough words, by category. ``trends_by_category``: share of
        languages that decrease, and median tau. ``correlations`` with each property, and
        ``benchmarks``, by task, metric and model: of the means over the layers, with n and adjusted
        p. ``variance_tests``: ratio and adjusted p of the permutation test, by fit, set and layer.
        ``trees``: mean over the layers of each statistic, and what is expected by chance.
    """
    shares = tables["trends_by_category"].set_index("category")
    metrics = {
        "coverage": tables["coverage"].groupby("category")["enough"].sum().to_dict(),
        "trends_by_category": shares[["share_decreasing", "median_tau"]].to_dict("index"),
        "correlations": _correlations(
            tables["correlations"].query("category == @ALL_WORDS"), ["property"]
        ),
        "variance_tests": _sets(tables["variance_tests"].query("category == @ALL_WORDS")),
        "trees": _trees(tables["tree_statistics"]),
    }
    if "benchmarks" in tables:
        metrics["benchmarks"] = _correlations(tables["benchmarks"], ["task", "metric", "model"])
    return metrics


def _correlations(table: pd.DataFrame, keys: list[str]) -> dict[str, Any]:
    means = table[table["layer"].isna()]
    names = means[keys].agg(", ".join, axis=1)
    numbers = means[["pearson", "n", "p_adjusted"]].to_dict("records")
    return dict(zip(names, numbers, strict=True))


def _sets(table: pd.DataFrame) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for row in table[table["test"] == PERMUTATION].to_dict("records"):
        of_fit = nested.setdefault(row["fit"], {}).setdefault(row["related"], {})
        of_fit[f"layer_{row['layer']:02d}"] = {key: row[key] for key in ("ratio", "p_adjusted")}
    return nested


def _trees(table: pd.DataFrame) -> dict[str, Any]:
    return {
        name: table[table["category"] == category]
        .groupby("statistic", sort=False)[["value", "expected"]]
        .mean()
        .to_dict("index")
        for category, name in _NAMES.items()
    }
