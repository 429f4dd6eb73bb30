"""One language, one model: words -> hidden states, one file per layer."""

from collections.abc import Sequence
from pathlib import Path

from langsig.corpora import load_tokenizer
from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.morphology import Words
from langsig.parameters import load_parameters
from langsig.representations import Encoder, extract, load_encoder
from langsig.terms import MODEL
from stages.arguments import checked


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    role, language = checked(
        arguments, role=("control", "experimental"), language=parameters.languages
    )
    if role == "control" and parameters.reference != MODEL:
        raise InputError(
            f"reference: is {parameters.reference}, which needs no control model; run langsig use, "
            "which chooses the stages"
        )
    options = parameters.extract
    checkpoint = Path("artifacts/models", "experimental" if role == "experimental" else language)
    words = Words.load(Path(f"artifacts/words/{language}")).table
    with atomic_directory(Path(f"artifacts/states/{role}/{language}")) as output:
        encoder = Encoder(load_encoder(checkpoint), load_tokenizer(checkpoint), language)
        states = extract(
            encoder, words, output, dtype=options.dtype, batch_tokens=options.batch_tokens
        )
    note = encoder.batching.note
    print(
        f"{language}: {role} states of {len(states.index):,} of {len(words):,} words"
        + (f"; {note}" if note else "")
    )
