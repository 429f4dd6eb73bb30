"""Parallel sentences of a profile: vectors, retrieval, slices."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.outcomes import retrieval_by_language
from langsig.profiling.progress import progress
from langsig.profiling.reading import Readers
from langsig.profiling.slices import slices_of
from langsig.profiling.sources import find_texts, read_parallel
from langsig.profiling.store import Store, layer_key
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
                vectors = readers.vectors(language, sentences)
                return {layer_key(number, "vectors"): layer for number, layer in enumerate(vectors)}

            store.keep(f"sentences/{language}", compute)

    def vectors(self, store: Store, layer: int) -> dict[str, Array]:
        """Vectors of each language in one layer, ``[sentences, dim]``."""
        key = layer_key(layer, "vectors")
        return {
            language: store.array(f"sentences/{language}", key).astype(np.float32)
            for language in self._sentences
        }


def retrieval_rows(vectors: Mapping[str, Array], layer: int) -> list[Row]:
    """Outcomes of retrieval in one layer.

    Parameters
    ----------
    vectors
        By language: vectors of the sentences, ``[sentences, dim]``.
    layer
        Number of the layer.
    """
    rows = []
    for language, result in retrieval_by_language(vectors, ENGLISH).items():
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
    total = np.sum(list(vectors.values()), axis=0)
    frame = CommonFrame(shrunken(np.cov(own, rowvar=False), shrinkage) for own in vectors.values())
    block = blocks_of_words(np.arange(len(total)), blocks)
    return {
        language: slices_of(
            (total - own) / (len(vectors) - 1), own, frame,
            shrinkage=shrinkage, block=block, signs=signs(language),
        ).arrays()
        for language, own in vectors.items()
    }  # fmt: skip
