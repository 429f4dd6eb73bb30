"""``langsig diff``: the changes of signatures between two revisions."""

import argparse
import json
from pathlib import Path

from langsig.commands.options import Subparsers


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "diff", help="show what changed between two revisions, branches or experiments"
    )
    parser.add_argument(
        "before",
        type=_revisions,
        metavar="REV[,REV...]",
        help="commit, branch, tag, experiment or workspace; several are seeds of one experiment",
    )
    parser.add_argument(
        "after",
        type=_revisions,
        nargs="?",
        default=["workspace"],
        metavar="REV[,REV...]",
        help="the same number of revisions, in the same order of seeds (default: workspace)",
    )
    parser.add_argument(
        "--repository",
        type=Path,
        default=Path("."),
        metavar="FOLDER",
        help="repository that has the revisions (default: .)",
    )
    parser.add_argument(
        "--source",
        default="trained",
        help="trained, equal-words or untrained (default: trained)",
    )
    parser.add_argument("--normalise", default="none", help="none or variance (default: none)")
    parser.add_argument("--json", action="store_true", help="print all tables as JSON")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder for tables and figures")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Compare the revisions and print the changes."""
    from langsig.diff import diff

    result = diff(arguments.before, arguments.after, repository=arguments.repository)
    if arguments.out:
        result.save(arguments.out)
    if arguments.json:
        print(json.dumps(result.as_dict(), indent=2, allow_nan=False))
    else:
        print(result.report(arguments.source, arguments.normalise))


def _revisions(argument: str) -> list[str]:
    names = [name for name in argument.split(",") if name]
    if not names:
        raise argparse.ArgumentTypeError("names no revision")
    return names
