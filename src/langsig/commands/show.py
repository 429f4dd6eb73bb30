"""``langsig show``: the metrics of a run as a table."""

import argparse
import json
from collections.abc import Mapping
from statistics import fmean
from typing import Any

from langsig.commands.layout import cell, failed_checks
from langsig.commands.options import Subparsers, input_path
from langsig.errors import InputError
from langsig.terms import SHARED

_OUTCOMES = {
    "fit": "fit",
    "transfer": "transfer",
    "probe": "probe",
    "selectivity": "selective",
    "retrieval": "retrieval",
}
"""Numbers of the experimental model in each language, and their heads."""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "show",
        help="print the metrics of a run as a table",
        description="Print the metrics of a run: average signatures by language and layer with "
        "their trend, what the models have learnt, and which findings hold.",
    )
    parser.add_argument(
        "metrics",
        type=input_path,
        metavar="FILE",
        help="metrics to print: metrics/summary.json of a run",
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Read the metrics and print them."""
    from langsig.files import is_device

    if is_device(arguments.metrics):
        raise InputError(
            f"{arguments.metrics}: is a device; name the metrics/summary.json of a run"
        )
    try:
        metrics = json.loads(arguments.metrics.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{arguments.metrics}: cannot read metrics: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{arguments.metrics}: not JSON ({error}); name the metrics/summary.json of a run"
        ) from error
    try:
        text = layout(metrics)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{arguments.metrics}: not the metrics of a run ({error!r}); "
            "name the metrics/summary.json of a run"
        ) from error
    print(text)


def layout(metrics: Mapping[str, Any]) -> str:
    """The metrics of :func:`langsig.analysis.summary` as tables for the terminal.

    The first table has one row per language and one column per layer. The second has one row per
    finding, one column per source and normalisation, and one for learned signatures.
    """
    from langsig.analysis import failed_checks_of, layer_number

    layers = sorted(metrics["average_signature"])
    languages = sorted({name for layer in layers for name in metrics["average_signature"][layer]})
    learning, fits = metrics["learning"], metrics["factorization"]
    has_controls = learning.keys() != {"experimental"}
    outcomes = metrics.get("outcomes", {})  # runs of earlier versions have none
    columns = {name: (head, max(len(head), 5) + 2) for name, head in _OUTCOMES.items() if outcomes}
    shared = _shared(metrics)
    failures = {layer_number(layer): failed_checks_of(fit) for layer, fit in fits.items()}
    numbers = [layer_number(layer) for layer in layers]
    heads = [f"{number}{'*' if failures[number] else ''}" for number in numbers]
    lines = [
        f"{'layer':10}"
        + "".join(f"{head:>9}" for head in heads)
        + f"{'tau':>7}{'p adj.':>8}"
        + (f"{SHARED:>8}" if shared else "")
        + (f"{'gain':>8}" if has_controls else "")
        + "".join(f"{head:>{width}}" for head, width in columns.values()),
    ]
    for language in languages:
        values = [metrics["average_signature"][layer].get(language) for layer in layers]
        trend = metrics["trends"][language]
        lines.append(
            f"{language:10}"
            + "".join(cell(value, 9, "#.3g") for value in values)
            + cell(trend.get("tau"), 7, "+.2f")
            + cell(trend.get("p_adjusted"), 8, ".3f")
            + (cell(shared.get(language), 8, ".3f") if shared else "")
            + (_gain(learning[language]) if has_controls else "")
            + "".join(
                cell(outcomes.get(language, {}).get(name), width, ".2f")
                for name, (_, width) in columns.items()
            )
        )
    variances = [metrics["spread"].get(layer) for layer in layers]
    conditions = [
        fits[layer]["blueprint_condition"] for layer in fits if failed_checks_of(fits[layer])
    ]
    lines += [
        f"{'variance':10}" + "".join(cell(value, 9, ".1e") for value in variances),
        f"experimental model: {_learning(learning['experimental'])}"
        + ("; fit to retrieval: means over its inner layers" if outcomes else ""),
        "average signature of all words by layer (0: embeddings); tau: its trend (Mann-Kendall); p "
        "adj.: over languages"
        + ("; shared: learned, mean of layers" if shared else "")
        + ("; gain: control, nat" if has_controls else ""),
        *_not_learnt(learning),
        *_matched_layers(metrics.get("layers", {})),
        *failed_checks(failures, max(conditions, default=0.0)),
        *_findings(metrics["findings"]),
    ]
    return "\n".join(lines)


def _matched_layers(pairs: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Which layers were paired; the metrics say so only where models differ in depth."""
    shown = " ".join(f"{pair['control']}-{pair['experimental']}" for pair in pairs.values())
    return [f"Layers matched by relative depth, control-experimental: {shown}"] if pairs else []


def _gain(learning: Mapping[str, Any]) -> str:
    """What a control model has gained over token frequencies, marked if that is too little."""
    mark = "" if learning["learnt"] else "!"
    return f"{learning['gain']:+.2f}{mark}".rjust(8)


def _not_learnt(learning: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What to think of models that have not learnt, if there are any."""
    names = [name for name, model in learning.items() if not model.get("learnt", True)]
    if not names:
        return []
    return [
        f"! NOT LEARNT: {', '.join(names)}. A model that has not learnt says nothing about its "
        "languages."
    ]


def _shared(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Mean over the layers of what was learnt and is shared, by language; empty if unknown."""
    learned = metrics.get("learned", {})  # runs of earlier versions have none
    if SHARED not in learned:
        return {}
    first, *others = learned[SHARED]["value"].values()
    return {
        language: fmean([value, *(values[language] for values in others)])
        for language, value in first.items()
        if all(language in values for values in others)
    }


def _findings(findings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Whether each finding holds, by source and normalisation, and with learned signatures."""
    variants = list(dict.fromkeys(variant for rows in findings.values() for variant in rows))
    variants = [variant for variant in variants if ", " in variant or variant == SHARED]
    if not variants:
        return []
    heads = [variant.replace(", none", "").replace(", variance", "/v") for variant in variants]
    rows = {"Holds at 95 %? /v: unit variance": heads}
    for name, results in findings.items():
        rows[name] = [results.get(variant, {}).get("holds", "-") for variant in variants]
    return [f"{head:34}" + "".join(f"{text:>14}" for text in rows[head]) for head in rows]


def _learning(learning: Mapping[str, Any]) -> str:
    """Whether a model has learnt, in words."""
    if "checkpoint" in learning:
        batching = learning.get("batching", "padded")
        run = "" if batching == "padded" else f", sentences run {batching}"
        return f"{learning['checkpoint']}, not trained here{run}"
    verdict = "learnt" if learning["learnt"] else "NOT LEARNT"
    return f"{verdict}, {learning['gain']:+.2f} nat over token frequencies"
