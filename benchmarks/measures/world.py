"""Models trained in different ways, on the sample world or on real languages, and their states.

Text, tokenizer and words are those of a preset, with its seed. Only models are trained with other
seeds: a training seed decides on initial weights, the order of the text, the masking, and which
part of a reduced text is used. A work folder keeps all models.
"""

import json
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import torch

from langsig import corpora, pretraining
from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.morphology import Words, annotate
from langsig.parameters import Parameters, read_resolved, validated
from langsig.profiling.samples import of_sentences
from langsig.representations import Encoder, States, load_encoder, load_masked, states_of
from langsig.representations import without_output_layer as without_output

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTAL = "experimental"
_PARTS = {"train": "sequences", "validation": "validation_sequences"}


class Training(NamedTuple):
    """One training. Its string is the name of the model's folder."""

    model: str
    """A language, whose control model is trained, or ``experimental``."""
    seed: int
    """Training seed."""
    reduced: str = ""
    """Language of which the experimental model has less text; empty for none."""
    dose: float = 1.0
    """Share of that text."""
    dim: int = 0
    """Width of the model; 0 for that of the preset."""

    @property
    def keeps_steps(self) -> bool:
        """Whether the states at all evaluations are kept."""
        return self.model == EXPERIMENTAL and not self.reduced and not self.dim

    def __str__(self) -> str:
        parts = [self.model, str(self.seed)]
        parts += [self.reduced, f"{self.dose:g}"] if self.reduced else []
        parts += [f"width-{self.dim}"] if self.dim else []
        return "-".join(parts)


