"""A small version of ``make torture``."""

import csv
import subprocess
import sys

import pytest

from tests.clones import ROOT

pytestmark = pytest.mark.slow


def test_nothing_is_lost(first_run, tmp_path):
    first_run.copy(tmp_path / "undisturbed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--times", "1", "--folder", str(tmp_path),
         "--only", "stages", "disk", "cache", "push", "use", "files", "--kinds", "pack",
         "--formats", "CoNLL-U", "archives"],
        cwd=ROOT, env=first_run.environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    with (tmp_path / "trials.csv").open(newline="") as file:
        trials = list(csv.DictReader(file))
    assert {trial["part"] for trial in trials} >= {"stages", "push", "use"}
    assert any(trial["disturbed"] == "True" for trial in trials)
    assert all(trial["recovered"] == "True" for trial in trials)
    assert "| CoNLL-U | 304 |" in done.stdout
