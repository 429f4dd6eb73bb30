"""What a run costs."""

import copy
from pathlib import Path
from typing import Any

import pytest

from langsig.errors import InputError
from langsig.morphology import annotate
from langsig.parameters import Parameters, preset_path, read_resolved, validated
from langsig.pretraining.pricing import PEAK_TFLOPS
from langsig.repository.price import RunCost, price, read_launch

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ("demo", "micro", "paper", "ud8", "ud33")
ACCELERATE = "accelerate launch --config_file"


@pytest.fixture
def data() -> dict[str, Any]:
    """Parameters of the preset ``micro`` as plain values, to be changed."""
    return copy.deepcopy(read_resolved(preset_path("micro", ROOT / "conf")).data)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project with the launch file of the presets."""
    launch = tmp_path / "conf/accelerate/cpu.yaml"
    launch.parent.mkdir(parents=True)
    launch.write_text((ROOT / "conf/accelerate/cpu.yaml").read_text())
    return tmp_path


def cost(data: dict[str, Any], root: Path = ROOT, **options: Any) -> RunCost:
    parameters = Parameters.model_validate(data)
    return price(parameters, PEAK_TFLOPS, utilisation=0.35, root=root, **options)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_a_price(preset: str) -> None:
    parameters = validated(read_resolved(preset_path(preset, ROOT / "conf")))
    result = price(parameters, PEAK_TFLOPS, utilisation=0.35, root=ROOT)
    assert result.languages == len(parameters.languages)
    assert result.control
    for model in (result.control, result.experimental):
        assert 0 < model.flops.total < model.flops.total_everywhere
        assert set(model.gpu_hours) == set(PEAK_TFLOPS)


def test_plain_values_have_the_totals(data: dict[str, Any]) -> None:
    result = cost(data)
    assert result.control
    plain = result.to_dict()
    control = plain["models"]["control"]
    assert control["flops"]["total"] == result.control.flops.total
    assert control["memory"]["total_everywhere"] == result.control.memory.total_everywhere
    assert plain["processes"] == 1 and plain["mixed_precision"] == "no"


def test_disk_space_is_proportional_to_the_languages(data: dict[str, Any], project: Path) -> None:
    three = cost(data, project)
    two = cost(data, project, languages=2)
    assert (three.control, three.experimental) == (two.control, two.experimental)
    assert three.disk.covariances * 2 == two.disk.covariances * 3
    assert three.disk.sequences * 2 == two.disk.sequences * 3
    assert two.disk.languages_without_words == 2
    data["pack"]["sequences"] -= 100
    fewer = two.disk.sequences - cost(data, project, languages=2).disk.sequences
    assert fewer == 2 * 100 * data["pack"]["max_length"] * 4


def test_processes_and_precision_are_those_of_the_launch_file(
    data: dict[str, Any], project: Path
) -> None:
    single = cost(data, project)
    assert single.launch == (1, "no")
    text = (project / "conf/accelerate/cpu.yaml").read_text()
    text = text.replace("num_processes: 1", "num_processes: 4")
    (project / "conf/gpus.yaml").write_text(
        text.replace('mixed_precision: "no"', "mixed_precision: bf16")
    )
    data["pretraining"]["launch"] = f"{ACCELERATE} conf/gpus.yaml"
    four = cost(data, project)
    assert four.launch == (4, "bf16")
    for role in ("control", "experimental"):
        costs = getattr(single, role), getattr(four, role)
        assert costs[1].tokens == 4 * costs[0].tokens
        assert costs[1].memory.activations < costs[0].memory.activations


@pytest.mark.parametrize("role", ["control", "experimental"])
def test_precision_is_that_of_the_recipe(data: dict[str, Any], role: str) -> None:
    full = cost(data)
    data["pretraining"][role]["recipe"]["precision"] = "bfloat16"
    reduced = cost(data)
    for name in ("control", "experimental"):
        costs = getattr(full, name), getattr(reduced, name)
        assert not costs[0].mixed_precision and costs[1].mixed_precision == (name == role)
        assert (costs[1].memory.activations < costs[0].memory.activations) == (name == role)


def test_shorter_sequences_have_fewer_tokens_and_nothing_else_changes(
    data: dict[str, Any],
) -> None:
    full, half = cost(data), cost(data, mean_length=32)
    assert (full.length, full.mean_length, half.length, half.mean_length) == (64, 64, 64, 32)
    assert half.experimental.tokens * 2 == full.experimental.tokens
    assert half.experimental.flops.body * 2 == full.experimental.flops.body
    assert half.experimental.flops.attention * 4 == full.experimental.flops.attention
    assert half.experimental.memory == full.experimental.memory and half.disk == full.disk
    for wrong in (0, 65):
        with pytest.raises(InputError, match=rf"pack\.max_length \(64\), got {wrong}"):
            cost(data, mean_length=wrong)


def test_a_launch_without_accelerate_is_one_process() -> None:
    assert read_launch("python") == (1, "no")


@pytest.mark.parametrize(
    "options",
    ["--config_file=conf/accelerate/cpu.yaml", "--config_file conf/accelerate/cpu.yaml -q"],
)
def test_launch_file_wherever_it_is_named(options: str, project: Path) -> None:
    assert read_launch(f"accelerate launch {options}", project) == (1, "no")


def test_launch_file_must_exist_and_be_complete(project: Path) -> None:
    with pytest.raises(InputError, match=r"pretraining\.launch: conf/none\.yaml: no such file"):
        read_launch(f"{ACCELERATE} conf/none.yaml", project)
    with pytest.raises(InputError, match="names no configuration; write accelerate launch"):
        read_launch("accelerate launch", project)
    (project / "conf/none.yaml").write_text("num_processes: 2\n")
    with pytest.raises(InputError, match=r"conf/none\.yaml: no mixed_precision"):
        read_launch(f"{ACCELERATE} conf/none.yaml", project)


def test_vocabulary(data: dict[str, Any], project: Path, tokenizer: Any) -> None:
    options = data["tokenizer"]
    assert cost(data, project).vocabulary == options["vocabulary"]
    assert cost(data, project, vocabulary=12_345).vocabulary == 12_345
    options["existing"] = "xlm-roberta-base"
    assert cost(data, project).vocabulary == 250_002
    options["existing"] = "someone/unheard-of"
    with pytest.raises(InputError, match=r"tokenizer\.existing: someone/unheard-of is not on"):
        cost(data, project)
    assert cost(data, project, vocabulary=99).vocabulary == 99
    tokenizer.save_pretrained(project / "own")
    options["existing"] = "own"
    assert cost(data, project).vocabulary == len(tokenizer)


def test_words_of_treebanks_and_of_words_tables(
    data: dict[str, Any], project: Path, samples: Path
) -> None:
    nothing = cost(data, project).disk
    assert (nothing.words, nothing.states, nothing.languages_without_words) == (0, 0, 3)
    words = annotate(samples / "treebanks/qab", "qab")
    words.save(project / "artifacts/words/qab")
    table_only = cost(data, project).disk
    assert (table_only.words, table_only.languages_without_words) == (len(words), 2)
    (project / "data").symlink_to(samples)
    everything = cost(data, project).disk
    assert everything.languages_without_words == 0
    assert everything.words > len(words)
    dims = 2 * (4 + 2) * 32  # two models, three layers and the embeddings; two before training
    assert everything.states == everything.words * dims * 2


def test_number_of_languages_must_be_positive(data: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="languages must be between 1 and 10000, got 0"):
        cost(data, languages=0)


def test_the_paper_by_hand(data: dict[str, Any]) -> None:
    """XLM-R base has 278 million parameters; its body and output layer by the rule of six."""
    data["tokenizer"]["existing"] = "xlm-roberta-base"
    data["pack"]["max_length"] = 512
    role = data["pretraining"]["experimental"]
    role["model"] |= {"layers": 12, "dim": 768, "heads": 12}
    role["recipe"]["masking"] = 0.15
    result = cost(data)
    model = result.experimental
    assert result.vocabulary == 250_002
    assert model.parameters == pytest.approx(278.3e6, rel=1e-3)
    weights, output, attention = 85e6, 192.6e6, 12 * 12 * 768 * 512
    last = 9 * 768**2  # weights of the last layer after its attention
    expected = 6 * (weights - last) + 6 * 0.15 * (last + output) + attention
    assert model.flops.total / model.tokens == pytest.approx(expected, rel=0.01)
