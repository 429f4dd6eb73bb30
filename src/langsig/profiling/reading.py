"""The two models of a profile, which read the same words."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from langsig.arrays import Array
from langsig.corpora import load_tokenizer
from langsig.representations import (
    Encoder,
    States,
    in_threads,
    load_encoder,
    load_untrained,
    release_free_memory,
    sentence_vectors,
    states_of,
    thread_count,
    tokenise,
    without_output_layer,
)

TRAINED, UNTRAINED = ROLES = ("trained", "untrained")


class Readers:
    """A model, and one of the same shape with random weights.

    Parameters
    ----------
    model
        Folder or name of the model.
    languages
        Codes of all languages.
    precision
        See :class:`langsig.representations.Encoder`.
    seed
        Seed of the random weights.

    Attributes
    ----------
    trained
        The model.

    Raises
    ------
    InputError
        If the model cannot be used for one of the languages.
    """

    def __init__(
        self, model: str | Path, languages: Collection[str], precision: str, seed: int
    ) -> None:
        tokenizer = load_tokenizer(model)
        first, *others = languages
        untrained = without_output_layer(load_untrained(model, seed))
        self._encoders = {
            role: Encoder(of_role, tokenizer, first, precision)
            for role, of_role in zip(ROLES, (load_encoder(model), untrained), strict=True)
        }
        for encoder in self._encoders.values():
            for language in others:
                encoder.select(language)
        self.trained = self._encoders[TRAINED]

    def states(self, language: str, words: pd.DataFrame) -> dict[str, States]:
        """States of the words of one language in each model; both read at the same time."""
        encoders = self._encoders.values()
        for encoder in encoders:
            encoder.select(language)
        on_processor = self.trained.model.device.type == "cpu"
        workers = thread_count(len(encoders)) if on_processor else 1
        release_free_memory()
        states = in_threads(lambda encoder: states_of(encoder, words), encoders, workers)
        return dict(zip(self._encoders, states, strict=True))

    def vectors(self, language: str, sentences: Sequence[str]) -> Array:
        """Vectors of sentences in the trained model, ``[layers, sentences, dim]``."""
        self.trained.select(language)
        release_free_memory()
        return sentence_vectors(self.trained, sentences, dtype="float16")

    def drop_untrained(self) -> None:
        """Free the memory of the model with random weights."""
        self._encoders.pop(UNTRAINED, None)

    def fertility(self, words: pd.DataFrame) -> float:
        """Sub-words per word."""
        rows = tokenise(words, self.trained.tokenizer, self.trained.positions).rows
        own = rows[rows >= 0]
        return len(own) / len(np.unique(own))
