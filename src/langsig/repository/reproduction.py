"""Bring the pipeline up to date, or only its analysis."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from dvc.repo import lock_repo

from langsig.errors import InputError
from langsig.repository.artifacts import Pulled, pull
from langsig.repository.graph import read_pipeline
from langsig.repository.opening import open_repository, stage_name
from langsig.repository.outdated import outdated_stages
from langsig.repository.processes import CommandError, environment, run
from langsig.repository.warm import warm_process


def reproduce(root: Path, jobs: int) -> None:
    """Run all stages that are out of date, those of different languages in parallel.

    DVC runs one stage at a time, and most stages leave cores idle. Here several ``dvc repro``
    processes divide the languages among them; a last one runs the remainder.

    Parameters
    ----------
    root
        The repository.
    jobs
        Number of processes; 1 runs one stage at a time.

    Raises
    ------
    CommandError
        If a stage fails.
    """
    status = ["dvc", "status", "--quiet"]
    if not subprocess.run(status, cwd=root, env=environment(), check=False).returncode:
        return
    with warm_process(environment()) as sequential:
        if jobs > 1:
            _reproduce_languages(root, jobs, sequential)
        run("dvc", "repro", folder=root, env=sequential)


def _reproduce_languages(root: Path, jobs: int, sequential: dict[str, str]) -> None:
    with open_repository(root) as repo:
        pipeline = read_pipeline(repo)
    languages = list(dict.fromkeys(pipeline.languages.values()))
    shares = [languages[first::jobs] for first in range(min(jobs, len(languages)))]
    threads = max(1, (os.cpu_count() or 1) // len(shares))
    with warm_process(environment(), threads) as parallel:
        for step in pipeline.steps():
            if not step.per_language:
                run("dvc", "repro", "--single-item", *step.stages, folder=root, env=sequential)
                continue
            targets = [pipeline.of_languages(step.stages, share) for share in shares]
            with ThreadPoolExecutor(len(targets)) as pool:  # ends once all processes have
                list(pool.map(partial(_run_in_parallel, root=root, env=parallel), targets))


def _run_in_parallel(stages: list[str], root: Path, env: dict[str, str]) -> None:
    """Run stages next to other processes of DVC; show progress messages only if one fails."""
    command = ["dvc", "--wait-for-lock", "repro", "--single-item", *stages]
    done = subprocess.run(
        command, cwd=root, env=env, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")


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


def run_stages(root: Path, names: list[str]) -> None:
    """Run these stages and no others.

    Raises
    ------
    CommandError
        If a stage fails.
    """
    if names:
        with warm_process(environment()) as env:
            run("dvc", "repro", "--single-item", *names, folder=root, env=env)
