"""One language: words -> covariances of both models as they were before their first step.

They show the effect of architecture, vocabulary and scale without training. All words only.
Another reference than control models stays as it is. States of the first and the last layer are
kept for learned signatures.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from langsig.corpora import load_tokenizer
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, Words, category_slug
from langsig.parameters import Parameters, load_parameters
from langsig.pretraining import ModelShape, build_model, model_seed
from langsig.representations import (
    Encoder,
    States,
    covariances_by_category,
    extract,
    load_untrained,
    without_output_layer,
)
from langsig.terms import MODEL
from stages.arguments import checked

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (language,) = checked(arguments, language=parameters.languages)
    options = parameters.covariance
    words = Words.load(Path(f"artifacts/words/{language}")).table
    models, states = {"experimental": "experimental"}, {}
    if parameters.reference == MODEL:
        models["control"] = language
    else:
        states["control"] = States.open(Path(f"artifacts/states/control/{language}"))
    with TemporaryDirectory(prefix="langsig-") as folder:
        for role, name in models.items():
            seed = model_seed(name, parameters.seed_of(name))
            model, tokenizer = untrained(role, seed, parameters)
            output = Path(folder, role)
            output.mkdir()
            states[role] = extract(
                Encoder(without_output_layer(model), tokenizer, language),
                words,
                output,
                dtype=parameters.extract.dtype,
                batch_tokens=parameters.extract.batch_tokens,
            )
        (statistics,) = covariances_by_category(
            states["control"],
            states["experimental"],
            words,
            language=language,
            categories=[ALL_WORDS],
            min_instances=options.min_instances,
            blocks=options.blocks,
            block_layers=options.block_layers,
        )
        with atomic_directory(Path(f"artifacts/states/untrained/{language}")) as output:
            for role in models:
                layers = states[role].layers
                (output / role).mkdir()
                States([layers[0], layers[-1]], states[role].index).save(output / role)
    with atomic_directory(Path(f"artifacts/untrained/{language}")) as output:
        statistics.save(output / f"{category_slug(ALL_WORDS)}.safetensors")
    print(f"{language}: {statistics.words:,} words in untrained models")


def untrained(
    role: str, seed: int, parameters: Parameters
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """The model at the start of its training, with random weights, and its tokenizer.

    For a public checkpoint, this is a model with its configuration and random weights.
    """
    checkpoint = parameters.experimental.checkpoint
    if role == "experimental" and checkpoint:
        return load_untrained(checkpoint, seed), load_tokenizer(checkpoint)
    tokenizer, roles = load_tokenizer("artifacts/tokenizer"), parameters.pretraining
    of_role = roles.experimental if role == "experimental" else roles.control
    shape = ModelShape(**of_role.model.model_dump())
    length = parameters.pack.max_length
    return build_model(shape, tokenizer, max_length=length, seed=seed), tokenizer
