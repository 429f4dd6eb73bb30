"""Which stage starts next, and how many threads it has.

Nothing here knows how long a stage takes. The one that most others wait for goes first, so that a
long training of all languages starts together with the short ones, not after them.
"""

from collections.abc import Iterable, Mapping

import networkx as nx


class Schedule:
    """Stages that are run several at a time, each after those whose outputs it reads.

    Parameters
    ----------
    reads
        For each stage, the stages whose outputs it reads. Stages that are no keys count as done.
    """

    def __init__(self, reads: Mapping[str, Iterable[str]]) -> None:
        graph: nx.DiGraph[str] = nx.DiGraph()  # an edge leads to a stage that reads
        graph.add_nodes_from(reads)
        for stage, names in reads.items():
            graph.add_edges_from((name, stage) for name in names if name in reads)
        self._graph = graph
        self._missing = {stage: set(graph.predecessors(stage)) for stage in graph}
        self._parallel: dict[str, int] = {}
        urgency: dict[str, tuple[int, int, int]] = {}
        for position, stage in enumerate(graph):
            later = len(nx.descendants(graph, stage))
            self._parallel[stage] = len(graph) - 1 - later - len(nx.ancestors(graph, stage))
            # Of two that the same number of stages wait for, the one that reads more goes first.
            urgency[stage] = (-later, -len(self._missing[stage]), position)
        self._order: list[str] = sorted(graph, key=urgency.__getitem__)

    def start(self) -> str | None:
        """Take the most urgent stage of those that may start; None if none may before another ends.

        Returns
        -------
        str or None
            The stage. It is not returned again.
        """
        for stage in self._order:
            if not self._missing[stage]:
                self._order.remove(stage)
                return stage
        return None

    def end(self, stage: str) -> None:
        """Note that the outputs of a stage can be read."""
        for reader in self._graph.successors(stage):
            self._missing[reader].discard(stage)

    def threads(self, stage: str, *, jobs: int, cores: int) -> int:
        """Number of threads of a stage.

        Parameters
        ----------
        stage
            The stage.
        jobs
            Number of stages that run at a time.
        cores
            Number of cores, which these stages share.

        Returns
        -------
        int
            The share of one stage. It is larger only if fewer stages than `jobs` could ever run
            at the same time, whatever is out of date: results do not depend on what else has run.
        """
        return max(1, cores // min(jobs, 1 + self._parallel[stage]))
