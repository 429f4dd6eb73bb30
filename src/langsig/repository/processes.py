"""Commands that are run for the repository: ``git``, ``dvc``, and stages."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from langsig.errors import InputError

IN_A_CLONE = "run this command in a clone of the langsig repository"


class CommandError(InputError):
    """A command has failed; the message ends with what it printed, unless that was shown."""


def find_root(folder: str | Path = ".") -> Path:
    """Find the repository that a folder is in, as Git does.

    Parameters
    ----------
    folder
        A folder of the repository (default: the current one).

    Raises
    ------
    InputError
        If neither the folder nor one above it has a ``dvc.yaml``.
    """
    start = Path(folder).resolve()
    for candidate in (start, *start.parents):
        if (candidate / "dvc.yaml").is_file():
            return candidate
    raise InputError(f"{start}: neither this folder nor one above it has a dvc.yaml; {IN_A_CLONE}")


def relative_root(folder: str | Path = ".") -> Path:
    """Find the repository that a folder is in, as a path relative to the current folder.

    Paths below it, which appear in messages and in ``data.dvc``, stay short.

    Parameters
    ----------
    folder
        A folder of the repository (default: the current one).

    Raises
    ------
    InputError
        As :func:`find_root`.
    """
    return Path(os.path.relpath(find_root(folder)))


def environment() -> dict[str, str]:
    """Return the environment for commands: programs next to this Python are found first."""
    programs = Path(sys.executable).parent
    return os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def output(*command: str, folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it prints.

    Raises
    ------
    CommandError
        If the command fails, with its messages.
    """
    done = subprocess.run(
        command, cwd=folder, env=env or environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def head_commit(root: Path) -> str:
    """The commit that is checked out in a repository.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        return output("git", "rev-parse", "--verify", "HEAD", folder=root).strip()
    except CommandError as error:
        raise InputError(f"{root}: Git has no commit there; {IN_A_CLONE}, or commit all") from error


def log(message: str) -> None:
    """Print a message with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {message}", flush=True)
