"""Train one control model or the experimental model, and measure what it has learnt.

``accelerate launch`` starts this stage in one or several processes. DVC deletes the outputs of a
stage before it runs, so the states from which a killed run resumes are in ``.scratch``.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from langsig import pretraining
from langsig.corpora import Sequences, fingerprint, load_tokenizer
from langsig.morphology import Words
from langsig.parameters import Parameters, load_parameters, selected_languages
from langsig.repository.locks import only_training
from langsig.representations import load_checked
from stages.arguments import checked
from stages.common import scratch_folder

EXPERIMENTAL = "experimental"
SEQUENCES = Path("artifacts/sequences")
MODELS, LEARNING = Path("artifacts/models"), Path("artifacts/learning")


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (name,) = checked(arguments, model=[*parameters.languages, EXPERIMENTAL])
    if name == EXPERIMENTAL and parameters.experimental.checkpoint:
        adopt(parameters.experimental.checkpoint, parameters.languages)
    else:
        with only_training(scratch_folder("pretrain", name)) as scratch:
            train(name, parameters, scratch)


def train(name: str, parameters: Parameters, scratch: Path) -> None:
    """Train a model from scratch and save it."""
    options = parameters.pretraining
    role, alpha = options.control, 1.0
    if name == EXPERIMENTAL:
        role, alpha = options.experimental, parameters.experimental.alpha
    tokenizer = load_tokenizer("artifacts/tokenizer")
    text = training_text(name, parameters)
    held_out = pretraining.held_out_text(
        SEQUENCES, text, tokenizer, share=options.held_out_masking, seed=parameters.seed
    )
    seed = pretraining.model_seed(name, parameters.seed_of(name))
    shape = pretraining.ModelShape(**role.model.model_dump())
    length = parameters.pack.max_length
    model = pretraining.build_model(shape, tokenizer, max_length=length, seed=seed)
    recipe = pretraining.Recipe(**role.recipe.model_dump(), margin=options.margin)
    result = pretraining.pretrain(
        model, tokenizer, text, held_out, recipe, scratch=scratch, alpha=alpha, seed=seed
    )
    if pretraining.process_state().is_main_process:
        origin = pretraining.Origin(**options.origin.model_dump())
        card = pretraining.model_card(name, model, text, recipe, result, origin)
        pretraining.save_checkpoint(MODELS / name, model, tokenizer, card)
        pretraining.save_learning(LEARNING / name, asdict(result.learning), result.curve)
        shutil.rmtree(scratch)
        print(f"{name}: {result.learning}")


def training_text(name: str, parameters: Parameters) -> dict[str, Sequences]:
    """Load the sequences that a model is trained on."""
    if name != EXPERIMENTAL:
        shares = {name: parameters.languages[name].fraction}
        return pretraining.training_text(SEQUENCES, [name], shares, seed=parameters.seed)
    words = [Words.load(Path("artifacts/words", code)) for code in parameters.languages]
    texts = pd.concat([treebank.sentences["text"] for treebank in words])
    return pretraining.training_text(
        SEQUENCES,
        selected_languages(EXPERIMENTAL, parameters),
        parameters.experimental.fractions,
        seed=parameters.seed,
        analysed=np.array([*map(fingerprint, texts)], np.uint64),
    )


def adopt(checkpoint: str, languages: Iterable[str]) -> None:
    """Save a public checkpoint as the experimental model; what it has learnt is not known."""
    if pretraining.process_state().is_main_process:
        model, encoder = load_checked(checkpoint, languages)
        card = pretraining.adopted_card(checkpoint)
        pretraining.save_checkpoint(MODELS / EXPERIMENTAL, model, encoder.tokenizer, card)
        learning = {"checkpoint": checkpoint, "batching": encoder.batching}
        pretraining.save_learning(LEARNING / EXPERIMENTAL, learning)
