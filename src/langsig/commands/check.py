"""``langsig check``: everything that is wrong with parameter files."""

import argparse
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from langsig.commands.options import Subparsers, input_path
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
        type=input_path,
        metavar="FILE",
        help="parameters or preset (default: params.yaml of the repository)",
    )
    parser.add_argument(
        "--data",
        type=input_path,
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
    from langsig.repository.processes import relative_root

    if arguments.schema:
        print(json_schema(preset=arguments.schema == "preset"), end="")
        return
    if arguments.reference:
        base = arguments.files[0] if arguments.files else relative_root() / "conf/base.yaml"
        document = read_resolved(base)
        validated(document)
        print(reference(document.data), end="")
        return
    if arguments.data is not None and not arguments.data.is_dir():
        raise InputError(f"--data: {arguments.data} is not a folder; name the folder with the data")
    problems = []
    for path in arguments.files or [_chosen_parameters()]:
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
        Folder that must have the files that the parameters name (default: for the ``params.yaml``
        of a repository, its ``data/`` if it exists; for other files, none).

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

    root = _root_of(path)
    chosen = path == PARAMETERS or path.resolve() == (root / PARAMETERS).resolve()
    if data is None and chosen and (root / "data").is_dir():
        data = root / "data"
    document = read_resolved(path)
    parameters = validated(document)
    problems = [
        *missing_files(parameters, document, data, root),
        *group_problems(parameters, document, data, root),
    ]
    if chosen and (root / PIPELINE).is_file():
        problems += _stale_lists(parameters, root)
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


def _chosen_parameters() -> Path:
    """The ``params.yaml`` of the current folder or, if it has none, of its repository."""
    from langsig.repository.processes import relative_root

    return PARAMETERS if PARAMETERS.is_file() else relative_root() / PARAMETERS


def _root_of(path: Path) -> Path:
    """The repository of a file; the current folder if the file is not in one."""
    from langsig.repository.processes import relative_root

    try:
        return relative_root(path.parent)
    except InputError:
        return Path()


def _stale_lists(parameters: "Parameters", root: Path) -> "list[Problem]":
    from langsig.parameters import Location, Problem
    from langsig.repository.lists import lists_are_current, read_pipeline

    if lists_are_current(read_pipeline(root / PIPELINE), parameters):
        return []
    message = (
        f"its lists of languages, categories and sources are not those of {PARAMETERS}; "
        "put your changes into a preset in conf/ and run langsig use PRESET"
    )
    return [Problem(Location(str(root / PIPELINE)), (), message)]
