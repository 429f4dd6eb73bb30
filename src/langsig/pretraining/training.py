"""Pre-training by masked language modelling, with transformers' Trainer."""

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import accelerate
import numpy as np
import torch
import transformers
from accelerate import PartialState
from torch.utils.data import Dataset
from transformers import (
    DataCollatorForLanguageModeling,
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
from langsig.pretraining.learning import Learning, MaskedTokens, measure_learning
from langsig.pretraining.sampling import Draws, draw

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the parameters of the same names."""

    steps: int
    """At most this many."""
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
    batches_by_length: int
    """So many batches are drawn at once and sorted by length: less padding, and more steps a
    second. Sorting 50 halves the time of a step, but each step teaches less, and models of many
    languages may not take off; 1 sorts nothing."""
    evaluations: int
    """Points of the learning curve; at each the state is saved, to resume from after a kill."""
    patience: int | None
    """Evaluations without improvement after which training ends, and the best weights are
    taken; None: never."""
    min_improvement: float
    """Least fall of the held-out cross-entropy, in nat, that counts as improvement."""
    margin: float
    """Gain in nat over token frequencies at which a model counts as learnt."""

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
                raise InputError(f"{name}: {value} is not positive")


class Trained(NamedTuple):
    """What has come of a training, beside the weights."""

    learning: Learning
    """What the model has learnt in the end."""
    curve: list[dict[str, float]]
    """A dictionary an evaluation: ``step``, ``masked_cross_entropy``, ``unigram_cross_entropy``."""
    steps: int
    """So many were taken."""
    run: str
    """Hash of all that the weights depend on: text, parameters, code and versions of libraries."""


def processes() -> PartialState:
    """The processes that ``accelerate launch`` has started, of which this is one.

    To be called before anything else asks for them: without a GPU, accelerate would otherwise
    take the processes of a launch for unrelated ones.
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
) -> Trained:
    """Train a model in place (paper, appendix B.2).

    Under ``accelerate launch`` every process calls this with the same arguments, and the
    gradients of all are averaged; its configuration file also says whether matrices are
    multiplied in half precision.

    Parameters
    ----------
    train
        By language.
    scratch
        Folder for the states to resume from. A run that was killed goes on from its last one,
        and on a single process ends with the weights of an undisturbed run, bit by bit; a run
        with other data, parameters or code starts afresh. The caller removes the folder once
        the model is safe.
    alpha
        Exponent of the sampling of languages, see :func:`~langsig.pretraining.sampling.draw`.
    """
    on_gpu = processes().device.type == "cuda"
    run = _name_of_run(model, train, held_out, recipe, alpha, seed)
    states = scratch / run
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
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
            adam_beta2=0.98,  # RoBERTa's; .999 forgets too slowly in short runs
            train_sampling_strategy="sequential",  # the draws are shuffled already
            remove_unused_columns=False,
            # When to evaluate and save is for _Schedule to say.
            eval_strategy="steps",
            eval_steps=recipe.steps + 1,
            save_strategy="steps",
            save_steps=recipe.steps + 1,
            save_total_limit=2,
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
        train_dataset=_Drawn(train, recipe, alpha=alpha, seed=seed),
        data_collator=_Masking(tokenizer, recipe.masking, seed),
        eval_dataset=[],  # Trainer asks for one; what is held out is measured by `evaluate`
        callbacks=[_Schedule(recipe)],
    )
    trainer.remove_callback(PrinterCallback)
    if recipe.patience is not None:
        trainer.add_callback(EarlyStoppingCallback(recipe.patience, recipe.min_improvement))
    trainer.train(resume_from_checkpoint=_last_state(states))
    curve = [
        {
            "step": entry["step"],
            "masked_cross_entropy": entry["eval_loss"],
            "unigram_cross_entropy": entry["eval_unigram_cross_entropy"],
        }
        for entry in trainer.state.log_history
        if "eval_loss" in entry
    ]
    return Trained(trainer.measure(), curve, trainer.state.global_step, run)


def _name_of_run(
    model: "PreTrainedModel",
    train: Mapping[str, Sequences],
    held_out: Mapping[str, MaskedTokens],
    *settings: Any,
) -> str:
    """Hash of all that the weights in the end depend on."""
    versions = torch.__version__, transformers.__version__, accelerate.__version__
    run = hashlib.sha256(repr((settings, processes().num_processes, versions)).encode())
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
    """The latest state that was saved whole; what a kill has left of others is removed."""
    saved = sorted(states.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    while saved:
        latest = saved.pop()
        try:
            json.loads((latest / "trainer_state.json").read_text())  # what is written last
        except (OSError, ValueError):
            if processes().is_main_process:
                shutil.rmtree(latest)
            continue
        return str(latest)
    return None


class _Trainer(Trainer):
    """Trainer whose evaluation is :func:`measure_learning`."""

    control: TrainerControl

    def __init__(self, held_out: Mapping[str, MaskedTokens], recipe: Recipe, **options: Any):
        super().__init__(**options)
        self._held_out = held_out
        self._recipe = recipe

    def measure(self) -> Learning:
        """What the model has learnt so far."""
        return measure_learning(
            self.model,
            self._held_out,
            margin=self._recipe.margin,
            batch_size=self._recipe.batch_size,
        )

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure, log, and tell the callbacks."""
        learning = self.measure()
        metrics = {
            "eval_loss": learning.masked_cross_entropy,
            "eval_unigram_cross_entropy": learning.unigram_cross_entropy,
        }
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


class _Drawn(Dataset[dict[str, Any]]):
    """The sequences of a whole run, in the order of their draws."""

    def __init__(
        self, text: Mapping[str, Sequences], recipe: Recipe, *, alpha: float, seed: int
    ) -> None:
        self._text = list(text.values())
        batch = recipe.batch_size * processes().num_processes
        draws = draw(
            [len(sequences) for sequences in self._text],
            recipe.steps * recipe.accumulation * batch,
            alpha=alpha,
            seed=seed,
        )
        self._draws: Draws = draws.by_length(
            [sequences.lengths for sequences in self._text],
            batch_size=batch,
            batches=recipe.batches_by_length,
            seed=seed,
        )

    def __len__(self) -> int:
        return len(self._draws)

    def __getitem__(self, index: int) -> dict[str, Any]:
        text = self._text[self._draws.language[index]]
        tokens = text[self._draws.sequence[index]]
        return {"input_ids": torch.from_numpy(tokens).long(), "draw": index}


class _Masking:
    """Pads a batch and hides tokens; which ones depends on the seed and its first draw only.

    Were they taken from the state of a generator, a resumed run would see others: batches are
    fetched ahead of the step at which the state is saved.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", share: float, seed: int) -> None:
        self._collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=share)
        self._collator.generator = torch.Generator()
        self._seed = seed

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        state = np.random.SeedSequence([self._seed, items[0]["draw"]])
        self._collator.generator.manual_seed(int(state.generate_state(1, np.uint64)[0]))
        batch: dict[str, torch.Tensor] = self._collator(
            [{"input_ids": item["input_ids"]} for item in items]
        )
        return batch


class _Schedule(TrainerCallback):
    """Evaluates and saves at even distances, and after the last step."""

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
