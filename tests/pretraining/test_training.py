import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, Trainer

from langsig.corpora import Sequences
from langsig.errors import InputError
from langsig.pretraining import (
    CurvePoint,
    Learning,
    MaskedTokens,
    ModelShape,
    Recipe,
    build_model,
    measure_learning,
    pretrain,
)
from langsig.representations import load_masked

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

pytestmark = pytest.mark.slow
RECIPE: dict[str, Any] = {
    "steps": 120,
    "batch_size": 16,
    "accumulation": 1,
    "learning_rate": 5e-3,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "masking": 0.3,
    "batches_by_length": 1,
    "evaluations": 4,
    "patience": None,
    "min_improvement": 0.01,
    "margin": 0.5,
    "precision": "float32",
}
LENGTH, TOKENS = 10, range(10, 22)
torch.set_num_threads(1)


def repetitive(count: int, seed: int, *, shuffled: bool = False) -> Sequences:
    """Sequences that repeat one of twelve words, or the same words in random order."""
    generator = np.random.default_rng(seed)
    words = np.repeat(generator.choice(TOKENS, count)[:, None], LENGTH, axis=1)
    if shuffled:
        words = generator.permuted(words.ravel()).reshape(words.shape)
    rows = np.hstack([np.full((count, 1), 0), words, np.full((count, 1), 2)])
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
    scratch: Path | None = None,
    saved_states: int | None = 2,
    **changes: Any,
) -> tuple[PreTrainedModel, Learning, list[CurvePoint]]:
    model = untrained(tokenizer, dropout)
    text = {"qaa": repetitive(400, 0, shuffled=shuffled)}
    recipe = Recipe(**RECIPE | changes)
    validation = held_out(tokenizer, shuffled=shuffled)
    with tempfile.TemporaryDirectory() as folder:
        states = scratch or Path(folder)
        trained = pretrain(
            model,
            tokenizer,
            text,
            validation,
            recipe,
            scratch=states,
            seed=seed,
            saved_states=saved_states,
        )
    return model, trained.learning, trained.curve


def test_a_predictable_language_is_learnt(tokenizer: "PreTrainedTokenizerBase") -> None:
    model, learning, curve = train(tokenizer)
    assert learning.learnt and learning.gain > 1.5
    assert [point.step for point in curve] == [30, 60, 90, 120]
    losses = [point.masked_cross_entropy for point in curve]
    assert losses[-1] < losses[0]
    assert losses[-1] == learning.masked_cross_entropy
    assert {point.unigram_cross_entropy for point in curve} == {learning.unigram_cross_entropy}
    # The reported gain is that of the returned weights.
    again = measure_learning(model, held_out(tokenizer), margin=0.5, batch_size=16)
    assert again.gain == pytest.approx(learning.gain, abs=1e-5)


def test_random_words_are_not_learnt(tokenizer: "PreTrainedTokenizerBase") -> None:
    _, learning, _ = train(tokenizer, shuffled=True)
    assert not learning.learnt
    assert -0.5 < learning.gain < 0.1  # nothing but frequencies can be learnt


def test_an_untrained_model_has_not_learnt(
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


def test_training_is_deterministic(tokenizer: "PreTrainedTokenizerBase") -> None:
    runs = [train(tokenizer, dropout=0.1, steps=12, seed=seed) for seed in (1, 1, 2)]
    first, repeated, different = (model.state_dict() for model, _, _ in runs)
    assert all(torch.equal(first[name], repeated[name]) for name in first)
    assert runs[0][1:] == runs[1][1:]
    assert not all(torch.equal(first[name], different[name]) for name in first)


def test_evaluations_do_not_affect_training(tokenizer: "PreTrainedTokenizerBase") -> None:
    frequent, rare = (
        train(tokenizer, dropout=0.1, steps=12, evaluations=evaluations)[0].state_dict()
        for evaluations in (12, 1)
    )
    assert all(torch.equal(frequent[name], rare[name]) for name in frequent)


@pytest.mark.parametrize(("steps", "evaluations"), [(12, 4), (11, 4), (7, 5), (3, 10), (5, 1)])
def test_curve_has_the_requested_number_of_points(
    tokenizer: "PreTrainedTokenizerBase", steps: int, evaluations: int
) -> None:
    _, _, curve = train(tokenizer, steps=steps, evaluations=evaluations, batch_size=2)
    points = [point.step for point in curve]
    assert len(points) == min(steps, evaluations) and points[-1] == steps
    distances = np.diff([0, *points])
    assert distances.max() - distances.min() <= 1


@pytest.mark.parametrize(("saved_states", "kept"), [(None, {2, 4, 6, 8}), (2, {6, 8})])
def test_saved_states_are_checkpoints(
    saved_states: int | None, kept: set[int], tokenizer: "PreTrainedTokenizerBase", tmp_path: Path
) -> None:
    model, _, _ = train(tokenizer, steps=8, scratch=tmp_path, saved_states=saved_states)
    folders = {int(path.name.split("-")[1]): path for path in tmp_path.glob("*/checkpoint-*")}
    assert set(folders) == kept
    last, earlier = (load_masked(folders[step]).get_input_embeddings().weight for step in (8, 6))
    assert torch.equal(last, model.get_input_embeddings().weight)
    assert not torch.equal(earlier, last)


def test_accumulated_batches_count_as_one_step(tokenizer: "PreTrainedTokenizerBase") -> None:
    *_, curve = train(tokenizer, steps=6, evaluations=1, accumulation=3, batch_size=4)
    assert [point.step for point in curve] == [6]


def test_models_learn_from_batches_of_similar_length(tokenizer: "PreTrainedTokenizerBase") -> None:
    _, learning, _ = train(tokenizer, batches_by_length=8)
    assert learning.learnt and learning.gain > 1.5


def test_bfloat16_learns_as_float32_does(tokenizer: "PreTrainedTokenizerBase") -> None:
    _, full, _ = train(tokenizer)
    model, reduced, curve = train(tokenizer, precision="bfloat16")
    assert reduced.gain == pytest.approx(full.gain, abs=0.1) and reduced != full
    assert curve[-1].masked_cross_entropy == reduced.masked_cross_entropy
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}
    # Held-out text is measured in float32, whatever the precision of the training.
    again = measure_learning(model, held_out(tokenizer), margin=0.5, batch_size=16)
    assert again.masked_cross_entropy == reduced.masked_cross_entropy


