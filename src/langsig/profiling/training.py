"""The training words of a profile, and what languages have in common by them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.outcomes import TagStatistics, TransferClassifiers, draws
from langsig.profiling.progress import progress
from langsig.profiling.reading import ROLES, TRAINED, Readers
from langsig.profiling.samples import Samples, Sizes, is_tagged
from langsig.profiling.store import Store, layer_key
from langsig.references import TAGS
from langsig.representations import CommonFrame, shrunken

_SHARE_OF_DRAW = 0.6  # of the training words, at most


class Shared(NamedTuple):
    """What the languages share in one layer."""

    frames: dict[str, CommonFrame]
    """The frame of each model, in which the states of each language are whitened."""
    classifiers: list[TransferClassifiers]
    """Classifiers of each draw."""


class TrainingWords:
    """The training words that have a part of speech, whose states are kept.

    Parameters
    ----------
    samples
        The words of each language.
    readers
        The models, which read words that have not been read before.
    store
        Where the states are kept.
    sizes
        Numbers of words and draws.
    seed
        Seed of the draws.

    Attributes
    ----------
    words
        Words table of each language.
    draws
        By language: the words of each draw, the same number in each language.
    """

    def __init__(
        self,
        samples: Mapping[str, Samples],
        readers: Readers,
        store: Store,
        sizes: Sizes,
        seed: int,
    ) -> None:
        self._store = store
        self.words: dict[str, pd.DataFrame] = {}
        for language in progress("training words", samples):
            words = samples[language].training

            def compute(
                language: str = language, words: pd.DataFrame = words
            ) -> dict[str, NDArray[np.generic]]:
                by_role = readers.states(language, words)
                index = by_role[TRAINED].index
                tagged = is_tagged(words)[index]
                arrays = {
                    layer_key(number, role): layer[tagged]
                    for role, states in by_role.items()
                    for number, layer in enumerate(states.layers)
                }
                return {"rows": index[tagged], **arrays}

            store.keep(f"training/{language}", compute)
            self.words[language] = words.iloc[store.array(f"training/{language}", "rows")]
        least = min(map(len, self.words.values()))
        self.draws: dict[str, list[NDArray[np.int64]]] = {
            language: draws(
                words["sentence"],
                words=min(sizes.training, int(_SHARE_OF_DRAW * least)),
                number=sizes.draws,
                language=language,
                seed=seed,
            )
            for language, words in self.words.items()
        }

    def states(self, role: str, language: str, layer: int) -> Array:
        """States of the training words of a language, ``[words, dim]``."""
        states = self._store.array(f"training/{language}", layer_key(layer, role))
        return states.astype(np.float32)

    def shared(self, layer: int, shrinkage: float) -> Shared:
        """What the languages share in a layer."""
        frames = {}
        of_draws: list[dict[str, TagStatistics]] = [{} for _ in next(iter(self.draws.values()))]
        for role in ROLES:
            covariances = []
            for language, words in self.words.items():
                states = self.states(role, language, layer)
                covariances.append(
                    shrunken(np.cov(states, rowvar=False, dtype=np.float32), shrinkage)
                )
                if role == TRAINED:
                    tags = words["upos"].to_numpy(str)
                    for chosen, of_draw in zip(self.draws[language], of_draws, strict=True):
                        of_draw[language] = TagStatistics.of(states[chosen], tags[chosen], TAGS)
            frames[role] = CommonFrame(covariances)
        return Shared(frames, [TransferClassifiers.fit(of_draw) for of_draw in of_draws])
