"""Treebanks for tests to which it does not matter how many sentences there are."""

from pathlib import Path

SENTENCES = 150


def copy_beginning(source: Path, target: Path) -> None:
    """Copy the first sentences of a CoNLL-U file."""
    sentences = source.read_text(encoding="utf-8").split("\n\n")
    target.write_text("\n\n".join([*sentences[:SENTENCES], ""]), encoding="utf-8")
