"""What ``dvc repro`` does before and after the command of a stage.

DVC's ``Stage.reproduce`` does all of it in one call, command included, so that stages run one after
the other. Here the command is left out. Everything else is the same, in the same order, and must
be called from one thread.
"""

import re
import shutil
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage
from dvc.stage.cache import RunCacheNotFoundError
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils.serialize import dumps_yaml, parse_yaml

from langsig.files import write_file
from langsig.repository.opening import stage_name


class State(Enum):
    """What :meth:`Recorder.begin` has found, or done."""

    CURRENT = auto()
    """The stage is up to date."""
    DONE = auto()
    """It has no command and is up to date now: an import, for example."""
    RESTORED = auto()
    """It has run with the same inputs before; its outputs have come from the cache."""
    TO_RUN = auto()
    """Its command must run now."""


class Recorder:
    """Decides whether stages must run, and records those that have run.

    Parameters
    ----------
    repo
        The repository, whose lock the caller holds.
    stages
        All stages, in the order in which ``dvc repro`` runs them.
    """

    def __init__(self, repo: Repo, stages: Sequence[Stage]) -> None:
        self._repo = repo
        order = [stage_name(stage) for stage in stages if isinstance(stage, PipelineStage)]
        self._lock = LockFile(Path(repo.root_dir, "dvc.lock"), order)

    def begin(self, stage: Stage) -> State:
        """Bring a stage up to date without running its command, if that is possible."""
        if not stage.cmd or stage.frozen:
            if stage.reproduce() is None:
                return State.CURRENT
            self._record(stage)
            return State.DONE
        if not stage.changed():
            return State.CURRENT
        stage.remove_outs()
        try:
            self._repo.stage_cache.restore(stage)
        except RunCacheNotFoundError:
            stage.save_deps()
            return State.TO_RUN
        self.end(stage)
        return State.RESTORED

    def end(self, stage: Stage) -> None:
        """Put the outputs of a stage into the cache, and its entry into ``dvc.lock``.

        Raises
        ------
        DvcException
            If an output does not exist, or is not in the cache afterwards: DVC itself only prints
            that a file could not be copied.
        """
        uncached = [out for out in stage.outs if not out.use_cache]
        stage.save(run_cache=all(out.is_metric or out.is_plot for out in uncached))
        stage.commit()
        missing = [out for out in stage.outs if out.use_cache and out.changed_cache()]
        if missing:
            size = sum((out.meta and out.meta.size) or 0 for out in missing)
            cache = missing[0].cache.path
            raise DvcException(
                f"{cache}: needs {size:,} bytes ({shutil.disk_usage(cache).free:,} bytes are free) "
                f"for {missing[0]}, which could not be copied; make sure that this folder can be "
                "written, and that its disk has room"
            )
        self._record(stage)

    def _record(self, stage: Stage) -> None:
        if not isinstance(stage, PipelineStage):
            stage.dump(update_pipeline=False)
        elif self._lock.write(stage_name(stage), to_single_stage_lockfile(stage)):
            self._repo.scm_context.track_file("dvc.lock")


class LockFile:
    """A ``dvc.lock`` that is written many times.

    ``Stage.dump`` parses and formats the whole file, which takes a second once there are a hundred
    stages. Here only the entry that changes is formatted.

    Parameters
    ----------
    path
        The file, which need not exist.
    order
        Names of all stages. An entry that the file does not have yet is put before the first of a
        later stage, so that the file does not depend on which stage ends first.
    """

    def __init__(self, path: Path, order: Sequence[str]) -> None:
        self._path = path
        self._position = {name: number for number, name in enumerate(order)}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if not re.search(r"(?m)^stages:$", text):  # new, without stages, or in another style
            empty = {"schema": "2.0", "stages": {}}
            text = dumps_yaml(empty | parse_yaml(text, path)).replace("stages: {}", "stages:")
        self._head, rest = re.split(r"(?m)^stages:\n", text, maxsplit=1)
        end = re.search(r"(?m)^\S", rest)
        self._tail = rest[end.start() :] if end else ""
        entries = re.split(r"(?m)^(?=  \S)", rest.removesuffix(self._tail))
        self._entries = {next(iter(parse_yaml(entry, path))): entry for entry in entries if entry}

    def write(self, name: str, entry: dict[str, object]) -> bool:
        """Replace or add an entry; return whether that changes the file.

        Parameters
        ----------
        name
            Name of the stage.
        entry
            What the file is to hold of it: its command, dependencies, parameters and outputs.
        """
        text = dumps_yaml({"stages": {name: entry}}).removeprefix("stages:\n")
        if self._entries.get(name) == text:
            return False
        self._insert(name, text)
        parts = (self._head, "stages:\n", *self._entries.values(), self._tail)
        write_file(self._path, "".join(parts).encode())
        return True

    def _insert(self, name: str, text: str) -> None:
        if name in self._entries:
            self._entries[name] = text
            return
        position = self._position[name]
        later = [other for other in self._entries if self._position.get(other, -1) > position]
        moved = {}
        if later:
            names = list(self._entries)
            moved = {other: self._entries.pop(other) for other in names[names.index(later[0]) :]}
        self._entries |= {name: text} | moved
