"""Run the pipeline on many machines: stages of a language are shares that workers take.

The engine is Dask: without SCHEDULER its workers are processes of this machine; with it, those of
a cluster, started by hand or by SLURM. Each works in a clone of its own, at the commit that is
checked out here. What a share reads and makes goes through the DVC remote, or through this
clone's cache if the workers see it. A share of a worker that dies is taken up by another, and
training goes on where it was. What joins languages after that runs here, and only that.
"""

import argparse
import fcntl
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from distributed import Client, LocalCluster, as_completed
from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo
from dvc.stage import Stage
from dvc.utils.serialize import dump_yaml, load_yaml

from analyse import ANALYSIS, outdated, pull, what_is_read
from langsig.files import atomic_directory

ROOT = Path(__file__).parent.parent
# What a worker does at a time, of one language where there is one; all before the analysis.
SHARES = [
    ["annotate", "clean"],
    ["tokenizer"],
    ["pack"],
    ["pretrain-experimental"],
    ["pretrain"],
    ["untrained"],
    ["extract", "extract-experimental", "covariance"],
]
# Runs a command, and ends it, with all that it has started, once the worker is no more.
LEASH = """
import os, signal, subprocess, sys, threading, time
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
def watch():
    sys.stdin.read()
    for sign in (signal.SIGTERM, signal.SIGKILL):
        os.killpg(process.pid, sign)
        time.sleep(5)
threading.Thread(target=watch, daemon=True).start()
sys.exit(process.wait())
"""


class Share(NamedTuple):
    """What one worker does at a time."""

    stages: list[str]
    reads: list[str]
    """Artifacts that it does not make itself."""
    makes: list[str]


class Meeting(NamedTuple):
    """Where workers get their clones, and artifacts, from."""

    origin: str
    commit: str
    folder: str
    """For the clones, on each machine."""
    cache: str | None
    """That all share; else they pull from the remote and push to it."""
    threads: int | None
    """Of a worker, if they are on one machine."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make spread", description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of this machine")
    parser.add_argument("--scheduler", help="address, or file, of a Dask scheduler instead")
    parser.add_argument("--origin", default=str(ROOT), help="what workers clone (this folder)")
    parser.add_argument("--folder", default=str(ROOT / ".scratch/spread"), help="for their clones")
    parser.add_argument(
        "--cache", action="store_true", help="meet in this clone's cache, not through the remote"
    )
    arguments = parser.parse_args()
    with chdir(ROOT), Repo() as repo:
        if not arguments.cache and not repo.config["core"].get("remote"):
            sys.exit("error: there is no remote: make remote URL=..., or CACHE=1")
        subprocess.run(["dvc", "repro", "data.dvc"], check=True)
        commit = committed()
        local = arguments.scheduler is None
        meeting = Meeting(
            arguments.origin,
            commit,
            arguments.folder,
            repo.cache.local.path.removesuffix("/files/md5") if arguments.cache else None,
            max(1, (os.cpu_count() or 1) // arguments.workers) if local else None,
        )
        with lock_repo(repo):
            stages = [s for s in outdated(repo) if s.addressing.split("@")[0] not in ANALYSIS]
            shares = shares_of(repo, stages)
            if shares and arguments.cache:
                pull(repo, stages)  # what they read, if it is in the remote alone
        if shares and not arguments.cache:
            subprocess.run(["dvc", "push"], check=True)  # what is here, and they may read
    if shares:
        with engine(arguments.scheduler, arguments.workers) as client:
            spread(client, shares, meeting)
    subprocess.run([sys.executable, "tools/analyse.py"], cwd=ROOT, check=True)


def committed() -> str:
    """The commit that is checked out; ends the program if anything but results has changed."""
    changed = output("git", "status", "--porcelain", "--untracked-files=no").splitlines()
    names = [line[3:] for line in changed]
    mine = [name for name in names if name != "dvc.lock" and not name.startswith("metrics/")]
    if mine:
        sys.exit(f"error: workers clone what is committed, and {', '.join(mine)} has changed")
    return output("git", "rev-parse", "HEAD").strip()


def shares_of(repo: Repo, stages: Iterable[Stage]) -> list[Share]:
    """These stages, of all before the analysis, in the order of the pipeline."""
    found: dict[tuple[int, str], list[Stage]] = defaultdict(list)
    for stage in stages:
        name, _, language = stage.addressing.partition("@")
        number = next(number for number, names in enumerate(SHARES) if name in names)
        found[number, language].append(stage)
    return [
        Share(
            [stage.addressing for stage in parts],
            what_is_read(repo, parts),
            [repo.fs.relpath(out.fs_path) for stage in parts for out in stage.outs],
        )
        for _, parts in sorted(found.items())
    ]


@contextmanager
def engine(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A client of Dask: of a cluster, or of workers that are processes of this machine."""
    if scheduler:
        options = {"scheduler_file": scheduler} if Path(scheduler).is_file() else {}
        with Client(**options or {"address": scheduler}) as client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def spread(client: Client, shares: list[Share], meeting: Meeting) -> None:
    """Have workers do these shares, each as soon as what it reads is there, and record what
    comes of them."""
    lock = (ROOT / "dvc.lock").read_text(encoding="utf-8") if (ROOT / "dvc.lock").exists() else ""
    tasks: dict[Any, Share] = {}
    for number, share in enumerate(shares):
        needed = [task for task, other in tasks.items() if set(other.makes) & set(share.reads)]
        task = client.submit(work, share, meeting, lock, needed, pure=False, priority=-number)
        tasks[task] = share
    failed = False
    for number, task in enumerate(as_completed(tasks), start=1):
        name = " ".join(tasks[task].stages)
        if task.status == "finished":
            entries = task.result()
            record({stage: entries[stage] for stage in tasks[task].stages})
            say(f"{name}: done ({number} of {len(tasks)})")
        elif not failed:  # those that need it fail too
            failed = True
            say(f"{name}: FAILED\n{task.exception()}")
    if failed:
        sys.exit("error: what does not need the share that failed is done")


