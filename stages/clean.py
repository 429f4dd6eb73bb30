"""Clean the corpus of one language: distinct sentences, none of which will be analysed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from langsig.corpora import clean, fingerprint, read_sentences, unique_characters
from langsig.files import atomic_directory, atomic_file
from langsig.morphology import Words
from langsig.parameters import load_parameters
from stages.arguments import checked


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (language,) = checked(arguments, language=parameters.languages)
    source, options = parameters.languages[language], parameters.clean
    analysed = Words.load(Path(f"artifacts/words/{language}")).sentences["text"]
    with (
        atomic_directory(Path(f"artifacts/sentences/{language}")) as output,
        atomic_file(Path(f"artifacts/vocabulary/{language}.txt")) as vocabulary,
        atomic_file(Path(f"artifacts/cleaning/{language}.json")) as counts,
    ):
        report = clean(
            [Path(path) for path in source.corpora],
            output,
            vocabulary,
            language=language,
            analysed={fingerprint(text) for text in analysed},
            romanise=source.romanise,
            seed=parameters.seed,
            min_words=options.min_words,
            validation=options.validation,
            vocabulary_sample=options.vocabulary_sample,
        )
        text = (sentence for sentence, _ in read_sentences(output / "train.parquet"))
        numbers = {**asdict(report), "unique_characters": unique_characters(text)}
        counts.write_text(json.dumps(numbers, indent=2) + "\n")
    print(f"{language}: {report}")
