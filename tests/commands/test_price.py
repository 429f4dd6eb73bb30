"""``langsig price``."""

import json
from pathlib import Path
from typing import Any

import pytest

from langsig.commands import main
from langsig.commands.price import layout
from langsig.parameters import preset_path, read_resolved, validated
from langsig.pretraining.pricing import PEAK_TFLOPS
from langsig.repository.price import price

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["price", *arguments]) == 0
    return capsys.readouterr().out


def plain(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    return dict(json.loads(printed(capsys, *arguments, "--json")))


def test_table_sums_what_adds_up_over_models_and_only_that(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys, "micro").splitlines()
    models = plain(capsys, "micro")["models"]

    def cells(name: str) -> list[str]:
        (line,) = (line for line in lines if line.startswith(name))
        return line.removeprefix(name).split()

    control, experimental = (models[role]["tokens"] for role in ("control", "experimental"))
    expected = [control, 3 * control, experimental, 3 * control + experimental]
    assert [float(cell) for cell in cells("tokens, all steps")] == pytest.approx(expected, rel=1e-2)
    assert [int(cell.replace(",", "")) for cell in cells("parameters")] == [
        models[role]["parameters"] for role in ("control", "experimental")
    ]
    assert sum(line.startswith("GPU hours, ") for line in lines) == len(PEAK_TFLOPS)


def test_gpus(capsys: pytest.CaptureFixture[str]) -> None:
    def hours(*arguments: str) -> dict[str, float]:
        return dict(plain(capsys, "micro", *arguments)["models"]["control"]["gpu_hours"])

    full = hours("--gpu", "A100-40GB")
    assert list(full) == ["A100-40GB"]
    assert hours("--tflops", "31.2") == {"31.2 TFLOPS": pytest.approx(10 * full["A100-40GB"])}
    half = hours("--gpu", "A100-40GB", "--utilisation", "0.175")
    assert half["A100-40GB"] == pytest.approx(2 * full["A100-40GB"])
    assert set(hours()) == set(PEAK_TFLOPS)


def test_more_languages_and_other_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    size = {"layers": 24, "dim": 1024, "heads": 16}
    larger = [f"pretraining.experimental.model.{name}={value}" for name, value in size.items()]
    changed = plain(capsys, "paper", "--languages", "100", "--set", *larger)
    paper = plain(capsys, "paper")
    assert changed["languages"] == 100
    assert changed["models"]["control"] == paper["models"]["control"]
    assert changed["models"]["experimental"]["parameters"] > 560e6  # as many as XLM-R large


def test_without_preset_the_parameters_are_those_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    monkeypatch.chdir(tmp_path)
    parameters = validated(read_resolved("params.yaml"))
    assert plain(capsys)["languages"] == len(parameters.languages)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["micro", "--tflops", "nan"], "tflops must be a finite positive number, got nan"),
        (["../conf/micro"], "preset: got '../conf/micro'; must be one of "),
        (["huge"], "preset: got 'huge'; must be one of "),
        (["micro", "--tflops", "0"], "tflops must be a finite positive number, got 0.0"),
        (["micro", "--utilisation", "2"], "utilisation must be above 0 and at most 1, got 2.0"),
        (["micro", "--vocabulary", "0"], "vocabulary must be positive, got 0"),
        (["micro", "--languages", "0"], "languages must be between 1 and 10000, got 0"),
        (["micro", "--languages", "9" * 20], "languages must be between 1 and 10000, got 999"),
        (["micro", "--gpu", "H900"], "--gpu must be one of V100-16GB"),
        (["micro", "--set", "pack.none=1"], "pack.none"),
    ],
)
def test_bad_arguments_are_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["price", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error


def test_without_control_models_there_is_one_column(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("micro", "--set", "reference=upos")
    text, costs = printed(capsys, *arguments), plain(capsys, *arguments)
    with_controls = plain(capsys, "micro")
    assert costs["models"] == {"experimental": with_controls["models"]["experimental"]}
    assert "control" not in text
    for name in ("checkpoints", "states_per_million_words", "covariances"):
        assert 0 < costs["disk"][name] < with_controls["disk"][name]
    (line,) = (line for line in text.splitlines() if line.startswith("tokens, all"))
    assert len(line.split()) == 4


def test_what_is_not_included_is_said(tmp_path: Path) -> None:
    parameters = validated(read_resolved(preset_path("micro", ROOT / "conf")))
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    cost = price(parameters, {"GPU": 100.0}, utilisation=0.5, root=tmp_path)
    text = layout(cost)
    assert "do not include 3 languages" in text
    assert "Without mixed precision" in text
    assert "50% of the 16-bit peak" in text
