"""Masked language modelling with the Trainer of transformers."""

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import accelerate
import torch
import transformers
from accelerate import PartialState
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.utils import logging

from langsig.corpora import Sequences
from langsig.errors import InputError
from langsig.files import room_for
from langsig.pretraining.batches import MaskedBatches
from langsig.pretraining.learning import Learning, MaskedTokens, measure_learning
from langsig.pretraining.sampling import Draws, draw
from langsig.terms import TRAINING_PRECISIONS

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


_STATE_OVERHEAD = 1 << 18
"""Number of bytes of a saved state that do not depend on the model."""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Raises
    ------
    InputError
        If a number of steps, batches, sequences or evaluations is not positive, or `precision` is
        not one of its values.
    """

    steps: int
    """Maximum number of steps."""
    batch_size: int
    """Number of sequences per batch and process."""
    accumulation: int
    """Number of batches whose gradients are added up in one step."""
    learning_rate: float
    """Maximum learning rate, reached after the warm-up; from there it falls linearly to zero."""
    warmup: float
    """Length of the warm-up, as a share of the steps."""
    weight_decay: float
    """Weight decay of AdamW."""
    masking: float
    """Share of the tokens to predict: 80 % of them are masked, 10 % swapped, 10 % kept."""
    batches_by_length: int
    """Number of consecutive batches whose sequences are sorted by length, which saves padding.
    Sorting 50 batches halves the time of a step, but each step teaches less, and models of many
    languages may fail to learn. 1 sorts nothing."""
    evaluations: int
    """Number of evaluations, evenly spaced. Each is a point of the learning curve and saves a
    state from which a killed run resumes."""
    patience: int | None
    """Number of evaluations without improvement after which training stops and the best weights
    are restored. None: training never stops early."""
    min_improvement: float
    """Minimum decrease of the held-out cross-entropy, in nat, that counts as an improvement."""
    margin: float
    """Minimum gain over token frequencies, in nat per token, at which a model counts as learnt."""
    precision: str
    """``float32``, or ``bfloat16`` for mixed precision: matrices are multiplied in bfloat16, while
    weights, their moments, and losses on held-out text are in float32."""

    def __post_init__(self) -> None:
        for name in (
            "steps",
            "batch_size",
            "accumulation",
            "batches_by_length",
            "evaluations",
            "patience",
        ):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be positive, got {value}")
        if self.precision not in TRAINING_PRECISIONS:
            raise InputError(
                f"precision must be one of {', '.join(TRAINING_PRECISIONS)}, got {self.precision!r}"
            )


class CurvePoint(NamedTuple):
    """One evaluation during training, in nat per held-out token."""

    step: int
    """Number of steps taken."""
    masked_cross_entropy: float
    """Cross-entropy of the model."""
    unigram_cross_entropy: float
    """Cross-entropy of token frequencies."""


class TrainingResult(NamedTuple):
    """Result of a training run, apart from the weights."""

    learning: Learning
    """What the model has learnt at the end."""
    curve: list[CurvePoint]
    """Learning curve, one point per evaluation."""
    steps: int
    """Number of steps taken."""
    run: str
    """Hash of all that the weights depend on: text, parameters, code and library versions."""


def process_state() -> PartialState:
    """State of this process among those that ``accelerate launch`` started.

    This must be the first access to that state: without a GPU, accelerate would otherwise treat
    the processes of one launch as unrelated.
    """
    return PartialState(cpu=not torch.cuda.is_available())


def pretrain(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    train: Mapping[str, Sequences],
    held_out: Mapping[str, MaskedTokens],
    recipe: Recipe,
    *,
    scratch: Path,
    alpha: float = 1.0,
    seed: int,
    saved_states: int | None = 2,
) -> TrainingResult:
    """Train a model in place (paper, appendix B.2).

    Under ``accelerate launch``, every process calls this function with the same arguments, and
    gradients are averaged over the processes. If its configuration file has mixed precision, its
    format is used instead of that of the recipe.

    Parameters
    ----------
    model
        Model to train, with its initial weights.
    tokenizer
        Tokenizer that made the sequences.
    train
        Training sequences by language.
    held_out
        Held-out text by language, for the learning curve and early stopping.
    recipe
        Length, optimisation and evaluation of the training.
    scratch
        Folder for saved states. A run that was killed resumes from its last state; on a single
        process it ends with exactly the weights of an uninterrupted run. A run with different
        data, parameters or code starts from the beginning. The caller removes the folder after
        saving the model.
    alpha
        Exponent of the sampling of languages, see :func:`~langsig.pretraining.sampling.draw`.
    seed
        Seed of the order of sequences, the masking and dropout.
    saved_states
        Number of saved states that are kept, the latest ones (default: 2); None for all. Each is
        a checkpoint too, in the folder ``RUN/checkpoint-STEP`` of `scratch`, where RUN is
        :attr:`TrainingResult.run`.
    """
    on_gpu = process_state().device.type == "cuda"
    run = _run_hash(model, train, held_out, recipe, alpha, seed)
    states = scratch / run
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    text = list(train.values())
    draws = _draws_of_run(text, recipe, alpha=alpha, seed=seed)
    trainer = _Trainer(
        held_out,
        recipe,
        model=model,
        args=TrainingArguments(
            output_dir=str(states),
            max_steps=recipe.steps,
            per_device_train_batch_size=recipe.batch_size,
            gradient_accumulation_steps=recipe.accumulation,
            learning_rate=recipe.learning_rate,
            warmup_steps=round(recipe.warmup * recipe.steps),
            weight_decay=recipe.weight_decay,
            adam_beta2=0.98,  # as RoBERTa; .999 adapts too slowly in short runs
            train_sampling_strategy="sequential",  # the draws are already shuffled
            remove_unused_columns=False,
            # _Schedule decides when to evaluate and save.
            eval_strategy="steps",
            eval_steps=recipe.steps + 1,
            save_strategy="steps",
            save_steps=recipe.steps + 1,
            save_total_limit=saved_states,
            load_best_model_at_end=recipe.patience is not None,
            metric_for_best_model="loss",
            greater_is_better=False,
            restore_callback_states_from_checkpoint=True,
            logging_strategy="no",
            report_to="none",
            disable_tqdm=not sys.stderr.isatty(),
            use_cpu=not on_gpu,
            ddp_find_unused_parameters=False,
            dataloader_pin_memory=on_gpu,
            seed=seed,
        ),
        train_dataset=range(len(draws)),
        data_collator=MaskedBatches(text, draws, tokenizer, masking=recipe.masking, seed=seed),
        eval_dataset=[],  # required by Trainer, but `evaluate` uses the held-out text
        callbacks=[_Schedule(recipe)],
    )
    trainer.remove_callback(PrinterCallback)
    if recipe.patience is not None:
        trainer.add_callback(EarlyStoppingCallback(recipe.patience, recipe.min_improvement))
    trainer.train(resume_from_checkpoint=_last_state(states))
    curve = [
        CurvePoint(entry["step"], entry["eval_loss"], entry["eval_unigram_cross_entropy"])
        for entry in trainer.state.log_history
        if "eval_loss" in entry
    ]
    return TrainingResult(trainer.learning(), curve, trainer.state.global_step, run)


def _draws_of_run(text: list[Sequences], recipe: Recipe, *, alpha: float, seed: int) -> Draws:
    """The sequences of a whole run, in the order in which they are used."""
    batch = recipe.batch_size * process_state().num_processes
    draws = draw(
        [len(sequences) for sequences in text],
        recipe.steps * recipe.accumulation * batch,
        alpha=alpha,
        seed=seed,
    )
    return draws.batched_by_length(
        [sequences.lengths for sequences in text],
        batch_size=batch,
        batches=recipe.batches_by_length,
        seed=seed,
    )


def _run_hash(
    model: "PreTrainedModel",
    train: Mapping[str, Sequences],
    held_out: Mapping[str, MaskedTokens],
    *settings: Recipe | float,
) -> str:
    """Hash of all that the final weights depend on."""
    versions = torch.__version__, transformers.__version__, accelerate.__version__
    run = hashlib.sha256(repr((settings, process_state().num_processes, versions)).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        run.update(source.read_bytes())
    for parameter in model.state_dict().values():
        run.update(parameter.cpu().contiguous().view(torch.uint8).numpy().tobytes())
    for language, sequences in train.items():
        run.update(language.encode())
        run.update(sequences.tokens.tobytes())
        run.update(sequences.offsets.tobytes())
    for language, text in held_out.items():
        run.update(language.encode())
        for tokens in (*text.inputs, *text.labels):
            run.update(tokens.numpy().tobytes())
    return run.hexdigest()[:32]


def _last_state(states: Path) -> str | None:
    """Latest state that was saved completely; incomplete later ones are removed."""
    saved = sorted(states.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    while saved:
        latest = saved.pop()
        try:
            json.loads((latest / "trainer_state.json").read_text())  # the file that is written last
        except (OSError, ValueError):
            if process_state().is_main_process:
                shutil.rmtree(latest)
            continue
        return str(latest)
    return None


class _Trainer(Trainer):
    """Trainer that evaluates with :func:`measure_learning`."""

    control: TrainerControl

    def __init__(self, held_out: Mapping[str, MaskedTokens], recipe: Recipe, **options: Any):
        super().__init__(**options)
        self._held_out = held_out
        self._recipe = recipe
        self._last_evaluation: Learning | None = None

    def learning(self) -> Learning:
        """What the model has learnt by the end of the training.

        The last evaluation has measured it, unless the weights are those of an earlier one, or of
        a run that was killed after its last step.
        """
        if self._recipe.patience is None and self._last_evaluation is not None:
            return self._last_evaluation
        return self._measure()

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure, log, and call the callbacks."""
        learning = self._last_evaluation = self._measure()
        metrics = {
            "eval_loss": learning.masked_cross_entropy,
            "eval_unigram_cross_entropy": learning.unigram_cross_entropy,
        }
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _save_checkpoint(self, model: "PreTrainedModel", trial: object) -> None:
        """Save a state, if the disk has room for it: weights, and two moments of each."""
        weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
        with room_for(3 * weights + _STATE_OVERHEAD, self.args.output_dir):
            super()._save_checkpoint(model, trial)

    def compute_loss_context_manager(self) -> ExitStack:
        """The context of a forward pass in training, but not on held-out text."""
        context: ExitStack = super().compute_loss_context_manager()
        if self._recipe.precision == "bfloat16":
            context.enter_context(torch.autocast(self.args.device.type, torch.bfloat16))
        return context

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Count nothing: the number is not used, and counting visits all modules at every step."""
        return 0

    def _measure(self) -> Learning:
        return measure_learning(
            self.model,
            self._held_out,
            margin=self._recipe.margin,
            batch_size=self._recipe.batch_size,
        )


class _Schedule(TrainerCallback):
    """Evaluates and saves at evenly spaced steps, the last one included."""

    def __init__(self, recipe: Recipe) -> None:
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
        control.should_evaluate = control.should_save = state.global_step in self._due