def record(entries: dict[str, Any], clone: Path = ROOT) -> None:
    """Put what workers have run into ``dvc.lock``."""
    if not entries:
        return
    path = clone / "dvc.lock"
    content = load_yaml(path) if path.exists() else {"schema": "2.0", "stages": {}}
    content["stages"] = dict(sorted((content["stages"] | entries).items()))
    temporary = path.with_name(".dvc.lock.tmp")
    dump_yaml(temporary, content)
    temporary.replace(path)


def work(share: Share, meeting: Meeting, lock: str, needed: list[dict[str, Any]]) -> dict[str, Any]:
    """On a worker: do a share, and return the entries in ``dvc.lock`` of its stages, and of all
    that these needed."""
    with clone_of_worker(meeting) as clone:
        (clone / "dvc.lock").unlink(missing_ok=True)
        if lock:
            (clone / "dvc.lock").write_text(lock, encoding="utf-8")
        before = {name: entry for entries in needed for name, entry in entries.items()}
        record(before, clone)
        if share.reads:
            fetch = "checkout" if meeting.cache else "pull"
            leashed(clone, meeting, "dvc", fetch, "--force", *share.reads)  # over earlier ones
        leashed(clone, meeting, "dvc", "repro", "--single-item", *share.stages)
        if not meeting.cache:
            leashed(clone, meeting, "dvc", "push", *share.stages)
        stages = load_yaml(clone / "dvc.lock")["stages"]
        return before | {name: stages[name] for name in share.stages}


@contextmanager
def clone_of_worker(meeting: Meeting) -> Iterator[Path]:
    """A clone that no other worker is in, at the commit of the head."""
    folder = Path(meeting.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(10_000):
        with (folder / f"{number}.lock").open("w", encoding="utf-8") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            clone = folder / str(number)
            if not clone.exists():
                with atomic_directory(clone) as empty:
                    output("git", "clone", "--quiet", "--no-checkout", meeting.origin, str(empty))
            git = ("git", "-C", str(clone))
            output(*git, "fetch", "--quiet", meeting.origin)
            output(*git, "checkout", "--quiet", "--force", meeting.commit)
            (clone / ".dvc/config.local").unlink(missing_ok=True)  # of another meeting
            if meeting.cache:
                output("dvc", "--cd", str(clone), "cache", "dir", "--local", meeting.cache)
            yield clone
            return


def leashed(clone: Path, meeting: Meeting, *command: str) -> None:
    """Run a command in the clone, no longer than this process lives."""
    environment = os.environ | {
        "PYTHONPATH": str(clone / "src"),
        # One for all clones, as another worker may go on with a training.
        "LANGSIG_SCRATCH": str(Path(meeting.folder, "states")),
    }
    if meeting.threads:
        environment["OMP_NUM_THREADS"] = str(meeting.threads)
    done = subprocess.Popen(
        [sys.executable, "-c", LEASH, *command],
        cwd=clone,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = done.stdout.read()
    if done.wait():
        raise RuntimeError(f"{' '.join(command)}:\n{printed[-3000:]}")


def output(*command: str) -> str:
    """What a command prints; raises what it says if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def say(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {message}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (DvcException, RuntimeError) as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
