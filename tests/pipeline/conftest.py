"""A clone of the repository in which the ``micro`` preset has run from end to end."""

import json
import os
import re
from collections.abc import Iterator

import pytest
from filelock import FileLock

from langsig.repository.warm import warm_process
from tests.clones import Clone
from tests.treebanks import copy_beginning


@pytest.fixture(scope="session", autouse=True)
def _warm() -> Iterator[None]:
    """Stages are forks of a process that has imported torch; each process of pytest has one."""
    with (
        pytest.MonkeyPatch.context() as patch,
        warm_process(os.environ | {"OMP_NUM_THREADS": "1"}) as environment,
    ):
        patch.setenv("LANGSIG_WARM", environment.get("LANGSIG_WARM", ""))
        yield


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The clone after ``langsig repro``, shared by all processes of pytest; no test changes it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    clone, ran = Clone(folder / "micro"), folder / "micro.json"
    with FileLock(folder / "micro.lock"):
        if not ran.exists():
            clone.fill()
            for treebank in (clone.folder / "samples/treebanks").rglob("*.conllu"):
                copy_beginning(treebank, treebank, sentences=250)
            clone.commit("short treebanks")
            clone.use("micro")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "cpu_count", lambda: 1)  # the results are those of one thread
                clone.langsig("repro", "--jobs", "2")
            log = (clone.folder / ".scratch/repro.log").read_text()
            clone.commit("micro")
            ran.write_text(json.dumps(re.findall(r"^\S+  (\S+): > ", log, re.MULTILINE)))
    clone.ran_first = json.loads(ran.read_text())
    return clone


@pytest.fixture(scope="session")
def micro(first_run: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """This process's copy of the first run; tests must leave it up to date."""
    return first_run.copy(tmp_path_factory.mktemp("micro") / "copy")
