"""All languages: sentences -> the vocabulary that all models share."""

from collections.abc import Sequence
from pathlib import Path

from langsig.corpora import load_tokenizer, train_tokenizer
from langsig.files import atomic_directory
from stages.common import load_params, paths


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    options = params["tokenizer"]
    with atomic_directory(Path("artifacts/tokenizer")) as output:
        if options["existing"]:
            load_tokenizer(options["existing"]).save_pretrained(output)
        else:
            samples = paths("artifacts/vocabulary/{language}.txt", params["languages"])
            train_tokenizer(
                samples.values(),
                output,
                vocabulary=options["vocabulary"],
                sentences=options["sentences"],
                character_coverage=options["character_coverage"],
                max_length=params["pack"]["max_length"],
            )
