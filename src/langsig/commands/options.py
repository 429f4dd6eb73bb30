"""Arguments that several subcommands share."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from langsig.files import check_output

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = argparse.Action


def add_solver_options(parser: argparse.ArgumentParser) -> None:
    """Declare ``--ridge``, ``--max-iterations`` and ``--seed``."""
    parser.add_argument(
        "--ridge",
        type=float,
        default=1e-2,
        help="penalty that keeps components from cancelling each other; 0 gives plain PARAFAC2 "
        "(default: 1e-2)",
    )
    parser.add_argument(
        "--max-iterations",
        type=int,
        default=500,
        help="iterations after which a fit stops even if it has not converged (default: 500)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random start (default: 0)")


def language_pair(argument: str) -> tuple[str, str]:
    """Parse ``LANGUAGE=VALUE``."""
    language, equals, value = argument.partition("=")
    if not (language and equals and value):
        raise argparse.ArgumentTypeError(f"must have the form LANGUAGE=VALUE, got {argument!r}")
    return language, value


def output_file(argument: str) -> Path:
    """Parse the name of a table to write, and check that it can be written."""
    path = Path(argument)
    if path.suffix not in (".csv", ".parquet"):
        raise argparse.ArgumentTypeError(f"{argument}: the name must end in .csv or .parquet")
    return _writable(path)


def output_folder(argument: str) -> Path:
    """Parse the name of a folder to write or replace, and check that it can be written."""
    return _writable(Path(argument), directory=True)


def _writable(path: Path, *, directory: bool = False) -> Path:
    try:
        check_output(path, directory=directory)
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return path
