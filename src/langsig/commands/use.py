"""``langsig use``: choose parameters and data."""

import argparse
from pathlib import Path

from langsig.commands.options import Subparsers, add_set_option, input_path

SAMPLE = "samples"


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "use",
        help="choose parameters and data",
        description="Choose a preset and a folder with data. Writes params.yaml and the lists in "
        "dvc.yaml, and imports the folder as data/. Everything is checked before anything is "
        "written.",
    )
    parser.add_argument("preset", metavar="PRESET", help="name of a file in conf/, without .yaml")
    parser.add_argument(
        "--data",
        type=input_path,
        metavar="DIR",
        help="folder to import as data/ (default: samples, in the repository)",
    )
    add_set_option(parser)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Check everything, then write.

    Raises
    ------
    InputError
        If a parameter or the data are not as they must be; then nothing has been written.
    """
    from langsig.repository.processes import relative_root

    root = relative_root()
    use(arguments.preset, arguments.data or root / SAMPLE, arguments.settings, root)


def use(preset: str, source: Path, changes: list[str], root: Path) -> None:
    """Choose a preset and data for a repository."""
    from langsig.files import write_file
    from langsig.parameters import (
        ParameterError,
        group_problems,
        missing_files,
        parameter_file,
        preset_path,
        read_resolved,
        validated,
    )
    from langsig.repository.data import check_replaceable, import_data, only_command
    from langsig.repository.interrupted import check_no_stage_runs
    from langsig.repository.lists import pipeline_text, read_pipeline, write_lists

    pipeline_file, parameter_path = root / "dvc.yaml", root / "params.yaml"
    path = preset_path(preset, root / "conf")
    document = read_resolved(path, changes)
    parameters = validated(document)
    pipeline = read_pipeline(pipeline_file)
    with only_command(root):
        check_replaceable(root, source)
        problems = [
            *missing_files(parameters, document, source, root),
            *group_problems(parameters, document, source, root),
        ]
        if problems:
            raise ParameterError(problems)
        check_no_stage_runs(root)
        write_lists(pipeline, parameters)
        header = [*_header(path), *(f"Changed: {change}" for change in changes)]
        texts = {
            parameter_path: parameter_file(parameters, header),
            pipeline_file: pipeline_text(pipeline),
        }
        previous = {file: file.read_bytes() for file in texts if file.exists()}
        try:
            for file, text in texts.items():
                write_file(file, text.encode())
            import_data(root, source)  # DVC reads both files
        except BaseException:
            for file, content in previous.items():
                write_file(file, content)
            raise
    print(f"{preset}: {len(parameters.languages)} languages, data from {source}")


def _header(preset: Path) -> list[str]:
    """The comment at the top of ``params.yaml``: the schema, and the comment of the preset."""
    lines = ["yaml-language-server: $schema=conf/params.schema.json"]
    for line in preset.read_text(encoding="utf-8-sig").splitlines():
        if not line.startswith("#"):
            break
        text = line.removeprefix("#").strip()
        if not text.startswith("yaml-language-server:"):
            lines.append(text)
    return lines
