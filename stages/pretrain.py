"""One language, or the experimental model: token sequences -> checkpoint and what it learnt.

Started by ``accelerate launch``, in one process or many. DVC removes the outputs of a stage
before it runs, so what a killed run resumes from lies in ``.scratch``.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from langsig import pretraining
from langsig.corpora import Sequences, fingerprint, load_tokenizer
from langsig.morphology import Words
from langsig.representations import load_encoder
from stages.common import languages_of, load_params, scratch_folder

SEQUENCES = Path("artifacts/sequences")
MODELS = Path("artifacts/models")
LEARNING = Path("artifacts/learning")


def main(arguments: Sequence[str]) -> None:
    (name,) = arguments
    params = load_params()
    experimental, is_control = params["experimental"], name != "experimental"
    if experimental["checkpoint"] and not is_control:
        return adopt(experimental["checkpoint"])
    options = params["pretraining"]
    role = options["control" if is_control else "experimental"]
    tokenizer, max_length = load_tokenizer("artifacts/tokenizer"), params["pack"]["max_length"]
    train = text(name, params)
    held_out = pretraining.held_out_text(
        SEQUENCES, train, tokenizer, share=options["held_out_masking"], seed=params["seed"]
    )
    scratch = scratch_folder("pretrain", name)
    seed = pretraining.model_seed(name, params["seed"])
    alpha = 1.0 if is_control else experimental["alpha"]
    model = pretraining.build_model(
        pretraining.ModelShape(**role["model"]), tokenizer, max_length=max_length, seed=seed
    )
    recipe = pretraining.Recipe(**role["recipe"], margin=options["margin"])
    result = pretraining.pretrain(
        model, tokenizer, train, held_out, recipe, scratch=scratch, alpha=alpha, seed=seed
    )
    if pretraining.process_state().is_main_process:
        origin = pretraining.Origin(**options["origin"])
        card = pretraining.model_card(name, model, train, recipe, result, origin)
        pretraining.save_checkpoint(MODELS / name, model, tokenizer, card)
        pretraining.save_learning(LEARNING / name, asdict(result.learning), result.curve)
        shutil.rmtree(scratch)
        print(f"{name}: {result.learning}")
    return None


def text(name: str, params: dict[str, Any]) -> dict[str, Sequences]:
    seed = params["seed"]
    if name != "experimental":
        shares = {name: params["languages"][name]["fraction"]}
        return pretraining.training_text(SEQUENCES, [name], shares, seed=seed)
    tables = [Words.load(Path("artifacts/words", name)).sentences for name in params["languages"]]
    return pretraining.training_text(
        SEQUENCES,
        languages_of(params, "experimental.languages"),
        params["experimental"]["fractions"],
        seed=seed,
        analysed=np.array([*map(fingerprint, pd.concat(tables)["text"])], np.uint64),
    )


def adopt(checkpoint: str) -> None:
    """Save a public checkpoint as the experimental model; what it has learnt is not known."""
    if pretraining.process_state().is_main_process:
        model, tokenizer = load_encoder(checkpoint), load_tokenizer(checkpoint)
        card = pretraining.adopted_card(checkpoint)
        pretraining.save_checkpoint(MODELS / "experimental", model, tokenizer, card)
        pretraining.save_learning(LEARNING / "experimental", {"checkpoint": checkpoint})
        print(f"experimental: {checkpoint}")
