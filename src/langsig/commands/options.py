"""Arguments that several subcommands share."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from langsig.errors import InputError
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
        default=0.2,
        help="penalty, relative to the squared error, that keeps components from cancelling each "
        "other; 0 gives plain PARAFAC2 (default: 0.2)",
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
    return language, plain_name(value)


def plain_name(argument: str) -> str:
    """Parse the name of a model, a file or a folder.

    Raises
    ------
    InputError
        If it is empty, which would be the current folder, or holds a line break, which would
        break every message about it.
    """
    if not argument or len(argument.splitlines()) > 1:
        raise InputError(f"a name must not be empty and have no line breaks; got {argument!r}")
    return argument


def input_path(argument: str) -> Path:
    """Parse the name of a file or folder to read, as :func:`plain_name` does."""
    return Path(plain_name(argument))


def output_file(argument: str) -> Path:
    """Parse the name of a table to write, and check that it can be written.

    Raises
    ------
    InputError
        If it cannot: the command ends before any work.
    """
    if Path(argument).suffix not in (".csv", ".parquet"):
        raise InputError(f"{argument!r}: the name must end in .csv or .parquet")
    return writable_file(argument)


def writable_file(argument: str) -> Path:
    """Parse the name of a file to write, and check it as :func:`output_file` does."""
    return _writable(input_path(argument))


def output_folder(argument: str) -> Path:
    """Parse the name of a folder to write into, and check that it can be written."""
    return _writable(input_path(argument), directory=True)


def new_folder(argument: str) -> Path:
    """Parse the name of a folder to write, which must not exist or be empty."""
    return _writable(input_path(argument), directory=True, empty=True)


def _writable(path: Path, *, directory: bool = False, empty: bool = False) -> Path:
    """Check an output. A link stays: what it points to is written or replaced."""
    try:
        check_output(path, directory=directory, empty=empty)
        if path.is_symlink():
            target = Path(os.path.realpath(path))
            if target.is_symlink():
                raise InputError(f"{path}: is a link that leads to itself; name a file")
            check_output(target, directory=directory, empty=empty)
            return target
    except OSError as error:
        raise InputError(str(error)) from error
    return path


def number_of(option: str, least: int = 1) -> Callable[[str], int]:
    """A parser of the value of an option that counts something, such as processes.

    Parameters
    ----------
    option
        The option, for messages.
    least
        Smallest value that is allowed.
    """

    def parse(argument: str) -> int:
        try:
            value = int(argument)
        except ValueError as error:
            raise InputError(f"{option} must be an integer; got {argument!r}") from error
        if value < least:
            raise InputError(f"{option} must be at least {least}; got {value}")
        return value

    return parse


class _AppendSettings(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        settings = [setting for value in values for setting in split_settings(value)]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), *settings])


def add_set_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--set KEY=VALUE ...``, whose values become the list ``arguments.settings``."""
    parser.add_argument(
        "--set",
        nargs="+",
        action=_AppendSettings,
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="parameters to change, such as factorize.rank=8; the value is YAML",
    )


def split_settings(text: str) -> list[str]:
    """Split settings that are separated by white space, as ``make use SET="..."`` passes them.

    Each setting starts with its key and ``=``, so that values may contain spaces and quotes.

    Examples
    --------
    >>> split_settings("analysis.languages=[qaa, qab] seed=2")
    ['analysis.languages=[qaa, qab]', 'seed=2']
    """
    return re.split(r"\s+(?=\+?[\w.-]+=)", text.strip())
