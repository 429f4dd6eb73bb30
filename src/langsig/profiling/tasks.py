"""What probes learn within a language."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.morphology import ALL_WORDS, CATEGORIES
from langsig.outcomes import majority_baseline, probe

TAGS_NAME = "UPOS"
"""What tables call the task of recognising parts of speech."""
_LEAST = 100
"""Words that bear a category, for training and for testing, that a task needs."""


@dataclass(frozen=True, eq=False)
class Task:
    """Labels of training and test words of one language."""

    category: str
    """``UPOS``, or the UniMorph name of a category."""
    training: NDArray[np.int64]
    """Numbers of the training words, ``[words]``."""
    test: NDArray[np.int64]
    """Numbers of the test words, ``[words]``."""
    training_words: pd.DataFrame
    """Columns ``form`` and ``label`` of the training words."""
    test_words: pd.DataFrame
    """The same of the test words."""

    def accuracy(self, training: Array, test: Array) -> float:
        """Accuracy of a probe.

        Parameters
        ----------
        training, test
            States of all training words and of all test words of the language, ``[words, dim]``.
        """
        return probe(
            training[self.training].astype(np.float32),
            self.training_words["label"].to_numpy(str),
            test[self.test],
            self.test_words["label"].to_numpy(str),
        ).accuracy

    def majority(self) -> float:
        """Accuracy of the most frequent label of the form of a word."""
        parts = (self.training_words, self.test_words)
        columns = [part[name].to_numpy(str) for part in parts for name in ("form", "label")]
        return majority_baseline(*columns)


def tasks_of(
    training: pd.DataFrame, test: pd.DataFrame, draws: Sequence[NDArray[np.int64]]
) -> list[Task]:
    """Tasks of one language: parts of speech once per draw, and each category that is frequent.

    Parameters
    ----------
    training, test
        Words tables of the training words and of the test words, with the column ``upos`` and one
        column per category.
    draws
        Numbers of the training words of each draw.
    """

    def task(category: str, column: str, chosen: NDArray[np.int64]) -> Task:
        labels = test[column].notna().to_numpy(bool)
        names = {column: "label"}
        return Task(
            category,
            chosen,
            np.flatnonzero(labels),
            training[["form", column]].iloc[chosen].rename(columns=names),
            test[["form", column]][labels].rename(columns=names),
        )

    tasks = [task(TAGS_NAME, "upos", chosen) for chosen in draws]
    most = len(draws[0])
    for category in CATEGORIES:
        if category == ALL_WORDS:  # which UPOS tells more exactly
            continue
        bearing = np.flatnonzero(training[category].notna())[:most]
        words = min(len(bearing), int(test[category].notna().sum()))
        if words >= _LEAST and training[category].iloc[bearing].nunique() > 1:
            tasks.append(task(category, category, bearing))
    return tasks
