"""One language: treebank -> words table with UniMorph categories."""

from collections.abc import Sequence
from pathlib import Path

from langsig.corpora.romanisation import romaniser
from langsig.files import atomic_directory
from langsig.morphology import annotate
from stages.common import load_params


def main(arguments: Sequence[str]) -> None:
    (language,) = arguments
    params = load_params()["languages"][language]
    words = annotate([Path(params["treebank"])], language)
    if params["romanise"]:
        words = words.transcribe(romaniser(language))
    with atomic_directory(Path(f"artifacts/words/{language}")) as output:
        words.save(output)
    print(f"{language}: {len(words.table):,} words in {len(words.sentences):,} sentences")
