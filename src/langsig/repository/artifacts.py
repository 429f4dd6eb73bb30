"""What stages read and write, in the cache and in the remote."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage
from dvc_data.hashfile.hash_info import HashInfo


class Pulled(NamedTuple):
    """Sizes in bytes."""

    pulled: int
    """Of what has come into the cache."""
    total: int
    """Of all artifacts that the cache of a complete clone holds."""


def artifact_at(outs: dict[str, Output], path: str) -> Output | None:
    """Return the artifact at a path, or the one whose folder the path is in."""
    candidates = (path, *map(str, Path(path).parents))
    return next((outs[candidate] for candidate in candidates if candidate in outs), None)


def all_artifacts(repo: Repo) -> dict[str, Output]:
    """Return all outputs of stages, by their paths."""
    return {out.fs_path: out for out in repo.index.outs}


def cached_artifacts(repo: Repo) -> dict[str, Output]:
    """Return the outputs that DVC keeps in its cache, by their paths."""
    return {path: out for path, out in all_artifacts(repo).items() if out.use_cache}


def artifacts_read(repo: Repo, stages: Iterable[Stage]) -> dict[str, Output]:
    """Return the cached artifacts that stages read and do not write themselves.

    Returns
    -------
    dict of str to Output
        By path. A stage that reads part of an artifact counts as reading all of it, as DVC takes an
        incomplete folder for a changed one. Of data, which no stage writes, only the part counts.
    """
    stages = list(stages)
    outs = cached_artifacts(repo)
    written = {out.fs_path for stage in stages for out in stage.outs}
    read = {}
    for path in {dep.fs_path for stage in stages for dep in stage.deps}:
        out = artifact_at(outs, path)
        if out is not None and out.fs_path not in written:
            read[out.fs_path if out.stage.cmd else path] = out
    return read


def pull_listings(repo: Repo, outs: Iterable[Output]) -> None:
    """Pull the lists of files of folders, all in one request."""
    lists = {out.hash_info for out in outs if out.is_dir_checksum and out.get_obj() is None}
    if lists and repo.config["core"].get("remote"):
        repo.cloud.pull(lists)


def list_files(repo: Repo, out: Output) -> dict[str, str] | None:
    """Return the MD5 hash of every file in an artifact that is a folder, by its path in it.

    None if neither the cache nor the remote has the list of files.
    """
    with suppress(DvcException, OSError):
        pull_listings(repo, [out])
    tree = out.get_obj()
    if tree is None:
        return None
    return {"/".join(key): str(hash_info.value) for key, _, hash_info in tree}


def pull(repo: Repo, stages: Iterable[Stage]) -> Pulled:
    """Pull and check out what stages read.

    All objects go into one request: ``dvc pull PATH ...`` reads ``dvc.lock`` again for every path.
    """
    before = cache_size(repo)
    read = artifacts_read(repo, stages)
    pull_listings(repo, read.values())
    if repo.config["core"].get("remote"):
        objects: defaultdict[Any, set[HashInfo]] = defaultdict(set)
        for path, out in read.items():
            for store, hashes in out.get_used_objs(filter_info=path).items():
                objects[store] |= hashes
        for store, hashes in objects.items():
            repo.cloud.pull(hashes, odb=store)
    for path, out in read.items():
        out.checkout(filter_info=path)
    total = sum(out.meta.size or 0 for out in cached_artifacts(repo).values())
    return Pulled(cache_size(repo) - before, total)


def cache_size(repo: Repo) -> int:
    """Return the size of the cache in bytes."""
    folder = Path(repo.cache.local.path)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
