"""Run what has changed of the analysis, and pull no more than that reads.

For a clone that has pulled nothing: changed parameters or code of the stages from `factorize` on
are found, what they read is pulled at once, and they run. Nothing is trained; neither a
checkpoint nor a hidden state is downloaded.
"""

import argparse
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import chdir
from pathlib import Path

import networkx as nx
from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.stage import Stage

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
    """Stages that have changed, missing files aside, and those that depend on them, in order."""
    graph = repo.index.graph
    changed = [stage for stage in graph if stage.changed(allow_missing=True)]
    found = set(changed).union(*(nx.ancestors(graph, stage) for stage in changed))
    return [stage for stage in nx.dfs_postorder_nodes(graph) if stage in found]


def what_is_read(repo: Repo, stages: Iterable[Stage]) -> list[str]:
    """Paths of the artifacts that these stages read and do not make themselves.

    Of folders whole ones, even where stages read a file of them: of a part of a folder, DVC says
    that it has changed. Of the data, which no stage makes, the files themselves.
    """
    return sorted(repo.fs.relpath(path, repo.root_dir) for path, _ in _read(repo, stages))


def _read(repo: Repo, stages: Iterable[Stage]) -> Iterator[tuple[str, Output]]:
    made = {out.fs_path for stage in stages for out in stage.outs}
    read = {dep.fs_path for stage in stages for dep in stage.deps}
    for out in repo.index.outs:
        if out.use_cache and out.fs_path not in made:
            of_it = {path for path in read if repo.fs.isin_or_eq(path, out.fs_path)}
            for path in {out.fs_path} if of_it and out.stage.cmd else of_it:
                yield path, out


def pull(repo: Repo, stages: Iterable[Stage]) -> None:
    """Pull what these stages read, and say how much that was.

    All objects together: `dvc pull` takes half a second for each path that it is given.
    """
    before = cached(repo)
    outs = [*_read(repo, stages)]
    if repo.config["core"].get("remote"):
        repo.cloud.pull({out.hash_info for _, out in outs})  # lists of what is in folders
        objects = defaultdict(set)
        for path, out in outs:
            for store, found in out.get_used_objs(filter_info=path).items():
                objects[store] |= found
        for store, found in objects.items():
            repo.cloud.pull(found, odb=store)
    if outs:
        repo.checkout([repo.fs.relpath(path, repo.root_dir) for path, _ in outs])
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
