"""Ablations: one experiment of DVC per recipe and seed.

Every experiment is a ``dvc exp run --temp``: the workspace stays as it is, and stages that have
run with the same parameters before come from the cache. An experiment that exists is not run
again, and one that another process runs is left to it. So a sweep that was killed resumes when it
is started again, and two sweeps divide the work between them.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from dvc.utils.serialize import load_yaml

from langsig.errors import InputError
from langsig.parameters import preset_path
from langsig.repository.locks import try_lock
from langsig.repository.opening import open_repository, stage_name
from langsig.repository.processes import environment, head_commit, log, output

DVC = (sys.executable, "-m", "langsig.repository.dvc_commands")
ATTEMPTS = 3  # if the process of an experiment is killed
STATES = DONE, RUNNING, FAILED, PENDING = "done", "running", "failed", "pending"


def read_recipes(root: Path, preset: str, names: Sequence[str] = ()) -> dict[str, list[str]]:
    """Read the recipes of a preset from ``conf/ablations``.

    Parameters
    ----------
    root
        The repository.
    preset
        Name of the preset.
    names
        Names of the recipes to return (default: all).

    Returns
    -------
    dict of str to list of str
        Settings ``KEY=VALUE``, as ``dvc exp run --set-param`` takes them, by recipe.

    Raises
    ------
    InputError
        If there is no such file or recipe.
    """
    path = preset_path(preset, root / "conf" / "ablations")
    recipes: dict[str, list[str]] = load_yaml(path)
    unknown = [name for name in names if name not in recipes]
    if unknown:
        raise InputError(
            f"{path}: recipe must be one of {', '.join(recipes)}; got {', '.join(unknown)}"
        )
    return {name: recipes[name] for name in names or recipes}


def experiments(
    recipes: Mapping[str, Sequence[str]], seeds: Iterable[int], settings: Sequence[str] = ()
) -> dict[str, list[str]]:
    """The settings of each recipe with each seed, by the name of the experiment.

    Parameters
    ----------
    recipes
        Settings by recipe, see :func:`read_recipes`.
    seeds
        Values of the parameter ``seed``.
    settings
        Settings of all experiments, which recipes may change.

    Examples
    --------
    >>> experiments({"rank-4": ["factorize.rank=4"]}, [1, 2], ["ranks.starts=2"])
    {'rank-4-1': ['seed=1', 'ranks.starts=2', 'factorize.rank=4'],
     'rank-4-2': ['seed=2', 'ranks.starts=2', 'factorize.rank=4']}
    """
    return {
        f"{recipe}-{seed}": [f"seed={seed}", *settings, *changes]
        for seed in seeds
        for recipe, changes in recipes.items()
    }


def check_stages(root: Path, stages: Iterable[str]) -> None:
    """Check that a repository has stages, which may be those of all languages.

    Raises
    ------
    InputError
        If it lacks one of them.
    """
    with open_repository(root) as repo:
        known = [stage_name(stage) for stage in repo.index.stages]
    groups = [*dict.fromkeys(name.partition("@")[0] for name in known)]
    unknown = [stage for stage in stages if stage not in (*known, *groups)]
    if unknown:
        raise InputError(
            f"--stages: the pipeline has no stage {unknown[0]!r}, only {', '.join(groups)}; one "
            "language's is called pretrain@LANGUAGE"
        )


class Sweep:
    """Experiments of a repository, with their locks and logs in ``.scratch/sweep``.

    Parameters
    ----------
    root
        The repository.
    settings
        Settings ``KEY=VALUE`` of each experiment, by its name.
    """

    def __init__(self, root: Path, settings: dict[str, list[str]]) -> None:
        self._root = root
        self._settings = settings
        self._logs = root / ".scratch" / "sweep"

    def run(self, stages: Iterable[str] = (), jobs: int = 1) -> None:
        """Run the experiments that are neither done nor run by another process.

        Parameters
        ----------
        stages
            Stages to run, with those that they depend on (default: all).
        jobs
            Number of experiments at a time.
        """
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(partial(self._run_once, stages=[*stages], jobs=jobs), self._settings))

    def states(self) -> dict[str, str]:
        """Return the state of each experiment, one of `STATES`."""
        finished = self._finished()
        states = {}
        for name in self._settings:
            if name in finished:
                states[name] = DONE
                continue
            with try_lock(self._logs / f"{name}.lock") as free:
                if not free:
                    states[name] = RUNNING
                elif (self._logs / f"{name}.failed").exists():
                    states[name] = FAILED
                else:
                    states[name] = PENDING
        return states

    def _run_once(self, name: str, stages: list[str], jobs: int) -> None:
        with try_lock(self._logs / f"{name}.lock") as free:
            if not free or name in self._finished():
                return
            (self._logs / f"{name}.failed").unlink(missing_ok=True)
            for attempt in range(1, ATTEMPTS + 1):
                log(f"{name}: started" + (f", attempt {attempt}" if attempt > 1 else ""))
                start = time.monotonic()
                code = self._run_experiment(name, stages, jobs)
                minutes = (time.monotonic() - start) / 60
                if code == 0:
                    log(f"{name}: done after {minutes:.1f} min")
                    return
                if code > 0:  # a negative code is a signal
                    break
            (self._logs / f"{name}.failed").touch()
            log(f"{name}: FAILED after {minutes:.1f} min, see {self._logs / name}.log")

    def _run_experiment(self, name: str, stages: list[str], jobs: int) -> int:
        command = ["--wait-for-lock", "exp", "run", "--temp", "--name", name]
        for setting in self._settings[name]:
            command += ["--set-param", setting]
        env = {
            "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // jobs)),
            "LANGSIG_SCRATCH": str(self._logs / name),  # outlives the folder of the experiment
            **environment(),
        }
        with (self._logs / f"{name}.log").open("a", encoding="utf-8") as file:
            return subprocess.run(
                [*DVC, json.dumps([[*command, *stages]])],
                cwd=self._root, env=env, stdout=file, stderr=file, check=False,
            ).returncode  # fmt: skip

    def _finished(self) -> set[str]:
        """Return the experiments of the commit that is checked out, which DVC keeps as Git refs.

        ``dvc exp list`` says the same, but takes a second.
        """
        commit = head_commit(self._root)
        prefix = f"refs/exps/{commit[:2]}/{commit[2:]}/"
        listed = output("git", "for-each-ref", "--format=%(refname)", prefix, folder=self._root)
        return {name.removeprefix(prefix) for name in listed.split()}
