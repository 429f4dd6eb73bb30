"""One language, or the experimental model: token sequences -> checkpoint and what it learnt.

Started by ``accelerate launch``, in one process or many. DVC removes the outputs of a stage
before it runs, so what a killed run resumes from lies in ``.scratch``.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common import languages_of, load_params, run, seed_of
from langsig.corpora import Sequences, fingerprint, load_tokenizer
from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.morphology import read_words
from langsig.pretraining import MaskedTokens, ModelShape, Recipe, build_model, pretrain, processes
from langsig.representations import load_model


def main() -> None:
    name = sys.argv[1]
    params = load_params()
    options, max_length = params["pretraining"], params["pack"]["max_length"]
    experimental = params["experimental"]
    if name == "experimental" and experimental["checkpoint"]:
        return adopt(experimental["checkpoint"])
    role = options["experimental" if name == "experimental" else "control"]
    tokenizer = load_tokenizer("artifacts/tokenizer")
    if name == "experimental":
        languages = languages_of(params, "experimental.languages")
        alpha, shares = experimental["alpha"], experimental["fractions"]
        parameter = "experimental.fractions.{}"
        check_shares(shares, languages)
    else:
        languages, alpha = [name], 1.0
        shares = {name: params["languages"][name]["fraction"]}
        parameter = "languages.{}.fraction"
    train = {
        language: text(language, "train").sample(
            shares.get(language, 1.0), seed=params["seed"], parameter=parameter.format(language)
        )
        for language in languages
    }
    if name == "experimental":
        analysed = analysed_sentences(list(params["languages"]))
        train = {language: sequences.without(analysed) for language, sequences in train.items()}
    held_out = {
        language: MaskedTokens.choose(
            text(language, "validation"),
            tokenizer,
            share=options["held_out_masking"],
            seed=params["seed"],  # the same tokens for all models that read the language
        )
        for language in languages
    }
    scratch = Path(os.environ.get("DVC_ROOT", "."), ".scratch", "pretrain", name)
    seed = seed_of(name, params)
    model = build_model(ModelShape(**role["model"]), tokenizer, max_length=max_length, seed=seed)
    recipe = Recipe(**role["recipe"], margin=options["margin"])
    learning, curve = pretrain(
        model, tokenizer, train, held_out, recipe, scratch=scratch, alpha=alpha, seed=seed
    )
    if processes().is_main_process:
        with atomic_directory(Path(f"artifacts/models/{name}")) as output:
            model.save_pretrained(output)
            tokenizer.save_pretrained(output)
        with atomic_directory(Path(f"artifacts/learning/{name}")) as output:
            (output / "learning.json").write_text(json.dumps(learning.as_dict(), indent=2) + "\n")
            pd.DataFrame(curve).to_csv(output / "curve.csv", index=False)
        shutil.rmtree(scratch)
        print(f"{name}: {learning}")
    return None


def adopt(checkpoint: str) -> None:
    """Take a checkpoint for the experimental model as it is; what it has learnt is not known."""
    if not processes().is_main_process:
        return
    model, tokenizer = load_model(checkpoint), load_tokenizer(checkpoint)
    with atomic_directory(Path("artifacts/models/experimental")) as output:
        model.save_pretrained(output)
        tokenizer.save_pretrained(output)
    with atomic_directory(Path("artifacts/learning/experimental")) as output:
        (output / "learning.json").write_text(json.dumps({"checkpoint": checkpoint}) + "\n")
        columns = ["step", "masked_cross_entropy", "unigram_cross_entropy"]
        pd.DataFrame(columns=columns).to_csv(output / "curve.csv", index=False)
    print(f"experimental: {checkpoint}")


def check_shares(shares: dict[str, float], languages: list[str]) -> None:
    for language in shares:
        if language not in languages:
            raise InputError(
                f"experimental.fractions: {language} is none of {', '.join(languages)}, which the "
                "experimental model is trained on"
            )


def text(language: str, part: str) -> Sequences:
    return Sequences.load(Path(f"artifacts/sequences/{language}/{part}.safetensors"))


def analysed_sentences(languages: list[str]) -> NDArray[np.uint64]:
    """Of all languages: a corpus may hold a sentence of another language's treebank."""
    tables = [read_words(Path(f"artifacts/words/{name}")).sentences for name in languages]
    texts = pd.concat(tables)["text"]
    return np.array([fingerprint(sentence) for sentence in texts], np.uint64)


run(main)
