"""The metrics of a run: the numbers that are compared between revisions.

This module alone knows their layout: ``metrics/summary.json`` and ``metrics/languages/*.json``.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from langsig.analysis.associations import Associations
from langsig.analysis.findings import DECREASES, variants_of_findings
from langsig.analysis.learned import learned_averages
from langsig.analysis.sets import PERMUTATION
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    AverageSignatures,
    BaselineAgreement,
    CategoryCounts,
    CategoryTrends,
    Correlations,
    Diagnostics,
    Findings,
    LearnedSignatures,
    RankSweep,
    ResidualReliability,
    ScoreCorrelations,
    Spread,
    TreeStatistics,
    Trends,
    VarianceTests,
    select_measure,
)
from langsig.terms import AVERAGE_SIGNATURE, SHARED

_CHECKS = (
    "relative_error",
    "converged",
    "blueprint_condition",
    "rank_correlation",
    "level_spread",
)
_DIGITS = 6  # significant digits; more would only compare rounding errors
_FITS = {"joint": "joint", "separate": "alone"}


def summary(
    *,
    averages: AverageSignatures,
    learned: LearnedSignatures,
    trends: Trends,
    category_trends: CategoryTrends,
    spread: Spread,
    diagnostics: Diagnostics,
    findings: Findings,
    agreement: BaselineAgreement,
    reliability: ResidualReliability,
    ranks: RankSweep,
    coverage: CategoryCounts,
    associations: Associations,
    learning: Mapping[str, Mapping[str, Any]],
    outcomes: pd.DataFrame,
) -> dict[str, Any]:
    """Build the metrics of a run.

    They are of all words, unless stated otherwise. Numbers have six significant digits, and
    missing ones are left out.

    Parameters
    ----------
    averages, trends, spread
        Become ``average_signature``, ``trends`` and ``spread``. Those of learned signatures are in
        ``learned``, by measure, with correlations, variance tests and trees.
    learned
        Learned signatures; they become ``value`` in ``learned``. Measures without levels have no
        entry there.
    category_trends, coverage
        Trends and numbers of languages of each category; become ``trends_by_category`` and
        ``coverage``.
    diagnostics
        Become ``factorization``. The layers of the two models become ``layers``, but only if they
        differ somewhere.
    findings
        Become ``findings``, by finding and variant, without the trends of single languages.
    agreement, reliability, ranks
        Become ``baselines``: agreement with each plainer measure, median over the layers;
        reliability of residuals, by layer; errors of the rank in use, by layer.
    associations
        Become ``correlations`` and ``benchmarks`` (with the mean over the layers),
        ``variance_tests`` (the permutation test) and ``trees`` (statistics of all words and of
        all categories combined, mean over the layers).
    learning
        By model: ``masked_cross_entropy``, ``unigram_cross_entropy``, ``gain``, ``learnt``; for a
        model that was not trained in this run only ``checkpoint``, its name. There may be no
        control models.
    outcomes
        Fit with its interval and outcomes, see :meth:`langsig.Profile.summary`; become
        ``outcomes``, by language.

    Returns
    -------
    dict
        Nested dictionaries of numbers and texts, for JSON.
    """
    of_fits = diagnostics.select(category=ALL_WORDS).frame
    published = select_measure(associations, AVERAGE_SIGNATURE)
    metrics: dict[str, Any] = {
        "average_signature": _averages(averages),
        "trends": _trends(trends.select(measure=AVERAGE_SIGNATURE)),
        "spread": _spread(spread.select(measure=AVERAGE_SIGNATURE)),
        "learned": {
            measure: {
                "value": _averages(values),
                "trends": _trends(trends.select(measure=measure)),
                "spread": _spread(spread.select(measure=measure)),
                **_associations(select_measure(associations, measure)),
            }
            for measure, values in learned_averages(learned).items()
        },
        "factorization": {layer_key(row["layer"]): _fit(row) for row in _records(of_fits)},
        "findings": _findings(findings),
        "baselines": _baselines(agreement, reliability, ranks),
        "learning": learning,
        "outcomes": {
            str(language): dict(row) for language, row in outcomes.rename(columns=str).iterrows()
        },
    }
    if (of_fits["control_layer"] != of_fits["experimental_layer"]).any():
        metrics["layers"] = {
            layer_key(row["layer"]): {
                "control": row["control_layer"],
                "experimental": row["experimental_layer"],
            }
            for row in _records(of_fits)
        }
    metrics |= {
        "coverage": coverage.frame.groupby("category")["enough"].sum().to_dict(),
        "trends_by_category": {
            row["category"]: _picked(row, "share_decreasing", "median_tau")
            for row in _records(category_trends.select(measure=AVERAGE_SIGNATURE).frame)
        },
        **_associations(published),
    }
    rounded: dict[str, Any] = _rounded(metrics)
    return rounded


def language_metrics(metrics: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The numbers of :func:`summary` that fit on one line per language.

    ``average_signature`` is the mean over the layers; ``tau`` and ``p_adjusted`` describe its
    trend. The gains of the control and of the experimental model, in nat over token frequencies,
    show what the models have learnt of the language; ``fit`` and ``transfer`` what the experimental
    model does in it. ``shared`` is that measure of the learned signature, mean over the layers.
    Missing numbers are left out. Some have two or three decimals, so that the line fits a terminal.
    """

    def short(value: float | None, decimals: int = 3) -> float | None:
        return None if value is None else round(float(value), decimals)

    averages = pd.DataFrame(metrics["average_signature"]).mean(axis=1)
    learned = metrics["learned"].get(SHARED, {"value": {}})["value"]
    shared = pd.DataFrame(learned).mean(axis=1)
    gains = metrics["learning"]["experimental"].get("gain_by_language", {})
    outcomes = metrics["outcomes"]
    return {
        language: _rounded(
            {
                "average_signature": average,
                "shared": short(shared.get(language)),
                "tau": short(metrics["trends"].get(language, {}).get("tau"), 2),
                "p_adjusted": metrics["trends"].get(language, {}).get("p_adjusted"),
                "control_gain": metrics["learning"].get(language, {}).get("gain"),
                "experimental_gain": gains.get(language),
                "fit": short(outcomes.get(language, {}).get("fit")),
                "transfer": short(outcomes.get(language, {}).get("transfer")),
            }
        )
        for language, average in zip(map(str, averages.index), averages, strict=True)
    }


