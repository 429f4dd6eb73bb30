"""``langsig remote``: choose the bucket that artifacts are pushed to."""

import argparse

from langsig.commands.options import Subparsers


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "remote", help="set the S3 bucket that artifacts are pushed to and pulled from"
    )
    parser.add_argument("url", metavar="URL", help="s3://BUCKET/PREFIX")
    parser.add_argument(
        "--endpoint",
        metavar="ENDPOINT",
        help="https://HOST[:PORT] of a server other than Amazon's",
    )
    parser.add_argument("--name", default="origin", help="name of the remote (default: origin)")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Write the remote to ``.dvc/config``."""
    from langsig.repository.processes import find_root
    from langsig.repository.remote import set_remote

    set_remote(find_root(), arguments.url, endpoint=arguments.endpoint, name=arguments.name)
    print(f"{arguments.name}: {arguments.url}; commit .dvc/config, then run dvc push --run-cache")
