"""Which stages are out of date: their inputs are not those that ``dvc.lock`` records.

``dvc status`` compares with the files in the workspace. Here artifacts are compared by the hashes
in ``dvc.lock``, so that neither a clone that has pulled nothing nor a revision that is not checked
out needs them.
"""

import networkx as nx
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage
from dvc_data.hashfile.hash_info import HashInfo

from langsig.repository.artifacts import all_artifacts, artifact_at, pull_listings


def outdated_stages(repo: Repo, *, sources: bool = True) -> list[Stage]:
    """Find the stages whose inputs have changed, and all that depend on them.

    Parameters
    ----------
    repo
        The repository, at the workspace or at a revision.
    sources
        Whether a change of code, data or command counts; otherwise only parameters and artifacts
        of other stages do.

    Returns
    -------
    list of Stage
        Each after those that it depends on.

    Raises
    ------
    DvcException
        If a stage reads a file of an artifact whose list of files is neither in the cache nor in
        the remote.
    """
    graph = repo.index.graph
    outs = all_artifacts(repo)
    inner_paths = {dep.fs_path for stage in graph for dep in stage.deps} - set(outs)
    read = (artifact_at(outs, path) for path in inner_paths)
    pull_listings(repo, (out for out in read if out is not None and out.use_cache))
    changed = [stage for stage in graph if _has_changed(stage, outs, sources)]
    outdated = set(changed).union(*(nx.ancestors(graph, stage) for stage in changed))
    return [stage for stage in nx.dfs_postorder_nodes(graph) if stage in outdated]


def _has_changed(stage: Stage, outs: dict[str, Output], sources: bool) -> bool:
    if any(not out.hash_info for out in stage.outs):  # has never run
        return True
    if sources and stage.changed_stage():
        return True
    for dep in stage.deps:
        out = artifact_at(outs, dep.fs_path)
        if isinstance(dep, ParamsDependency):
            changed = bool(dep.workspace_status())
        elif out is not None and out.stage.cmd:
            changed = _recorded_hash(out, dep.fs_path) != dep.hash_info
        elif out is not None:  # data
            changed = sources and _recorded_hash(out, dep.fs_path) not in (None, dep.hash_info)
        else:  # code
            changed = sources and bool(dep.workspace_status())
        if changed:
            return True
    return sources and any(not out.use_cache and out.workspace_status() for out in stage.outs)


def _recorded_hash(out: Output, path: str) -> HashInfo | None:
    """Return the hash that ``dvc.lock`` has for an artifact or for a path in it.

    None for data whose list of files has not been pushed.
    """
    if path == out.fs_path:
        return out.hash_info
    part = out.get_obj(filter_info=path)
    if part is not None:
        return part.hash_info
    if out.stage.cmd:
        raise DvcException(
            f"the list of files in {out} is neither in the cache nor in the remote: run dvc pull"
        )
    return None
