"""Bring the pipeline up to date, or only its analysis."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import chdir
from pathlib import Path

import networkx as nx
from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import Stage

from langsig.errors import InputError, described
from langsig.files import explained_copy
from langsig.repository.artifacts import Pulled, pull
from langsig.repository.data import only_command
from langsig.repository.graph import read_pipeline
from langsig.repository.interrupted import check_unused, repair
from langsig.repository.opening import open_repository, stage_name
from langsig.repository.outdated import outdated_stages
from langsig.repository.processes import CommandError
from langsig.repository.progress import Progress
from langsig.repository.recording import Recorder, State
from langsig.repository.running import (
    Commands,
    Log,
    dvc_parses_parameters_once,
    dvc_without_bars,
    dvc_writes_to,
    exit_on_signals,
)
from langsig.repository.schedule import Schedule

LOG = Path(".scratch", "repro.log")
_REFRESH = 0.5  # seconds


def reproduce(root: Path, jobs: int, names: Sequence[str] | None = None) -> None:
    """Run all stages that are out of date, several at a time.

    DVC runs one stage at a time, and most stages leave cores idle. Here each stage starts as soon
    as its inputs are there. Outputs, cache and ``dvc.lock`` become those of ``dvc repro``. A line
    is printed for each step of ``dvc.yaml``; what stages print goes to ``.scratch/repro.log``.

    Parameters
    ----------
    root
        The repository.
    jobs
        Number of stages that run at a time. They share the cores.
    names
        Names of the stages to run, if they are out of date (default: all).

    Raises
    ------
    CommandError
        If a stage fails. Those that are running end first, and no others start.
    InputError
        If another command is running stages, or importing data, in this clone.
    """
    log_path = root / LOG
    print(f"details: {os.path.relpath(log_path)}", flush=True)
    with (
        chdir(root),
        only_command(root),
        dvc_without_bars(),
        dvc_parses_parameters_once(),
        open_repository() as repo,
        lock_repo(repo),
        Log(log_path) as log,
        dvc_writes_to(log),
        repo.scm_context(),
    ):
        repair(repo)
        stages, reads = _plan(repo, names)
        outs = [out.fs_path for stage in stages.values() for out in stage.outs]
        check_unused(repo, outs)
        with Progress([*stages]) as progress:
            errors = _run(repo, stages, reads, jobs, log, progress)
            if not errors:
                progress.summary()
        rest = "" if log.is_complete else ", without the lines for which the disk had no room"
        if errors:
            raise CommandError("\n".join([*errors, f"all that was printed: {log_path}{rest}"]))
        if rest:
            print(f"{log_path}: incomplete, as the disk had no room", flush=True)


def _plan(repo: Repo, names: Sequence[str] | None) -> tuple[dict[str, Stage], dict[str, list[str]]]:
    """The stages to bring up to date, in DVC's order, and those that each of them waits for."""
    graph = get_active_graph(repo.index.graph)
    pipeline = [stage for stage in graph if stage.path == repo.fs.join(repo.root_dir, "dvc.yaml")]
    stages = {stage_name(stage): stage for stage in plan_repro(graph, pipeline)}
    if names is None:
        return stages, {name: _names(graph[stage]) for name, stage in stages.items()}
    stages = {name: stage for name, stage in stages.items() if name in names}
    return stages, {name: _names(nx.descendants(graph, stage)) for name, stage in stages.items()}


def _names(stages: Iterable[Stage]) -> list[str]:
    return [stage_name(stage) for stage in stages]


def _run(
    repo: Repo,
    stages: dict[str, Stage],
    reads: dict[str, list[str]],
    jobs: int,
    log: Log,
    progress: Progress,
) -> list[str]:
    """Bring stages up to date; return the messages of those that have failed.

    All calls of DVC are made here, in one thread. Only commands run in others.
    """
    schedule, recorder = Schedule(reads), Recorder(repo, [*stages.values()])
    cores = os.cpu_count() or 1
    running: dict[Future[None], str] = {}
    errors: list[str] = []
    with exit_on_signals(), Commands(jobs, max(1, cores // jobs), log) as commands:

        def end(name: str, state: State) -> None:
            schedule.end(name)
            progress.end(name, ran=state is not State.CURRENT, restored=state is State.RESTORED)

        while True:
            while not errors and len(running) < jobs and (name := schedule.start()) is not None:
                progress.start(name)
                try:
                    state = recorder.begin(stages[name])
                except (DvcException, OSError) as error:
                    errors.append(_message(repo, stages[name], error))
                    break
                if state is State.TO_RUN:
                    threads = schedule.threads(name, jobs=jobs, cores=cores)
                    running[commands.submit(stages[name], name, threads)] = name
                else:
                    end(name, state)
            if not running:
                return errors
            for future in wait(running, _REFRESH, FIRST_COMPLETED).done:
                name = running.pop(future)
                try:
                    future.result()
                    recorder.end(stages[name])
                except CommandError as error:
                    errors.append(str(error))
                except (DvcException, OSError) as error:
                    errors.append(_message(repo, stages[name], error))
                else:
                    end(name, State.TO_RUN)
            progress.refresh()


def _message(repo: Repo, stage: Stage, error: DvcException | OSError) -> str:
    """What a step of DVC, before or after the command of a stage, has failed with."""
    message = str(error)
    if isinstance(error, OSError):
        outs = [Path(out.fs_path) for out in stage.outs]
        message = described(explained_copy(error, outs, Path(repo.root_dir)))
    return f"{stage_name(stage)} failed: {message}"


def pull_for_analysis(root: Path) -> tuple[list[str], Pulled]:
    """Find the stages of the analysis that are out of date, and pull only what they read.

    The clone need not have pulled anything: neither checkpoints nor hidden states are downloaded.

    Returns
    -------
    list of str
        Names of the stages, each after those that it depends on.
    Pulled
        How much has been pulled.

    Raises
    ------
    InputError
        If a stage before the analysis is out of date.
    """
    with open_repository(root) as repo, lock_repo(repo):
        repair(repo)
        pipeline = read_pipeline(repo)
        stages = outdated_stages(repo)
        names = [stage_name(stage) for stage in stages]
        earlier = sorted(name for name in names if not pipeline.is_analysis(name))
        if earlier:
            raise InputError(
                f"out of date, and not part of the analysis: {', '.join(earlier)}; undo the "
                "changes of their parameters, code or data, or run everything with make repro"
            )
        return names, pull(repo, stages)
