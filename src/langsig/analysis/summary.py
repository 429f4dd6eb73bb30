"""The numbers that are compared between revisions."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from langsig.analysis.findings import DECREASES
from langsig.morphology import ALL_WORDS

_CHECKS = [
    "relative_error", "converged", "blueprint_condition", "rank_correlation", "level_spread",
    "flags",
]  # fmt: skip
_LAYERS = ["control_layer", "experimental_layer"]
_DIGITS = 6  # significant; more would only compare rounding errors


def summary(
    averages: pd.DataFrame,
    trends: pd.DataFrame,
    spread: pd.DataFrame,
    factorizations: pd.DataFrame,
    learning: Mapping[str, Mapping[str, Any]],
    *,
    findings: pd.DataFrame,
    baselines: Mapping[str, Any],
    relations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Metrics of all words: nested dictionaries of plain numbers, missing ones left out.

    Parameters
    ----------
    averages, trends, spread
        Tables of the functions of these names.
    factorizations
        Columns ``category``, ``layer``, ``relative_error``, ``converged``,
        ``blueprint_condition``, ``rank_correlation``, ``level_spread``, ``flags``; and the layers
        that were paired, ``control_layer`` and ``experimental_layer``, which become metrics only
        where models differ in depth.
    learning
        By model: ``masked_cross_entropy``, ``unigram_cross_entropy``, ``gain``, ``learnt``; of a
        model that was not trained here only ``checkpoint``, its name.
    findings
        What :func:`langsig.analysis.findings` returns; of its rows on trends only those on all
        languages together are taken.
    baselines
        What :func:`langsig.analysis.baseline_metrics` returns.
    relations
        What :func:`langsig.analysis.relation_metrics` returns.
    """
    averages, trends, spread, factorizations = (
        table[table["category"] == ALL_WORDS]
        for table in (averages, trends, spread, factorizations)
    )
    averages = averages.assign(layer=averages["layer"].map("layer_{:02d}".format))
    spread = spread.assign(layer=spread["layer"].map("layer_{:02d}".format))
    fits = factorizations.assign(layer=factorizations["layer"].map("layer_{:02d}".format))
    fits = fits.set_index("layer")
    pairs = fits[_LAYERS].rename(columns=lambda name: name.removesuffix("_layer"))
    fits = fits[_CHECKS].fillna({"flags": ""})
    metrics: dict[str, Any] = _rounded(
        {
            "average_signature": {
                layer: rows.set_index("language")["average_signature"].to_dict()
                for layer, rows in averages.groupby("layer")
            },
            "trends": trends.set_index("language")[["tau", "p", "p_adjusted"]].to_dict("index"),
            "spread": spread.set_index("layer")["variance"].to_dict(),
            "factorization": fits.to_dict("index"),
            "findings": _nested(findings),
            "baselines": baselines,
            "learning": learning,
            **({"layers": pairs.to_dict("index")} if pairs.nunique(axis=1).gt(1).any() else {}),
            **(relations or {}),
        }
    )
    return metrics


def by_language(metrics: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The numbers of :func:`summary` that fit on one line a language, missing ones left out.

    ``average_signature`` is the mean over the layers, ``tau`` and ``p_adjusted`` are of their
    trend, and the gains, in nat over token frequencies, say what the models have learnt of the
    language: its control, and the experimental model.
    """
    averages = pd.DataFrame(metrics["average_signature"]).mean(axis=1)
    gains = metrics["learning"]["experimental"].get("gain_by_language", {})
    return {
        language: _rounded(
            {
                "average_signature": average,
                "tau": metrics["trends"].get(language, {}).get("tau"),
                "p_adjusted": metrics["trends"].get(language, {}).get("p_adjusted"),
                "control_gain": metrics["learning"][language].get("gain"),
                "experimental_gain": gains.get(language),
            }
        )
        for language, average in zip(map(str, averages.index), averages, strict=True)
    }


def _nested(findings: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """By finding, then by source and normalisation: estimate, interval, and whether it holds."""
    nested: dict[str, dict[str, dict[str, Any]]] = {}
    for row in findings.to_dict("records"):
        language = row["subject"].partition(" < ")[0]
        if row["finding"] == DECREASES and language != "all":
            continue
        name = row["finding"] if language == "all" else f"{row['finding']}: {language}"
        variant = f"{row['source']}, {row['normalise']}"
        numbers = {key: row[key] for key in ("estimate", "low", "high", "holds")}
        nested.setdefault(name, {})[variant] = numbers
    return nested


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _rounded(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value


def layer_number(key: str) -> int:
    """The layer that a key of the metrics such as ``layer_00`` names."""
    return int(key.removeprefix("layer_"))


def failed_checks_of(fit: Mapping[str, Any]) -> list[str]:
    """Names of the checks that a factorisation in the metrics fails; empty if it fails none."""
    return fit["flags"].split("; ") if fit["flags"] else []
