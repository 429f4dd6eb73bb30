"""What other commands of DVC leave behind when they are killed, or are still working on."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.rwlock import RWLOCK_FILE, rwlock
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import ParseError, dumps_yaml, parse_yaml
from voluptuous import Invalid

from langsig.errors import InputError
from langsig.files import write_file
from langsig.repository.opening import open_repository
from langsig.repository.processes import CommandError, output


def repair(repo: Repo) -> None:
    """Repair the files that commands of DVC have written in part when they were killed.

    DVC writes ``dvc.lock``, and its list of the files that running commands use, from beginning to
    end. If it is killed meanwhile, no command of DVC can read them. Of ``dvc.lock``, all complete
    entries are kept; others are taken from the last commit, or come back from DVC's run cache.

    DVC also keeps lists of what is to be pushed and pulled. If it is killed while it makes one, it
    takes the part for the whole from then on, and leaves files out without a word. The lists are
    removed; DVC makes them again.

    Parameters
    ----------
    repo
        The repository, whose lock the caller holds. Files that are broken in another way stay as
        they are.
    """
    remove_broken_list(Path(repo.tmp_dir))
    repo.drop_data_index()
    path = Path(repo.root_dir, "dvc.lock")
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    if _stages(text) is not None:
        return
    *whole, _ = re.split(r"(?m)^(?=  \S)", text)
    kept = _stages("".join(whole)) if len(whole) > 1 else {}
    if kept is None or re.search(r"(?m)^[<>]{7}", text):  # or it has conflict marks of Git
        return
    committed = {}
    with suppress(CommandError):  # there is none
        committed = _stages(output("git", "show", "HEAD:./dvc.lock", folder=path.parent)) or {}
    content = {"schema": "2.0", "stages": committed | kept}
    write_file(path, dumps_yaml(content).encode())
    print(
        f"{path.name}: ended in the middle, as dvc repro was killed while it wrote the file; "
        f"{len(kept)} entries are kept, others come from the last commit or the cache",
        flush=True,
    )


def remove_broken_list(folder: Path) -> None:
    """Remove DVC's list of the files that running commands use, if it is not complete.

    Parameters
    ----------
    folder
        The folder ``.dvc/tmp`` of a repository in which no command of DVC is running.
    """
    path = folder / RWLOCK_FILE
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except ValueError:
        path.unlink()


def _stages(text: str) -> dict[str, object] | None:
    """The entries of a ``dvc.lock``; None if DVC cannot read it."""
    try:
        content = COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, "dvc.lock"))
    except (ParseError, Invalid):
        return None
    return dict(content.get("stages", {}))


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
        repair(repo)
        check_unused(repo, [repo.fs.join(repo.root_dir, "params.yaml")])
