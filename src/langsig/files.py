"""Files and directories that appear whole or not at all.

What is being written bears a temporary name of its own for each target, so that what a killed
process has left behind goes when its target is written again.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file under a temporary name and rename it at the end.

    Parameters
    ----------
    path
        The file to write. Missing parent directories are made; an existing file stays as it is
        until the block has succeeded.

    Yields
    ------
    Path
        Where to write: in the directory of `path`, with the same suffix. Removed if the block
        raises.
    """
    target = _absolute(path)
    temporary = _beside(target, "partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_directory(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Fill a directory under a temporary name and rename it at the end.

    Parameters
    ----------
    path
        The directory to write. Missing parent directories are made. An existing directory is
        replaced with all that it holds, but only once the block has succeeded.

    Yields
    ------
    Path
        An empty directory beside `path` to write into. Removed if the block raises.

    Raises
    ------
    NotADirectoryError
        If `path` is there and is not a directory.
    """
    target = _absolute(path)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"{target} is a file: remove it or name another directory")
    temporary = _beside(target, "partial")
    _remove(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        _replace_directory(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _replace_directory(source: Path, target: Path) -> None:
    """Rename `source` to `target`; a directory that is there is put back if that fails."""
    if not os.path.lexists(target):
        source.rename(target)
        return
    previous = _beside(target, "previous")
    _remove(previous)
    target.rename(previous)
    try:
        source.rename(target)
    except BaseException:
        previous.rename(target)
        raise
    _remove(previous)


def _remove(directory: Path) -> None:
    """Remove a directory or a link to one, if it is there."""
    if directory.is_symlink():
        directory.unlink()
    elif directory.exists():
        shutil.rmtree(directory)


def _absolute(path: str | os.PathLike[str]) -> Path:
    """Make `path` absolute without following links, so that ``.`` too has a name."""
    return Path(os.path.abspath(path))


def _beside(path: Path, state: str) -> Path:
    """Name a hidden neighbour; the suffix stays, since some writers look at it."""
    return path.with_name(f".{state}.{path.name}")
