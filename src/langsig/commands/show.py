"""``langsig show``: the metrics of a run as a table."""

import argparse
import json
from pathlib import Path

from langsig.commands.options import Subparsers
from langsig.errors import InputError


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser("show", help="print the metrics of a run as a table")
    parser.add_argument("metrics", type=Path, metavar="summary.json")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Read the metrics and print them."""
    from langsig.analysis import report

    try:
        metrics = json.loads(arguments.metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{arguments.metrics}: no metrics: {error}") from error
    try:
        table = report(metrics)
    except (AttributeError, KeyError, TypeError) as error:
        message = f"{arguments.metrics}: not the metrics of a run: {error!r}"
        raise InputError(message) from error
    print(table)
