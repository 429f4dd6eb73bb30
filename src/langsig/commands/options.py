"""Arguments that several subcommands share."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

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
