"""Parameters and artifacts of a revision: a commit, branch, tag, experiment, or the workspace."""

import json
from collections.abc import Iterator
from functools import cached_property
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from langsig.errors import InputError

WORKSPACE = "workspace"


class Revision:
    """A revision of a repository, of which nothing is checked out.

    Artifacts come from the cache or, if they are not there, from the remote.

    Parameters
    ----------
    name
        What Git or ``dvc exp list`` knows it by; ``workspace``: what lies in the work tree.
    repository
        A folder in it.

    Raises
    ------
    InputError
        If there is no such repository or revision, or no ``dvc.lock`` in it.
    """

    def __init__(self, name: str, repository: str | Path = ".") -> None:
        from dvc.api import DVCFileSystem  # late, as it takes seconds
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
        from dvc.scm import SCMError, resolve_rev

        self.name = name
        self._outdated: dict[str, bool] = {}
        try:
            with Repo(str(repository)) as repo:
                commit = None if name == WORKSPACE else resolve_rev(repo.scm, name)
            self._files = DVCFileSystem(str(repository), rev=commit, subrepos=False)
        except (DvcException, SCMError) as error:
            raise InputError(f"{name}: no such revision: {error}") from error
        if not self._files.exists("dvc.lock"):
            raise InputError(f"{name}: no dvc.lock in it; run dvc repro, and commit dvc.lock")

    @cached_property
    def params(self) -> dict[str, Any]:
        """The parameters."""
        params: dict[str, Any] = self._yaml("params.yaml")
        return params

    def table(self, path: str) -> pd.DataFrame:
        """A table in CSV or Parquet.

        Raises
        ------
        InputError
            If it is not there, or not what the parameters of the revision would make.
        """
        content = BytesIO(self._read(path))
        if path.endswith(".parquet"):
            return pd.read_parquet(content)
        return pd.read_csv(content, keep_default_na=False, na_values=[""])

    def json(self, path: str) -> Any:
        """What a JSON file says; errors as of :meth:`table`."""
        return json.loads(self._read(path))

    def _read(self, path: str) -> bytes:
        """An artifact, if it is what the parameters of the revision make.

        An experiment of a few stages keeps what the others made before it, which then belongs to
        other parameters.
        """
        maker = self._maker(path)
        if maker is None:
            raise InputError(f"{self.name}: {path}: the stage that makes it has not run")
        for stage in self._upstream(maker, set()):
            if self._is_outdated(stage):
                raise InputError(
                    f"{self.name}: {path} is out of date, as stage {stage} has not run with the "
                    "parameters of this revision"
                )
        try:
            content: bytes = self._files.read_bytes(path)
        except FileNotFoundError as error:
            raise InputError(
                f"{self.name}: {path} is neither in the cache nor in a remote; dvc pull or repro it"
            ) from error
        return content

    def _upstream(self, stage: str, seen: set[str]) -> Iterator[str]:
        """The stages that this one depends on, those without dependencies first, and itself."""
        if stage in seen:
            return
        seen.add(stage)
        for dependency in self._lock[stage].get("deps", []):
            maker = self._maker(dependency["path"])
            if maker is not None:
                yield from self._upstream(maker, seen)
        yield stage

    def _is_outdated(self, stage: str) -> bool:
        if stage not in self._outdated:  # many artifacts have the same stages before them
            self._outdated[stage] = self._has_changed(stage)
        return self._outdated[stage]

    def _has_changed(self, stage: str) -> bool:
        """Whether what a stage was given is no longer what there is."""
        locked = self._lock[stage]
        for dependency in locked.get("deps", []):
            if self._maker(dependency["path"]) is None:
                continue  # a source, or data
            if dependency.get("md5") != self._md5(dependency["path"]):
                return True
        return any(
            self._parameter(name) != value
            for name, value in locked.get("params", {}).get("params.yaml", {}).items()
        )

    def _parameter(self, name: str) -> Any:
        value: Any = self.params
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def _md5(self, path: str) -> str | None:
        exact = self._outs.get(path)
        if exact is not None:
            return exact[1]
        info = self._files.info(path)  # of a file in the work tree, what DVC knows is one deeper
        found: str | None = info.get("dvc_info", info).get("md5")
        return found

    def _maker(self, path: str) -> str | None:
        for place in (path, *map(str, PurePosixPath(path).parents)):
            if place in self._outs:
                return self._outs[place][0]
        return None

    @cached_property
    def _outs(self) -> dict[str, tuple[str, str | None]]:
        """By path: the stage that makes it, and its hash."""
        return {
            out["path"]: (stage, out.get("md5"))
            for stage, locked in self._lock.items()
            for out in locked.get("outs", [])
        }

    @cached_property
    def _lock(self) -> dict[str, Any]:
        stages: dict[str, Any] = self._yaml("dvc.lock")["stages"]
        return stages

    def _yaml(self, path: str) -> Any:
        # In lock files 1e-06 is a number, as in YAML 1.2.
        return YAML(typ="safe").load(self._files.read_text(path))


def changed_parameters(before: Revision, after: Revision) -> dict[str, tuple[Any, Any]]:
    """Parameters that two revisions do not have in common, by their full names."""
    one, other = (dict(_flat(revision.params)) for revision in (before, after))
    names = dict.fromkeys([*one, *other])
    return {
        name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)
    }


def _flat(params: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in params.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
