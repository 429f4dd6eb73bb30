"""``langsig analyse``: run the analysis in a clone that has pulled nothing else."""

import argparse
import os
from pathlib import Path

from langsig.commands.options import Subparsers


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    return subparsers.add_parser(
        "analyse", help="run the analysis stages that are out of date, pulling only their inputs"
    )


def run(arguments: argparse.Namespace) -> None:
    """Check the parameters and run the analysis."""
    from langsig.commands.check import check_chosen
    from langsig.repository.processes import find_root

    root = find_root()
    check_chosen(root)
    run_analysis(root)


def run_analysis(root: Path) -> None:
    """Pull what the analysis needs, say how much that was, and run it."""
    from langsig.repository.reproduction import pull_for_analysis, reproduce

    stages, pulled = pull_for_analysis(root)
    print(f"pulled {pulled.pulled / 1e6:,.1f} of {pulled.total / 1e6:,.1f} MB", flush=True)
    if stages:
        reproduce(root, os.cpu_count() or 1, stages)
    else:
        print("the analysis is up to date")
