import copy
import json
import re
import sys
from pathlib import Path
from typing import Any

import price
import pytest
import yaml

from langsig.errors import InputError
from langsig.morphology import annotate

ROOT = Path(__file__).parents[1]
PRESETS = sorted(path.stem for path in (ROOT / "conf").glob("*.yaml"))
ALL_GPUS = price.peaks(None, None)
ACCELERATE = "accelerate launch --config_file"


@pytest.fixture
def params() -> dict[str, Any]:
    return copy.deepcopy(price.load_preset("micro"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with the launch file of the presets."""
    launch = tmp_path / "conf/accelerate/cpu.yaml"
    launch.parent.mkdir(parents=True)
    launch.write_text((ROOT / "conf/accelerate/cpu.yaml").read_text())
    monkeypatch.setattr(price, "ROOT", tmp_path)
    return tmp_path


def cost(params: dict[str, Any], **options: Any) -> dict[str, Any]:
    return price.price(params, ALL_GPUS, utilisation=0.35, **options)


def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> str:
    monkeypatch.setattr(sys, "argv", ["price", *arguments])
    price.main()
    return capsys.readouterr().out


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_a_price(
    preset: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(printed(monkeypatch, capsys, preset, "--json"))
    assert found["languages"] == len(price.load_preset(preset)["languages"])
    for model in found["models"].values():
        assert 0 < model["flops"]["total"] < model["flops"]["total_everywhere"]
        assert set(model["gpu_hours"]) == set(ALL_GPUS)
    text = printed(monkeypatch, capsys, preset)
    assert f"{found['models']['control']['parameters']:,}" in text
    assert text.count("GPU hours, ") == len(ALL_GPUS)


def test_table_sums_what_adds_up_and_only_that(
    params: dict[str, Any],
) -> None:
    found = cost(params)
    lines = price.table(found).splitlines()

    def cells(name: str) -> list[str]:
        (line,) = (line for line in lines if line.startswith(name))
        return line.removeprefix(name).split()

    control, experimental = (found["models"][role]["tokens"] for role in price.ROLES)
    expected = [control, 3 * control, experimental, 3 * control + experimental]
    assert [float(cell) for cell in cells("tokens, at most")] == pytest.approx(expected, rel=1e-2)
    assert len(cells("parameters")) == len(cells("steps")) == 2


def test_languages_multiply_what_is_kept(params: dict[str, Any], project: Path) -> None:
    three = cost(params)
    del params["languages"]["qah"]
    two = cost(params)
    assert three["models"] == two["models"]
    for name in ("covariances", "sequences"):
        assert three["disk"][name] * 2 == two["disk"][name] * 3
    params["pack"]["sequences"] -= 100
    less = two["disk"]["sequences"] - cost(params)["disk"]["sequences"]
    assert less == 2 * 100 * params["pack"]["max_length"] * 4


def test_processes_and_precision_are_those_of_the_launch_file(
    params: dict[str, Any], project: Path
) -> None:
    one = cost(params)
    assert (one["processes"], one["mixed_precision"]) == (1, "no")
    assert "Mixed precision is off" in price.table(one)
    text = (project / "conf/accelerate/cpu.yaml").read_text()
    text = text.replace("num_processes: 1", "num_processes: 4")
    (project / "conf/gpus.yaml").write_text(
        text.replace('mixed_precision: "no"', "mixed_precision: bf16")
    )
    params["pretraining"]["launch"] = f"{ACCELERATE} conf/gpus.yaml"
    four = cost(params)
    assert (four["processes"], four["mixed_precision"]) == (4, "bf16")
    for role in price.ROLES:
        assert four["models"][role]["tokens"] == 4 * one["models"][role]["tokens"]
        assert (
            four["models"][role]["memory"]["activations"]
            < one["models"][role]["memory"]["activations"]
        )
    assert "Mixed precision is off" not in price.table(four)


def test_launch_file_must_be_there_and_say_enough(params: dict[str, Any], project: Path) -> None:
    params["pretraining"]["launch"] = f"{ACCELERATE} conf/none.yaml"
    with pytest.raises(InputError, match=r"pretraining\.launch: no file conf/none\.yaml"):
        cost(params)
    (project / "conf/none.yaml").write_text("num_processes: 2\n")
    with pytest.raises(InputError, match=r"conf/none\.yaml: no mixed_precision"):
        cost(params)


def test_vocabulary(params: dict[str, Any], project: Path, tokenizer: Any) -> None:
    options = params["tokenizer"]
    assert cost(params)["vocabulary"] == options["vocabulary"]
    assert cost(params, vocabulary=12_345)["vocabulary"] == 12_345
    options["existing"] = "xlm-roberta-base"
    assert cost(params)["vocabulary"] == 250_002
    options["existing"] = "someone/unheard-of"
    with pytest.raises(
        InputError, match=r"tokenizer\.existing: someone/unheard-of is not on.*--vo"
    ):
        cost(params)
    assert cost(params, vocabulary=99)["vocabulary"] == 99
    tokenizer.save_pretrained(project / "own")
    options["existing"] = "own"
    assert cost(params)["vocabulary"] == len(tokenizer)


def test_words_of_treebanks_and_of_words_tables(
    params: dict[str, Any], project: Path, samples: Path
) -> None:
    nothing = cost(params)["disk"]
    assert (nothing["words"], nothing["states"], nothing["languages_without_words"]) == (0, 0, 3)
    assert "Hidden states are without 3 languages" in price.table(cost(params))
    words = annotate(samples / "treebanks/qab", "qab")
    words.save(project / "artifacts/words/qab")
    table_only = cost(params)["disk"]
    assert (table_only["words"], table_only["languages_without_words"]) == (len(words.table), 2)
    (project / "data").symlink_to(samples)
    everything = cost(params)
    assert everything["disk"]["languages_without_words"] == 0
    assert everything["disk"]["words"] > len(words.table)
    dims = 2 * 4 * 32  # two models, three layers and the embeddings
    assert everything["disk"]["states"] == everything["disk"]["words"] * dims * 2
    assert "Hidden states are without" not in price.table(everything)


def test_gpus(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def hours(*arguments: str) -> dict[str, float]:
        found = json.loads(printed(monkeypatch, capsys, "micro", "--json", *arguments))
        return dict(found["models"]["control"]["gpu_hours"])

    one = hours("--gpu", "A100-40GB")
    assert list(one) == ["A100-40GB"]
    assert hours("--tflops", "31.2") == {"31.2 TFLOPS": pytest.approx(10 * one["A100-40GB"])}
    half = hours("--gpu", "A100-40GB", "--utilisation", "0.175")
    assert half["A100-40GB"] == pytest.approx(2 * one["A100-40GB"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["huge"], "error: PRESET=huge is none of .*micro"),
        (["micro", "--tflops", "0"], r"error: tflops must be positive, got 0\.0"),
        (
            ["micro", "--utilisation", "2"],
            r"error: utilisation must be above 0 and at most 1, got 2\.0",
        ),
        (["micro", "--vocabulary", "0"], "error: vocabulary must be positive, got 0"),
    ],
)
def test_bad_input_is_named(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["price", *arguments])
    with pytest.raises(SystemExit, match=message):
        price.main()


def test_without_preset_it_is_the_chosen_parameters() -> None:
    chosen = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert price.load_preset(None) == chosen


def test_the_paper_by_hand() -> None:
    """XLM-R base has 278 million parameters; its body and output layer by the rule of six."""
    params = price.load_preset("micro")
    params["tokenizer"]["existing"] = "xlm-roberta-base"
    params["pack"]["max_length"] = 512
    role = params["pretraining"]["experimental"]
    role["model"] |= {"layers": 12, "dim": 768, "heads": 12}
    role["recipe"]["masking"] = 0.15
    model = cost(params)["models"]["experimental"]
    assert model["parameters"] == pytest.approx(278.3e6, rel=1e-3)
    each = model["flops"]["total"] / model["tokens"]
    weights, output, attention = 85e6, 192.6e6, 12 * 12 * 768 * 512
    assert each == pytest.approx(6 * weights + 6 * 0.15 * output + attention, rel=0.01)
    assert re.search(r"250,002", price.table(cost(params)))


def test_more_languages_and_other_parameters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    size = {"layers": 24, "dim": 1024, "heads": 16}
    larger = [f"pretraining.experimental.model.{name}={value}" for name, value in size.items()]
    options = ("paper", "--json", "--languages", "100", "--set", *larger)
    found = json.loads(printed(monkeypatch, capsys, *options))
    paper = json.loads(printed(monkeypatch, capsys, "paper", "--json"))
    assert found["languages"] == 100
    assert found["models"]["control"] == paper["models"]["control"]
    assert found["models"]["experimental"]["parameters"] > 560e6  # XLM-R large has that many
    for bad, message in (
        (["--languages", "0"], "--languages: 0 is not positive"),
        (["--set", "pack.none=1"], "the preset has no parameter pack.none"),
    ):
        with pytest.raises(SystemExit, match=message):
            printed(monkeypatch, capsys, "paper", *bad)
