"""Train the tokenizer of all models on the sentences of all languages."""

from collections.abc import Sequence
from pathlib import Path

from langsig.corpora import copy_tokenizer, train_tokenizer
from langsig.files import atomic_directory
from langsig.parameters import load_parameters


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    options = parameters.tokenizer
    with atomic_directory(Path("artifacts/tokenizer")) as output:
        if options.existing:
            copy_tokenizer(options.existing, output)
        else:
            train_tokenizer(
                [Path(f"artifacts/vocabulary/{name}.txt") for name in parameters.languages],
                output,
                vocabulary=options.vocabulary,
                sentences=options.sentences,
                character_coverage=options.character_coverage,
                max_length=parameters.pack.max_length,
            )
