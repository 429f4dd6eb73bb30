"""The few numbers of what goes with signatures that are compared between revisions."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from langsig.analysis.distances import COMBINED
from langsig.analysis.sets import PERMUTATION
from langsig.analysis.summary import ALL_WORDS

_NAMES = {ALL_WORDS: "all words", COMBINED: COMBINED}


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
    return means.set_index(names)[["pearson", "n", "p_adjusted"]].to_dict("index")


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
