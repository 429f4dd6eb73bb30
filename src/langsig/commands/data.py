"""``langsig data``: download the data that a preset names."""

import argparse

from langsig.commands.options import Subparsers, output_folder


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "data",
        help="download the data that a preset names",
        description="Download the data that a preset names to a folder, which langsig use can "
        "then import. An interrupted download resumes when the command runs again.",
    )
    parser.add_argument(
        "preset", metavar="PRESET", help="name of a file in conf/sources/, without .csv"
    )
    parser.add_argument(
        "--to",
        type=output_folder,
        metavar="DIR",
        help="folder for the data (default: downloads/PRESET, in the repository)",
    )
    parser.add_argument(
        "--base",
        metavar="URL",
        help="mirror of the folder to download from (default: the original sources)",
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Download what is missing."""
    from langsig.corpora.fetching import fetch, read_sources
    from langsig.parameters import preset_path
    from langsig.repository.processes import relative_root

    root = relative_root()
    table = preset_path(arguments.preset, root / "conf/sources", suffix=".csv", kind="sources")
    folder = arguments.to or root / "downloads" / arguments.preset
    fetch(read_sources(table, arguments.base), folder)
    print(f"all files are in {folder}; next: make use PRESET={arguments.preset} DATA={folder}")
