"""The few numbers that are compared between revisions."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

ALL_WORDS = "Part of Speech"
"""The category whose slice is every word, as each bears a part of speech (paper, appendix C)."""
_DIGITS = 6  # significant; more would only compare rounding errors


def summary(
    averages: pd.DataFrame,
    trends: pd.DataFrame,
    spread: pd.DataFrame,
    factorizations: pd.DataFrame,
    learning: Mapping[str, Mapping[str, Any]],
    *,
    baselines: Mapping[str, Any],
) -> dict[str, Any]:
    """Metrics of all words: nested dictionaries of plain numbers, missing ones left out.

    Parameters
    ----------
    averages, trends, spread
        Tables of the functions of these names.
    factorizations
        Columns ``category``, ``layer``, ``relative_error``, ``converged``,
        ``blueprint_condition``.
    learning
        By model: ``masked_cross_entropy``, ``unigram_cross_entropy``, ``gain``, ``learnt``.
    baselines
        What :func:`langsig.analysis.baseline_metrics` returns.
    """
    averages, trends, spread, factorizations = (
        table[table["category"] == ALL_WORDS]
        for table in (averages, trends, spread, factorizations)
    )
    averages = averages.assign(layer=averages["layer"].map("layer_{:02d}".format))
    spread = spread.assign(layer=spread["layer"].map("layer_{:02d}".format))
    fits = factorizations.assign(layer=factorizations["layer"].map("layer_{:02d}".format))
    fits = fits.set_index("layer")[["relative_error", "converged", "blueprint_condition"]]
    metrics: dict[str, Any] = _rounded(
        {
            "average_signature": {
                layer: rows.set_index("language")["average_signature"].to_dict()
                for layer, rows in averages.groupby("layer")
            },
            "trends": trends.set_index("language")[["tau", "p", "p_adjusted"]].to_dict("index"),
            "spread": spread.set_index("layer")["variance"].to_dict(),
            "factorization": fits.to_dict("index"),
            "baselines": baselines,
            "learning": learning,
        }
    )
    return metrics


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _rounded(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value


def report(metrics: Mapping[str, Any]) -> str:
    """The metrics as a table for the terminal: a row a language, a column a layer."""
    layers = sorted(metrics["average_signature"])
    languages = sorted({name for layer in layers for name in metrics["average_signature"][layer]})
    learning = metrics["learning"]
    heads = [f"{int(layer.removeprefix('layer_'))}" for layer in layers]
    lines = [
        "Average signature of all words, by language and layer (0: embeddings)",
        "",
        f"{'':10}" + "".join(f"{head:>9}" for head in heads)
        + f"{'tau':>8}{'p adj.':>9}   control model",
    ]  # fmt: skip
    for language in languages:
        values = [metrics["average_signature"][layer].get(language) for layer in layers]
        trend = metrics["trends"][language]
        lines.append(
            f"{language:10}"
            + "".join(_cell(value, 9, "#.3g") for value in values)
            + _cell(trend.get("tau"), 8, "+.2f")
            + _cell(trend.get("p_adjusted"), 9, ".3f")
            + f"   {_learnt(learning[language])}"
        )
    variances = [metrics["spread"].get(layer) for layer in layers]
    lines += [
        f"{'variance':10}" + "".join(_cell(value, 9, ".1e") for value in variances),
        "",
        f"experimental model: {_learnt(learning['experimental'])}",
        "tau, p adj.: Mann-Kendall trend over the layers, Benjamini-Hochberg over the languages.",
        "A control or experimental model that has not learnt says nothing about its language.",
        *_warnings(metrics["factorization"]),
    ]
    return "\n".join(lines)


def _warnings(factorization: Mapping[str, Mapping[str, Any]]) -> list[str]:
    unsettled = [layer for layer, fit in factorization.items() if not fit["converged"]]
    if not unsettled:
        return []
    worst = max(factorization[layer]["blueprint_condition"] for layer in unsettled)
    return [
        "",
        f"NOT CONVERGED in {len(unsettled)} of {len(factorization)} layers (condition of B up to "
        f"{worst:.0f}): the level of",
        "the signatures there depends on when the iterations were stopped; see docs/method.md.",
    ]


def _cell(value: float | None, width: int, form: str) -> str:
    return ("-" if value is None else format(value, form)).rjust(width)


def _learnt(learning: Mapping[str, Any]) -> str:
    verdict = "learnt" if learning["learnt"] else "NOT LEARNT"
    return f"{verdict}, {learning['gain']:+.2f} nat over token frequencies"
