"""``langsig price``: what a run costs."""

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from langsig.commands.options import Subparsers, add_set_option

if TYPE_CHECKING:
    from langsig.repository.price import ModelCost, RunCost


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "price",
        help="estimate what a run costs",
        description="Calculate what a run costs: parameters, FLOPs, GPU hours, memory and disk "
        "space. FLOPs are exact for sequences of one length. Hours, activations, and sizes of "
        "data that are not available yet are estimates. Nothing is downloaded, built or trained.",
    )
    parser.add_argument(
        "preset",
        nargs="?",
        metavar="PRESET",
        help="name of a file in conf/, without .yaml (default: params.yaml)",
    )
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--gpu", metavar="NAME", help="GPU to use (default: all that are known)")
    device.add_argument("--tflops", type=float, help="16-bit peak of another GPU")
    parser.add_argument(
        "--utilisation",
        type=float,
        default=0.35,
        help="share of the peak that training reaches (default: 0.35)",
    )
    parser.add_argument(
        "--vocabulary", type=int, help="number of entries of a tokenizer that is not on this disk"
    )
    parser.add_argument(
        "--languages", type=int, help="number of languages (default: that of the parameters)"
    )
    parser.add_argument(
        "--length",
        type=int,
        help="mean number of sub-words per sequence (default: pack.max_length; single sentences "
        "are shorter)",
    )
    add_set_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Calculate the cost and print it."""
    from langsig.parameters import preset_path, read_resolved, validated
    from langsig.repository.price import price
    from langsig.repository.processes import relative_root

    root, preset = relative_root(), arguments.preset
    path = preset_path(preset, root / "conf") if preset else root / "params.yaml"
    cost = price(
        validated(read_resolved(path, arguments.settings)),
        _peaks(arguments.gpu, arguments.tflops),
        utilisation=arguments.utilisation,
        vocabulary=arguments.vocabulary,
        languages=arguments.languages,
        mean_length=arguments.length,
        root=root,
    )
    print(json.dumps(cost.to_dict(), indent=2) if arguments.json else layout(cost))


def layout(cost: "RunCost") -> str:
    """The cost as a table for the terminal."""
    count, disk = cost.languages, cost.disk
    heads = ["each control", f"{count} controls", "experimental", "together"]
    if cost.control is None:
        heads = ["experimental"]
    lines = [
        f"{count} languages; vocabulary {cost.vocabulary:,}; {cost.launch.processes} process(es), "
        f"{cost.mean_length} sub-words per sequence",
        "",
        f"{'':34}" + "".join(f"{head:>16}" for head in heads),
        _row(cost, "mixed precision", lambda model: model.mixed_precision, _yes_or_no),
        _row(cost, "parameters", lambda model: model.parameters, _number),
        _row(cost, "steps", lambda model: model.steps, _number),
        _row(cost, "tokens per step, at most", lambda model: model.tokens_per_step, _number),
        _sums(cost, "tokens, all steps", lambda model: model.tokens, _short),
        _sums(cost, "FLOPs: body", lambda model: model.flops.body, _short),
        _sums(cost, "  attention", lambda model: model.flops.attention, _short),
        _sums(cost, "  output where masked", lambda model: model.flops.output, _short),
        _sums(cost, "  total", lambda model: model.flops.total, _short),
        _sums(cost, "  all layers everywhere", lambda model: model.flops.total_everywhere, _short),
        *(
            _sums(
                cost,
                f"GPU hours, {name} (estimate)",
                _hours_on(name),
                _hours,
            )
            for name in cost.experimental.gpu_hours
        ),
        _row(cost, "memory per GPU: weights", lambda model: model.memory.weights, _size),
        _row(cost, "  gradients", lambda model: model.memory.gradients, _size),
        _row(cost, "  Adam's moments", lambda model: model.memory.moments, _size),
        _row(cost, "  activations (estimate)", lambda model: model.memory.activations, _size),
        _row(cost, "  logits where masked (estimate)", lambda model: model.memory.logits, _size),
        _row(cost, "  total (estimate)", lambda model: model.memory.total, _size),
        _row(cost, "  with logits everywhere", lambda model: model.memory.total_everywhere, _size),
        "",
        f"{'disk: sequences, at most':34}{_size(disk.sequences):>16}",
        f"{'  checkpoints':34}{_size(disk.checkpoints):>16}",
        f"{'  hidden states':34}{_size(disk.states):>16}  {disk.words:,} words",
        f"{'    per million words':34}{_size(disk.states_per_million_words):>16}",
        f"{'  covariances, at most':34}{_size(disk.covariances):>16}",
        f"{'  sums for learned signatures':34}{_size(disk.residuals):>16}",
        "",
        f"GPU hours are the sum over all GPUs, for training only. They assume "
        f"{cost.utilisation:.0%} of the 16-bit peak, which small batches do not reach.",
    ]
    if disk.languages_without_words:
        lines.append(
            f"Hidden states do not include {disk.languages_without_words} languages whose "
            "treebanks are not available."
        )
    if not all(model.mixed_precision for model in (cost.control, cost.experimental) if model):
        lines.append(
            "Without mixed precision (accelerate's settings, or precision in the recipe), training "
            "on a GPU takes longer."
        )
    return "\n".join(lines)


def _peaks(gpu: str | None, tflops: float | None) -> dict[str, float]:
    """Peaks in TFLOPS, by name, of the GPUs to calculate hours for."""
    from langsig.errors import InputError
    from langsig.pretraining.pricing import PEAK_TFLOPS

    if tflops is not None:
        return {f"{tflops:g} TFLOPS": tflops}
    if gpu is None:
        return PEAK_TFLOPS
    if gpu not in PEAK_TFLOPS:
        raise InputError(
            f"--gpu must be one of {', '.join(PEAK_TFLOPS)}, got {gpu!r}; "
            "for another one, give --tflops"
        )
    return {gpu: PEAK_TFLOPS[gpu]}


def _row(
    cost: "RunCost",
    name: str,
    value: "Callable[[ModelCost], float]",
    text: Callable[[float], str],
) -> str:
    """A line with a number of each control, if there are any, and of the experimental model."""
    controls = f"{text(value(cost.control)):>16}{'':16}" if cost.control else ""
    return f"{name:34}{controls}{text(value(cost.experimental)):>16}"


def _sums(
    cost: "RunCost",
    name: str,
    value: "Callable[[ModelCost], float]",
    text: Callable[[float], str],
) -> str:
    """A line with a number that adds up over models."""
    cells = [value(cost.experimental)]
    if cost.control:
        control = value(cost.control)
        controls = cost.languages * control
        cells = [control, controls, *cells, controls + cells[0]]
    return f"{name:34}" + "".join(f"{text(number):>16}" for number in cells)


def _hours_on(gpu: str) -> "Callable[[ModelCost], float]":
    return lambda model: model.gpu_hours[gpu]


def _yes_or_no(value: float) -> str:
    return "yes" if value else "no"


def _number(value: float) -> str:
    return f"{value:,}"


def _short(value: float) -> str:
    return f"{value:.3g}"


def _hours(value: float) -> str:
    return f"{value:,.1f}" if value >= 0.1 else f"{value:.1g}"


def _size(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"
