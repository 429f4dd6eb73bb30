"""The folder ``data/``: an import of another folder, declared in ``data.dvc``.

It is replaced when other data are chosen. What DVC could not restore is never removed.
"""

import filecmp
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from langsig.errors import InputError
from langsig.files import remove
from langsig.repository.broken import broken_yaml
from langsig.repository.locks import try_lock

DATA = "data"
_FEW = 3


def declared_source(root: Path) -> Path | None:
    """The folder that ``data/`` is imported from; None if it is not an import."""
    declaration = root / f"{DATA}.dvc"
    if not declaration.is_file():
        return None
    dependencies = _declaration(declaration).get("deps") or [{}]
    path = dependencies[0].get("path")
    return None if path is None else root / path


def imported_hash(root: Path) -> str | None:
    """DVC's hash of what ``data/`` holds; None if it is not known yet."""
    value: str | None = _declaration(root / f"{DATA}.dvc")["outs"][0].get("md5")
    return value


def _declaration(path: Path) -> dict[str, Any]:
    """The content of ``data.dvc``.

    Raises
    ------
    InputError
        If it is not one that DVC has written.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        content = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise broken_yaml(path, text, error) from error
    if not isinstance(content, dict) or not content.get("outs"):
        raise InputError(f"{path}: not an import of DVC; restore it with: git checkout {path.name}")
    return content


def check_replaceable(root: Path, source: Path) -> None:
    """Make sure that ``data/`` can become an import of a folder without loss.

    Parameters
    ----------
    root
        Folder of the repository.
    source
        Folder with the data to use.

    Raises
    ------
    InputError
        If the source is not a folder; is ``data/`` itself, part of it, or contains it; or if
        ``data/`` cannot be restored, see :func:`check_unchanged`.
    """
    if not source.is_dir():
        raise InputError(f"--data: {source} is not a folder; name the folder with the data")
    data, other = (root / DATA).resolve(), source.resolve()
    if data == other or data in other.parents or other in data.parents:
        raise InputError(
            f"--data: {source} is, contains or is part of {DATA}/, the folder that is to be "
            "filled with a copy; move your data first, for example with: "
            f"mv {DATA} my-data && langsig use PRESET --data my-data"
        )
    if not os.path.lexists(root / DATA):
        return
    if declared_source(root) is None:
        raise _refusal(root, f"{DATA}.dvc does not declare it as an import of another folder")
    check_unchanged(root)


def check_unchanged(root: Path) -> None:
    """Make sure that ``data/``, if it is an import, holds nothing else than what was imported.

    When DVC brings an import up to date, it removes everything else in the folder without asking.

    Raises
    ------
    InputError
        If there are other files, or imported ones have changed.
    """
    source = declared_source(root)
    if source is None or not os.path.lexists(root / DATA):
        return
    files = _files(root / DATA)
    imported, unchanged = _imported(root)
    unknown = files - (imported.keys() if imported is not None else _files(source))
    if unknown:
        raise _refusal(root, f"it holds files that are not from {source}: {_some(unknown)}")
    if unchanged:
        return
    if imported is not None:
        from dvc_data.hashfile.hash import file_md5

        changed = {name for name in files if file_md5(str(root / DATA / name)) != imported[name]}
    else:  # the cache is empty
        _, *unequal = filecmp.cmpfiles(root / DATA, source, files, shallow=False)
        changed = set().union(*unequal)
    if changed:
        raise _refusal(root, f"files have changed since the import: {_some(changed)}")


def is_declared(root: Path, source: Path) -> bool:
    """Whether ``data.dvc`` imports this folder already."""
    declared = declared_source(root)
    return declared is not None and declared.resolve() == source.resolve()


def import_data(root: Path, source: Path) -> None:
    """Make ``data/`` an import of a folder, unless it is one already.

    What is there is kept until the import has succeeded. Call :func:`check_replaceable` first.

    Raises
    ------
    InputError
        If DVC fails; then everything is as before.
    """
    if is_declared(root, source):
        return
    kept = _kept(root)
    for path, previous in kept:
        if os.path.lexists(path):
            remove(previous)
            path.rename(previous)
    try:
        target = str(source if source.is_absolute() else os.path.relpath(source, root))
        # A frozen import is never brought up to date, nor made at all in a fresh clone.
        # Late, as importing DVC takes long.
        from langsig.repository.opening import open_repository
        from langsig.repository.running import dvc_without_bars

        with chdir(root), dvc_without_bars(only_warnings=True), open_repository() as repo:
            repo.imp_url(target, DATA, frozen=False)
    except BaseException:
        for path, previous in kept:
            remove(path)
            if os.path.lexists(previous):
                previous.rename(path)
        raise
    for _, previous in kept:
        remove(previous)


@contextmanager
def only_command(root: Path) -> Iterator[None]:
    """Keep other processes from importing data, or running stages, for the duration of the block.

    An import that was killed is undone first: what it had moved away is put back.

    Raises
    ------
    InputError
        If another process does one of these.
    """
    with try_lock(root / ".scratch" / "use.lock") as alone:
        if not alone:
            raise InputError(
                "another langsig command is running stages or importing data in this clone; wait "
                "until it ends"
            )
        _undo_interrupted(root)
        yield


def _undo_interrupted(root: Path) -> None:
    """Put back what a killed import had moved away, unless the import was complete.

    Files that it had copied are kept in a folder next to ``data/``, since they look like
    files that the user has put there afterwards.
    """
    kept = _kept(root)
    if not any(os.path.lexists(previous) for _, previous in kept):
        return
    (data, _), (declaration, _) = kept
    if declaration.exists() and os.path.lexists(data):  # only the end was missing
        for _, previous in kept:
            remove(previous)
        return
    for path, previous in kept:
        if not os.path.lexists(previous):
            continue
        if os.path.lexists(path):
            aside = next(
                folder
                for number in count(1)
                if not os.path.lexists(folder := root / f"{path.name}.interrupted-{number}")
            )
            path.rename(aside)
            print(f"{aside}: what an interrupted import had copied; remove it if you need nothing")
        previous.rename(path)


def _kept(root: Path) -> list[tuple[Path, Path]]:
    """The folder and its declaration, each with the name that it has during an import."""
    return [(root / name, root / f".{name}.previous") for name in (DATA, f"{DATA}.dvc")]


def _refusal(root: Path, reason: str) -> InputError:
    return InputError(
        f"{DATA}/ would be replaced, but {reason}. Move what you need to another folder; to give "
        f"up everything in it: rm -r {root / DATA}"
    )


def _some(names: set[str]) -> str:
    """The first of these files in ``data/``, and how many more there are."""
    shown = ", ".join(f"{DATA}/{name}" for name in sorted(names)[:_FEW])
    return f"{shown} and {len(names) - _FEW} more" if len(names) > _FEW else shown


def _imported(root: Path) -> tuple[dict[str, str] | None, bool]:
    """Return what was imported, and whether DVC finds it unchanged.

    Returns
    -------
    dict of str to str, or None
        MD5 hash of every file; None if neither cache nor remote has the list of them.
    bool
        Whether ``data/`` is as it was imported. DVC remembers what it has read before.
    """
    # Late, as importing DVC takes long.
    from langsig.repository.artifacts import list_files
    from langsig.repository.opening import open_repository

    with open_repository(root) as repo:
        (out,) = repo.stage.load_one(str(root / f"{DATA}.dvc")).outs
        return list_files(repo, out), not out.status()


def _files(folder: Path) -> set[str]:
    """Paths of all files below a folder, relative to it."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
