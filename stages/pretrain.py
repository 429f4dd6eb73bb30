"""One language, or the experimental model: token sequences -> checkpoint and what it learnt.

Started by ``accelerate launch``, in one process or many.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from accelerate import PartialState
from numpy.typing import NDArray

from common import load_params, run
from langsig.corpora import Sequences, concatenate, fingerprint, load_tokenizer
from langsig.files import atomic_directory
from langsig.morphology import read_words
from langsig.pretraining import MaskedTokens, ModelShape, Recipe, build_model, pretrain


def main() -> None:
    name = sys.argv[1]
    params = load_params()
    options = params["pretraining"]
    role = options["experimental" if name == "experimental" else "control"]
    seed = params["seed"]
    tokenizer = load_tokenizer("artifacts/tokenizer")
    if name == "experimental":
        languages = list(params["languages"])
        train = concatenate([text(language, "train") for language in languages])
        train = train.without(analysed_sentences(languages))
    else:
        languages, train = [name], text(name, "train")
    held_out = {
        language: MaskedTokens.choose(
            text(language, "validation"), tokenizer, share=options["held_out_masking"], seed=seed
        )
        for language in languages
    }
    model = build_model(
        ModelShape(**role["model"]), tokenizer, max_length=params["pack"]["max_length"], seed=seed
    )
    recipe = Recipe(**role["recipe"], margin=options["margin"])
    learning, curve = pretrain(model, tokenizer, train, held_out, recipe, seed=seed)
    if PartialState().is_main_process:
        with atomic_directory(Path(f"artifacts/models/{name}")) as output:
            model.save_pretrained(output)
            tokenizer.save_pretrained(output)
        with atomic_directory(Path(f"artifacts/learning/{name}")) as output:
            (output / "learning.json").write_text(json.dumps(learning.as_dict(), indent=2) + "\n")
            pd.DataFrame(curve).to_csv(output / "curve.csv", index=False)
        print(f"{name}: {learning}")


def text(language: str, part: str) -> Sequences:
    return Sequences.load(Path(f"artifacts/sequences/{language}/{part}.safetensors"))


def analysed_sentences(languages: list[str]) -> NDArray[np.uint64]:
    """Of all languages: a corpus may hold a sentence of another language's treebank."""
    tables = [read_words(Path(f"artifacts/words/{name}")).sentences for name in languages]
    texts = pd.concat(tables)["text"]
    return np.array([fingerprint(sentence) for sentence in texts], np.uint64)


run(main)
