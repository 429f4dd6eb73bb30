"""One language, one model: words -> hidden states, a file a layer."""

import sys
from pathlib import Path

import torch
from transformers import AutoModel
from transformers.utils import logging

from common import load_params, run
from langsig.corpora import load_tokenizer
from langsig.files import atomic_directory
from langsig.morphology import read_words
from langsig.representations import extract


def main() -> None:
    role, language = sys.argv[1:]
    options = load_params()["extract"]
    checkpoint = Path("artifacts/models", "experimental" if role == "experimental" else language)
    logging.set_verbosity_error()  # the output layer is not loaded, which is as it should be
    model = AutoModel.from_pretrained(checkpoint)
    words = read_words(Path(f"artifacts/words/{language}")).table
    with atomic_directory(Path(f"artifacts/states/{role}/{language}")) as output:
        kept = extract(
            model.to("cuda" if torch.cuda.is_available() else "cpu"),
            load_tokenizer(checkpoint),
            words,
            output,
            language=language,
            **options,
        )
    print(f"{language}: {role} states of {kept:,} of {len(words):,} words")


run(main)
