"""That the benchmark runs, and that its sides do the same work (it compares their vectors)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_sides_are_measured_on_the_same_words(samples: Path) -> None:
    options = ["--sentences", "20", "--repetitions", "1", "--models", "6 x 128", "--json"]
    treebank = samples / "treebanks/qaa"
    done = subprocess.run(
        [sys.executable, "benchmarks/extraction.py", "--treebank", str(treebank), *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["setting"]["threads"] == 1 and found["setting"]["sentences"] == 20
    rows = {row["side"]: row for row in found["rows"]}
    assert list(rows) == ["published", "without output layer", "langsig"]
    assert rows["published"]["ratio"] == 1
    # 7 layers of 128 numbers: four bytes each and the objects around them, or two bytes each
    assert rows["published"]["bytes_per_word"] > 7 * 128 * 4
    assert 7 * 128 * 2 < rows["langsig"]["bytes_per_word"] < 7 * 128 * 2 + 100
    assert all(row["words_per_second"] > 0 and row["peak_mb"] > 0 for row in rows.values())
