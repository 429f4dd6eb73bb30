"""Without what only Linux has, the pipeline runs more slowly and to the same metrics."""

import os

import pytest

pytestmark = pytest.mark.slow

WITHOUT = """
import os
for name in ("fork", "forkpty", "pidfd_open"):
    if hasattr(os, name):
        delattr(os, name)
"""
PROBE = "import os, stages.__main__; print(hasattr(os, 'fork'), hasattr(os, 'pidfd_open'))"


def test_metrics_are_the_same_without_forks(first_run, tmp_path, monkeypatch):
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks/sitecustomize.py").write_text(WITHOUT)
    clone = type(first_run)(tmp_path / "clone")
    clone.fill()
    clone.use("micro")
    path = os.pathsep.join([str(tmp_path / "hooks"), str(clone.folder / "src")])
    environment = clone.environment() | {"PYTHONPATH": path, "LANGSIG_WARM": "/elsewhere"}
    monkeypatch.setattr(clone, "environment", lambda: environment)
    assert clone.output("python", "-c", PROBE) == "False False\n"
    clone.langsig("repro", "--jobs", "2")
    names = ["summary.json", *(f"languages/{name}.json" for name in ("qaa", "qab", "qah"))]
    for name in names:
        assert (clone.folder / "metrics" / name).read_bytes() == (
            first_run.folder / "metrics" / name
        ).read_bytes(), name
