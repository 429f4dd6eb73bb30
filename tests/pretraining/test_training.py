from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from langsig.corpora import Sequences
from langsig.pretraining import (
    Learning,
    MaskedTokens,
    ModelShape,
    Recipe,
    build_model,
    measure_learning,
    pretrain,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

RECIPE: dict[str, Any] = {
    "steps": 120,
    "batch_size": 16,
    "accumulation": 1,
    "learning_rate": 5e-3,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "masking": 0.3,
    "group_by_length": False,
    "evaluations": 4,
    "margin": 0.5,
}
LENGTH, TOKENS = 10, range(10, 22)
torch.set_num_threads(1)


def repetitive(count: int, seed: int, *, shuffled: bool = False) -> Sequences:
    """A language that says one of twelve words over and over, or the same words at random."""
    generator = np.random.default_rng(seed)
    spoken = np.repeat(generator.choice(TOKENS, count)[:, None], LENGTH, axis=1)
    if shuffled:
        spoken = generator.permuted(spoken.ravel()).reshape(spoken.shape)
    rows = np.hstack([np.full((count, 1), 0), spoken, np.full((count, 1), 2)])
    return Sequences(
        rows.ravel().astype(np.int32),
        np.arange(0, rows.size + 1, LENGTH + 2),
        np.empty(0, np.uint64),
        np.zeros(count + 1, np.int64),
    )


def untrained(tokenizer: "PreTrainedTokenizerBase", dropout: float = 0.0) -> PreTrainedModel:
    shape = ModelShape("roberta", 2, 32, 4, dropout=dropout, initializer_range=0.05)
    return build_model(shape, tokenizer, max_length=LENGTH + 2, seed=0)


def held_out(
    tokenizer: "PreTrainedTokenizerBase", *, shuffled: bool = False
) -> dict[str, MaskedTokens]:
    text = repetitive(60, 1, shuffled=shuffled)
    return {"qaa": MaskedTokens.choose(text, tokenizer, share=0.15, seed=0)}


def train(
    tokenizer: "PreTrainedTokenizerBase",
    *,
    shuffled: bool = False,
    dropout: float = 0.0,
    seed: int = 0,
    **changes: Any,
) -> tuple[PreTrainedModel, Learning, list[dict[str, float]]]:
    model = untrained(tokenizer, dropout)
    text = repetitive(400, 0, shuffled=shuffled)
    recipe = Recipe(**RECIPE | changes)
    validation = held_out(tokenizer, shuffled=shuffled)
    return model, *pretrain(model, tokenizer, text, validation, recipe, seed=seed)


def test_a_predictable_language_is_learnt(tokenizer: "PreTrainedTokenizerBase") -> None:
    model, learning, curve = train(tokenizer)
    assert learning.learnt and learning.gain > 1.5
    assert [point["step"] for point in curve] == [30, 60, 90, 120]
    losses = [point["masked_cross_entropy"] for point in curve]
    assert losses[-1] < losses[0]
    assert losses[-1] == learning.masked_cross_entropy
    assert {point["unigram_cross_entropy"] for point in curve} == {learning.unigram_cross_entropy}
    # What is reported is what the model that the caller holds can do.
    again = measure_learning(model, held_out(tokenizer), margin=0.5, batch_size=16)
    assert again.gain == pytest.approx(learning.gain, abs=1e-5)


def test_a_language_without_order_is_not(tokenizer: "PreTrainedTokenizerBase") -> None:
    _, learning, _ = train(tokenizer, shuffled=True)
    assert not learning.learnt
    assert -0.5 < learning.gain < 0.1  # frequencies are all there is to know


def test_a_model_that_was_not_trained_has_not_learnt(
    tokenizer: "PreTrainedTokenizerBase",
) -> None:
    text = held_out(tokenizer)
    fresh = measure_learning(untrained(tokenizer), text, margin=0.5, batch_size=16)
    assert not fresh.learnt and fresh.gain < 0
    model, learning, _ = train(tokenizer, learning_rate=0.0, steps=4)
    assert not learning.learnt
    assert learning.gain == pytest.approx(fresh.gain, abs=1e-5)
    weights = untrained(tokenizer).state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_training_repeats_itself_bit_by_bit(tokenizer: "PreTrainedTokenizerBase") -> None:
    runs = [train(tokenizer, dropout=0.1, steps=12, seed=seed) for seed in (1, 1, 2)]
    one, same, other = (model.state_dict() for model, _, _ in runs)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert runs[0][1:] == runs[1][1:]
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_measuring_does_not_disturb_training(tokenizer: "PreTrainedTokenizerBase") -> None:
    often, seldom = (
        train(tokenizer, dropout=0.1, steps=12, evaluations=evaluations)[0].state_dict()
        for evaluations in (12, 1)
    )
    assert all(torch.equal(often[name], seldom[name]) for name in often)


@pytest.mark.parametrize(("steps", "evaluations"), [(12, 4), (11, 4), (7, 5), (3, 10), (5, 1)])
def test_curve_has_as_many_points_as_asked_for(
    tokenizer: "PreTrainedTokenizerBase", steps: int, evaluations: int
) -> None:
    _, _, curve = train(tokenizer, steps=steps, evaluations=evaluations, batch_size=2)
    points = [int(point["step"]) for point in curve]
    assert len(points) == min(steps, evaluations) and points[-1] == steps
    distances = np.diff([0, *points])
    assert distances.max() - distances.min() <= 1


def test_accumulated_batches_count_as_one_step(tokenizer: "PreTrainedTokenizerBase") -> None:
    *_, curve = train(tokenizer, steps=6, evaluations=1, accumulation=3, batch_size=4)
    assert [point["step"] for point in curve] == [6]


def test_batches_of_like_length_learn_too(tokenizer: "PreTrainedTokenizerBase") -> None:
    _, learning, _ = train(tokenizer, group_by_length=True)
    assert learning.learnt and learning.gain > 1.5
