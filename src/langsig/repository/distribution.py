"""Run the stages before the analysis on several machines, with Dask.

Each worker has its own clone, at the commit that is checked out here. Artifacts travel through the
DVC remote, or through this clone's cache if the workers can see it. If a worker dies, another one
runs its task again, and training resumes from its last checkpoint.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from distributed import Client, LocalCluster, as_completed
from dvc.repo import Repo, lock_repo
from dvc.stage import Stage
from dvc.utils.serialize import load_yaml

from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.repository import dvc_commands
from langsig.repository.artifacts import artifacts_read, pull
from langsig.repository.graph import read_pipeline
from langsig.repository.interrupted import remove_broken_list, repair
from langsig.repository.locks import try_lock
from langsig.repository.opening import open_repository, stage_name
from langsig.repository.outdated import outdated_stages
from langsig.repository.processes import CommandError, environment, head_commit, log, output
from langsig.repository.recording import LockFile

_MOST_CLONES = 10_000
_SHOWN_CHARACTERS = 3000


class Task(NamedTuple):
    """Stages that one worker runs together."""

    stages: list[str]
    reads: list[str]
    """Artifacts that these stages do not write themselves."""
    writes: list[str]


class WorkerSetup(NamedTuple):
    """How workers get their clones and artifacts."""

    origin: str
    """What they clone."""
    commit: str
    folder: str
    """Folder for the clones, on each machine."""
    cache: str | None
    """The cache that all workers share; None if they use the remote."""
    threads: int | None
    """Number of threads per worker, if all are on this machine."""


def distribute(
    root: Path,
    *,
    workers: int,
    scheduler: str | None = None,
    origin: str | None = None,
    folder: str | None = None,
    share_cache: bool = False,
) -> None:
    """Run the stages before the analysis that are out of date, and record them in ``dvc.lock``.

    Parameters
    ----------
    root
        The repository. Everything that workers use must be committed.
    workers
        Number of workers on this machine, if there is no `scheduler`.
    scheduler
        Address, or file, of the scheduler of a Dask cluster (default: start workers here).
    origin
        Folder or URL that workers clone (default: `root`).
    folder
        Folder for the clones (default: ``.scratch/spread`` in `root`).
    share_cache
        Whether workers use the cache of this clone; otherwise they use the remote.

    Raises
    ------
    InputError
        If there is no remote, or files with uncommitted changes.
    CommandError
        If a task fails. Tasks that do not need it have run.
    """
    with open_repository(root) as repo:
        if not share_cache and not repo.config["core"].get("remote"):
            raise InputError(
                "there is no remote: add one with make remote URL=..., or let workers share this "
                "clone's cache with CACHE=1"
            )
        with lock_repo(repo):
            repair(repo)
            outdated = repo.stage.load_one(str(root / "data.dvc")).changed()
        if outdated:
            _run_dvc(root, "repro", "data.dvc")
        setup = WorkerSetup(
            origin=origin or str(root),
            commit=_committed(root),
            folder=folder or str(root / ".scratch/spread"),
            cache=repo.cache.local.path.removesuffix("/files/md5") if share_cache else None,
            threads=None if scheduler else max(1, (os.cpu_count() or 1) // workers),
        )
        with lock_repo(repo):
            pipeline = read_pipeline(repo)
            stages = {stage_name(stage): stage for stage in outdated_stages(repo)}
            names = pipeline.tasks(name for name in stages if not pipeline.is_analysis(name))
            tasks = [_task(repo, [stages[name] for name in parts]) for parts in names]
            if share_cache:
                pull(repo, [stages[name] for parts in names for name in parts])
    if not tasks:
        return
    if not share_cache:
        _run_dvc(root, "push")
    with _client(scheduler, workers) as client:
        _run_tasks(client, tasks, setup, root)


def _run_dvc(root: Path, *command: str) -> None:
    """Run a command of DVC here, and show what it prints."""
    with chdir(root):
        if dvc_commands.main([[*command]]):
            raise CommandError(f"dvc {' '.join(command)} failed; its messages are above")


def _committed(root: Path) -> str:
    """Return the commit that is checked out, if nothing but results has changed since."""
    status = output("git", "status", "--porcelain", "--untracked-files=no", folder=root)
    paths = [line[3:] for line in status.splitlines()]
    changed = [path for path in paths if path != "dvc.lock" and not path.startswith("metrics/")]
    if changed:
        raise InputError(
            f"{', '.join(changed)}: changes are not committed, so workers would not see them; "
            "commit them first"
        )
    return head_commit(root)


def _task(repo: Repo, stages: list[Stage]) -> Task:
    def relative(paths: Iterable[str]) -> list[str]:
        return sorted(repo.fs.relpath(path, repo.root_dir) for path in paths)

    return Task(
        [stage_name(stage) for stage in stages],
        relative(artifacts_read(repo, stages)),
        relative(out.fs_path for stage in stages for out in stage.outs),
    )


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Connect to a cluster, or start workers as processes of this machine."""
    if scheduler:
        is_file = Path(scheduler).is_file()
        with Client(**{"scheduler_file" if is_file else "address": scheduler}) as client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,  # it logs a traceback if a worker asks while it closes
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _run_tasks(client: Client, tasks: list[Task], setup: WorkerSetup, root: Path) -> None:
    """Submit each task to start once its inputs exist, and record the results."""
    path = root / "dvc.lock"
    lock = path.read_text(encoding="utf-8") if path.exists() else ""
    futures: dict[Any, Task] = {}
    for number, task in enumerate(tasks):
        needed = [
            future for future, earlier in futures.items() if set(earlier.writes) & set(task.reads)
        ]
        future = client.submit(run_task, task, setup, lock, needed, pure=False, priority=-number)
        futures[future] = task
    failed = False
    for number, future in enumerate(as_completed(futures), start=1):
        stages = futures[future].stages
        if future.status == "finished":
            entries = future.result()
            _record({stage: entries[stage] for stage in stages}, root)
            log(f"{' '.join(stages)}: done ({number} of {len(futures)})")
        elif not failed:  # tasks that need this one fail with the same message
            failed = True
            log(f"{' '.join(stages)}: FAILED\n{future.exception()}")
    if failed:
        raise CommandError("a task failed; tasks that do not need it have run")