class Killed(BaseException):
    """Raised instead of a kill."""


def killed_after(
    step: int, function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Make a method of Trainer raise Killed when it is called after the given step."""

    def wrapped(self: Trainer, *arguments: Any, **options: Any) -> Any:
        if self.state.global_step >= step:
            raise Killed
        return function(self, *arguments, **options)

    monkeypatch.setattr(Trainer, function.__name__, wrapped)
    return function


@pytest.mark.parametrize(
    ("step", "changes"),
    [
        (2, {}),
        (7, {}),
        (11, {}),
        (7, {"batches_by_length": 4}),
        (7, {"accumulation": 2}),
        (7, {"precision": "bfloat16"}),
    ],
)
def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(
    tokenizer: "PreTrainedTokenizerBase",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    changes: dict[str, Any],
) -> None:
    # Dropout depends on the state of the generator. With 60 sequences per step, twelve steps use
    # some of the 400 sequences twice.
    options: dict[str, Any] = {"dropout": 0.1, "steps": 12, "batch_size": 60, **changes}
    uninterrupted = train(tokenizer, **options)
    with monkeypatch.context() as patch:
        killed_after(step, Trainer.training_step, patch)
        with pytest.raises(Killed):
            train(tokenizer, scratch=tmp_path, **options)
    assert bool(list(tmp_path.glob("*/checkpoint-*"))) == (step >= 3)
    steps: list[int] = []
    training_step = Trainer.training_step

    def counted(self: Trainer, *arguments: Any) -> torch.Tensor:
        steps.append(self.state.global_step)
        return training_step(self, *arguments)

    monkeypatch.setattr(Trainer, "training_step", counted)
    torch.manual_seed(12345)  # a new process has another state
    resumed = train(tokenizer, scratch=tmp_path, **options)
    assert steps[0] == step // 3 * 3, "resumes from the last state"
    weights = uninterrupted[0].state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in resumed[0].state_dict().items())
    assert resumed[1:] == uninterrupted[1:]


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"learning_rate": 1e-3}, {"shuffled": True}, {"precision": "bfloat16"}],
)
def test_a_changed_run_starts_from_the_beginning(
    tokenizer: "PreTrainedTokenizerBase", tmp_path: Path, change: dict[str, Any]
) -> None:
    train(tokenizer, steps=12, scratch=tmp_path)
    changed = train(tokenizer, steps=12, scratch=tmp_path, **change)
    assert len(changed[2]) == 4
    assert changed[1:] == train(tokenizer, steps=12, **change)[1:]


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_an_incomplete_state_is_ignored(
    tokenizer: "PreTrainedTokenizerBase", tmp_path: Path, damage: str
) -> None:
    uninterrupted = train(tokenizer, steps=12, scratch=tmp_path)
    (state,) = tmp_path.glob("*/checkpoint-12/trainer_state.json")
    text = state.read_text()
    state.unlink()
    if damage == "truncated":
        state.write_text(text[: len(text) // 2])
    resumed = train(tokenizer, steps=12, scratch=tmp_path)
    assert resumed[1:] == uninterrupted[1:]
    assert json.loads(state.read_text())["global_step"] == 12, "saved again"


def test_training_stops_early_with_the_best_weights(
    tokenizer: "PreTrainedTokenizerBase",
) -> None:
    """On random words, the held-out loss soon stops falling and then rises."""
    options: dict[str, Any] = {"shuffled": True, "steps": 400, "evaluations": 40, "patience": 2}
    model, learning, curve = train(tokenizer, min_improvement=0.02, **options)
    losses = [point.masked_cross_entropy for point in curve]
    assert len(curve) < 40 and curve[-1].step < 400
    assert min(losses[:-2]) - min(losses[-2:]) < 0.02, "the last two did not improve"
    assert learning.masked_cross_entropy == pytest.approx(min(losses), abs=1e-6)
    again = measure_learning(model, held_out(tokenizer, shuffled=True), margin=0.5, batch_size=16)
    assert again.masked_cross_entropy == pytest.approx(min(losses), abs=1e-6)


@pytest.mark.parametrize(
    "name",
    ["steps", "batch_size", "accumulation", "batches_by_length", "evaluations", "patience"],
)
def test_recipes_require_positive_numbers(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be positive, got 0"):
        Recipe(**RECIPE | {name: 0})


def test_recipes_require_a_known_precision() -> None:
    with pytest.raises(InputError, match="precision must be one of float32, bfloat16, got 'half'"):
        Recipe(**RECIPE | {"precision": "half"})
