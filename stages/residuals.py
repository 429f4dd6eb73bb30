"""One language: hidden states of both models, trained and not -> sums of what training added.

Residuals of the trained models' states on those of the untrained ones, for all words, punctuation
included. A reference that is not trained has no untrained states.
"""

from collections.abc import Sequence
from pathlib import Path

from langsig.errors import TooFewWordsError
from langsig.files import atomic_directory
from langsig.learned import partial_statistics
from langsig.morphology import Words
from langsig.parameters import load_parameters
from langsig.representations import States
from langsig.terms import MODEL
from stages.arguments import checked
from stages.common import LEFT_OUT, RESIDUALS


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (language,) = checked(arguments, language=parameters.languages)
    options, states = parameters.learned, Path("artifacts/states")
    untrained = states / "untrained" / language
    with atomic_directory(Path("artifacts/residuals", language)) as output:
        try:
            sums = partial_statistics(
                States.open(states / "control" / language),
                States.open(states / "experimental" / language),
                States.open(untrained / "control") if parameters.reference == MODEL else None,
                States.open(untrained / "experimental"),
                Words.load(Path("artifacts/words", language)).table,
                language=language,
                blocks=options.blocks,
                width=options.width,
                words_per_column=options.words_per_column,
            )
        except TooFewWordsError as error:
            (output / LEFT_OUT).write_text(f"{error}\n", encoding="utf-8")
            print(f"left out {error}")
            return
        sums.save(output / RESIDUALS)
    print(f"{language}: {sums.words:,} words, {sums.columns} columns of untrained states")
