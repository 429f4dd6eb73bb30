"""Files and directories that appear whole or not at all.

While it is written, each target has a temporary name, which depends on the target alone. What a
killed process has left behind is therefore removed when the same target is written again. Two
processes never write the same target at once: the second one gets an error.
"""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
        If `path` cannot be written, see :func:`check_output`, or the disk is full.
    """
    check_output(path)
    target = _absolute(path)
    temporary = _neighbour(target, "partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _claimed(temporary, path):
        try:
            yield temporary
            os.replace(temporary, target)
        except BaseException as error:
            explained = _explained(error, path, temporary)
            temporary.unlink(missing_ok=True)
            if explained is None:
                raise
            raise explained from error


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, or replace it, in one step.

    Parameters
    ----------
    path
        The file to write, as in :func:`atomic_file`.
    content
        Everything that the file is to hold.

    Raises
    ------
    OSError
        As :func:`atomic_file`. If the disk is full, the message says how many bytes are needed.
    """
    with atomic_file(path) as output:
        reserve(output, len(content), path)
        output.write_bytes(content)


def write_table(frame: "pd.DataFrame", path: str | os.PathLike[str]) -> None:
    """Write a table, or replace it, in one step.

    Parameters
    ----------
    frame
        The table. Its index is not written.
    path
        The file to write, as in :func:`atomic_file`: CSV if its name ends in ``.csv``, otherwise
        Parquet.

    Raises
    ------
    OSError
        As :func:`write_file`.
    """
    if Path(path).suffix == ".csv":
        content = frame.to_csv(index=False).encode()
    else:
        content = frame.to_parquet(index=False)
    write_file(path, content)


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
        If `path` cannot be written, see :func:`check_output`, or the disk is full.
    """
    check_output(path, directory=True)
    target = _absolute(path)
    temporary = _neighbour(target, "partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _claimed(temporary, path, directory=True):
        try:
            yield temporary
            _replace_directory(temporary, target)
        except BaseException as error:
            explained = _explained(error, path, temporary)
            shutil.rmtree(temporary, ignore_errors=True)
            if explained is None:
                raise
            raise explained from error


def check_output(
    path: str | os.PathLike[str],
    *,
    directory: bool = False,
    empty: bool = False,
    inputs: Iterable[str | os.PathLike[str]] = (),
) -> None:
    """Check that a file or directory can be written, before the work whose results go there.

    To find out, something empty is made next to it, or in the nearest directory above it that
    exists, and removed again. Nothing else is made or changed.

    Parameters
    ----------
    path
        The file or directory to write.
    directory
        Whether a directory is to be written.
    empty
        Whether a directory that exists must be empty.
    inputs
        Files that the work reads, which must not be replaced.

    Raises
    ------
    OSError
        If `path` exists and is of another kind (a device and a pipe are never replaced), is one
        of the inputs or is not empty although it must be; if its directory cannot be made or
        written to; or if another process is writing it.
    """
    target = _absolute(path)
    if os.path.exists(target):
        mode = target.stat().st_mode
        if directory and not stat.S_ISDIR(mode):
            raise NotADirectoryError(f"{path}: is a file; name a directory")
        if not directory and stat.S_ISDIR(mode):
            raise IsADirectoryError(f"{path}: is a directory; name a file")
        if not directory and not stat.S_ISREG(mode):
            raise FileExistsError(f"{path}: is a device or a pipe, not a file; name a file")
        for name in inputs:
            if os.path.exists(name) and os.path.samefile(name, target):
                raise FileExistsError(f"{path}: is one of the files to read; name another file")
        if empty and next(target.iterdir(), None):
            raise FileExistsError(f"{path}: is not empty; name a new folder, or remove this one")
        if directory and os.path.ismount(target):
            raise OSError(f"{path}: is a mount point; name a directory in it")
    parent = next(folder for folder in target.parents if os.path.lexists(folder))
    if not parent.is_dir():
        raise NotADirectoryError(f"{path}: {parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(f"{path}: no permission to write in {parent}")
    trial = parent / _neighbour(target, "partial").name
    try:
        with _claimed(trial, path, directory=directory):
            remove(trial)
    except OSError as error:
        if error.strerror is None:
            raise
        raise type(error)(
            f"{path}: nothing can be written in {parent}: {error.strerror}; name another folder"
        ) from error


def files_below(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    """Files of a folder and its subfolders whose names have one of some endings, sorted.

    Raises
    ------
    OSError
        If a folder cannot be read, or a file is a link to nothing: no file is left out unnoticed.
    """

    def fail(error: OSError) -> None:
        raise error

    entries = [
        Path(parent, name)
        for parent, _, names in os.walk(folder, onerror=fail)
        for name in names
        if name.endswith(endings)
    ]
    for entry in entries:
        if not entry.exists():
            raise FileNotFoundError(f"{entry}: is a link to a file that does not exist")
    return sorted(entry for entry in entries if entry.is_file())


def is_device(path: Path) -> bool:
    """Whether a path leads to a device, such as ``/dev/zero``, which may never end."""
    return path.is_char_device() or path.is_block_device()


def reserve(
    file: str | os.PathLike[str], size: int, path: str | os.PathLike[str] | None = None
) -> None:
    """Make sure that the disk has room for all that an existing file is to hold.

    When a disk is full, writing to a file that is mapped into memory kills the process. After
    this, such a file can be written.

    Parameters
    ----------
    file
        The file; it gets this size, filled with zeros, if it is smaller.
    size
        Number of bytes.
    path
        Name of the file in messages (default: `file`).

    Raises
    ------
    OSError
        If the disk has less room.
    """
    if not size:
        return
    try:
        if hasattr(os, "posix_fallocate"):
            with open(file, "r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, size)
        elif size > shutil.disk_usage(file).free:  # macOS cannot reserve
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        elif size > os.path.getsize(file):
            os.truncate(file, size)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        needs = f"needs {size:,} bytes"
        raise _does_not_fit(error.errno, needs, path or file, Path(file)) from error


@contextmanager
def room_for(size: int, folder: str | os.PathLike[str]) -> Iterator[None]:
    """Explain that a disk is full where writers of other packages do not say so.

    Parameters
    ----------
    size
        Number of bytes that the block writes.
    folder
        The folder that it writes into, which is made if it is missing.

    Raises
    ------
    OSError
        If the disk has less room before the block, or after an error in it.
    """
    trial = _absolute(folder) / ".partial.room"
    trial.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(trial.parent).free < size:
        raise _does_not_fit(errno.ENOSPC, f"needs {size:,} bytes", folder, trial)
    try:
        yield
    except Exception:
        try:
            trial.touch()
            reserve(trial, size, folder)
        finally:
            trial.unlink(missing_ok=True)
        raise


def explained_copy(error: OSError, sources: Iterable[Path], folder: Path) -> OSError:
    """The error of copying files to a disk that is full: with the number of bytes.

    Parameters
    ----------
    error
        The error. Those with other causes are returned as they are.
    sources
        Files and folders that were to be copied.
    folder
        An existing folder, to which they were to be copied.
    """
    if error.errno not in _FULL or error.strerror != os.strerror(error.errno):
        return error
    needs = f"needs {sum(map(_size, sources)):,} bytes"
    return _does_not_fit(error.errno, needs, folder, folder / "copy")


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


@contextmanager
def _claimed(
    temporary: Path, path: str | os.PathLike[str], *, directory: bool = False
) -> Iterator[None]:
    """Make an empty temporary file or directory, which is locked for the duration of the block.

    Raises
    ------
    OSError
        If another process holds the lock, or nothing can be made there.
    """
    if os.path.lexists(temporary) and (temporary.is_symlink() or temporary.is_dir() != directory):
        remove(temporary)
    descriptor = -1
    try:
        while True:
            if directory:
                temporary.mkdir(exist_ok=True)
            descriptor = os.open(temporary, os.O_RDONLY | (0 if directory else os.O_CREAT), 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FileExistsError(
                    f"{path}: another process is writing it; wait until that has ended"
                ) from error
            except OSError:  # a file system without locks
                break
            with suppress(FileNotFoundError):  # its previous owner has just renamed or removed it
                if os.path.samestat(os.fstat(descriptor), os.stat(temporary)):
                    break
            os.close(descriptor)
            descriptor = -1
        if directory:
            for entry in temporary.iterdir():
                remove(entry)
        else:
            os.truncate(temporary, 0)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _explained(
    error: BaseException, path: str | os.PathLike[str], temporary: Path
) -> OSError | None:
    """An error that names the file, for errors of a full disk that do not; None for others."""
    message = str(error)
    if isinstance(error, OSError):
        number = errno.ENOSPC if "requested and" in message else error.errno  # of NumPy
        if number not in _FULL or error.filename is not None:
            return None
    else:  # of safetensors, which is written in Rust
        number = next((number for number in _FULL if f"(os error {number})" in message), 0)
        if not number:
            return None
    return _does_not_fit(number, f"needs more than {_size(temporary):,} bytes", path, temporary)


def _size(path: Path) -> int:
    """Number of bytes of a file, or of all files in a folder."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _does_not_fit(number: int, needs: str, path: str | os.PathLike[str], file: Path) -> OSError:
    free = shutil.disk_usage(file.parent).free
    message = (
        f"{needs} ({os.strerror(number)}; {free:,} bytes are free); free some space or use "
        "another disk"
    )
    return OSError(number, message, os.fspath(path))


def _absolute(path: str | os.PathLike[str]) -> Path:
    """Make `path` absolute without following links, so that even ``.`` has a name."""
    return Path(os.path.abspath(path))


def _neighbour(path: Path, state: str) -> Path:
    """Name a hidden file in the same directory. The suffix stays, as some writers look at it."""
    return path.with_name(f".{state}.{path.name}")
