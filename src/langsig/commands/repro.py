"""``langsig repro``: run the pipeline."""

import argparse
import os

from langsig.commands.options import Subparsers, number_of


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "repro", help="run all stages that are out of date, several at a time"
    )
    parser.add_argument(
        "--jobs",
        type=number_of("--jobs"),
        metavar="N",
        help="number of stages that run at a time and share the cores "
        "(default: the number of cores)",
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Check the parameters and run the stages."""
    from langsig.commands.check import check_chosen
    from langsig.repository.data import check_unchanged, only_command
    from langsig.repository.processes import find_root

    jobs = (os.cpu_count() or 1) if arguments.jobs is None else arguments.jobs
    root = find_root()
    with only_command(root):  # undoes one that was killed
        check_chosen(root)
        check_unchanged(root)
    from langsig.repository.reproduction import reproduce

    reproduce(root, jobs)
