"""``langsig factorize``: matrices to signatures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.random import default_rng
from numpy.typing import NDArray
from safetensors.numpy import save_file
from safetensors.torch import save_file as torch_file

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
    "small": ({**planted(), "aa": np.full((7, 6), 1e-200)}, 2, "aa, layer 0: the slice holds val"),
    "large": ({**planted(), "aa": np.full((7, 6), 1e200)}, 2, "cs, layer 0: the slice holds val"),
    "largest": (dict.fromkeys("ab", np.full((70, 60), 1.7e308)), 2, "exceed the largest floating"),
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


def test_devices_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("factorize", "/dev/null", "--rank", 2, "--out", tmp_path / "s.parquet") == 1
    assert "error: /dev/null: is not a regular file" in capsys.readouterr().err


def averages(source: Path) -> pd.Series:
    """Average signatures by language, from a file of tensors."""
    out = source.with_name("signatures.csv")
    assert run("factorize", source, "--rank", 2, "--out", out) == 0
    averages: pd.Series = pd.read_csv(out).groupby("language")["value"].mean()
    return averages


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("float64", 1e-5), ("float16", 1e-2), ("bfloat16", 2e-2), ("float8_e4m3fn", 0.2)],
)
def test_floating_point_numbers_of_any_type_are_read(
    name: str, tolerance: float, tmp_path: Path
) -> None:
    slices = {language: torch.from_numpy(omega) for language, omega in planted().items()}
    source, exact = tmp_path / "x.safetensors", tmp_path / "exact.safetensors"
    torch_file({key: omega.to(getattr(torch, name)) for key, omega in slices.items()}, source)
    torch_file(slices, exact)
    np.testing.assert_allclose(averages(source), averages(exact), rtol=tolerance)


@pytest.mark.parametrize("name", ["int8", "int64", "uint16", "bool"])
def test_integers_are_read(name: str, tmp_path: Path) -> None:
    slices = {
        language: torch.from_numpy(default_rng(number).integers(0, 2, (7, 6)))
        for number, language in enumerate(("de", "fr", "zh"))
    }
    source, exact = tmp_path / "x.safetensors", tmp_path / "exact.safetensors"
    torch_file({key: omega.to(getattr(torch, name)) for key, omega in slices.items()}, source)
    torch_file({key: omega.double() for key, omega in slices.items()}, exact)
    np.testing.assert_allclose(averages(source), averages(exact), rtol=1e-6)


def test_complex_numbers_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slices = {name: omega.astype(np.complex64) for name, omega in planted().items()}
    save_file(slices, tmp_path / "x.safetensors")
    out = tmp_path / "s.csv"
    assert run("factorize", tmp_path / "x.safetensors", "--rank", 2, "--out", out) == 1
    printed = capsys.readouterr().err
    assert printed == "error: cs, layer 0: a slice must hold real numbers, got type complex64\n"


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e300, 1e-300])
def test_slices_of_any_size_have_signatures_of_that_size(scale: float, tmp_path: Path) -> None:
    plain = write_slices(tmp_path / "plain.safetensors", planted())
    slices = {name: scale * omega for name, omega in planted().items()}
    scaled = write_slices(tmp_path / "scaled.safetensors", slices)
    np.testing.assert_allclose(averages(scaled) / scale, averages(plain), rtol=1e-6)


def test_output_must_not_be_the_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_slices(tmp_path / "x.csv", planted())
    content = source.read_bytes()
    assert run("factorize", source, "--rank", 2, "--out", source) == 1
    assert capsys.readouterr().err.endswith("is one of the files to read; name another file\n")
    assert source.read_bytes() == content


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
        assert run("factorize", missing, "--rank", 2, "--out", out) == 1
        assert message in capsys.readouterr().err