def layer_key(layer: int) -> str:
    """The key of a layer in the metrics, such as ``layer_00``."""
    return f"layer_{layer:02d}"


def layer_number(key: str) -> int:
    """The layer that a key of the metrics such as ``layer_00`` names."""
    return int(key.removeprefix("layer_"))


def failed_checks_of(fit: Mapping[str, Any]) -> list[str]:
    """Names of the checks that a factorisation in the metrics fails; empty if it fails none."""
    return fit["flags"].split("; ") if fit["flags"] else []


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries of plain Python values."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _picked(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _averages(averages: AverageSignatures) -> dict[str, dict[str, float]]:
    """By layer, then by language."""
    nested: dict[str, dict[str, float]] = {}
    for row in _records(averages.select(category=ALL_WORDS).frame):
        values = nested.setdefault(layer_key(row["layer"]), {})
        values[row["language"]] = row["average_signature"]
    return nested


def _trends(trends: Trends) -> dict[str, dict[str, float]]:
    rows = _records(trends.select(category=ALL_WORDS).frame)
    return {row["language"]: _picked(row, "tau", "p", "p_adjusted") for row in rows}


def _fit(row: Mapping[str, Any]) -> dict[str, Any]:
    return _picked(row, *_CHECKS) | {"flags": "; ".join(Diagnostics.warnings_of(row))}


def _spread(spread: Spread) -> dict[str, float]:
    rows = _records(spread.select(category=ALL_WORDS).frame)
    return {layer_key(row["layer"]): row["variance"] for row in rows}


def _associations(associations: Associations) -> dict[str, Any]:
    """Correlations, tests of variances and trees of one measure."""
    metrics: dict[str, Any] = {
        "correlations": _correlations(associations.correlations.select(category=ALL_WORDS)),
        "variance_tests": _variance_tests(associations.variance_tests),
        "trees": _trees(associations.tree_statistics),
    }
    if associations.benchmarks is not None:
        metrics["benchmarks"] = _correlations(associations.benchmarks)
    return metrics


def _findings(findings: Findings) -> dict[str, dict[str, dict[str, Any]]]:
    """By finding, then by variant: estimate, interval, and whether it holds."""
    nested: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _records(findings.frame.assign(variant=variants_of_findings(findings))):
        of_language = row["scope"] == "language"
        if row["finding"] == DECREASES and of_language:
            continue
        name = f"{row['finding']}: {row['language']}" if of_language else row["finding"]
        nested.setdefault(name, {})[row["variant"]] = _picked(
            row, "estimate", "low", "high", "holds"
        )
    return nested


def _baselines(
    agreement: BaselineAgreement, reliability: ResidualReliability, ranks: RankSweep
) -> dict[str, Any]:
    of_measures = agreement.select(category=ALL_WORDS).frame.groupby("measure")["spearman"]
    return {
        "spearman": of_measures.median().to_dict(),
        "beyond_svd": {
            layer_key(row["layer"]): _picked(row, "explained", "between_starts", "correlation", "p")
            for row in _records(reliability.frame)
        },
        "error": {
            layer_key(row["layer"]): _picked(row, "relative_error", "shared_pca_error", "svd_error")
            for row in _records(ranks.select(in_use=True).frame)
        },
    }


def _correlations(table: Correlations | ScoreCorrelations) -> dict[str, dict[str, Any]]:
    """By property, or by task, metric and model: the correlation with the mean over the layers."""
    keys = ["property"] if isinstance(table, Correlations) else ["task", "metric", "model"]
    return {
        ", ".join(row[key] for key in keys): _picked(row, "pearson", "n", "p_adjusted")
        for row in _records(table.select(scope="mean").frame)
    }


def _variance_tests(tests: VarianceTests) -> dict[str, dict[str, dict[str, Any]]]:
    """By kind of factorisation, set and layer: results of the permutation test."""
    nested: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _records(tests.select(category=ALL_WORDS, test=PERMUTATION).frame):
        of_set = nested.setdefault(_FITS[row["fit"]], {}).setdefault(row["related"], {})
        of_set[layer_key(row["layer"])] = _picked(row, "ratio", "p_adjusted")
    return nested


def _trees(statistics: TreeStatistics) -> dict[str, dict[str, Any]]:
    scopes = {
        "all words": statistics.select(scope="category", category=ALL_WORDS),
        "all categories": statistics.select(scope="combined"),
    }
    return {name: _mean_statistics(table) for name, table in scopes.items()}


def _mean_statistics(statistics: TreeStatistics) -> dict[str, dict[str, float]]:
    groups = statistics.frame.groupby("statistic", sort=False)[["value", "expected"]]
    rows = _records(groups.mean().reset_index())
    return {row["statistic"]: _picked(row, "value", "expected") for row in rows}


def _rounded(value: Any) -> Any:
    """Numbers with six significant digits; missing ones are left out of their dictionary."""
    if isinstance(value, Mapping):
        kept = {key: _rounded(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
