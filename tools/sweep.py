"""Run experiments one after another, or several at a time: each recipe with each seed.

What has an experiment of its name is done; what another sweep works on is left to it. So this
command, given again, goes on where it was killed, and given twice shares the work. Every
experiment is a ``dvc exp run --temp``: the work tree is left alone, and stages that have run with
the same parameters before are taken from the cache.
"""

import argparse
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
LOGS = ROOT / ".scratch" / "sweep"
ATTEMPTS = 3  # of an experiment whose process is killed
STATES = DONE, RUNNING, FAILED, LEFT = "done", "running", "failed", "left"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make sweep", description=__doc__)
    parser.add_argument("preset", help="name of a file in conf/ablations/, without .yaml")
    parser.add_argument("--recipes", nargs="+", default=[], metavar="NAME", help="all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], metavar="N")
    parser.add_argument("--stages", nargs="+", default=[], metavar="STAGE", help="all")
    parser.add_argument("--jobs", type=int, default=1, help="experiments at a time (1)")
    parser.add_argument("--status", action="store_true", help="say what is done, running and left")
    arguments = parser.parse_args()
    recipes = read_recipes(arguments.preset, arguments.recipes)
    settings = {
        f"{recipe}-{seed}": [f"seed={seed}", *changes]
        for seed in arguments.seeds
        for recipe, changes in recipes.items()
    }
    if not arguments.status:
        LOGS.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
            work = partial(attempt, stages=arguments.stages, jobs=arguments.jobs)
            list(pool.map(work, settings, settings.values()))
    found = states([*settings])
    show(found)
    if FAILED in found.values() and not arguments.status:
        sys.exit(1)


def read_recipes(preset: str, chosen: list[str]) -> dict[str, list[str]]:
    """Parameters to set, by name of the recipe."""
    path = ROOT / "conf" / "ablations" / f"{preset}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml")))
        sys.exit(f"error: PRESET={preset} has no recipes; {known} have")
    recipes: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    unknown = [name for name in chosen if name not in recipes]
    if unknown:
        sys.exit(f"error: {path}: no recipe {', '.join(unknown)}; there are {', '.join(recipes)}")
    return {name: recipes[name] for name in chosen or recipes}


def attempt(name: str, settings: list[str], stages: list[str], jobs: int) -> None:
    """Run one experiment, unless it is done or at work elsewhere; again if it is killed."""
    with held(name) as free:
        if not free or name in experiments():
            return
        (LOGS / f"{name}.failed").unlink(missing_ok=True)
        for number in range(1, ATTEMPTS + 1):
            say(f"{name}: runs" + (f" again ({number})" if number > 1 else ""))
            start = time.monotonic()
            code = run(name, settings, stages, jobs)
            minutes = (time.monotonic() - start) / 60
            if code == 0:
                return say(f"{name}: done after {minutes:.1f} min")
            if code > 0:  # else by a signal
                break
        (LOGS / f"{name}.failed").touch()
        say(f"{name}: FAILED after {minutes:.1f} min, see {LOGS / name}.log")


def run(name: str, settings: list[str], stages: list[str], jobs: int) -> int:
    command = ["dvc", "exp", "run", "--temp", "--name", name]
    for setting in settings:
        command += ["--set-param", setting]
    threads = max(1, (os.cpu_count() or 1) // jobs)
    environment = {
        "OMP_NUM_THREADS": str(threads),
        "LANGSIG_SCRATCH": str(LOGS / name),  # outlives the folder that the experiment runs in
        **os.environ,
    }
    with (LOGS / f"{name}.log").open("a", encoding="utf-8") as log:
        return subprocess.run(
            [*command, *stages], cwd=ROOT, env=environment, stdout=log, stderr=log, check=False
        ).returncode


@contextmanager
def held(name: str) -> Iterator[bool]:
    """Hold the lock of an experiment, which ends with its process; false if another holds it."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def experiments() -> set[str]:
    """Names of the experiments of the commit that is checked out."""
    listed = subprocess.run(
        ["dvc", "exp", "list", "--name-only"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split())


def states(names: list[str]) -> dict[str, str]:
    """What has become of each experiment."""
    finished = experiments()
    found = {}
    for name in names:
        if name in finished:
            found[name] = DONE
            continue
        with held(name) as free:
            failed = (LOGS / f"{name}.failed").exists()
            found[name] = RUNNING if not free else FAILED if failed else LEFT
    return found


def show(found: dict[str, str]) -> None:
    for name, state in found.items():
        print(f"{name:32}{state}")
    counts = ((state, sum(value == state for value in found.values())) for state in STATES)
    print(", ".join(f"{count} {state}" for state, count in counts))


def say(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {message}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(error.cmd)}: {error.stderr.strip()}")
