"""``langsig verify``: check cache and workspace against the recorded hashes."""

import argparse

from langsig.commands.options import Subparsers
from langsig.errors import InputError


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "verify", help="check cache and workspace against recorded hashes"
    )
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="stages or paths (default: everything)"
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Read the artifacts and print what is damaged."""
    from langsig.repository.verify import verify

    result = verify(arguments.targets)
    for damage in result.damages:
        print(f"{damage.location:10} {damage.path}: {damage.state}")
        print(f"{'':10} {damage.remedy}")
    print(
        f"{result.artifacts - result.absent:,} artifacts, {result.files:,} files, "
        f"{result.size / 1e6:,.1f} MB read; {result.absent:,} artifacts not pulled"
    )
    if result.damages:
        raise InputError(f"{len(result.damages):,} damaged; the commands above restore them")
