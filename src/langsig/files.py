"""Files and directories that appear whole or not at all.

While it is written, each target has a temporary name, which depends on the target alone. What a
killed process has left behind is therefore removed when the same target is written again.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file under a temporary name and rename it at the end.

    Parameters
    ----------
    path
        The file to write. Missing parent directories are made. An existing file is replaced once
        the block has succeeded, and not before. A link is replaced; its target does not change.

    Yields
    ------
    Path
        Where to write: a file in the directory of `path`, with the same suffix. It is removed if
        the block raises.

    Raises
    ------
    OSError
        If `path` cannot be written, see :func:`check_output`.
    """
    check_output(path)
    target = _absolute(path)
    temporary = _neighbour(target, "partial")
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
        The directory to write. Missing parent directories are made. An existing directory and all
        its contents are replaced once the block has succeeded, and not before.

    Yields
    ------
    Path
        An empty directory next to `path` to write into. It is removed if the block raises.

    Raises
    ------
    OSError
        If `path` cannot be written, see :func:`check_output`.
    """
    check_output(path, directory=True)
    target = _absolute(path)
    temporary = _neighbour(target, "partial")
    remove(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        _replace_directory(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def check_output(path: str | os.PathLike[str], *, directory: bool = False) -> None:
    """Check that a file or directory can be written, before the work whose results go there.

    Nothing is made or changed.

    Parameters
    ----------
    path
        The file or directory to write.
    directory
        Whether a directory is to be written.

    Raises
    ------
    OSError
        If `path` exists and is of another kind (a device and a pipe are never replaced), or if
        its directory cannot be made or written to.
    """
    target = _absolute(path)
    if target.exists():
        mode = target.stat().st_mode
        if directory and not stat.S_ISDIR(mode):
            raise NotADirectoryError(f"{path}: is a file; name a directory")
        if not directory and stat.S_ISDIR(mode):
            raise IsADirectoryError(f"{path}: is a directory; name a file")
        if not directory and not stat.S_ISREG(mode):
            raise FileExistsError(f"{path}: is a device or a pipe, not a file; name a file")
    parent = next(folder for folder in target.parents if os.path.lexists(folder))
    if not parent.is_dir():
        raise NotADirectoryError(f"{path}: {parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(f"{path}: no permission to write in {parent}")


def remove(path: Path) -> None:
    """Remove a file, a link, or a directory with everything in it, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _replace_directory(source: Path, target: Path) -> None:
    """Rename `source` to `target`; if that fails, the earlier directory is put back."""
    if not os.path.lexists(target):
        source.rename(target)
        return
    previous = _neighbour(target, "previous")
    remove(previous)
    target.rename(previous)
    try:
        source.rename(target)
    except BaseException:
        previous.rename(target)
        raise
    remove(previous)


def _absolute(path: str | os.PathLike[str]) -> Path:
    """Make `path` absolute without following links, so that even ``.`` has a name."""
    return Path(os.path.abspath(path))


def _neighbour(path: Path, state: str) -> Path:
    """Name a hidden file in the same directory. The suffix stays, as some writers look at it."""
    return path.with_name(f".{state}.{path.name}")
