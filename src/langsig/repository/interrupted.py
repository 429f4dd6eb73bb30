"""What other runs of DVC leave behind when they are killed, or are still working on."""

import re
from collections.abc import Sequence
from pathlib import Path

from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.rwlock import RWLOCK_FILE, RWLockFileCorruptedError, rwlock
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import ParseError, parse_yaml
from voluptuous import Invalid

from langsig.errors import InputError
from langsig.files import write_file
from langsig.repository.opening import open_repository


def repair_lock_file(path: Path) -> None:
    """Remove the last entry of a ``dvc.lock`` that ends in the middle of it.

    DVC writes this file from beginning to end. If ``dvc repro`` is killed meanwhile, no command of
    DVC can read it. The entries that are missing come back from DVC's run cache.

    Parameters
    ----------
    path
        The file, which need not exist. If it is broken in another way, it stays as it is.
    """
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if not text or _is_valid(text, path):
        return
    *whole, _ = re.split(r"(?m)^(?=  \S)", text)
    kept = "".join(whole[1:] and whole)
    if kept and not _is_valid(kept, path):
        return
    write_file(path, kept.encode())
    print(
        f"{path.name}: ended in the middle, as dvc repro was killed while it wrote the file; "
        f"{len(whole[1:])} entries are kept, others come from the cache",
        flush=True,
    )


def _is_valid(text: str, path: Path) -> bool:
    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, path))
    except (ParseError, Invalid):
        return False
    return True


def check_unused(repo: Repo, paths: Sequence[str]) -> None:
    """Make sure that no running command of DVC reads or writes some files.

    Parameters
    ----------
    repo
        The repository, whose lock the caller holds, so that no other command starts.
    paths
        Absolute paths of the files.

    Raises
    ------
    InputError
        If one does.
    """
    try:
        with rwlock(repo.tmp_dir, repo.fs, "langsig", [], [*paths], hardlink=False):
            pass
    except RWLockFileCorruptedError:  # a command was killed while it wrote the list
        Path(repo.tmp_dir, RWLOCK_FILE).unlink()
    except LockError as error:
        other = re.search(r"\(PID (\d+)\): (.*)", str(error))
        raise InputError(
            "another command is running in this clone: "
            + (f"{other[2]} (process {other[1]})" if other else "one of DVC")
            + "; wait until it ends"
        ) from error


def check_no_stage_runs(root: Path) -> None:
    """Make sure that ``dvc repro`` runs no stage with the parameters of this repository.

    Raises
    ------
    InputError
        If it does.
    """
    if not (root / ".dvc/tmp" / RWLOCK_FILE).exists():  # no stage has ever run
        return
    with open_repository(root) as repo, lock_repo(repo):
        check_unused(repo, [repo.fs.join(repo.root_dir, "params.yaml")])
