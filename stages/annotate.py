"""One language: treebank -> words table with UniMorph categories."""

from collections.abc import Sequence
from pathlib import Path

from langsig.corpora.romanisation import romaniser
from langsig.files import atomic_directory
from langsig.morphology import annotate, write_words
from stages.common import load_params


def main(arguments: Sequence[str]) -> None:
    (language,) = arguments
    params = load_params()["languages"][language]
    words = annotate([Path(params["treebank"])], language)
    if params["romanise"]:
        words.table["form"] = words.table["form"].map(romaniser(language))
    with atomic_directory(Path(f"artifacts/words/{language}")) as output:
        write_words(words, output)
    print(f"{language}: {len(words.table):,} words in {len(words.sentences):,} sentences")
