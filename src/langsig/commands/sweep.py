"""``langsig sweep``: run ablations, one experiment per recipe and seed."""

import argparse

from langsig.commands.options import Subparsers, add_set_option, number_of
from langsig.errors import InputError


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "sweep",
        help="run ablations, one experiment per recipe and seed",
        description="Run ablations. Started again, the command resumes; started twice, both "
        "processes divide the experiments between them.",
    )
    parser.add_argument("preset", help="name of a file in conf/ablations, without .yaml")
    parser.add_argument(
        "--recipes", nargs="+", default=[], metavar="NAME", help="recipes to run (default: all)"
    )
    parser.add_argument(
        "--seeds",
        nargs="+",
        type=number_of("--seeds", 0),
        default=[1],
        metavar="N",
        help="seeds (default: 1)",
    )
    parser.add_argument(
        "--stages", nargs="+", default=[], metavar="STAGE", help="stages to run (default: all)"
    )
    add_set_option(parser)
    parser.add_argument(
        "--jobs",
        type=number_of("--jobs"),
        default=1,
        help="number of experiments at a time (default: 1)",
    )
    parser.add_argument(
        "--status", action="store_true", help="print the state of each experiment and run nothing"
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Run the experiments and print their states."""
    from langsig.repository.experiments import (
        FAILED,
        STATES,
        Sweep,
        check_stages,
        experiments,
        read_recipes,
    )
    from langsig.repository.processes import find_root

    root = find_root()
    recipes = read_recipes(root, arguments.preset, arguments.recipes)
    sweep = Sweep(root, experiments(recipes, arguments.seeds, arguments.settings))
    check_stages(root, arguments.stages)
    if not arguments.status:
        sweep.run(arguments.stages, arguments.jobs)
    states = sweep.states()
    for name, state in states.items():
        print(f"{name:32}{state}")
    counts = [(state, list(states.values()).count(state)) for state in STATES]
    print(", ".join(f"{count} {state}" for state, count in counts))
    failed = dict(counts)[FAILED]
    if failed and not arguments.status:
        raise InputError(f"{failed} of {len(states)} experiments failed")