@dataclass(frozen=True)
class World:
    """Text, words and models.

    Parameters
    ----------
    folder
        Work folder, which is created if it is missing.
    preset
        Preset of sizes.
    changes
        Changes to the preset, each ``KEY=VALUE``.
    data
        Folder that parameters call ``data``.
    most_words
        Number of words of each language, by whole sentences chosen at random, after which no more
        sentences are chosen (default: all words).

    Raises
    ------
    InputError
        If the folder is of other parameters.
    """

    folder: Path
    preset: str = "demo"
    changes: tuple[str, ...] = ()
    data: Path = ROOT / "samples"
    most_words: int | None = None

    @cached_property
    def parameters(self) -> Parameters:
        """Parameters of the preset with the changes."""
        return validated(read_resolved(ROOT / "conf" / f"{self.preset}.yaml", self.changes))

    @property
    def languages(self) -> list[str]:
        """Codes of the languages."""
        return list(self.parameters.languages)

    @cached_property
    def tokenizer(self) -> "PreTrainedTokenizerBase":
        """Tokenizer of all models."""
        return corpora.load_tokenizer(self.folder / "text" / "tokenizer")

    @cached_property
    def words(self) -> dict[str, Words]:
        """Words of each language, which no model is trained on."""
        folder = self.folder / "text" / "words"
        return {language: Words.load(folder / language) for language in self.languages}

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Table of the words of each language that measures are computed from."""
        return {name: self._chosen(words.table, name) for name, words in self.words.items()}

    @property
    def values(self) -> Path:
        """Folder of what was computed from these words."""
        number = "" if self.most_words is None else f"-of-{self.most_words}-words"
        return self.folder / f"values{number}"

    def _chosen(self, table: pd.DataFrame, language: str) -> pd.DataFrame:
        if self.most_words is None:
            return table
        rng = np.random.default_rng([self.parameters.seed, *language.encode()])
        sentences, counts = np.unique(table["sentence"], return_counts=True)
        order = rng.permutation(len(sentences))
        number = np.searchsorted(counts[order].cumsum(), self.most_words) + 1
        return of_sentences(table, sentences[order[:number]])

    def prepare(self) -> None:
        """Clean and pack the text, unless that has been done."""
        about = self.folder / "parameters.json"
        parameters = self.parameters.model_dump_json(indent=2)
        if not (self.folder / "text").exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            about.write_text(parameters)
            with atomic_directory(self.folder / "text") as output:
                _prepare_text(self.parameters, self.data, output)
        elif about.read_text() != parameters:
            raise InputError(
                f"{self.folder}: is of other parameters than {self.preset} with "
                f"{', '.join(self.changes) or 'no changes'}; use another folder"
            )

    def train(self, trainings: Iterable[Training], workers: int = 1) -> None:
        """Train the models that are missing, in several processes.

        Parameters
        ----------
        trainings
            The trainings.
        workers
            Number of processes.
        """
        self.prepare()
        missing = [training for training in trainings if not self.model(training).exists()]
        spawn = get_context("spawn")  # a fork of a process with threads of torch may hang
        with ProcessPoolExecutor(workers, spawn, torch.set_num_threads, (1,)) as pool:
            for number, line in enumerate(pool.map(self.train_one, missing), start=1):
                print(f"{number}/{len(missing)} {line}", flush=True)

    def train_one(self, training: Training) -> str:
        """Train and save one model; returns a line about what it learnt."""
        parameters, options = self.parameters, self.parameters.pretraining
        experimental = training.model == EXPERIMENTAL
        sequences = self.folder / "text" / "sequences"
        text = pretraining.training_text(
            sequences,
            self.languages if experimental else [training.model],
            {training.reduced: training.dose} if training.reduced else {},
            seed=training.seed,
            analysed=self._analysed if experimental else None,
        )
        held_out = pretraining.held_out_text(
            sequences, text, self.tokenizer, share=options.held_out_masking, seed=parameters.seed
        )
        role = options.experimental if experimental else options.control
        recipe = pretraining.Recipe(**role.recipe.model_dump(), margin=options.margin)
        model, scratch = self.new_model(training), self.folder / "scratch" / str(training)
        before = os.times().user
        result = pretraining.pretrain(
            model,
            self.tokenizer,
            text,
            held_out,
            recipe,
            scratch=scratch,
            alpha=parameters.experimental.alpha if experimental else 1.0,
            seed=_seed(training),
            saved_states=None if training.keeps_steps else 2,
        )
        seconds = os.times().user - before
        with atomic_directory(self.model(training)) as output:
            for point in result.curve[:-1] if training.keeps_steps else ():
                state, step = scratch / result.run / f"checkpoint-{point.step}", output / "steps"
                kept = shutil.ignore_patterns("optimizer*", "scheduler*", "rng*", "training*")
                shutil.copytree(state, step / str(point.step), ignore=kept)
            model.save_pretrained(output)
            learning = asdict(result.learning) | {"seconds": seconds}
            (output / "learning.json").write_text(json.dumps(learning, indent=2) + "\n")
        shutil.rmtree(scratch)
        return f"{training}: gain {result.learning.gain:.2f} nat, {seconds:.0f} s"

    def model(self, training: Training, step: int = 0) -> Path:
        """Folder of a trained model, or of its state at an evaluation.

        Parameters
        ----------
        training
            The training.
        step
            Number of the step; 0 for the end.
        """
        folder = self.folder / "models" / str(training)
        return folder / "steps" / str(step) if step else folder

    def steps(self, training: Training) -> list[int]:
        """Steps of the saved states, apart from the last one."""
        return sorted(int(path.name) for path in (self.model(training) / "steps").iterdir())

    def new_model(self, training: Training) -> "PreTrainedModel":
        """The model before its first step."""
        options = self.parameters.pretraining
        role = options.experimental if training.model == EXPERIMENTAL else options.control
        shape = role.model.model_dump()
        return pretraining.build_model(
            pretraining.ModelShape(**shape | ({"dim": training.dim} if training.dim else {})),
            self.tokenizer,
            max_length=self.parameters.pack.max_length,
            seed=_seed(training),
        )

    def states(self, training: Training, step: int = 0) -> dict[str, States]:
        """States of the words of each language that the model was trained on."""
        return self._states_of(load_encoder(self.model(training, step)), training)

    def untrained_states(self, training: Training) -> dict[str, States]:
        """The same of the model before its first step."""
        return self._states_of(without_output(self.new_model(training)), training)

    def gains(self, training: Training, step: int = 0) -> dict[str, float]:
        """Gain over token frequencies in nat per held-out token, by language."""
        options = self.parameters.pretraining
        if not step:
            learning = json.loads((self.model(training) / "learning.json").read_text())
            return dict(learning["gain_by_language"])
        held_out = pretraining.held_out_text(
            self.folder / "text" / "sequences",
            self.languages,
            self.tokenizer,
            share=options.held_out_masking,
            seed=self.parameters.seed,
        )
        model = load_masked(self.model(training, step))
        assert model is not None, "saved with its output layer"
        batch = options.experimental.recipe.batch_size
        learning = pretraining.measure_learning(
            model, held_out, margin=options.margin, batch_size=batch
        )
        return learning.gain_by_language

    def _states_of(self, model: "PreTrainedModel", training: Training) -> dict[str, States]:
        languages = self.languages if training.model == EXPERIMENTAL else [training.model]
        tokens = self.parameters.extract.batch_tokens
        return {
            language: states_of(
                Encoder(model, self.tokenizer, language),
                self.tables[language],
                batch_tokens=tokens,
            )
            for language in languages
        }

    @cached_property
    def _analysed(self) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
        """Fingerprints of the sentences of all treebanks."""
        texts = pd.concat([words.sentences["text"] for words in self.words.values()])
        return np.array([*map(corpora.fingerprint, texts)], np.uint64)


def _seed(training: Training) -> int:
    return pretraining.model_seed(training.model, training.seed)


def _prepare_text(parameters: Parameters, data: Path, output: Path) -> None:
    """Words, tokenizer and sequences of all languages, as in the stages of the pipeline."""
    for language, source in parameters.languages.items():
        words = annotate([_below(data, source.treebank)], language)
        words.save(output / "words" / language)
        (output / "sentences" / language).mkdir(parents=True)
        corpora.clean(
            [_below(data, path) for path in source.corpora],
            output / "sentences" / language,
            output / "sentences" / f"{language}.txt",
            language=language,
            analysed={corpora.fingerprint(text) for text in words.sentences["text"]},
            romanise=source.romanise,
            seed=parameters.seed,
            **parameters.clean.model_dump(),
        )
    (output / "tokenizer").mkdir()
    corpora.train_tokenizer(
        [output / "sentences" / f"{language}.txt" for language in parameters.languages],
        output / "tokenizer",
        max_length=parameters.pack.max_length,
        **parameters.tokenizer.model_dump(exclude={"existing"}),
    )
    tokenizer = corpora.load_tokenizer(output / "tokenizer")
    options = parameters.pack
    for language in parameters.languages:
        (output / "sequences" / language).mkdir(parents=True)
        for part, count in _PARTS.items():
            sentences = corpora.read_sentences(output / "sentences" / language / f"{part}.parquet")
            packed = corpora.pack(
                sentences, tokenizer, max_length=options.max_length, join=options.join
            )
            drawn, _ = corpora.downsample(packed, getattr(options, count), seed=parameters.seed)
            drawn.save(output / "sequences" / language / f"{part}.safetensors")


def _below(data: Path, path: str) -> Path:
    """A path of the parameters, in the folder that they call ``data``."""
    return data / Path(path).relative_to("data")
