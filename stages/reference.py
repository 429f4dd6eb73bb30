"""One language: words -> vectors of a reference that needs no control model.

They take the place of the states of the control model.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from langsig.corpora import load_tokenizer, read_sentences
from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.morphology import Words
from langsig.parameters import load_parameters
from langsig.pretraining import model_seed
from langsig.references import word_vectors
from langsig.representations import Encoder, States, extract, without_output_layer
from langsig.terms import MODEL
from stages.arguments import checked
from stages.untrained import untrained


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (language,) = checked(arguments, language=parameters.languages)
    reference = parameters.reference
    if reference == MODEL:
        raise InputError(
            f"reference: is {MODEL}, which takes other stages; run langsig use, which chooses them"
        )
    words = Words.load(Path(f"artifacts/words/{language}")).table
    with atomic_directory(Path(f"artifacts/states/control/{language}")) as output:
        if reference == "untrained":
            # Other weights than those that training starts from, which it keeps in part.
            seed = model_seed("reference", parameters.seed)
            model, tokenizer = untrained("experimental", seed, parameters)
            states = extract(
                Encoder(without_output_layer(model), tokenizer, language),
                words,
                output,
                dtype=parameters.extract.dtype,
                batch_tokens=parameters.extract.batch_tokens,
            )
        else:
            sentences = read_sentences(Path(f"artifacts/sentences/{language}/train.parquet"))
            try:
                vectors = word_vectors(
                    reference,
                    words,
                    tokenizer=load_tokenizer("artifacts/tokenizer"),
                    text=(text for text, _ in sentences),
                    seed=parameters.seed,
                )
            except InputError as error:
                raise InputError(f"languages.{language}.corpora: {error}") from error
            states = States([vectors.astype(np.float32)], np.arange(len(words)))
            states.save(output)
    print(f"{language}: {reference} of {len(states.index):,} of {len(words):,} words")
