"""``langsig comment``: the changes of a branch as Markdown for a pull request."""

import argparse

from langsig.commands.options import Subparsers, output_folder


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "comment", help="write what the workspace changes as a comment for a pull request"
    )
    parser.add_argument("before", metavar="REV", help="revision with dvc.lock and metrics")
    parser.add_argument("folder", type=output_folder, help="folder for comment.md and its pictures")
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Compare the revision with the workspace, and write numbers and pictures."""
    from langsig.commands.diff import layout
    from langsig.files import write_file
    from langsig.repository.diff import diff
    from langsig.repository.plots import draw_differences
    from langsig.repository.processes import find_root, output

    root, before, folder = find_root(), arguments.before, arguments.folder
    signatures = layout(diff(before, repository=root))
    sections = {
        "Metrics by language": output("dvc", "metrics", "diff", "--md", before, folder=root),
        "Signatures": f"```\n{signatures}\n```",
    }
    folder.mkdir(parents=True, exist_ok=True)
    sections["Plots"] = draw_differences(root, before, folder)
    text = "\n\n".join(
        f"### {title}\n\n{content.strip() or 'No difference.'}"
        for title, content in sections.items()
    )
    write_file(folder / "comment.md", f"## Results\n\n{text}\n".encode())
