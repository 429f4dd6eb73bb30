"""``langsig plots-page``: write the page that ``dvc plots show`` fills."""

import argparse

from langsig.commands.options import Subparsers, writable_file


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "plots-page", help="write the page that dvc plots fills, with Vega in it"
    )
    parser.add_argument("page", type=writable_file, metavar="PAGE.html", help="file to write")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Write the page."""
    from langsig.files import write_file
    from langsig.report import vega_script
    from langsig.repository.plots import page_template

    write_file(arguments.page, page_template(vega_script()).encode())
