"""Read the treebank of one language and write its words with UniMorph categories."""

from collections.abc import Sequence
from pathlib import Path

from langsig.corpora.romanisation import romaniser
from langsig.files import atomic_directory
from langsig.morphology import annotate, conversion
from langsig.parameters import load_parameters
from stages.arguments import checked


def main(arguments: Sequence[str]) -> None:
    languages = load_parameters().languages
    (language,) = checked(arguments, language=languages)
    options = languages[language]
    words = annotate([Path(options.treebank)], language)
    if options.romanise:
        words = words.transcribe(romaniser(language))
    with atomic_directory(Path(f"artifacts/words/{language}")) as output:
        words.save(output)
    counts = f"{len(words):,} words in {len(words.sentences):,} sentences"
    print(f"{language}: {counts}, {conversion(language)}")
