from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from torch.utils.flop_counter import FlopCounterMode

from langsig.errors import InputError
from langsig.morphology import CATEGORIES, annotate
from langsig.pretraining import ModelShape, build_model, pricing
from langsig.representations.covariance import (
    BlockStatistics,
    CategoryStatistics,
    CovarianceFitter,
)
from tests.learned.planted import planted

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ARCHITECTURES = ["roberta", "xlm-roberta", "roberta-prelayernorm"]
LENGTH, BATCH = 16, 4
torch.set_num_threads(1)


def shape(architecture: str = "roberta", **changes: Any) -> ModelShape:
    values = {"layers": 3, "dim": 32, "heads": 4, "dropout": 0.0, "initializer_range": 0.1}
    return ModelShape(architecture, **values | changes)


def plan(**changes: Any) -> pricing.Plan:
    default = pricing.Plan(shape(), 800, LENGTH, 1, BATCH, 1, 1, 0.25, mixed_precision=False)
    return replace(default, **changes)


def batch(vocabulary: int) -> dict[str, torch.Tensor]:
    """Sequences of full length with a label for every fourth token."""
    tokens = torch.randint(4, vocabulary, (BATCH, LENGTH), generator=torch.manual_seed(0))
    unlabelled = torch.arange(LENGTH) % 4 > 0
    labels = tokens.masked_fill(unlabelled, -100)
    return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "labels": labels}


