"""``langsig factorize``: matrices to signatures."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from safetensors.numpy import save_file

from langsig.commands import main


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def others(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def planted() -> dict[str, NDArray[np.float64]]:
    """Slices of rank 2, all with V = I; languages differ in strength only."""
    rng = default_rng(0)
    slices = {}
    for number, language in enumerate(["zh", "de", "fr", "cs", "fi", "ru"]):
        projection = np.linalg.qr(rng.standard_normal((7 + number, 2)))[0]
        signature = [4.0 + number, 1.0 + (number * 2) % 5 / 4]
        slices[language] = projection @ np.diag(signature) @ np.eye(2, 6)
    return slices


def write_slices(path: Path, slices: dict[str, NDArray[np.float64]]) -> Path:
    save_file({name: np.ascontiguousarray(omega) for name, omega in slices.items()}, path)
    return path


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")  # of a vanishing error
def test_factorize_finds_what_was_planted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_slices(tmp_path / "x.safetensors", planted())
    out = tmp_path / "signatures.parquet"
    assert run("factorize", source, "--rank", 2, "--out", out, "--max-iterations", 300) == 0
    table = pd.read_parquet(out)
    assert list(table.columns) == ["category", "layer", "language", "component", "value"]
    wide = table.pivot(index="language", columns="component", values="value")
    printed = capsys.readouterr().out
    for language, omega in planted().items():
        strength = np.linalg.svd(omega, compute_uv=False)[:2]
        np.testing.assert_allclose(wide.loc[language].mean(), strength.mean(), rtol=0.02)
        (line,) = (line for line in printed.splitlines() if line.startswith(f"{language} "))
        assert float(line.split()[1]) == pytest.approx(wide.loc[language].mean(), rel=1e-5)


def test_factorize_says_when_it_was_cut_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = default_rng(1)
    slices = {name: rng.standard_normal((6, 6)) for name in ("de", "fr", "zh")}
    source = write_slices(tmp_path / "x.safetensors", slices)
    out = tmp_path / "s.parquet"
    assert run("factorize", source, "--rank", 3, "--out", out, "--max-iterations", 20) == 0
    printed = capsys.readouterr()
    assert "NOT CONVERGED after 20 iterations" in printed.out
    assert printed.err.startswith("warning: Part of Speech: PARAFAC2 did not converge within 20")


BAD_SLICES = {
    "vector": ({**planted(), "nl": np.ones(6)}, 2, "nl, layer 0: a slice must be a matrix"),
    "layers": ({**planted(), "nl": np.ones((6, 6, 6))}, 2, "nl has 6 and "),
    "width": ({**planted(), "nl": np.ones((7, 5))}, 2, "nl"),
    "rank": (planted(), 7, "rank must be between 1 and 6"),
    "rank zero": (planted(), 0, "rank must be a positive integer, got 0"),
    "alone": ({"de": planted()["de"]}, 2, "at least two languages, got 1"),
    "nan": ({**planted(), "aa": np.full((7, 6), np.nan)}, 2, "aa, layer 0"),
    "zero": ({**planted(), "aa": np.zeros((7, 6))}, 2, "aa, layer 0"),
}


@pytest.mark.parametrize("case", BAD_SLICES)
def test_bad_slices_write_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slices, rank, message = BAD_SLICES[case]
    source = write_slices(tmp_path / "x.safetensors", slices)
    out = tmp_path / "s.parquet"
    assert run("factorize", source, "--rank", rank, "--out", out) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ") and message in printed.err
    assert printed.out == ""
    assert others(out) == ["x.safetensors"]


@pytest.mark.parametrize("content", [None, b"", b"no tensors here at all"])
def test_what_is_not_safetensors_is_named(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "x.safetensors"
    if content is not None:
        source.write_bytes(content)
    assert run("factorize", source, "--rank", 2, "--out", tmp_path / "s.parquet") == 1
    assert f"error: {source}: " in capsys.readouterr().err


def test_bfloat16_is_refused_with_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = json.dumps({"de": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}})
    source = tmp_path / "x.safetensors"
    source.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(8))
    assert run("factorize", source, "--rank", 2, "--out", tmp_path / "s.parquet") == 1
    assert "float32" in capsys.readouterr().err


def test_tensors_of_three_dimensions_have_layers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layered = {name: np.stack([omega, 2 * omega]) for name, omega in planted().items()}
    source = write_slices(tmp_path / "x.safetensors", layered)
    out = tmp_path / "signatures.csv"
    assert run("factorize", source, "--rank", 2, "--out", out) == 0
    averages = pd.read_csv(out).groupby(["language", "layer"])["value"].mean().unstack()
    np.testing.assert_allclose(averages[1], 2 * averages[0], rtol=1e-3)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["0", "1"] in rows
    (fi,) = (row for row in rows if row[:1] == ["fi"])
    np.testing.assert_allclose([float(cell) for cell in fi[1:]], averages.loc["fi"], rtol=1e-5)


def test_outputs_are_checked_before_the_file_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.safetensors"
    (tmp_path / "folder.csv").mkdir()
    for out, message in (
        (tmp_path / "signatures.json", "must end in .csv or .parquet"),
        (tmp_path / "folder.csv", "is a directory; name a file"),
    ):
        with pytest.raises(SystemExit):
            run("factorize", missing, "--rank", 2, "--out", out)
        assert message in capsys.readouterr().err
