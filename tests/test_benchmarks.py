"""The benchmarks run, and the implementations that they compare give the same results."""

import io
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from langsig.pretraining import ModelShape, build_model

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ROOT = Path(__file__).parents[1]
Rows = Callable[..., Any]


def run_here(command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
    """Run a Python program as ``__main__`` of this process, which has imported torch."""
    interpreter, program, *options = command
    assert interpreter == sys.executable
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setattr(sys, "argv", [program, *options])
        patch.syspath_prepend(Path(program).parent)
        runpy.run_path(program, run_name="__main__")
    return subprocess.CompletedProcess(command, 0, printed.getvalue(), "")


@pytest.fixture
def rows_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rows]:
    """Run a benchmark, its measurements included, in this process; returns its JSON output."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(subprocess, "run", run_here)

    def rows(program: str, *options: str) -> Any:
        path = ROOT / "benchmarks" / f"{program}.py"
        return json.loads(run_here([sys.executable, str(path), *options, "--json"]).stdout)

    yield rows
    torch.set_num_threads(threads)


def test_training_step(rows_of: Rows) -> None:
    sizes = {"vocabulary": 300, "batch": 4, "length": 16, "layers": 2, "dim": 64, "steps": 3}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    output = rows_of("training_step", *options)
    assert output["setting"]["threads"] == 1
    (row,) = output["rows"]
    assert (row["vocabulary"], row["batch"]) == (300, 4)
    assert row["largest_difference_of_losses"] < 1e-4
    assert 0 < row["ratio_min"] <= row["ratio"] <= row["ratio_max"]
    assert 0 < row["bfloat16_difference_of_losses"] < 0.05
    tokens = 4 * 16 / row["bfloat16"]
    assert row["bfloat16_tokens_per_second"] == pytest.approx(tokens)


@pytest.mark.slow
def test_uncertainty(rows_of: Rows) -> None:
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
def test_learned(rows_of: Rows) -> None:
    sizes = {"languages": 3, "dim": 6, "dim-shuffled": 6, "rank": 2, "rotations": 19, "starts": 2}
    sizes |= {"lemmas": 50, "blocks": 8, "data-sets": 5, "shuffles": 5}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    output = rows_of("learned", "--words", "600", "--shuffled", "200", *options)
    assert output["setting"]["rank"] == 2
    (row,) = output["rows"]
    assert row["words"] == 600 and row["power"] > 0.5 > 2 * row["p_below_0.05"]
    for measure in row["measures"].values():
        assert 0.6 < measure["coverage"] <= 1
        assert 0 < measure["half_width"] < 1 and 0 < measure["spread"] < 0.3
    shares = [row[f"p_below_{level}"] for level in (0.01, 0.05, 0.1, 0.5)]
    assert shares == sorted(shares)
    assert shares[0] == 0, "with 19 rotations, no p-value is below 1/20"
    assert row["unrelated"]["average_score"] < 0.5 * row["measures"]["average_score"]["mean"]
    (shuffled,) = output["shuffled"]
    score = shuffled["average_score"]
    assert abs(score["mean"]) < 5 * score["standard_error"]
    assert shuffled["learned_average"]["mean"] > 0.05


@pytest.mark.slow
def test_parafac2(rows_of: Rows) -> None:
    options = ("--cells", "16/4", "--kinds", "unrelated", "--languages", "6")
    output = rows_of("parafac2", *options)
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


@pytest.mark.slow
def test_ridge(rows_of: Rows) -> None:
    rows = rows_of(
        "ridge", "--simulated", "related", "--languages", "5", "--dim", "8", "--rank", "3"
    )
    assert [row["ridge"] for row in rows] == [0, 0.02, 0.1, 0.2, 0.5]
    for row in rows:
        assert row["slices"] == "related" and row["rank"] == 3 and row["starts"] == 5
        assert 0 < row["error_min"] <= row["error_max"] < 1
        assert -1 <= row["worst_agreement"] <= row["agreement"] <= 1
        assert 0 < row["level_min"] <= row["level_max"]
        assert row["condition"] >= 1
    assert rows[-1]["error_min"] > rows[0]["error_min"] - 1e-3
    assert rows[-1]["level_max"] <= rows[0]["level_max"] * 1.01


@pytest.mark.slow
def test_ridge_of_planted_models(rows_of: Rows) -> None:
    rows = rows_of("ridge", "--planted", "1", "--languages", "12", "--dim", "12", "--rank", "2")
    cells = {(row["ridge"], row["noise"]): row for row in rows}
    assert len(rows) == len(cells) == 5 * 4
    for row in rows:
        assert abs(row["bias"]) <= row["largest"] <= row["largest_of_all"]
    for noise in (0.01, 0.05, 0.1, 0.2):
        biases = [cells[ridge, noise]["bias"] for ridge in (0.02, 0.1, 0.2, 0.5)]
        assert biases == sorted(biases, reverse=True), "a heavier ridge shrinks more"


@pytest.mark.slow
def test_extraction(rows_of: Rows, samples: Path) -> None:
    """The program checks itself that all implementations compute the same vectors."""
    sides = ["published", "bare, float32", "langsig, float32"]
    options = ["--sentences", "20", "--repetitions", "1", "--models", "6 x 128", "--sides", *sides]
    output = rows_of("extraction", "--treebank", str(samples / "treebanks/qaa"), *options)
    assert output["setting"]["threads"] == 1 and output["setting"]["sentences"] == 20
    rows = {row["side"]: row for row in output["rows"]}
    assert list(rows) == sides
    assert rows["published"]["faster"] == [1, 1, 1]
    assert len(rows["langsig, float32"]["of_bare"]) == 3 and not rows["bare, float32"]["of_bare"]
    # 7 layers of 128 numbers, with four bytes and the overhead of objects, or with two bytes.
    assert rows["published"]["bytes_per_word"] > 7 * 128 * 4
    assert 7 * 128 * 2 < rows["langsig, float32"]["bytes_per_word"] < 7 * 128 * 2 + 100
    assert all(row["words_per_second"] > 0 and row["peak_mb"] > 0 for row in rows.values())


@pytest.mark.slow
def test_model_profile(rows_of: Rows, tokenizer: "PreTrainedTokenizerBase", tmp_path: Path) -> None:
    shape = ModelShape("roberta", 1, 16, 2, dropout=0.0, initializer_range=0.3)
    build_model(shape, tokenizer, max_length=128, seed=0).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    folders = [f"--{name}={ROOT / 'samples' / name}" for name in ("treebanks", "parallel")]
    sizes = {"training": 200, "measures": 300, "test": 300, "sentences": 40, "draws": 1}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    output = rows_of(
        "model_profile", str(tmp_path), "--languages", "qaa", "qab", *folders, *options
    )
    script, ours = output["rows"]
    assert ours["retrieval"] == pytest.approx(script["retrieval"], abs=0.05)
    assert ours["probe"] == pytest.approx(script["probe"], abs=0.1)
    assert ours["peak_bytes"] > 0
    assert ours["seconds_of_script"] == ours["seconds"] / script["seconds"]


@pytest.mark.slow
def test_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the processor, which then is compared with itself."""
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    command = ["sh", str(ROOT / "benchmarks/gpu.sh"), "--small", "--device", "cpu"]
    done = subprocess.run(
        [*command, "--json", str(tmp_path / "gpu.json")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    output = json.loads((tmp_path / "gpu.json").read_text())
    assert output["setting"]["bfloat16_peak_tflops"] > 0
    whats = [row["what"].partition(",")[0] for row in output["rows"]]
    assert whats == [
        "PARAFAC2", "PARAFAC2", "training step", "training step", "extraction",
        "extraction of one layer",
    ]  # fmt: skip
    for row in output["rows"]:
        assert row.get("difference") is None or row["difference"] < 0.02, row["what"]
        assert row["what"] in done.stdout
    assert len(re.findall(r"^\| ", done.stdout, re.MULTILINE)) == 2 + len(output["rows"])
