"""Without what only Linux has, the pipeline runs more slowly and to the same results."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

WITHOUT = """
import os
for name in ("fork", "forkpty", "pidfd_open"):
    if hasattr(os, name):
        delattr(os, name)
"""
# Every module of stages/ once, in one process, which imports torch only once.
PROGRAM = """
import importlib, json, os, sys
assert not hasattr(os, "fork") and not hasattr(os, "pidfd_open")
for stage, *arguments in json.loads(sys.argv[1]):
    importlib.import_module(f"stages.{stage}").main(arguments)
"""
STAGES = [
    ["annotate", "qab"], ["clean", "qab"], ["tokenizer"], ["pack", "qab"], ["pretrain", "qab"],
    ["extract", "control", "qab"], ["covariance", "qab"], ["untrained", "qab"],
    ["residuals", "qab"], ["learned"],
    ["ranks"], ["factorize", "number"], ["uncertainty", "equal-words"], ["sets"],
    ["evaluate"], ["relate"], ["analyse"], ["plot"], ["report"],
]  # fmt: skip


@pytest.fixture
def clone(first_run, tmp_path, monkeypatch):
    """A copy of the finished run, on a system without forks."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks/sitecustomize.py").write_text(WITHOUT)
    clone = first_run.copy(tmp_path / "clone")
    path = os.pathsep.join(map(str, [tmp_path / "hooks", clone.folder / "src", clone.folder]))
    environment = clone.environment() | {"PYTHONPATH": path, "LANGSIG_WARM": "/elsewhere"}
    monkeypatch.setattr(clone, "environment", lambda: environment)
    return clone


def results(folder: Path) -> Iterator[Path]:
    """The files that stages have written, but for the page, which names the commit."""
    for name in ("artifacts", "metrics", "plots/figures"):
        yield from (path for path in (folder / name).rglob("*") if path.is_file())


def test_results_of_all_stages_are_the_same(clone, first_run):
    assert {stage for stage, *_ in STAGES} == {
        name.partition("@")[0].partition("-")[0]
        for name in first_run.ran_first
    }  # fmt: skip
    clone.output(sys.executable, "-c", PROGRAM, json.dumps(STAGES))
    names = [path.relative_to(first_run.folder) for path in results(first_run.folder)]
    assert sorted(names) == sorted(path.relative_to(clone.folder) for path in results(clone.folder))
    for name in names:
        assert (clone.folder / name).read_bytes() == (first_run.folder / name).read_bytes(), name


def test_stages_start_plainly(clone, first_run):
    """Two at a time, one after the other, and the last ones alone."""
    for name in ("annotate@qaa", "annotate@qab", "clean@qaa"):
        clone.forget(name)
    shutil.rmtree(clone.folder / "metrics")
    shutil.rmtree(clone.folder / ".dvc/cache/runs")
    clone.output(sys.executable, "-m", "langsig", "repro", "--jobs", "2")
    for path in (first_run.folder / "metrics").rglob("*.json"):
        rerun = clone.folder / path.relative_to(first_run.folder)
        assert rerun.read_bytes() == path.read_bytes(), path
    assert clone.repro() == []
