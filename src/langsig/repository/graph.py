"""The graph of stages, as ``dvc.yaml`` and the parameters declare it.

Nothing here names a stage. Which stages belong to one language follows from ``foreach:
${languages}``; what is analysis, and what one machine runs, follows from the dependencies.
"""

from collections.abc import Iterable

import networkx as nx
from dvc.repo import Repo
from dvc.utils.serialize import load_yaml

from langsig.repository.lists import LANGUAGES
from langsig.repository.opening import stage_name


class Pipeline:
    """The stages of a pipeline.

    Parameters
    ----------
    dependencies
        For each stage, the stages whose outputs it reads. Stages are sorted as in ``dvc.yaml``.
    languages
        For each stage that belongs to one language, that language.
    """

    def __init__(self, dependencies: dict[str, list[str]], languages: dict[str, str]) -> None:
        self._languages = languages
        self._position = {stage: number for number, stage in enumerate(dependencies)}
        self._readers: nx.DiGraph[str] = nx.DiGraph()  # an edge leads to a stage that reads
        self._readers.add_nodes_from(dependencies)
        for stage, names in dependencies.items():
            self._readers.add_edges_from((name, stage) for name in names)

    def in_order(self, stages: Iterable[str] | None = None) -> list[str]:
        """Sort stages such that each comes after those that it depends on (default: all)."""
        chosen = set(self._position if stages is None else stages)
        order = nx.lexicographical_topological_sort(self._readers, key=self._position.__getitem__)
        return [stage for stage in order if stage in chosen]

    def is_analysis(self, stage: str) -> bool:
        """Whether no stage of a single language depends on this stage, directly or not.

        Models, hidden states and covariances belong to a language, or a stage of a language reads
        them. So analysis neither trains a model nor extracts states.
        """
        later = {stage} | nx.descendants(self._readers, stage)
        return not any(name in self._languages for name in later)

    def tasks(self, stages: Iterable[str]) -> list[list[str]]:
        """Divide stages into tasks, each of which one machine runs.

        A stage runs in the task of the stages that read its outputs, if all of them belong to its
        language: hidden states need not travel. Tasks are sorted such that those on which
        most depends come first, which are the long ones.
        """
        chosen = self.in_order(stages)
        last = {stage: stage for stage in chosen}
        for stage in reversed(chosen):
            readers = list(self._readers.successors(stage))
            languages = {self._languages.get(name) for name in readers}
            if languages == {self._languages.get(stage, "")} and last.keys() >= set(readers):
                joined = {last[name] for name in readers}
                end = max(joined, key=chosen.index)
                last |= {name: end for name, of_name in last.items() if of_name in joined}
                last[stage] = end
        tasks: dict[str, list[str]] = {}
        for stage in chosen:
            tasks.setdefault(last[stage], []).append(stage)

        def weight(name: str) -> int:
            return -len(nx.descendants(self._readers, name))

        return [tasks[name] for name in sorted(tasks, key=weight)]


def read_pipeline(repo: Repo) -> Pipeline:
    """Read the pipeline of a repository, or of the revision that it was opened at."""
    graph = repo.index.graph
    path = repo.fs.join(repo.root_dir, "dvc.yaml")
    entries = load_yaml(path, fs=repo.fs).get("stages", {})
    position = {name: number for number, name in enumerate(entries, start=1)}
    names = {stage: stage_name(stage) for stage in graph}
    ordered = sorted(graph, key=lambda stage: position.get(names[stage].partition("@")[0], 0))
    per_language = {name for name, entry in entries.items() if entry.get("foreach") == LANGUAGES}
    dependencies = {names[stage]: [names[read] for read in graph[stage]] for stage in ordered}
    parts = [name.partition("@") for name in dependencies]
    languages = {"".join(part): part[2] for part in parts if part[0] in per_language}
    return Pipeline(dependencies, languages)
