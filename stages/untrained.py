"""One language: words -> covariances of both models as they were before their first step.

What these show is architecture, vocabulary and scale, not training. All words only.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from common import load_params, run, seed_of
from langsig.analysis import ALL_WORDS
from langsig.corpora import load_tokenizer
from langsig.files import atomic_directory
from langsig.morphology import category_slug, read_words
from langsig.pretraining import ModelShape, build_model
from langsig.representations import States, covariances_by_category, extract, load_model


def main() -> None:
    language = sys.argv[1]
    params = load_params()
    tokenizer = load_tokenizer("artifacts/tokenizer")
    words = read_words(Path(f"artifacts/words/{language}")).table
    states = {}
    with TemporaryDirectory(prefix="langsig-") as folder:
        for role, name in (("control", language), ("experimental", "experimental")):
            model = build_model(
                ModelShape(**params["pretraining"][role]["model"]),
                tokenizer,
                max_length=params["pack"]["max_length"],
                seed=seed_of(name, params),
            )
            checkpoint, output = Path(folder, role, "model"), Path(folder, role, "states")
            output.mkdir(parents=True)
            model.save_pretrained(checkpoint)
            encoder = load_model(checkpoint)
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


run(main)
