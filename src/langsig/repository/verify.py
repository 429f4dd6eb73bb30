"""Check cache and workspace against the hashes in ``dvc.lock`` and ``*.dvc``, byte by byte.

DVC takes a file for unchanged while its size and time of change are the same, and an object of the
cache while it is read-only. It does not notice damage by a disk, a copy or an editor.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dvc.output import Output
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from dvc_data.hashfile.hash import file_md5

from langsig.repository.opening import open_repository

CACHE, WORKSPACE = "cache", "workspace"
CHANGED, MISSING, UNKNOWN = "changed", "missing", "not part of it"


class Damage(NamedTuple):
    """A file that does not have the hash that is recorded for it."""

    location: str
    """``cache`` or ``workspace``."""
    path: str
    """Path of the file in the workspace, relative to the current folder; an object of the cache
    is named by the file that it holds."""
    state: str
    """``changed``, ``missing``, or ``not part of it``."""
    remedy: str
    """Commands that restore the file."""


class Verified(NamedTuple):
    """The extent and the result of a check."""

    artifacts: int
    """Number of artifacts."""
    absent: int
    """Number of artifacts that are neither in the cache nor in the workspace, as they have not
    been pulled. They are not damaged, and neither are files of a folder that was pulled in part."""
    files: int
    """Number of files read, in cache and workspace."""
    size: int
    """Their size in bytes."""
    damages: list[Damage]


def verify(targets: Sequence[str] = ()) -> Verified:
    """Read the artifacts of the repository that the current folder is in, and check their hashes.

    Parameters
    ----------
    targets
        Stages, such as ``pretrain`` or ``pretrain@qaa``, or paths of artifacts (default: all
        artifacts).

    Raises
    ------
    InputError
        If there is no such repository or target.
    """
    with open_repository() as repo:
        view = repo.index.targets_view([*targets] or None)
        outs = sorted((out for out in view.outs if out.hash_info), key=str)
        has_remote = bool(repo.config["core"].get("remote"))
        checks = [_Check(out, has_remote) for out in outs]
    return Verified(
        artifacts=len(checks),
        absent=sum(check.absent for check in checks),
        files=sum(check.files for check in checks),
        size=sum(check.size for check in checks),
        damages=[damage for check in checks for damage in check.damages],
    )


class _Check:
    """The check of one artifact: its files in the workspace and, if it is cached, in the cache."""

    def __init__(self, out: Output, has_remote: bool) -> None:
        self.files = self.size = 0
        self.damages: list[Damage] = []
        self._odb = out.cache if out.use_cache else None
        self._top, self._has_remote = Path(out.fs_path), has_remote
        self._stage, self._name = str(out.stage.addressing), _shown(self._top)
        oid = str(out.hash_info.value)
        self.absent = not self._top.exists() and not (self._odb and self._is_cached(oid))
        if self.absent:
            return
        objects = {"": oid} if self._odb else {}
        damaged = self._damaged(objects)
        files: dict[str, str] | None = {"": oid}
        if out.is_dir_checksum:
            files = self._listed(oid) if self._odb and not damaged else None
            if files:  # part of a folder may have been pulled, or only the list of its files
                present = {name: md5 for name, md5 in files.items() if self._is_present(name, md5)}
                self.absent = not present and not self._top.exists()
                files = present
            objects |= files or {}
            damaged |= self._damaged(files or {})
        if self._top.exists():
            if files is None:
                self._compare_whole(out)
            else:
                self._compare_files(files)
        is_sound = self._top.exists() and not self.damages
        for inner, state in damaged.items():
            removal = "" if state == MISSING else f"rm -f {_shown(self._object(objects[inner]))}; "
            self._add(CACHE, inner, state, removal + self._restore_cache(is_sound))

    def _damaged(self, objects: Mapping[str, str]) -> dict[str, str]:
        """Return the states of the objects of the cache that do not have their hashes."""
        states = {
            inner: self._state(self._object(oid), oid.removesuffix(".dir"))
            for inner, oid in objects.items()
        }
        return {inner: state for inner, state in states.items() if state}

    def _listed(self, oid: str) -> dict[str, str]:
        """Return the hashes of the files of a folder, by their paths in it."""
        entries = json.loads(self._object(oid).read_bytes())
        return {entry["relpath"]: entry["md5"] for entry in entries}

    def _compare_files(self, entries: dict[str, str]) -> None:
        for inner, md5 in entries.items():
            if state := self._state(self._top / inner, md5):
                self._add(WORKSPACE, inner, state, self._restore_workspace())
        if self._top.is_dir():
            paths = (path.relative_to(self._top) for path in self._top.rglob("*") if path.is_file())
            for inner in sorted({path.as_posix() for path in paths} - set(entries)):
                self._add(WORKSPACE, inner, UNKNOWN, self._restore_workspace())

    def _compare_whole(self, out: Output) -> None:
        """Compare a folder in the workspace for whose files no single hashes are known."""
        # A store that remembers no times and sizes; nothing is written to it.
        fresh = HashFileDB(out.fs, str(self._top))
        _, meta, tree = build(fresh, out.fs_path, out.fs, "md5", dry_run=True, ignore=out.dvcignore)
        self.files += meta.nfiles or 1
        self.size += meta.size or 0
        if tree.hash_info != out.hash_info:
            self._add(WORKSPACE, "", CHANGED, self._restore_workspace())

    def _restore_workspace(self) -> str:
        """Return the commands that restore the workspace from a sound cache."""
        if self._odb is None:
            return self._run_again()
        return f"rm -rf {self._name}; dvc checkout {self._name}"

    def _restore_cache(self, in_workspace: bool) -> str:
        """Return the commands that restore the cache."""
        if self._has_remote:
            return f"dvc fetch {self._stage}"
        return f"dvc commit --force {self._name}" if in_workspace else self._run_again()

    def _run_again(self) -> str:
        return f"dvc repro --force --single-item {self._stage}"

    def _state(self, path: Path, md5: str) -> str | None:
        """Return how a file differs from its hash; None if it does not."""
        if not path.is_file():
            return MISSING
        self.files += 1
        self.size += path.stat().st_size
        return None if file_md5(str(path)) == md5 else CHANGED

    def _is_present(self, inner: str, oid: str) -> bool:
        """Whether a file of a folder is in the workspace or in the cache."""
        return (self._top / inner).exists() or self._is_cached(oid)

    def _is_cached(self, oid: str) -> bool:
        return self._object(oid).is_file()

    def _object(self, oid: str) -> Path:
        assert self._odb is not None
        return Path(self._odb.oid_to_path(oid))

    def _add(self, location: str, inner: str, state: str, remedy: str) -> None:
        self.damages.append(Damage(location, _shown(self._top / inner), state, remedy))


def _shown(path: Path) -> str:
    return Path(os.path.relpath(path)).as_posix()