def plain_loss(model: "PreTrainedModel", batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Loss with all layers at all positions, from the method that the mixin overrides."""
    loss: torch.Tensor = type(model).__mro__[2].forward(model, **batch).loss
    return loss


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("layers", "dim", "length"), [(1, 16, 8), (3, 32, 64)])
def test_number_of_parameters_is_exact(
    tokenizer: "PreTrainedTokenizerBase", architecture: str, layers: int, dim: int, length: int
) -> None:
    size = shape(architecture, layers=layers, dim=dim)
    model = build_model(size, tokenizer, max_length=length, seed=0)
    expected = sum(parameter.numel() for parameter in model.parameters())
    assert pricing.count_parameters(size, len(tokenizer), length) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_flops_agree_with_torch(tokenizer: "PreTrainedTokenizerBase", architecture: str) -> None:
    size = shape(architecture)
    model = build_model(size, tokenizer, max_length=LENGTH, seed=0)
    model.set_attn_implementation("eager")  # torch does not count fused attention
    expected = pricing.training_flops(plan(shape=size, vocabulary=len(tokenizer)))
    with FlopCounterMode(display=False) as masked:
        model(**batch(len(tokenizer))).loss.backward()
    assert masked.get_total_flops() == expected.total
    with FlopCounterMode(display=False) as everywhere:
        plain_loss(model, batch(len(tokenizer))).backward()
    assert everywhere.get_total_flops() == expected.total_everywhere


def test_flops_are_about_six_per_weight_and_token() -> None:
    """The rule of thumb of Kaplan et al., for the size of RoBERTa base and a small vocabulary."""
    size = shape(layers=12, dim=768, heads=12)
    small = plan(shape=size, vocabulary=100, length=8)
    body = pricing.count_parameters(size, 100, 8)
    flops = pricing.training_flops(small).total_everywhere
    assert flops == pytest.approx(6 * body * small.tokens, rel=0.02)


@given(*[st.integers(1, 9) for _ in range(4)])
def test_tokens_and_flops_are_proportional_to_steps_and_batches(
    steps: int, batch_size: int, accumulation: int, processes: int
) -> None:
    counts = {
        "steps": steps,
        "batch_size": batch_size,
        "accumulation": accumulation,
        "processes": processes,
    }
    single, many = plan(batch_size=1), plan(**counts)
    factor = steps * batch_size * accumulation * processes
    assert many.tokens == many.steps * many.tokens_per_step == factor * LENGTH
    assert pricing.training_flops(many).total == factor * pricing.training_flops(single).total
    memory, single_memory = pricing.training_memory(many), pricing.training_memory(single)
    assert memory.activations == batch_size * single_memory.activations, "one batch at a time"
    assert memory.weights == single_memory.weights
    assert memory.gradients == single_memory.gradients * min(processes, 2)


def test_activations_are_close_to_those_of_autograd(tokenizer: "PreTrainedTokenizerBase") -> None:
    size = shape(layers=6, dim=64)
    model = build_model(size, tokenizer, max_length=LENGTH, seed=0)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    saved = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    inputs = batch(len(tokenizer))
    del inputs["labels"]
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        hidden = model.base_model(**inputs).last_hidden_state
    expected = pricing.training_memory(plan(shape=size, vocabulary=len(tokenizer))).activations
    assert sum(saved.values()) == pytest.approx(expected, rel=0.2)
    assert hidden.requires_grad


def test_weights_gradients_and_moments_agree_with_adam(
    tokenizer: "PreTrainedTokenizerBase",
) -> None:
    model = build_model(shape(), tokenizer, max_length=LENGTH, seed=0)
    optimiser = torch.optim.AdamW(model.parameters())
    model(**batch(len(tokenizer))).loss.backward()
    optimiser.step()
    memory = pricing.training_memory(plan(vocabulary=len(tokenizer)))
    parameters = list(model.parameters())
    assert memory.weights == sum(value.nbytes for value in parameters)
    assert memory.gradients == sum(
        value.grad.nbytes for value in parameters if value.grad is not None
    )
    assert memory.moments == sum(
        state[name].nbytes
        for state in optimiser.state.values()
        for name in ("exp_avg", "exp_avg_sq")
    )


def test_mixed_precision_halves_activations_and_adds_copies_of_the_weights() -> None:
    full, mixed = (pricing.training_memory(plan(mixed_precision=half)) for half in (False, True))
    assert mixed.activations * 2 == full.activations
    assert mixed.weights * 2 == full.weights * 3
    assert (mixed.moments, mixed.gradients) == (full.moments, full.gradients)


def test_totals_are_sums() -> None:
    memory = pricing.training_memory(plan())
    parts = memory.weights + memory.gradients + memory.moments + memory.activations
    assert memory.total == parts + memory.logits
    assert memory.total_everywhere == parts + memory.logits_everywhere
    assert memory.logits_everywhere == 4 * memory.logits


def test_hours() -> None:
    # A quarter of 100 TFLOPS is 25 TFLOPS; an hour has 3,600 s.
    assert pricing.gpu_hours(25 * 10**12 * 3600 * 7, 100, 0.25) == pytest.approx(7)


def test_checkpoint_size_agrees_with_the_file(
    tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    build_model(shape(), tokenizer, max_length=LENGTH, seed=0).save_pretrained(tmp_path)
    size = (tmp_path / "model.safetensors").stat().st_size
    assert size == pytest.approx(
        pricing.checkpoint_bytes(shape(), len(tokenizer), LENGTH), rel=0.05
    )


def test_size_of_states() -> None:
    # Five words, 4 layers of 32 and 4 layers of 64 dimensions, two bytes per number.
    assert pricing.state_bytes(5, (shape(), shape(dim=64)), 2) == 5 * (4 * 32 + 4 * 64) * 2


def test_covariance_size_agrees_with_the_file(tmp_path: Path) -> None:
    control, experimental = shape(layers=1, dim=8), shape(layers=1, dim=16)
    fitters = CovarianceFitter(torch.zeros(8).numpy(), torch.zeros(16).numpy(), blocks=5)
    fitters.update(torch.ones(3, 8).numpy(), torch.ones(3, 16).numpy())
    blocks: dict[int, BlockStatistics] = {1: fitters.block_statistics()}
    layers = [fitters.statistics()] * 2
    path = tmp_path / "number.safetensors"
    pairs = [(layer, layer) for layer in range(len(layers))]
    CategoryStatistics("de", "Number", 3, layers, blocks, pairs).save(path)
    with safe_open(path, "numpy") as file:
        sizes = {key: file.get_tensor(key).nbytes for key in file.keys()}  # noqa: SIM118
    del sizes["blocks.01.counts"]
    size = pricing.covariance_bytes(control, experimental, categories=1, blocks=5, block_layers=1)
    assert size == sum(sizes.values())
    more = {"blocks": 5, "block_layers": 1}
    many = pricing.covariance_bytes(control, experimental, categories=len(CATEGORIES), **more)
    per_category = pricing.covariance_bytes(control, experimental, 1, blocks=0, block_layers=0)
    assert many - size == (len(CATEGORIES) - 1) * per_category


def test_residual_size_agrees_with_the_file(tmp_path: Path) -> None:
    statistics = planted(0, 320, [0.5]).statistics(blocks=5, width=4)
    statistics.save(tmp_path / "de.safetensors")
    with safe_open(tmp_path / "de.safetensors", "numpy") as file:
        sizes = {key: file.get_tensor(key).nbytes for key in file.keys()}  # noqa: SIM118
    del sizes["00.sums.counts"]
    model = shape(dim=6, heads=2)
    size = pricing.residual_bytes(model, model, layers=1, blocks=5, width=4)
    assert size == sum(sizes.values())


@pytest.mark.parametrize("language", ["qaa", "qab"])  # the second has multiword tokens
def test_word_count_agrees_with_annotate(samples: Path, language: str) -> None:
    treebank = samples / "treebanks" / language
    assert pricing.count_words(treebank) == len(annotate(treebank, language))


def test_word_count_with_ranges_and_empty_nodes(tmp_path: Path) -> None:
    rows = ["# text = a\t1", "1-3\tabc", "1\ta", "2\tb", "3\tc", "3.1\tx", "4\td", ""]
    path = tmp_path / "x.conllu"
    path.write_text("\n".join(rows), encoding="utf-8")
    assert pricing.count_words(path) == 2


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 0), ("vocabulary", -1), ("processes", 0), ("masking", 0.0),
                        ("masking", 1.5), ("length", 0), ("batch_size", 0), ("accumulation", 0)],
)  # fmt: skip
def test_bad_plans_are_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name} must be .*, got {value}"):
        plan(**{name: value})


def test_bad_gpus_are_refused() -> None:
    with pytest.raises(InputError, match="tflops must be a finite positive number, got 0"):
        pricing.gpu_hours(1, 0, 0.5)
    with pytest.raises(InputError, match=r"utilisation must be above 0 and at most 1, got 1\.5"):
        pricing.gpu_hours(1, 100, 1.5)