def _record(entries: dict[str, Any], clone: Path) -> None:
    """Put entries of stages into ``dvc.lock``."""
    lock = LockFile(clone / "dvc.lock", [*entries])
    for stage, entry in entries.items():
        lock.write(stage, entry)


def run_task(
    task: Task, setup: WorkerSetup, lock: str, needed: list[dict[str, Any]]
) -> dict[str, Any]:
    """Run a task, on a worker.

    Parameters
    ----------
    task, setup
        What to run, and where.
    lock
        Content of ``dvc.lock`` of the head.
    needed
        Results of the tasks that this one depends on.

    Returns
    -------
    dict
        Entries of ``dvc.lock``, by stage: of the task, and of all that it depends on.
    """
    with _worker_clone(setup) as clone:
        (clone / "dvc.lock").unlink(missing_ok=True)
        if lock:
            (clone / "dvc.lock").write_text(lock, encoding="utf-8")
        earlier = {stage: entry for entries in needed for stage, entry in entries.items()}
        _record(earlier, clone)
        fetch = "checkout" if setup.cache else "pull"
        commands = [["repro", "--single-item", *task.stages]]
        if task.reads:
            commands.insert(0, [fetch, "--force", *task.reads])
        if not setup.cache:
            commands.append(["push", *task.stages])
        _run_leashed(clone, setup, commands)
        entries = load_yaml(clone / "dvc.lock")["stages"]
        return earlier | {stage: entries[stage] for stage in task.stages}


@contextmanager
def _worker_clone(setup: WorkerSetup) -> Iterator[Path]:
    """Hold a clone that no other worker uses, at the commit of the head."""
    folder = Path(setup.folder)
    for number in range(_MOST_CLONES):
        with try_lock(folder / f"{number}.lock") as free:
            if not free:
                continue
            clone = folder / str(number)
            if not clone.exists():
                with atomic_directory(clone) as empty:
                    command = ("git", "clone", "--quiet", "--no-checkout", setup.origin, ".")
                    output(*command, folder=empty)
            output("git", "fetch", "--quiet", setup.origin, folder=clone)
            output("git", "checkout", "--quiet", "--force", setup.commit, folder=clone)
            (clone / ".dvc/config.local").unlink(missing_ok=True)  # of an earlier run
            remove_broken_list(clone / ".dvc/tmp")
            with open_repository(clone) as repo:
                if setup.cache:
                    with repo.config.edit("local") as config:
                        config["cache"] = {"dir": setup.cache}
                repo.drop_data_index()  # which a push or pull that was killed has begun
            yield clone
            return
    raise CommandError(f"{folder}: all {_MOST_CLONES:,} clones are in use")


def _run_leashed(clone: Path, setup: WorkerSetup, commands: list[list[str]]) -> None:
    """Run commands of DVC in a clone, one after the other; they end if this process does."""
    env = environment() | {
        "PYTHONPATH": str(clone / "src"),
        # All clones share it, as another worker may resume a training run.
        "LANGSIG_SCRATCH": str(Path(setup.folder, "states")),
    }
    if setup.threads:
        env["OMP_NUM_THREADS"] = str(setup.threads)
    leashed = [sys.executable, "-m", "langsig.repository.leash", sys.executable, "-m"]
    with subprocess.Popen(
        [*leashed, "langsig.repository.dvc_commands", json.dumps(commands)],
        cwd=clone,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # it outlives a worker that is killed with its process group
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        code = process.wait()
    if code:
        raise CommandError(printed[-_SHOWN_CHARACTERS:])
