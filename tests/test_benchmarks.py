"""The benchmarks run, and the implementations that they compare give the same results."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def rows_of(program: str, *options: str) -> Any:
    """Run a benchmark and parse its JSON output."""
    process = subprocess.run(
        [sys.executable, f"benchmarks/{program}.py", *options, "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_training_step() -> None:
    sizes = {"vocabulary": 300, "batch": 4, "length": 16, "layers": 2, "dim": 64, "steps": 3}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    output = rows_of("training_step", *options)
    assert output["setting"]["threads"] == 1
    (row,) = output["rows"]
    assert (row["vocabulary"], row["batch"]) == (300, 4)
    assert row["largest_difference_of_losses"] < 1e-4
    assert 0 < row["ratio_min"] <= row["ratio"] <= row["ratio_max"]


def test_uncertainty() -> None:
    sizes = {"languages": 3, "dim": 6, "rank": 2, "replicates": 20, "iterations": 4, "starts": 2}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    output = rows_of("uncertainty", "--words", "400", "--data-sets", "6", "--blocks", "8", *options)
    assert output["setting"] | sizes == output["setting"]
    (row,) = output["rows"]
    assert row["words"] == 400
    assert 0.6 < row["coverage"] <= 1 and 0.02 < row["half_width"] < 0.5
    assert row["coverage"] + row["too_low"] + row["too_high"] == pytest.approx(1)
    shares = [row[f"p_below_{level}"] for level in (0.01, 0.05, 0.1, 0.5)]
    assert shares == sorted(shares)
    assert shares[0] == 0, "with 19 flips, no p-value is below 1/20"
    assert shares[1] < 0.5 and shares[3] > 0


@pytest.mark.slow
def test_parafac2() -> None:
    output = rows_of("parafac2", "--cells", "16/4", "--kinds", "unrelated", "--languages", "6")
    assert output["setting"]["threads"] == 1 and output["setting"]["languages"] == 6
    (row,) = output["rows"]
    assert (row["kind"], row["dim"], row["rank"]) == ("unrelated", 16, 4)
    pairs = {"tensorly float64": "langsig", "tensorly float32": "langsig as float32"}
    for baseline, ours in pairs.items():
        assert 0 < row["loss"][baseline] < 1
        assert (
            row["loss"][ours] <= (1 + 1e-6) * row["loss"][baseline] or row["needed"][ours] == 2000
        )
        assert row["cpu"][baseline] > 0 and row["cpu"][ours] > 0
        assert row["memory"][baseline] >= 0 and row["memory"][ours] >= 0
    assert row["ratio"] == row["cpu"]["tensorly float64"] / row["cpu"]["langsig"]
    assert row["ratio_float32"] == row["cpu"]["tensorly float32"] / row["cpu"]["langsig as float32"]


def test_ridge() -> None:
    rows = rows_of(
        "ridge", "--simulated", "related", "--languages", "5", "--dim", "8", "--rank", "3"
    )
    assert [row["ridge"] for row in rows] == [0, 1e-4, 1e-3, 1e-2, 1e-1]
    for row in rows:
        assert row["slices"] == "related" and row["rank"] == 3 and row["starts"] == 5
        assert 0 < row["error_min"] <= row["error_max"] < 1
        assert -1 <= row["worst_agreement"] <= row["median_agreement"] <= 1
        assert 0 < row["level_min"] <= row["level_max"]
        assert row["condition"] >= 1
    assert rows[-1]["error_min"] > rows[0]["error_min"] - 1e-3
    assert rows[-1]["level_max"] <= rows[0]["level_max"] * 1.01
