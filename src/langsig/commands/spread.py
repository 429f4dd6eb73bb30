"""``langsig spread``: run the pipeline on several machines."""

import argparse
import os

from langsig.commands.options import Subparsers, number_of


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "spread",
        help="distribute training and extraction over machines, then run the analysis here",
    )
    parser.add_argument(
        "--workers",
        type=number_of("--workers"),
        metavar="N",
        help="number of workers on this machine (default: the number of cores)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address, or file, of the scheduler of a Dask cluster, instead of workers here",
    )
    parser.add_argument(
        "--origin", metavar="URL", help="what workers clone (default: this repository)"
    )
    parser.add_argument(
        "--folder", help="folder for the clones of workers (default: .scratch/spread)"
    )
    parser.add_argument(
        "--cache",
        action="store_true",
        help="let workers use the cache of this clone instead of the remote",
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Check the parameters, distribute the stages, and run the analysis."""
    from langsig.commands.analyse import run_analysis
    from langsig.commands.check import check_chosen
    from langsig.repository.processes import find_root

    workers = (os.cpu_count() or 1) if arguments.workers is None else arguments.workers
    root = find_root()
    check_chosen(root)
    from langsig.repository.distribution import distribute

    distribute(
        root,
        workers=workers,
        scheduler=arguments.scheduler,
        origin=arguments.origin,
        folder=arguments.folder,
        share_cache=arguments.cache,
    )
    run_analysis(root)
