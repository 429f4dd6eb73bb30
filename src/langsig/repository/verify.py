"""Cache and workspace against the hashes of ``dvc.lock`` and ``*.dvc``, byte by byte.

DVC takes a file for what it was while its size and time of change are the same, and an object of
the cache while it is read-only. What a disk, a copy or an editor has done to it goes unseen.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from langsig.errors import InputError

if TYPE_CHECKING:
    from dvc.output import Output

CACHE, WORKSPACE = "cache", "workspace"
CHANGED, MISSING, UNKNOWN = "changed", "missing", "not part of it"


class Damage(NamedTuple):
    """A file that is not as the hash of its artifact says."""

    place: str
    """``cache`` or ``workspace``."""
    path: str
    """In the workspace, from this folder; an object of the cache is named by what it is there."""
    state: str
    """``changed``, ``missing``, or ``not part of it``."""
    remedy: str
    """Commands that get it back."""


class Verified(NamedTuple):
    """What has been read, and what of it is damaged."""

    artifacts: int
    absent: int
    """Of the artifacts: neither in the cache nor in the workspace, as if not pulled. Files of a
    folder of which that is so are left out."""
    files: int
    """Of cache and workspace."""
    size: int
    """Bytes of these."""
    damages: list[Damage]


def verify(targets: Sequence[str] = ()) -> Verified:
    """Read all artifacts of the repository that this folder is in, and compare their hashes.

    Parameters
    ----------
    targets
        Stages, as ``pretrain`` or ``pretrain@qaa``, or paths of artifacts; without, everything.

    Raises
    ------
    InputError
        If there is no such repository or target.
    """
    from dvc.exceptions import DvcException  # late, as it takes seconds
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            view = repo.index.targets_view([*targets] or None)
            outs = sorted((out for out in view.outs if out.hash_info), key=str)
            has_remote = bool(repo.config["core"].get("remote"))
            checks = [_Check(out, has_remote) for out in outs]
    except DvcException as error:
        raise InputError(str(error)) from error
    return Verified(
        artifacts=len(checks),
        absent=sum(check.absent for check in checks),
        files=sum(check.files for check in checks),
        size=sum(check.size for check in checks),
        damages=[damage for check in checks for damage in check.damages],
    )


class _Check:
    """Of one artifact: its index and files in the cache, if it is cached, and in the workspace."""

    def __init__(self, out: "Output", has_remote: bool) -> None:
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
        spoilt = self._spoilt(objects)
        files: dict[str, str] | None = {"": oid}
        if out.is_dir_checksum:
            files = self._listed(oid) if self._odb and not spoilt else None
            if files:  # a part of a folder may have been pulled, or the list of what is in it
                here = {name: md5 for name, md5 in files.items() if self._is_here(name, md5)}
                self.absent = not here and not self._top.exists()
                files = here
            objects |= files or {}
            spoilt |= self._spoilt(files or {})
        if self._top.exists():
            if files is None:
                self._compare_whole(out)
            else:
                self._compare_files(files)
        sound = self._top.exists() and not self.damages
        for inner, state in spoilt.items():
            removal = "" if state == MISSING else f"rm -f {_shown(self._object(objects[inner]))}; "
            self._note(CACHE, inner, state, removal + self._stored_again(sound))

    def _spoilt(self, objects: Mapping[str, str]) -> dict[str, str]:
        """States of those objects of the cache that are not what their names say."""
        states = {
            inner: self._state(self._object(oid), oid.removesuffix(".dir"))
            for inner, oid in objects.items()
        }
        return {inner: state for inner, state in states.items() if state}

    def _listed(self, oid: str) -> dict[str, str]:
        """Hashes of the files of a folder, by their paths in it."""
        entries = json.loads(self._object(oid).read_bytes())
        return {entry["relpath"]: entry["md5"] for entry in entries}

    def _compare_files(self, entries: dict[str, str]) -> None:
        for inner, md5 in entries.items():
            if state := self._state(self._top / inner, md5):
                self._note(WORKSPACE, inner, state, self._checked_out())
        if self._top.is_dir():
            there = (path.relative_to(self._top) for path in self._top.rglob("*") if path.is_file())
            for inner in sorted({path.as_posix() for path in there} - set(entries)):
                self._note(WORKSPACE, inner, UNKNOWN, self._checked_out())

    def _compare_whole(self, out: "Output") -> None:
        """A folder in the workspace, whose files have no hashes of their own."""
        from dvc_data.hashfile.build import build
        from dvc_data.hashfile.db import HashFileDB

        # A store without a memory of times and sizes; nothing is written to it.
        fresh = HashFileDB(out.fs, str(self._top))
        _, meta, tree = build(fresh, out.fs_path, out.fs, "md5", dry_run=True, ignore=out.dvcignore)
        self.files += meta.nfiles or 1
        self.size += meta.size or 0
        if tree.hash_info != out.hash_info:
            self._note(WORKSPACE, "", CHANGED, self._checked_out())

    def _checked_out(self) -> str:
        """What gets the workspace back, once the cache is sound."""
        if self._odb is None:
            return self._made_again()
        return f"rm -rf {self._name}; dvc checkout {self._name}"

    def _stored_again(self, in_workspace: bool) -> str:
        """What gets the cache back."""
        if self._has_remote:
            return f"dvc fetch {self._stage}"
        return f"dvc commit --force {self._name}" if in_workspace else self._made_again()

    def _made_again(self) -> str:
        return f"dvc repro --force --single-item {self._stage}"

    def _state(self, path: Path, md5: str) -> str | None:
        """What is wrong with a file; none if it is what it was."""
        from dvc_data.hashfile.hash import file_md5

        if not path.is_file():
            return MISSING
        self.files += 1
        self.size += path.stat().st_size
        return None if file_md5(str(path)) == md5 else CHANGED

    def _is_here(self, inner: str, oid: str) -> bool:
        """Whether a file of a folder is in the workspace or in the cache."""
        return (self._top / inner).exists() or self._is_cached(oid)

    def _is_cached(self, oid: str) -> bool:
        return self._object(oid).is_file()

    def _object(self, oid: str) -> Path:
        assert self._odb is not None
        return Path(self._odb.oid_to_path(oid))

    def _note(self, place: str, inner: str, state: str, remedy: str) -> None:
        self.damages.append(Damage(place, _shown(self._top / inner), state, remedy))


def _shown(path: Path) -> str:
    return Path(os.path.relpath(path)).as_posix()
