"""``langsig check``: everything that is wrong with parameter files."""

import argparse
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from langsig.commands.options import Subparsers
from langsig.errors import InputError

if TYPE_CHECKING:
    from langsig.parameters import Parameters, Problem

PARAMETERS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "check",
        help="list everything that is wrong with parameter files",
        description="List everything that is wrong with parameter files: line, key, value and "
        "what is allowed. A preset is checked together with the base.yaml in its folder.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="parameters or preset (default: params.yaml)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="check that this folder has the files that the parameters name "
        "(default for params.yaml: data, if it exists)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--schema",
        nargs="?",
        const="full",
        choices=("full", "preset"),
        help="print the JSON Schema of parameter files, or of presets, instead",
    )
    output.add_argument(
        "--reference",
        action="store_true",
        help="print the documentation of all parameters instead; FILE has the defaults "
        "(default: conf/base.yaml)",
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Check the files, or print what is known about parameters.

    Raises
    ------
    ParameterError
        With all problems of all files.
    """
    from langsig.parameters import (
        ParameterError,
        json_schema,
        read_resolved,
        reference,
        validated,
    )

    if arguments.schema:
        print(json_schema(preset=arguments.schema == "preset"), end="")
        return
    if arguments.reference:
        base = arguments.files[0] if arguments.files else Path("conf/base.yaml")
        document = read_resolved(base)
        validated(document)
        print(reference(document.data), end="")
        return
    if arguments.data is not None and not arguments.data.is_dir():
        raise InputError(f"--data: {arguments.data} is not a folder; name the folder with the data")
    problems = []
    for path in arguments.files or [PARAMETERS]:
        try:
            parameters = check(path, arguments.data)
        except ParameterError as error:
            problems += error.problems
        else:
            print(
                f"{path}: valid; {len(parameters.languages)} languages, "
                f"{len(parameters.categories)} categories"
            )
    if problems:
        raise ParameterError(problems)


def check(path: Path = PARAMETERS, data: Path | None = None) -> "Parameters":
    """Read parameters and check everything that can be known before a stage runs.

    Parameters
    ----------
    path
        Parameters, or a preset.
    data
        Folder that must have the files that the parameters name (default: for ``params.yaml``,
        ``data/`` if it exists; for other files, none).

    Raises
    ------
    ParameterError
        If anything is wrong.
    """
    from langsig.parameters import (
        ParameterError,
        group_problems,
        missing_files,
        read_resolved,
        validated,
    )

    chosen = path == PARAMETERS
    if data is None and chosen and Path("data").is_dir():
        data = Path("data")
    document = read_resolved(path)
    parameters = validated(document)
    problems = [
        *missing_files(parameters, document, data),
        *group_problems(parameters, document, data),
    ]
    if chosen and PIPELINE.is_file():
        problems += _stale_lists(parameters)
    if problems:
        raise ParameterError(problems)
    return parameters


def check_chosen(root: Path) -> None:
    """Check the chosen parameters of a repository, before its stages run.

    Raises
    ------
    ParameterError
        If anything is wrong.
    """
    with chdir(root):
        check()


def _stale_lists(parameters: "Parameters") -> "list[Problem]":
    from langsig.parameters import Location, Problem
    from langsig.repository.lists import lists_are_current, read_pipeline

    if lists_are_current(read_pipeline(PIPELINE), parameters):
        return []
    message = (
        f"its lists of languages, categories and sources are not those of {PARAMETERS}; "
        "put your changes into a preset in conf/ and run langsig use PRESET"
    )
    return [Problem(Location(str(PIPELINE)), (), message)]
