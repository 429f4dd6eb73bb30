"""States of two models that share a planted part, and what both had before training."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from langsig.learned import PartialStatistics, partial_statistics
from langsig.representations import States

Array = NDArray[np.float64]
DIM, BEFORE = 6, 2
"""Dimensions of the trained states, and of each layer of the untrained ones."""


class Planted(NamedTuple):
    """States of one language's words, one layer of each trained model."""

    control: Array
    experimental: Array
    untrained_control: list[Array]
    untrained_experimental: list[Array]
    words: pd.DataFrame

    def statistics(self, language: str = "de", **options: int) -> PartialStatistics:
        index = np.arange(len(self.words))
        return partial_statistics(
            States([self.control], index),
            States([self.experimental], index),
            States(self.untrained_control, index),
            States(self.untrained_experimental, index),
            self.words,
            language=language,
            **{"blocks": 8} | options,
        )

    def shuffled(self, rng: Generator) -> "Planted":
        """The words of the experimental model in another order."""
        order = rng.permutation(len(self.words))
        return self._replace(
            experimental=self.experimental[order],
            untrained_experimental=[layer[order] for layer in self.untrained_experimental],
        )


def words_table(words: int, sentence: int = 8, lemmas: int = 100) -> pd.DataFrame:
    """Words of sentences of equal length; lemmas take turns."""
    lemma = [f"lemma{number % lemmas}" for number in range(words)]
    sentences = np.arange(words) // sentence
    return pd.DataFrame({"sentence": sentences, "form": lemma, "lemma": lemma})


def planted(seed: int, words: int, correlations: Sequence[float]) -> Planted:
    """Models with these canonical correlations beyond what both had before training.

    Before training, both models had the same two numbers for each word, which is a third of the
    variance of their trained states. Axes of the experimental model are the same for all seeds;
    those of the control are not.
    """
    rng = default_rng(seed)
    before = rng.standard_normal((words, BEFORE))
    shared = rng.standard_normal((words, len(correlations)))
    states = []
    for _ in range(2):
        state = rng.standard_normal((words, DIM))
        share = np.sqrt(correlations)
        state[:, : len(correlations)] *= np.sqrt(1 - share**2)
        state[:, : len(correlations)] += share * shared
        state[:, :BEFORE] += before
        states.append(state)
    untrained = [
        [before @ rng.standard_normal((BEFORE, BEFORE)) for _ in range(2)] for _ in range(2)
    ]
    turned = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
    return Planted(states[0] @ turned, states[1], *untrained, words_table(words))
