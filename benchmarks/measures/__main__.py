"""Score measures of what two models share by models whose difference is known by design.

Trains models of the sample world, or of another preset, with different seeds, with less text of
single languages, and of another width; computes each measure for all of them, and for states that
were rescaled, rotated or shuffled; and prints the measures, best first. Models and values are kept
in a folder: a run that was interrupted resumes, and a second run only scores. docs/measures.md
explains all columns.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from benchmarks.measures.functions import families
from benchmarks.measures.scores import by_layer, changes, scores
from benchmarks.measures.variants import Plan, Values
from benchmarks.measures.world import ROOT, World
from langsig.errors import InputError
from langsig.files import check_output
from langsig.terms import AVERAGE_SIGNATURE

SHOWN = {
    "snr_median": "median",
    "ratio": "ratio",
    "specificity": "others",
    "invariance": "scale",
    "floor_inner": "floor",
    "shuffled": "shuffled",
    "halves": "halves",
    "monotone": "monotone",
    "r_gain": "r gain",
    "r_selectivity": "r UPOS",
}
"""Columns that are printed after the signal to noise, and their headings."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.measures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, default=Path(".scratch/measures"))
    parser.add_argument("--preset", default="demo")
    parser.add_argument("--data", type=Path, default=ROOT / "samples", help="folder of the data")
    parser.add_argument("--words", type=int, help="words of each language (default: all)")
    parser.add_argument("--set", nargs="*", default=[], help="changes to the preset, KEY=VALUE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--dose-seeds", type=int, nargs="+", help="default: all seeds")
    parser.add_argument("--languages", nargs="+", default=["qac", "qae"])
    parser.add_argument("--doses", type=float, nargs="+", default=[0.3, 0.1, 0.03])
    parser.add_argument("--widths", type=int, nargs="*", default=[32])
    parser.add_argument("--workers", type=int, default=2, help="number of processes")
    parser.add_argument(
        "--add", nargs="*", default=[], help="functions of two arrays, MODULE:FUNCTION"
    )
    parser.add_argument(
        "--reference", default=AVERAGE_SIGNATURE, help="measure that others are compared with"
    )
    parser.add_argument("--out", type=Path, help="folder for the tables")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        run(arguments, parser)
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Train, measure, score and print."""
    started = time.monotonic()
    world = World(
        arguments.folder,
        arguments.preset,
        tuple(arguments.set),
        arguments.data,
        arguments.words,
    )
    plan = Plan(
        seeds=tuple(arguments.seeds),
        dose_seeds=tuple(arguments.dose_seeds or arguments.seeds),
        reduced=tuple(arguments.languages),
        doses=tuple(arguments.doses),
        widths=tuple(arguments.widths),
    )
    if len(set(plan.seeds)) < 2 or not set(plan.dose_seeds) <= set(plan.seeds):
        parser.error("--seeds must be at least two, and --dose-seeds must be among them")
    if not set(plan.reduced) <= set(world.languages):
        parser.error(f"--languages must be among {', '.join(world.languages)}")
    if not all(0 < dose < 1 for dose in plan.doses):
        parser.error("--doses must be between 0 and 1")
    for name, number in (("workers", arguments.workers), ("words", arguments.words)):
        if number is not None and number < 1:
            parser.error(f"--{name} must be at least 1")
    families(arguments.add)
    for folder in filter(None, (arguments.folder, arguments.out)):
        check_output(folder, directory=True)
    world.train(plan.trainings(world.languages), arguments.workers)
    values = Values(world, plan, tuple(arguments.add)).compute_all(arguments.workers)
    tables = {
        "scores": scores(values, arguments.reference),
        "changes": changes(values),
        "layers": by_layer(values),
    }
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.4g")
    if arguments.json:
        rows = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
        print(json.dumps({"setting": asdict(plan), **rows}))
    else:
        print(as_table(tables["scores"]))
        print(f"{time.monotonic() - started:.0f} s; models and values are in {arguments.folder}")


def as_table(table: pd.DataFrame) -> str:
    """The scores as a table of Markdown."""
    lines = [
        f"| measure | snr | {' | '.join(SHOWN.values())} |",
        "| --- | --- |" + " ---: |" * len(SHOWN),
    ]
    for row in table.to_dict("records"):
        interval = f"{row['snr']:.1f} ({row['snr_low']:.1f} to {row['snr_high']:.1f})"
        cells = (f"{row[column]:.2f}" for column in SHOWN)
        lines.append(f"| {row['measure']} | {interval} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
