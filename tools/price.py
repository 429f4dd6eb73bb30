"""What a preset costs before it is run: parameters, FLOPs, GPU hours, memory, disk.

FLOPs are exact for sequences of full length; hours, activations and sizes of what is not there
yet are estimates. Nothing is downloaded, built or trained.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from langsig.corpora import load_tokenizer
from langsig.errors import InputError
from langsig.morphology import CATEGORIES, Words
from langsig.parameters import preset_path, read_resolved, validated
from langsig.pretraining import ModelShape, pricing

ROOT = Path(__file__).parent.parent
ROLES = ("control", "experimental")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make price", description=__doc__)
    parser.add_argument("preset", nargs="?", help="name of a file in conf/; else params.yaml")
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--gpu", choices=pricing.PEAK_TFLOPS, help="else all of these")
    device.add_argument("--tflops", type=float, help="16-bit peak of another GPU")
    parser.add_argument("--utilisation", type=float, default=0.35, help="share of the peak (.35)")
    parser.add_argument("--vocabulary", type=int, help="entries of a tokenizer not on this disk")
    parser.add_argument("--languages", type=int, help="so many, instead of the preset's")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        params = load_preset(arguments.preset, arguments.changes)
        found = price(
            with_languages(params, arguments.languages),
            peaks(arguments.gpu, arguments.tflops),
            utilisation=arguments.utilisation,
            vocabulary=arguments.vocabulary,
        )
    except InputError as error:
        sys.exit(f"error: {error}")
    print(json.dumps(found, indent=2) if arguments.json else table(found))


def load_preset(preset: str | None, changes: Iterable[str] = ()) -> dict[str, Any]:
    """The parameters of a preset, or those of ``params.yaml``, with changes ``KEY=VALUE``."""
    path = preset_path(preset, ROOT / "conf") if preset else ROOT / "params.yaml"
    return validated(read_resolved(path, changes)).model_dump()


def with_languages(params: dict[str, Any], count: int | None) -> dict[str, Any]:
    """The parameters with so many languages, of which nothing is on this disk."""
    if count is None:
        return params
    if count < 1:
        raise InputError(f"--languages: {count} is not positive")
    nowhere = {"treebank": "nowhere"}
    return params | {"languages": {f"language {n}": nowhere for n in range(count)}}


def peaks(gpu: str | None, tflops: float | None) -> dict[str, float]:
    """TFLOPS of the GPUs asked for, by name."""
    if tflops is not None:
        return {f"{tflops:g} TFLOPS": tflops}
    return {name: peak for name, peak in pricing.PEAK_TFLOPS.items() if gpu in (None, name)}


def price(
    params: dict[str, Any],
    tflops: dict[str, float],
    *,
    utilisation: float,
    vocabulary: int | None = None,
) -> dict[str, Any]:
    """All that a run costs, as plain numbers: a model of each role, all controls, disk."""
    entries = vocabulary_of(params["tokenizer"], vocabulary)
    launch = load_launch(params["pretraining"]["launch"])
    plans = {role: plan_of(params, role, entries, launch) for role in ROLES}
    models = {role: price_of_model(plan, tflops, utilisation) for role, plan in plans.items()}
    return {
        "languages": len(params["languages"]),
        "vocabulary": entries,
        "processes": launch["num_processes"],
        "mixed_precision": launch["mixed_precision"],
        "length": params["pack"]["max_length"],
        "utilisation": utilisation,
        "models": models,
        "disk": price_of_disk(params, plans),
    }


def vocabulary_of(options: dict[str, Any], given: int | None) -> int:
    """Entries of the tokenizer: given, trained, on disk, or known by name."""
    name = options["existing"]
    if given is not None:
        return given
    if name is None:
        return int(options["vocabulary"])
    if (ROOT / name).is_dir():
        return len(load_tokenizer(ROOT / name))
    if name in pricing.KNOWN_VOCABULARIES:
        return pricing.KNOWN_VOCABULARIES[name]
    raise InputError(f"tokenizer.existing: {name} is not on this disk; add --vocabulary N")


def load_launch(command: str) -> dict[str, Any]:
    """How the training would be started: number of processes, and precision."""
    if "accelerate" not in command.split():
        return {"num_processes": 1, "mixed_precision": "no"}
    path = command.split()[-1]
    if not (ROOT / path).is_file():
        raise InputError(f"pretraining.launch: no file {path}")
    launch: dict[str, Any] = YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))
    missing = {"num_processes", "mixed_precision"} - launch.keys()
    if missing:
        raise InputError(f"{path}: no {', '.join(sorted(missing))}")
    return launch


def plan_of(
    params: dict[str, Any], role: str, vocabulary: int, launch: dict[str, Any]
) -> pricing.Plan:
    options = params["pretraining"][role]
    recipe = ("steps", "batch_size", "accumulation", "masking")
    return pricing.Plan(
        shape=ModelShape(**options["model"]),
        vocabulary=vocabulary,
        length=params["pack"]["max_length"],
        processes=launch["num_processes"],
        mixed_precision=launch["mixed_precision"] != "no",
        **{name: options["recipe"][name] for name in recipe},
    )


def price_of_model(
    plan: pricing.Plan, tflops: dict[str, float], utilisation: float
) -> dict[str, Any]:
    flops, memory = pricing.training_flops(plan), pricing.training_memory(plan)
    return {
        "parameters": pricing.count_parameters(plan.shape, plan.vocabulary, plan.length),
        "steps": plan.steps,
        "tokens_per_step": plan.tokens_per_step,
        "tokens": plan.tokens,
        "flops": {
            **asdict(flops),
            "total": flops.total,
            "total_everywhere": flops.total_everywhere,
        },
        "gpu_hours": {
            name: pricing.gpu_hours(flops.total, peak, utilisation) for name, peak in tflops.items()
        },
        "memory": {
            **asdict(memory),
            "total": memory.total,
            "total_everywhere": memory.total_everywhere,
        },
    }


def price_of_disk(params: dict[str, Any], plans: dict[str, pricing.Plan]) -> dict[str, Any]:
    """Bytes of the large artifacts of all languages together."""
    control, experimental = plans["control"], plans["experimental"]
    shapes = control.shape, experimental.shape
    words = {name: words_of(name, item) for name, item in params["languages"].items()}
    known = [count for count in words.values() if count is not None]
    itemsize = {"float16": 2, "float32": 4}[params["extract"]["dtype"]]
    pack, covariance = params["pack"], params["covariance"]
    sequences = pack["sequences"] + pack["validation_sequences"]
    one = pricing.covariance_bytes(
        *shapes,
        categories=len(CATEGORIES),
        blocks=covariance["blocks"],
        block_layers=sum(map(len, covariance["block_layers"].values())),
    )
    return {
        "words": sum(known),
        "languages_without_words": len(words) - len(known),
        "sequences": pricing.sequence_bytes(len(words) * sequences, control.length),
        "checkpoints": sum(
            count * pricing.checkpoint_bytes(plan.shape, plan.vocabulary, plan.length)
            for count, plan in ((len(words), control), (1, experimental))
        ),
        "states": pricing.state_bytes(sum(known), shapes, itemsize),
        "states_a_million_words": pricing.state_bytes(1_000_000, shapes, itemsize),
        "covariances": len(words) * one,
    }


def words_of(language: str, item: dict[str, Any]) -> int | None:
    """Words to analyse, if the treebank is there, annotated or not."""
    if (ROOT / item["treebank"]).exists():
        return pricing.count_words(ROOT / item["treebank"])
    annotated = ROOT / "artifacts/words" / language
    return len(Words.load(annotated).table) if annotated.is_dir() else None


def table(found: dict[str, Any]) -> str:
    """What :func:`price` found, for the terminal."""
    count, disk = found["languages"], found["disk"]
    heads = ["each control", f"{count} controls", "experimental", "together"]
    lines = [
        f"{count} languages; vocabulary {found['vocabulary']:,}; {found['processes']} process(es), "
        f"mixed precision {found['mixed_precision']}; {found['length']} sub-words a sequence",
        "",
        f"{'':34}" + "".join(f"{head:>16}" for head in heads),
        _row(found, "parameters", "parameters", _number),
        _row(found, "steps", "steps", _number),
        _row(found, "tokens per step, at most", "tokens_per_step", _number),
        _row(found, "tokens, at most", "tokens", _short, summed=True),
        _row(found, "FLOPs: body", "flops.body", _short, summed=True),
        _row(found, "  attention", "flops.attention", _short, summed=True),
        _row(found, "  output where masked", "flops.output", _short, summed=True),
        _row(found, "  all", "flops.total", _short, summed=True),
        _row(found, "  with output everywhere", "flops.total_everywhere", _short, summed=True),
        *(
            _row(found, f"GPU hours, {name} (estimate)", f"gpu_hours.{name}", _hours, summed=True)
            for name in found["models"]["control"]["gpu_hours"]
        ),
        _row(found, "memory a GPU: weights", "memory.weights", _size),
        _row(found, "  gradients", "memory.gradients", _size),
        _row(found, "  Adam's moments", "memory.moments", _size),
        _row(found, "  activations (estimate)", "memory.activations", _size),
        _row(found, "  logits where masked (estimate)", "memory.logits", _size),
        _row(found, "  all (estimate)", "memory.total", _size),
        _row(found, "  with logits everywhere", "memory.total_everywhere", _size),
        "",
        f"{'disk: sequences, at most':34}{_size(disk['sequences']):>16}",
        f"{'  checkpoints':34}{_size(disk['checkpoints']):>16}",
        f"{'  hidden states':34}{_size(disk['states']):>16}  {disk['words']:,} words",
        f"{'    a million words':34}{_size(disk['states_a_million_words']):>16}",
        f"{'  covariances, at most':34}{_size(disk['covariances']):>16}",
        "",
        f"GPU hours: at {found['utilisation']:.0%} of the 16-bit peak, an assumption that small "
        "batches miss; of all GPUs together; for training only.",
    ]
    if disk["languages_without_words"]:
        lines.append(
            f"Hidden states are without {disk['languages_without_words']} languages, whose "
            "treebanks are not here."
        )
    if found["mixed_precision"] == "no":
        lines.append("Mixed precision is off in the accelerate file: a GPU would take longer.")
    return "\n".join(lines)


def _row(
    found: dict[str, Any],
    name: str,
    path: str,
    write: Callable[[float], str],
    *,
    summed: bool = False,
) -> str:
    values = []
    for role in ROLES:
        value = found["models"][role]
        for key in path.split(".", 1):
            value = value[key]
        values.append(value)
    control, experimental = values
    controls = found["languages"] * control
    cells = [control, controls, experimental, controls + experimental]
    if not summed:
        cells[1] = cells[3] = None
    return f"{name:34}" + "".join(f"{'' if c is None else write(c):>16}" for c in cells)


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


if __name__ == "__main__":
    main()
