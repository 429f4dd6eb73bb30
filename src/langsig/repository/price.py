"""What a run costs, from its parameters and from local files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from langsig.errors import InputError
from langsig.morphology import CATEGORIES, Words
from langsig.parameters import Parameters, launch_configuration, read_document
from langsig.pretraining import ModelShape
from langsig.pretraining.pricing import (
    KNOWN_VOCABULARIES,
    Flops,
    Memory,
    Plan,
    checkpoint_bytes,
    count_parameters,
    count_words,
    covariance_bytes,
    gpu_hours,
    residual_bytes,
    sequence_bytes,
    state_bytes,
    training_flops,
    training_memory,
)
from langsig.terms import MODEL, REFERENCE_WIDTHS

MOST_LANGUAGES = 10_000  # more than are spoken

_ITEM_SIZES = {"float16": 2, "float32": 4}


class Launch(NamedTuple):
    """How trainings are started."""

    processes: int
    """Number of processes on all machines together."""
    mixed_precision: str
    """Name of the 16-bit type, or ``no``."""


@dataclass(frozen=True)
class ModelCost:
    """Cost of training one model."""

    mixed_precision: bool
    """Whether matrices are multiplied in 16 bits."""
    parameters: int
    """Number of weights."""
    steps: int
    """Number of steps at most."""
    tokens_per_step: int
    """Number of tokens per step at most."""
    tokens: int
    """Number of tokens of all steps: at most, or with sequences of the mean length."""
    flops: Flops
    """FLOPs of the training."""
    gpu_hours: Mapping[str, float]
    """Estimated hours by the name of the GPU."""
    memory: Memory
    """Estimated bytes per GPU."""

    def to_dict(self) -> dict[str, Any]:
        """The cost as plain numbers, totals included."""
        plain = asdict(self)
        for name, cost in (("flops", self.flops), ("memory", self.memory)):
            plain[name] |= {"total": cost.total, "total_everywhere": cost.total_everywhere}
        return plain


@dataclass(frozen=True)
class DiskCost:
    """Bytes of the large artifacts of all languages together."""

    words: int
    """Number of words to analyse, of languages whose words are known."""
    languages_without_words: int
    """Number of languages whose treebank is not available."""
    sequences: int
    """Bytes of token sequences at most."""
    checkpoints: int
    """Bytes of all models."""
    states: int
    """Bytes of the hidden states of the known words."""
    states_per_million_words: int
    """Bytes of the hidden states of a million words."""
    covariances: int
    """Bytes of covariances at most."""
    residuals: int
    """Bytes of the sums from which learned signatures are computed."""


@dataclass(frozen=True)
class RunCost:
    """Cost of a run: one control model per language, unless the experimental model is compared with
    another reference; one experimental model; and disk space."""

    languages: int
    """Number of languages."""
    vocabulary: int
    """Number of entries of the tokenizer."""
    launch: Launch
    """How trainings are started."""
    length: int
    """Number of sub-words per sequence at most."""
    mean_length: int
    """Mean number of sub-words per sequence that FLOPs are calculated for."""
    utilisation: float
    """Share of the GPU's peak that is assumed."""
    control: ModelCost | None
    """Cost of each control model; None if there are none."""
    experimental: ModelCost
    """Cost of the experimental model."""
    disk: DiskCost
    """Disk space."""

    def to_dict(self) -> dict[str, Any]:
        """The cost as plain numbers, such as JSON can hold."""
        return {
            "languages": self.languages,
            "vocabulary": self.vocabulary,
            **self.launch._asdict(),
            "length": self.length,
            "mean_length": self.mean_length,
            "utilisation": self.utilisation,
            "models": {
                role: model.to_dict()
                for role, model in (("control", self.control), ("experimental", self.experimental))
                if model
            },
            "disk": asdict(self.disk),
        }


def price(
    parameters: Parameters,
    tflops: Mapping[str, float],
    *,
    utilisation: float,
    vocabulary: int | None = None,
    languages: int | None = None,
    mean_length: int | None = None,
    root: Path = Path(),
) -> RunCost:
    """Calculate what a run costs. Nothing is downloaded, built or trained.

    Parameters
    ----------
    parameters
        Parameters of the run.
    tflops
        By the name of a GPU: its peak in TFLOPS.
    utilisation
        Share of the peak that training reaches.
    vocabulary
        Number of entries of the tokenizer (default: from the parameters, or from its files).
    languages
        Number of languages, whose treebanks are unknown (default: those of the parameters).
    mean_length
        Mean number of sub-words per sequence (default: all sequences are of full length).
    root
        Folder of the repository.

    Raises
    ------
    InputError
        If a number is out of range, or a file that the parameters name is missing.
    """
    if languages is not None and not 1 <= languages <= MOST_LANGUAGES:
        raise InputError(f"languages must be between 1 and {MOST_LANGUAGES}, got {languages}")
    length = parameters.pack.max_length
    mean_length = length if mean_length is None else mean_length
    if not 1 <= mean_length <= length:
        raise InputError(
            f"length must be between 1 and pack.max_length ({length}), got {mean_length}"
        )
    entries = _vocabulary(parameters, root) if vocabulary is None else vocabulary
    launch = read_launch(parameters.pretraining.launch, root)
    roles = ["control", "experimental"] if parameters.reference == MODEL else ["experimental"]
    plans = {role: _plan(parameters, role, entries, launch) for role in roles}
    costs = {
        role: _model_cost(plan, mean_length, tflops, utilisation) for role, plan in plans.items()
    }
    words: dict[str, int | None] = (
        {
            language: _count_words(language, root / item.treebank, root)
            for language, item in parameters.languages.items()
        }
        if languages is None
        else {f"language {number}": None for number in range(languages)}
    )
    return RunCost(
        languages=len(words),
        vocabulary=entries,
        launch=launch,
        length=length,
        mean_length=mean_length,
        utilisation=utilisation,
        control=costs.get("control"),
        experimental=costs["experimental"],
        disk=_disk_cost(parameters, plans.get("control"), plans["experimental"], words),
    )


