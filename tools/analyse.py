"""Run what has changed of the analysis, and pull no more than that reads.

For a clone that has pulled nothing: changed parameters or code of the stages from `factorize` on
are found, what they read is pulled at once, and they run. Nothing is trained; neither a
checkpoint nor a hidden state is downloaded.
"""

import argparse
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path

import networkx as nx
from dvc.dependency.base import Dependency
from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.stage import Stage
from dvc_data.hashfile.hash_info import HashInfo

from warm import warm

ROOT = Path(__file__).parent.parent
ANALYSIS = {"factorize", "uncertainty", "ranks", "sets", "relate", "analyse", "plot", "report"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make analyse", description=__doc__)
    parser.parse_args()
    with warm() as environment:
        analyse(environment)
    subprocess.run(["langsig", "show", "metrics/summary.json"], cwd=ROOT, check=True)


def analyse(environment: dict[str, str]) -> None:
    """Find what has changed, pull what it reads, and run it."""
    with chdir(ROOT), Repo() as repo, lock_repo(repo):
        stages = outdated(repo)
        earlier = sorted(s.addressing for s in stages if s.addressing.split("@")[0] not in ANALYSIS)
        if earlier:
            sys.exit(
                f"error: {', '.join(earlier)} would run, which is no analysis: undo what has "
                "changed of their parameters, code or data, or run all with make repro"
            )
        pull(repo, stages)
    if stages:
        names = [stage.addressing for stage in stages]
        command = ["dvc", "repro", "--single-item", *names]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)


def outdated(repo: Repo) -> list[Stage]:
    """Stages that have changed since ``dvc.lock``, and those that depend on them, in order.

    Artifacts are held against each other by their hashes there; in the work tree they may be
    missing, or of another run.
    """
    graph = repo.index.graph
    outs = _outs(repo)
    paths = {dep.fs_path for stage in graph for dep in stage.deps} - set(outs)
    _pull_lists(repo, filter(None, (_holder(outs, path) for path in paths)))
    changed = [stage for stage in graph if _has_changed(stage, outs)]
    found = set(changed).union(*(nx.ancestors(graph, stage) for stage in changed))
    return [stage for stage in nx.dfs_postorder_nodes(graph) if stage in found]


def _has_changed(stage: Stage, outs: dict[str, Output]) -> bool:
    if stage.changed_stage():
        return True
    for dep in stage.deps:
        out = _holder(outs, dep.fs_path)
        if out is None:  # code or parameters
            if dep.workspace_status():
                return True
        elif _hash(out, dep) != dep.hash_info:
            return True
    return any(
        not out.hash_info or (not out.use_cache and out.workspace_status()) for out in stage.outs
    )


def _hash(out: Output, dep: Dependency) -> HashInfo:
    """Of a dependency that is an artifact or in one, by ``dvc.lock``."""
    if dep.fs_path == out.fs_path:
        return out.hash_info
    found = out.get_obj(filter_info=dep.fs_path)
    if found is not None:
        return found.hash_info
    if out.stage.cmd:
        raise DvcException(f"what is in {out} is known neither to the cache nor to a remote")
    return dep.hash_info  # data that have not been pushed


def _holder(outs: dict[str, Output], path: str) -> Output | None:
    """The artifact that is at a path, or that has it."""
    places = (path, *map(str, Path(path).parents))
    return next((outs[place] for place in places if place in outs), None)


def what_is_read(repo: Repo, stages: Iterable[Stage]) -> list[str]:
    """Paths of the artifacts that these stages read and do not make themselves.

    Of folders whole ones, even where stages read a file of them: of a part of a folder, DVC says
    that it has changed. Of the data, which no stage makes, the files themselves.
    """
    return sorted(repo.fs.relpath(path, repo.root_dir) for path in _read(repo, stages))


def _read(repo: Repo, stages: Iterable[Stage]) -> dict[str, Output]:
    outs = _outs(repo)
    made = {out.fs_path for stage in stages for out in stage.outs}
    read = {}
    for path in {dep.fs_path for stage in stages for dep in stage.deps}:
        out = _holder(outs, path)
        if out is not None and out.fs_path not in made:
            read[out.fs_path if out.stage.cmd else path] = out
    return read


def _pull_lists(repo: Repo, outs: Iterable[Output]) -> None:
    """Pull the lists of what is in folders, all together."""
    lists = {out.hash_info for out in outs if out.is_dir_checksum and out.get_obj() is None}
    if lists and repo.config["core"].get("remote"):
        repo.cloud.pull(lists)


def _outs(repo: Repo) -> dict[str, Output]:
    """By path, what DVC keeps in its cache."""
    return {out.fs_path: out for out in repo.index.outs if out.use_cache}


def pull(repo: Repo, stages: Iterable[Stage]) -> None:
    """Pull what these stages read, and say how much that was.

    All objects together: given paths, `dvc pull` reads ``dvc.lock`` again for each of them.
    """
    before = cached(repo)
    read = _read(repo, stages)
    _pull_lists(repo, read.values())
    if repo.config["core"].get("remote"):
        objects = defaultdict(set)
        for path, out in read.items():
            for store, found in out.get_used_objs(filter_info=path).items():
                objects[store] |= found
        for store, found in objects.items():
            repo.cloud.pull(found, odb=store)
    for path, out in read.items():
        out.checkout(filter_info=path)
    whole = sum(out.meta.size or 0 for out in repo.index.outs if out.use_cache)
    print(
        f"pulled {(cached(repo) - before) / 1e6:,.1f} MB of the {whole / 1e6:,.1f} that there are",
        flush=True,
    )


def cached(repo: Repo) -> int:
    """Bytes in the cache."""
    folder = Path(repo.cache.local.path)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    try:
        main()
    except DvcException as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
