"""Parameters and artifacts of a revision, which need not be checked out."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import SCMError, resolve_rev
from dvc.stage import Stage
from dvc.utils.serialize import load_yaml

from langsig.analysis.difference import ParameterChanges
from langsig.errors import InputError
from langsig.repository.artifacts import all_artifacts, artifact_at
from langsig.repository.broken import broken_yaml
from langsig.repository.opening import stage_name
from langsig.repository.outdated import outdated_stages

WORKSPACE = "workspace"


class Revision:
    """A commit, branch, tag or experiment of a repository, or its workspace.

    Artifacts come from the cache or, if they are not there, from the remote.

    Parameters
    ----------
    name
        The name that Git or ``dvc exp list`` has for it, or ``workspace``.
    repository
        A folder in the repository (default: the current one).

    Raises
    ------
    InputError
        If there is no such repository or revision, or the revision has no ``dvc.lock``, or one
        of DVC's files in it cannot be read.
    """

    def __init__(self, name: str, repository: str | Path = ".") -> None:
        self.name = name
        try:
            with Repo(Repo.find_root(str(repository))) as repo:
                commit = None if name == WORKSPACE else resolve_rev(repo.scm, name)
                self._files = DVCFileSystem(repo.root_dir, rev=commit)
        except (DvcException, SCMError) as error:
            raise InputError(f"{name}: no such revision: {error}") from error
        if not self._repo.fs.exists(self._path("dvc.lock")):
            raise InputError(
                f"{name}: the revision has no dvc.lock; run make repro and commit dvc.lock"
            )
        for file in ("dvc.yaml", "dvc.lock"):  # DVC takes a broken one for a missing one
            self._yaml(file)

    @cached_property
    def params(self) -> dict[str, Any]:
        """The parameters, by their keys."""
        return self._yaml("params.yaml")

    def _yaml(self, name: str) -> dict[str, Any]:
        """The content of a YAML file in the root of the repository."""
        path = self._path(name)
        try:
            content = load_yaml(path, fs=self._repo.fs)
        except FileNotFoundError as error:
            raise InputError(f"{self.name}: the revision has no {name}") from error
        except DvcException as error:
            raw: bytes = self._repo.fs.read_bytes(path)
            text = raw.decode("utf-8", "replace")
            raise InputError(f"{self.name}: {broken_yaml(name, text, error)}") from error
        if not isinstance(content, dict):
            raise InputError(f"{self.name}: {name} is empty or not a mapping")
        return content

    def parameter(self, *keys: str) -> Any:
        """The value of a parameter.

        Raises
        ------
        InputError
            If the revision has no such parameter.
        """
        value: Any = self.params
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                raise InputError(f"{self.name}: params.yaml has no {'.'.join(keys)}")
            value = value[key]
        return value

    def table(self, path: str) -> pd.DataFrame:
        """Read a table in CSV or Parquet.

        Raises
        ------
        InputError
            If the table does not exist, or does not belong to the parameters of the revision.
        """
        content = BytesIO(self._read(path))
        if path.endswith(".parquet"):
            return pd.read_parquet(content)
        return pd.read_csv(content, keep_default_na=False, na_values=[""])

    def json(self, path: str) -> Any:
        """Read a JSON file; raises the same errors as :meth:`table`."""
        return json.loads(self._read(path))

    @property
    def _repo(self) -> Repo:
        return self._files.repo

    def _path(self, path: str) -> str:
        return str(self._repo.fs.join(self._repo.root_dir, path))

    def _read(self, path: str) -> bytes:
        """Read an artifact that belongs to the parameters of the revision.

        An experiment that runs only some stages keeps the artifacts of the others, which then
        belong to other parameters.
        """
        try:
            self._check(path)
            content: bytes = self._files.read_bytes(path)
        except FileNotFoundError as error:
            raise InputError(
                f"{self.name}: {path} is neither in the cache nor in a remote; "
                "run dvc pull or make repro"
            ) from error
        except DvcException as error:
            raise InputError(f"{self.name}: {path}: {error}") from error
        return content

    def _check(self, path: str) -> None:
        out = artifact_at(all_artifacts(self._repo), self._path(path))
        if out is None or not out.hash_info:
            raise InputError(f"{self.name}: {path}: the stage that writes it has not run")
        graph = self._repo.index.graph
        needed = {out.stage} | nx.descendants(graph, out.stage)
        for stage in self._outdated:
            if stage in needed:
                raise InputError(
                    f"{self.name}: {path} is out of date: stage {stage_name(stage)} has not run "
                    "with the parameters of this revision"
                )

    @cached_property
    def _outdated(self) -> list[Stage]:
        return outdated_stages(self._repo, sources=False)


def changed_parameters(before: Revision, after: Revision) -> ParameterChanges:
    """Compare the parameters of two revisions."""
    old, new = (dict(_flat(revision.params)) for revision in (before, after))
    return ParameterChanges(
        {key: (old[key], new[key]) for key in old if key in new and old[key] != new[key]},
        {key: value for key, value in old.items() if key not in new},
        {key: value for key, value in new.items() if key not in old},
    )


def _flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in params.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
