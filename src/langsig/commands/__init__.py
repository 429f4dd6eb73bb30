"""The ``langsig`` command: one module per subcommand.

A module offers two functions. ``add_parser(subparsers)`` declares the arguments and returns the
parser; ``run(arguments)`` does the work. ``langsig --help`` imports every module, so a module
imports only the standard library, ``langsig.errors`` and ``langsig.commands.options`` at the top,
and the rest inside ``run``.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from langsig import __version__
from langsig.errors import InputError

MODULES = (
    # Matrices, models and treebanks: no repository needed.
    "annotate",
    "factorize",
    "compare",
    "show",
    # Inside a repository with this pipeline.
    "check",
    "use",
    "diff",
    "verify",
    "get",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code.

    Parameters
    ----------
    argv
        Arguments of the command line (default: ``sys.argv[1:]``).

    Returns
    -------
    int
        0, or 1 after bad input, whose message is printed to standard error. A wrong command
        line raises `SystemExit` with code 2.
    """
    parser = argparse.ArgumentParser(
        prog="langsig",
        description="Compare multilingual language models with monolingual ones by PARAFAC2.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in MODULES:
        module = importlib.import_module(f"langsig.commands.{name}")
        module.add_parser(subparsers).set_defaults(run=module.run)
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0
