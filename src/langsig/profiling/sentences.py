"""Parallel sentences of a profile: vectors, retrieval, slices."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.outcomes import retrieval_by_language
from langsig.profiling.progress import by_layer, progress
from langsig.profiling.reading import Readers
from langsig.profiling.slices import slices_of
from langsig.profiling.sources import find_texts, read_parallel
from langsig.profiling.store import Store
from langsig.profiling.tables import Row, outcome_row
from langsig.representations import CommonFrame, blocks_of_words, shrunken

ENGLISH = "en"


class ParallelSentences:
    """Sentences and their translations, whose vectors are kept.

    Parameters
    ----------
    folder
        Folder with one file per language.
    languages
        Codes of the languages. Those without a file are left out.
    count
        Number of sentences at most.
    least
        Number of sentences at least.

    Attributes
    ----------
    files
        File of each language.

    Raises
    ------
    InputError
        If fewer than two languages have a file, or there are too few sentences.
    """

    def __init__(
        self, folder: str | Path, languages: Iterable[str], count: int, least: int
    ) -> None:
        self.files = find_texts(folder, languages)
        if len(self.files) < 2:
            raise InputError(
                f"{folder}: has only sentences of {', '.join(self.files)}; add their "
                "translations, or give no parallel sentences"
            )
        self._sentences = read_parallel(self.files, count)
        number = len(next(iter(self._sentences.values())))
        if number < least:
            raise InputError(
                f"{folder}: only {number} sentences are used that no language lacks, of at least "
                f"{least}; give more"
            )

    def read(self, readers: Readers, store: Store) -> None:
        """Keep the vectors of all sentences."""
        for language, sentences in progress("parallel sentences", self._sentences.items()):

            def compute(
                language: str = language, sentences: list[str] = sentences
            ) -> dict[str, Array]:
                return {"vectors": readers.vectors(language, sentences)}

            store.keep(f"sentences/{language}", compute)

    def vectors(self, store: Store) -> dict[str, Array]:
        """Vectors of each language, ``[layers, sentences, dim]``."""
        return {
            language: store.array(f"sentences/{language}", "vectors")
            for language in self._sentences
        }


def retrieval_table(vectors: Mapping[str, Array]) -> pd.DataFrame:
    """Outcomes of retrieval.

    Parameters
    ----------
    vectors
        By language: vectors of the sentences, ``[layers, sentences, dim]``.
    """

    def outcomes(layer: int) -> list[Row]:
        of_layer = {name: of_all[layer].astype(np.float32) for name, of_all in vectors.items()}
        rows = []
        for language, result in retrieval_by_language(of_layer, ENGLISH).items():
            for outcome, value in (
                ("retrieval", result.accuracy),
                ("retrieval_z", result.z),
                ("retrieval_english", result.english),
                ("retrieval_english_raw", result.english_raw),
                ("mexa", result.mexa),
            ):
                if not np.isnan(value):
                    rows.append(outcome_row(outcome, language, value, None, layer))
        return rows

    layers = len(next(iter(vectors.values())))
    return pd.DataFrame([row for rows in by_layer(outcomes, layers, "retrieval") for row in rows])


def sentence_slices(
    vectors: Mapping[str, Array],
    *,
    shrinkage: float,
    blocks: int,
    signs: Callable[[str], NDArray[np.int64]],
) -> dict[str, dict[str, Array]]:
    """Slices of sentences, whose reference is the mean of their translations.

    Parameters
    ----------
    vectors
        By language: vectors of the sentences in one layer, ``[sentences, dim]``.
    shrinkage
        See :func:`langsig.representations.shrunken`.
    blocks
        Number of blocks of sentences.
    signs
        Signs of the blocks of a language under the null.
    """
    single = {language: own.astype(np.float32) for language, own in vectors.items()}
    total = np.sum(list(single.values()), axis=0)
    frame = CommonFrame(shrunken(np.cov(own, rowvar=False), shrinkage) for own in single.values())
    block = blocks_of_words(np.arange(len(total)), blocks)
    return {
        language: slices_of(
            (total - own) / (len(single) - 1), own, frame,
            shrinkage=shrinkage, block=block, signs=signs(language),
        ).arrays()
        for language, own in single.items()
    }  # fmt: skip
