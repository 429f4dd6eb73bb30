from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AutoModelForMaskedLM,
    PreTrainedModel,
    RobertaForMaskedLM,
    RobertaPreLayerNormForMaskedLM,
    XLMRobertaForMaskedLM,
)

from langsig.errors import InputError
from langsig.pretraining import ModelShape, build_model, model_seed

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PLAIN: dict[str, type[PreTrainedModel]] = {
    "roberta": RobertaForMaskedLM,
    "xlm-roberta": XLMRobertaForMaskedLM,
    "roberta-prelayernorm": RobertaPreLayerNormForMaskedLM,
}
MAX_LENGTH = 12
torch.set_num_threads(1)


def shape(architecture: str = "roberta", **changes: Any) -> ModelShape:
    values = {"layers": 2, "dim": 32, "heads": 4, "dropout": 0.0, "initializer_range": 0.1}
    return ModelShape(architecture, **values | changes)


def build(
    tokenizer: "PreTrainedTokenizerBase", *, seed: int = 0, **changes: Any
) -> PreTrainedModel:
    return build_model(shape(**changes), tokenizer, max_length=MAX_LENGTH, seed=seed)


@pytest.fixture
def batch(tokenizer: "PreTrainedTokenizerBase") -> dict[str, torch.Tensor]:
    """Four sequences of different lengths with labels for a third of the tokens."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([MAX_LENGTH, 7, 3, 9])
    tokens = torch.randint(4, 799, (4, MAX_LENGTH), generator=generator)
    mask = torch.arange(MAX_LENGTH) < lengths[:, None]
    inputs = torch.where(mask, tokens, tokenizer.pad_token_id)
    labelled = mask & (torch.rand(mask.shape, generator=generator) < 0.33)
    labels = torch.where(labelled, tokens, -100)
    inputs[labelled] = tokenizer.mask_token_id
    return {"input_ids": inputs, "attention_mask": mask.long(), "labels": labels}


@pytest.mark.parametrize("architecture", PLAIN)
def test_loss_and_gradients_equal_those_of_transformers(
    tokenizer: "PreTrainedTokenizerBase", batch: dict[str, torch.Tensor], architecture: str
) -> None:
    model = build(tokenizer, architecture=architecture)
    plain = PLAIN[architecture](model.config)
    plain.load_state_dict(model.state_dict())
    for trained in (model, plain):
        trained.train()
        trained(**batch).loss.backward()
    torch.testing.assert_close(model(**batch).loss, plain(**batch).loss)
    gradients = {name: value.grad for name, value in model.named_parameters()}
    expected = {name: value.grad for name, value in plain.named_parameters()}
    assert gradients.keys() == expected.keys()
    for name, gradient in expected.items():
        if gradient is None:
            assert gradients[name] is None
        else:
            torch.testing.assert_close(gradients[name], gradient, msg=lambda m, n=name: f"{n}: {m}")
    assert all(value.abs().max() > 1e-3 for name, value in expected.items() if "dense.w" in name)


@pytest.mark.parametrize("architecture", PLAIN)
def test_saved_models_are_ordinary_checkpoints(
    tokenizer: "PreTrainedTokenizerBase",
    batch: dict[str, torch.Tensor],
    tmp_path: Path,
    architecture: str,
) -> None:
    model = build(tokenizer, architecture=architecture).eval()
    model.save_pretrained(tmp_path)
    loaded, report = AutoModelForMaskedLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    plain = PLAIN[architecture]
    assert type(loaded) is plain
    assert loaded.config.architectures == [plain.__name__]
    assert loaded.config.model_type == architecture
    del batch["labels"]
    with torch.no_grad():
        logits = plain.forward(model, **batch).logits  # without the mixin
        torch.testing.assert_close(loaded.eval()(**batch).logits, logits, rtol=0, atol=0)


@pytest.mark.parametrize("architecture", PLAIN)
def test_models_have_the_requested_size(
    tokenizer: "PreTrainedTokenizerBase", architecture: str
) -> None:
    model = build(tokenizer, architecture=architecture, layers=3, dim=24, heads=2, dropout=0.25)
    config = model.config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (3, 24, 2)
    assert config.intermediate_size == 96
    assert model.get_input_embeddings().weight.shape == (len(tokenizer), 24)
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.25}
    # The output layer shares its weights with the embeddings, as in RoBERTa.
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_longer_sequences_are_refused(tokenizer: "PreTrainedTokenizerBase") -> None:
    model = build(tokenizer)

    def loss(length: int) -> torch.Tensor:
        tokens = torch.full((1, length), 5)
        loss: torch.Tensor = model(tokens, torch.ones_like(tokens), tokens).loss
        return loss

    assert loss(MAX_LENGTH).isfinite()
    with pytest.raises((IndexError, RuntimeError)):
        loss(MAX_LENGTH + 1)


def test_the_seed_determines_the_weights(tokenizer: "PreTrainedTokenizerBase") -> None:
    first, repeated, different = (build(tokenizer, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], repeated[name]) for name in first)
    assert not all(torch.equal(first[name], different[name]) for name in first)


@pytest.mark.parametrize("deviation", [0.02, 0.1])
def test_weights_have_the_requested_standard_deviation(
    tokenizer: "PreTrainedTokenizerBase", deviation: float
) -> None:
    weights = build(tokenizer, initializer_range=deviation).get_input_embeddings().weight
    assert weights.std().item() == pytest.approx(deviation, rel=0.05)


def test_bad_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"architecture must be one of roberta, .*; got 'bert'"):
        shape("bert")
    with pytest.raises(InputError, match="heads must divide dim; got 5 heads and a dim of 32"):
        shape(heads=5)


@given(st.lists(st.text("abcxyz", min_size=1), min_size=2, unique=True), st.integers(0, 2**32))
def test_every_model_has_its_own_seed(models: list[str], seed: int) -> None:
    seeds = [model_seed(model, seed) for model in models]
    assert len(set(seeds)) == len(models)
    assert all(0 <= value < 2**32 for value in seeds)


def test_model_seeds_are_the_same_in_every_run() -> None:
    assert model_seed("qaa", 1) == 2_048_623_395
