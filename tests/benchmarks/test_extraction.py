"""The benchmark runs; it checks itself that all implementations compute the same vectors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_implementations_are_measured_on_the_same_words(samples: Path) -> None:
    options = ["--sentences", "20", "--repetitions", "1", "--models", "6 x 128", "--json"]
    treebank = samples / "treebanks/qaa"
    process = subprocess.run(
        [sys.executable, "benchmarks/extraction.py", "--treebank", str(treebank), *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    output = json.loads(process.stdout)
    assert output["setting"]["threads"] == 1 and output["setting"]["sentences"] == 20
    rows = {row["side"]: row for row in output["rows"]}
    assert list(rows) == ["published", "without output layer", "langsig"]
    assert rows["published"]["ratio"] == 1
    # 7 layers of 128 numbers, with four bytes and the overhead of objects, or with two bytes.
    assert rows["published"]["bytes_per_word"] > 7 * 128 * 4
    assert 7 * 128 * 2 < rows["langsig"]["bytes_per_word"] < 7 * 128 * 2 + 100
    assert all(row["words_per_second"] > 0 and row["peak_mb"] > 0 for row in rows.values())
