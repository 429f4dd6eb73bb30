"""Locks between processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from langsig.errors import InputError


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold a lock for the duration of the block; it also ends with the process.

    Parameters
    ----------
    path
        The file that is locked. It is created, with missing parent folders, and stays.

    Yields
    ------
    bool
        False if another process holds the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def only_training(scratch: Path) -> Iterator[Path]:
    """Keep other runs from training the same model, whose saved states would be mixed.

    Parameters
    ----------
    scratch
        Folder for the saved states, which bears the name of the model.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    InputError
        If another run is training it: the stage of a ``dvc repro`` that was killed, for example.
    """
    if int(os.environ.get("RANK", 0)):  # not the first process of accelerate launch
        yield scratch
        return
    with try_lock(scratch.with_name(f"{scratch.name}.lock")) as free:
        if not free:
            raise InputError(
                f"{scratch.name}: another process is training it; wait until that has ended"
            )
        yield scratch
