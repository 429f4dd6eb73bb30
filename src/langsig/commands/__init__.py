"""The ``langsig`` command: one module per subcommand.

A module offers two functions. ``add_parser(subparsers)`` declares the arguments and returns the
parser; ``run(arguments)`` does the work. ``langsig --help`` imports every module, so a module
imports only the standard library, ``langsig.errors``, ``langsig.terms`` and modules of this package
at the top, and the rest inside ``run``.
"""

import argparse
import importlib
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langsig import __version__
from langsig.errors import ConvergenceWarning, InputError, LeftOutWarning, described

MODULES = (
    # Matrices, models and treebanks: no repository needed.
    "annotate",
    "factorize",
    "compare",
    "profile",
    "show",
    # Inside a repository with this pipeline.
    "use",
    "check",
    "price",
    "data",
    "repro",
    "analyse",
    "spread",
    "sweep",
    "diff",
    "remote",
    "verify",
    "get",
    "comment",
    "plots_page",
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
    if isinstance(sys.stdout, io.TextIOWrapper):  # which may not encode all alphabets
        sys.stdout.reconfigure(errors="replace")
    try:
        arguments = _parser().parse_args(argv)
        with _plain_warnings():
            arguments.run(arguments)
            print(end="", flush=True)  # standard output may be closed, and is None then
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of a pipe, such as head, wants no more
        _discard_output()
        return 1
    except OSError as error:  # a full disk, a missing permission
        _discard_output()
        print(f"error: {described(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    """Parser of the command line, with all subcommands."""
    parser = argparse.ArgumentParser(
        prog="langsig",
        description="Compare multilingual language models with monolingual ones by PARAFAC2.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in MODULES:
        module = importlib.import_module(f"langsig.commands.{name}")
        module.add_parser(subparsers).set_defaults(run=module.run)
    return parser


def _discard_output() -> None:
    """Let what is still to be printed go nowhere, so that nothing fails again at the end."""
    try:
        descriptor = sys.stdout.fileno()
    except OSError:  # not a file, as in tests
        return
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), descriptor)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print langsig's warnings as a sentence, without the line of code that raised them."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_plainly(
            message: Warning | str, category: type[Warning], *arguments: Any, **options: Any
        ) -> None:
            if issubclass(category, ConvergenceWarning | LeftOutWarning):
                print(f"warning: {message}", file=sys.stderr)
            else:
                show(message, category, *arguments, **options)

        warnings.simplefilter("always", ConvergenceWarning)
        warnings.simplefilter("always", LeftOutWarning)
        warnings.showwarning = show_plainly
        yield
