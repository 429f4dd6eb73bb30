"""One language: words -> covariances of both models as they were before their first step.

What these show is architecture, vocabulary and scale, not training. All words only.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from langsig.corpora import load_tokenizer
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, Words, category_slug
from langsig.pretraining import ModelShape, build_model, model_seed
from langsig.representations import (
    States,
    covariances_by_category,
    extract,
    load_encoder,
    load_untrained,
)
from stages.common import load_params

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def main(arguments: Sequence[str]) -> None:
    (language,) = arguments
    params = load_params()
    words = Words.load(Path(f"artifacts/words/{language}")).table
    states = {}
    with TemporaryDirectory(prefix="langsig-") as folder:
        for role, name in (("control", language), ("experimental", "experimental")):
            model, tokenizer = untrained(role, model_seed(name, params["seed"]), params)
            checkpoint, output = Path(folder, role, "model"), Path(folder, role, "states")
            output.mkdir(parents=True)
            model.save_pretrained(checkpoint)
            encoder = load_encoder(checkpoint)
            extract(encoder, tokenizer, words, output, language=language, **params["extract"])
            states[role] = States.open(output)
        options = params["covariance"]
        (statistics,) = covariances_by_category(
            states["control"],
            states["experimental"],
            words,
            language=language,
            categories=[ALL_WORDS],
            min_instances=options["min_instances"],
            blocks=options["blocks"],
            block_layers=options["block_layers"],
        )
    with atomic_directory(Path(f"artifacts/untrained/{language}")) as output:
        statistics.save(output / f"{category_slug(ALL_WORDS)}.safetensors")
    print(f"{language}: {statistics.words:,} words in untrained models")


def untrained(
    role: str, seed: int, params: dict[str, Any]
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """What training has begun with: random weights, and the tokenizer; also of a checkpoint."""
    checkpoint = params["experimental"]["checkpoint"]
    if role == "experimental" and checkpoint:
        return load_untrained(checkpoint, seed), load_tokenizer(checkpoint)
    tokenizer = load_tokenizer("artifacts/tokenizer")
    shape = ModelShape(**params["pretraining"][role]["model"])
    length = params["pack"]["max_length"]
    return build_model(shape, tokenizer, max_length=length, seed=seed), tokenizer
