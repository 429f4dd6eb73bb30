"""The undisturbed run, and the ways in which another clone differs from it."""

import filecmp
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.clones import ROOT, Clone
from tests.torture.programs import Ended, run

METRICS = Path("metrics/summary.json")
LOCK = Path("dvc.lock")
_OBJECTS = Path(".dvc/cache/files/md5")
_LEFT = re.compile(r"^\.(partial|previous)\.")


def start(folder: Path) -> Clone:
    """A clone with the parameters and data of ``micro``, in which nothing has run."""
    clone = Clone(folder)
    clone.fill()
    succeed(clone, "langsig", "use", "micro")
    clone.commit("micro")
    return clone


def succeed(clone: Clone, *command: str) -> Ended:
    """Run a command that must succeed."""
    ended = run(clone, *command)
    assert ended.code == 0, f"{command}\n{ended.printed[-3000:]}\n{ended.errors[-3000:]}"
    return ended


class Reference:
    """The clone in which everything has run without disturbance.

    Parameters
    ----------
    folder
        Where it is; if it does not exist yet, it is made.
    jobs
        Number of stages that run at a time.
    """

    def __init__(self, folder: Path, jobs: int) -> None:
        if folder.exists() and not _has_current_code(folder):
            sys.exit(f"{folder.parent}: made with other code; remove it, or name another --folder")
        if not folder.exists():
            unfinished = folder.with_name(f"{folder.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            succeed(start(unfinished), "langsig", "repro", "--jobs", str(jobs))
            unfinished.rename(folder)
        self.clone = Clone(folder)
        self.metrics = (folder / METRICS).read_bytes()
        self.stages: dict[str, Any] = locked(self.clone)
        self._others: Counter[str] = Counter()
        for name in self.stages:
            self._others.update(self._objects(name))

    def kinds(self) -> dict[str, list[str]]:
        """Stages by their kind, in the order of ``dvc.lock``."""
        kinds: dict[str, list[str]] = {}
        for name in self.stages:
            kinds.setdefault(name.split("@")[0], []).append(name)
        return kinds

    def copy(self, folder: Path) -> Clone:
        """Copy the clone to a folder, which is replaced."""
        shutil.rmtree(folder, ignore_errors=True)
        return self.clone.copy(folder)

    def forget(self, clone: Clone, name: str) -> None:
        """Remove what a stage has made from work tree, cache and ``dvc.lock``, so that it must run.

        Objects of the cache that other stages have made, too, stay.
        """
        for out in self.stages[name]["outs"]:
            path = clone.folder / out["path"]
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for md5 in self._objects(name):
            if self._others[md5] == 1:
                (clone.folder / _OBJECTS / md5[:2] / md5[2:]).unlink(missing_ok=True)
        lock = clone.folder / LOCK
        entry = rf"(?m)^  {re.escape(name)}:\n(?:   .*\n)*"
        text, found = re.subn(entry, "", lock.read_text())
        assert found == 1, name
        lock.write_text(text)

    def size(self, name: str) -> int:
        """Number of bytes of the outputs of a stage."""
        return sum(out["size"] for out in self.stages[name]["outs"])

    def _objects(self, name: str) -> set[str]:
        """Objects of the cache that a stage has made."""
        objects = set()
        for out in self.stages[name]["outs"]:
            objects.add(out["md5"])
            if out["md5"].endswith(".dir"):
                listing = self.clone.folder / _OBJECTS / out["md5"][:2] / out["md5"][2:]
                if listing.exists():  # metrics are not in the cache
                    objects |= {entry["md5"] for entry in json.loads(listing.read_text())}
        return objects

    def losses(self, clone: Clone, *, but: frozenset[str] = frozenset()) -> list[str]:
        """What is not as in this clone.

        Parameters
        ----------
        clone
            The clone to check.
        but
            Stages whose outputs may differ.
        """
        losses = []
        metrics = clone.folder / METRICS
        if not metrics.exists() or metrics.read_bytes() != self.metrics:
            losses.append(f"{METRICS} differs")
        stages = locked(clone)
        names = {
            name
            for name in stages.keys() | self.stages.keys()
            if stages.get(name) != self.stages.get(name)
        }
        if names - but:
            losses.append(f"{LOCK} differs: {' '.join(sorted(names - but))}")
        verified = run(clone, "langsig", "verify")
        if verified.code or "; 0 artifacts not pulled" not in verified.printed:
            losses.append(f"verify: {verified.printed[:300]} {verified.message}")
        return [*losses, *(f"{path} is left over" for path in _left(clone.folder))]


def _has_current_code(folder: Path) -> bool:
    listed = Clone(ROOT).git("ls-files", "-z", "src", "stages").split("\0")
    return all(
        (folder / name).exists() and filecmp.cmp(ROOT / name, folder / name)
        for name in listed
        if (ROOT / name).is_file()
    )


def locked(clone: Clone) -> dict[str, Any]:
    """The entries of ``dvc.lock``."""
    content: dict[str, Any] = YAML(typ="safe").load((clone.folder / LOCK).read_text())
    return content["stages"]


def _left(folder: Path) -> Iterator[str]:
    """Temporary files that no later run removes."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", ".dvc")]
        for name in (*folders, *files):
            if _LEFT.match(name):
                yield str(Path(parent, name).relative_to(folder))
