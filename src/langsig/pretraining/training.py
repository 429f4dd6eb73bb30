"""Pre-training by masked language modelling, with transformers' Trainer."""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Dataset
from transformers import (
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from langsig.corpora import Sequences
from langsig.errors import InputError
from langsig.pretraining.learning import Learning, MaskedTokens, measure_learning

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the parameters of the same names."""

    steps: int
    batch_size: int
    """Sequences a step and process."""
    accumulation: int
    """Batches whose gradients are added up for one step."""
    learning_rate: float
    """The highest; reached after the warm-up, falling to zero from there."""
    warmup: float
    """Share of the steps."""
    weight_decay: float
    masking: float
    """Share of tokens to predict: of these 80 % are masked, 10 % swapped, 10 % left."""
    group_by_length: bool
    """Batches of sequences of like length: little padding, so nearly twice the steps a second;
    each step teaches less, and models of many languages may not take off."""
    evaluations: int
    """Points of the learning curve."""
    margin: float
    """Gain in nat over token frequencies at which a model counts as learnt."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulation", "evaluations"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: {getattr(self, name)} is not positive")


def pretrain(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    train: Sequences,
    held_out: Mapping[str, MaskedTokens],
    recipe: Recipe,
    *,
    seed: int,
) -> tuple[Learning, list[dict[str, float]]]:
    """Train a model in place (paper, appendix B.2).

    Under ``accelerate launch`` every process calls this with the same arguments, and the
    gradients of all are averaged.

    Returns
    -------
    learning
        What the model has learnt in the end.
    curve
        A dictionary an evaluation: ``step``, ``masked_cross_entropy``,
        ``unigram_cross_entropy``.
    """
    curve = _Curve(held_out, recipe)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=scratch,
                max_steps=recipe.steps,
                per_device_train_batch_size=recipe.batch_size,
                gradient_accumulation_steps=recipe.accumulation,
                learning_rate=recipe.learning_rate,
                warmup_steps=round(recipe.warmup * recipe.steps),
                weight_decay=recipe.weight_decay,
                adam_beta2=0.98,  # RoBERTa's; .999 forgets too slowly in short runs
                train_sampling_strategy="group_by_length" if recipe.group_by_length else "random",
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=not sys.stderr.isatty(),
                dataloader_pin_memory=torch.cuda.is_available(),
                seed=seed,
            ),
            train_dataset=_Tokens(train),
            data_collator=DataCollatorForLanguageModeling(
                tokenizer, mlm_probability=recipe.masking
            ),
            callbacks=[curve],
        )
        trainer.train()
    return curve.learning, curve.points


class _Tokens(Dataset[dict[str, Any]]):
    def __init__(self, sequences: Sequences) -> None:
        self._sequences = sequences

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": torch.from_numpy(self._sequences[index]).long()}


class _Curve(TrainerCallback):
    """Measures at even distances what the model has learnt."""

    def __init__(self, held_out: Mapping[str, MaskedTokens], recipe: Recipe) -> None:
        self.points: list[dict[str, float]] = []
        self.learning: Learning
        self._held_out = held_out
        self._recipe = recipe
        self._due = {
            recipe.steps * point // recipe.evaluations for point in range(1, recipe.evaluations + 1)
        }

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,
    ) -> None:
        """Evaluate if it is time, which the last step always is."""
        if state.global_step not in self._due:
            return
        self.learning = measure_learning(
            kwargs["model"],
            self._held_out,
            margin=self._recipe.margin,
            batch_size=self._recipe.batch_size,
        )
        self.points.append(
            {
                "step": state.global_step,
                "masked_cross_entropy": self.learning.masked_cross_entropy,
                "unigram_cross_entropy": self.learning.unigram_cross_entropy,
            }
        )
