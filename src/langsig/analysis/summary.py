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


def report(metrics: Mapping[str, Any]) -> str:
    """The metrics as a table for the terminal: a row a language, a column a layer."""
    layers = sorted(metrics["average_signature"])
    languages = sorted({name for layer in layers for name in metrics["average_signature"][layer]})
    learning, fits = metrics["learning"], metrics["factorization"]
    marks = {layer: "*" if fits[layer]["flags"] else "" for layer in layers}
    heads = [f"{int(layer.removeprefix('layer_'))}{marks[layer]}" for layer in layers]
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
        *_matched(metrics.get("layers", {})),
        *warnings({int(layer.removeprefix("layer_")): fit for layer, fit in fits.items()}),
        "",
        *_found(metrics["findings"]),
    ]
    return "\n".join(lines)


def warnings(fits: Mapping[int, Mapping[Any, Any]]) -> list[str]:
    """Lines that name the layers whose factorisation fails its own checks; none if none does.

    Parameters
    ----------
    fits
        By layer: ``flags``, and ``blueprint_condition``.
    """
    raised = {layer: fit for layer, fit in fits.items() if fit["flags"]}
    if not raised:
        return []
    worst = max(fit["blueprint_condition"] for fit in raised.values())
    lines = [
        "",
        f"* {len(raised)} of {len(fits)} factorisations fail their own checks (condition of B up "
        f"to {worst:.0f}), see docs/method.md:",
    ]
    for flag in dict.fromkeys(flag for fit in raised.values() for flag in fit["flags"].split("; ")):
        layers = [str(layer) for layer, fit in raised.items() if flag in fit["flags"]]
        lines.append(f"  {flag.upper()} in layers {', '.join(layers)}")
    return lines


def _matched(pairs: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Which layers were paired, where that is more than each with its own like."""
    shown = " ".join(f"{pair['control']}-{pair['experimental']}" for pair in pairs.values())
    return [f"Layers matched by relative depth, control-experimental: {shown}"] if pairs else []


def _found(findings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Whether each finding holds, by source and normalisation."""
    variants = list(dict.fromkeys(variant for rows in findings.values() for variant in rows))
    lines = [f"{'Beyond its 95 % interval?':26}" + "".join(f"{name:>38}" for name in findings)]
    for variant in variants:
        cells = (rows[variant]["holds"] if variant in rows else "-" for rows in findings.values())
        lines.append(f"{variant:26}" + "".join(f"{cell:>38}" for cell in cells))
    return lines if variants else []


def _cell(value: float | None, width: int, form: str) -> str:
    return ("-" if value is None else format(value, form)).rjust(width)


def _learnt(learning: Mapping[str, Any]) -> str:
    if "checkpoint" in learning:
        return f"{learning['checkpoint']}, as it is"
    verdict = "learnt" if learning["learnt"] else "NOT LEARNT"
    return f"{verdict}, {learning['gain']:+.2f} nat over token frequencies"
