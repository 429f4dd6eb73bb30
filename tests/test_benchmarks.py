"""That the benchmarks run, and that what they compare does the same work."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def run(benchmark: str, **sizes: int) -> Any:
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    printed = subprocess.run(
        [sys.executable, f"benchmarks/{benchmark}.py", *options, "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
    ).stdout
    return json.loads(printed)


def test_training_step() -> None:
    found = run("training_step", vocabulary=300, batch=4, length=16, layers=2, dim=64, steps=3)
    assert found["setting"]["threads"] == 1
    (row,) = found["rows"]
    assert (row["vocabulary"], row["batch"]) == (300, 4)
    assert row["largest_difference_of_losses"] < 1e-4
    assert 0 < row["ratio_min"] <= row["ratio"] <= row["ratio_max"]


def test_uncertainty() -> None:
    sizes = {"languages": 3, "dim": 6, "rank": 2, "replicates": 20, "iterations": 4, "starts": 2}
    found = run("uncertainty", words=400, **sizes, **{"data-sets": 6, "blocks": 8})
    assert found["setting"] | sizes == found["setting"]
    (row,) = found["rows"]
    assert row["words"] == 400
    assert 0.6 < row["coverage"] <= 1 and 0.02 < row["half_width"] < 0.5
    assert row["coverage"] + row["too_low"] + row["too_high"] == pytest.approx(1)
    shares = [row[f"p_below_{level}"] for level in (0.01, 0.05, 0.1, 0.5)]
    assert shares == sorted(shares)
    assert shares[0] == 0, "with 19 flips no p is below 1/20"
    assert shares[1] < 0.5 and shares[3] > 0
