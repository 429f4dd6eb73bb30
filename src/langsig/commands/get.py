"""``langsig get``: fetch a registered artifact by name and version."""

import argparse

from langsig.commands.options import Subparsers, output_folder


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "get", help="fetch an artifact by name and version, and check its hash"
    )
    parser.add_argument(
        "name", help="name of the artifact in dvc.yaml, such as experimental or control-zh"
    )
    selection = parser.add_mutually_exclusive_group()
    selection.add_argument(
        "--version", metavar="v1.0.0", help="registered version (default: the latest)"
    )
    selection.add_argument("--stage", help="stage such as prod, instead of a version")
    parser.add_argument(
        "--repository",
        default=".",
        metavar="URL",
        help="folder or URL of the repository, as for git clone (default: .)",
    )
    parser.add_argument(
        "--out",
        type=output_folder,
        metavar="FOLDER",
        help="folder to write, which must not exist (default: in the user's cache)",
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Fetch the artifact and print its folder."""
    from langsig.repository.registry import fetch_artifact

    folder, revision = fetch_artifact(
        arguments.name,
        version=arguments.version,
        stage=arguments.stage,
        repository=arguments.repository,
        folder=arguments.out,
    )
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{arguments.name}, of commit {revision}: {len(files):,} files, {size / 1e6:,.1f} MB")
    print(folder)
