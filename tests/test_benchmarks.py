"""That the benchmarks run, and that what they compare does the same work."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_training_step() -> None:
    sizes = {"vocabulary": 300, "batch": 4, "length": 16, "layers": 2, "dim": 64, "steps": 3}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    printed = subprocess.run(
        [sys.executable, "benchmarks/training_step.py", *options, "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
    ).stdout
    found = json.loads(printed)
    assert found["setting"]["threads"] == 1
    (row,) = found["rows"]
    assert (row["vocabulary"], row["batch"]) == (300, 4)
    assert row["largest_difference_of_losses"] < 1e-4
    assert 0 < row["ratio_min"] <= row["ratio"] <= row["ratio_max"]
