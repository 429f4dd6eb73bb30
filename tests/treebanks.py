"""Treebanks for tests to which it does not matter how many sentences there are."""

from pathlib import Path


def copy_beginning(source: Path, target: Path, sentences: int = 150) -> None:
    """Copy the first sentences of a CoNLL-U file."""
    blocks = source.read_text(encoding="utf-8").split("\n\n")
    target.write_text("\n\n".join([*blocks[:sentences], ""]), encoding="utf-8")