def read_launch(command: str, root: Path = Path()) -> Launch:
    """Read how a command starts trainings from the configuration of accelerate that it names.

    Parameters
    ----------
    command
        Command that starts a training, such as ``python`` or
        ``accelerate launch --config_file conf/accelerate/gpus.yaml``.
    root
        Folder of the repository.

    Raises
    ------
    InputError
        If the configuration does not exist, or does not give the number of processes and the
        precision.
    """
    if "accelerate" not in command.split():
        return Launch(1, "no")
    path = launch_configuration(command)
    if path is None:
        raise InputError(
            f"pretraining.launch: {command!r} names no configuration; write accelerate launch "
            "--config_file FILE, so that the number of processes is known"
        )
    if not (root / path).is_file():
        raise InputError(f"pretraining.launch: {path}: no such file")
    settings = read_document(root / path).data
    missing = {"num_processes", "mixed_precision"} - settings.keys()
    if missing:
        raise InputError(f"{path}: no {', '.join(sorted(missing))}; write accelerate's settings")
    return Launch(settings["num_processes"], settings["mixed_precision"])


def _vocabulary(parameters: Parameters, root: Path) -> int:
    """Number of entries of the tokenizer: to be trained, on disk, or known by name."""
    name = parameters.tokenizer.existing
    if name is None:
        return parameters.tokenizer.vocabulary
    if (root / name).is_dir():
        from langsig.corpora import load_tokenizer

        return len(load_tokenizer(root / name))
    if name in KNOWN_VOCABULARIES:
        return KNOWN_VOCABULARIES[name]
    raise InputError(
        f"tokenizer.existing: {name} is not on this disk; give its number of entries (vocabulary)"
    )


def _plan(parameters: Parameters, role: str, vocabulary: int, launch: Launch) -> Plan:
    model = getattr(parameters.pretraining, role)
    return Plan(
        shape=ModelShape(**model.model.model_dump()),
        vocabulary=vocabulary,
        length=parameters.pack.max_length,
        steps=model.recipe.steps,
        batch_size=model.recipe.batch_size,
        accumulation=model.recipe.accumulation,
        processes=launch.processes,
        masking=model.recipe.masking,
        mixed_precision=launch.mixed_precision != "no" or model.recipe.precision == "bfloat16",
    )


def _model_cost(
    plan: Plan, mean_length: int, tflops: Mapping[str, float], utilisation: float
) -> ModelCost:
    of_mean_length = replace(plan, length=mean_length)
    flops = training_flops(of_mean_length)
    return ModelCost(
        mixed_precision=plan.mixed_precision,
        parameters=count_parameters(plan.shape, plan.vocabulary, plan.length),
        steps=plan.steps,
        tokens_per_step=plan.tokens_per_step,
        tokens=of_mean_length.tokens,
        flops=flops,
        gpu_hours={
            name: gpu_hours(flops.total, peak, utilisation) for name, peak in tflops.items()
        },
        memory=training_memory(plan),
    )


def _disk_cost(
    parameters: Parameters,
    control: Plan | None,
    experimental: Plan,
    words: Mapping[str, int | None],
) -> DiskCost:
    trained = [(1, experimental), (len(words), control)] if control else [(1, experimental)]
    # The number of features depends on the data; that of dimensions of the model is in its place.
    width = REFERENCE_WIDTHS.get(parameters.reference, experimental.shape.dim)
    compared = control.shape if control else replace(experimental.shape, dim=width, heads=1)
    has_layers = parameters.reference in (MODEL, "untrained")
    shapes = [compared if has_layers else replace(compared, layers=0), experimental.shape]
    # The first and the last layer of the models before training.
    shapes += [replace(plan.shape, layers=1) for plan in (control, experimental) if plan]
    known = [count for count in words.values() if count is not None]
    item_size = _ITEM_SIZES[parameters.extract.dtype]
    sequences = parameters.pack.sequences + parameters.pack.validation_sequences
    covariances = covariance_bytes(
        compared,
        experimental.shape,
        categories=len(CATEGORIES),
        blocks=parameters.covariance.blocks,
        block_layers=sum(map(len, parameters.covariance.block_layers.values())),
    )
    return DiskCost(
        words=sum(known),
        languages_without_words=len(words) - len(known),
        sequences=sequence_bytes(len(words) * sequences, experimental.length),
        checkpoints=sum(
            count * checkpoint_bytes(plan.shape, plan.vocabulary, plan.length)
            for count, plan in trained
        ),
        states=state_bytes(sum(known), shapes, item_size),
        states_per_million_words=state_bytes(1_000_000, shapes, item_size),
        covariances=len(words) * covariances,
        residuals=len(words)
        * residual_bytes(
            compared,
            experimental.shape,
            layers=1 + min(compared.layers, experimental.shape.layers),
            blocks=parameters.learned.blocks,
            width=parameters.learned.width,
        ),
    )


def _count_words(language: str, treebank: Path, root: Path) -> int | None:
    """Number of words to analyse, if the treebank or its annotation is available."""
    if treebank.exists():
        return count_words(treebank)
    annotated = root / "artifacts/words" / language
    return len(Words.load(annotated)) if annotated.is_dir() else None
