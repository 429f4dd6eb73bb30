"""Which words of a treebank a profile uses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.errors import InputError, TooFewWordsError
from langsig.languages import language_code
from langsig.profiling.sources import AnnotatedWords, Treebank
from langsig.references import TAGS
from langsig.terms import LEAST_SIZES

_TRAINING_SHARE = 0.4  # of the words that are not for testing, where there are few

WordSource = Treebank | AnnotatedWords
"""Where the words of a language are."""


@dataclass(frozen=True)
class Sizes:
    """Numbers of words with a part of speech per language, and of parallel sentences.

    The words for training, for measures and for tests are of different sentences.
    """

    training: int = 1000
    """Words that each probe is trained on."""
    measures: int = 4400
    """Words that covariances are computed from."""
    test: int = 3000
    """Words that probes are tested on."""
    sentences: int = 1000
    """Parallel sentences."""
    draws: int = 3
    """Random choices of training words, from twice that number."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The chosen words of one language: words tables, sentences numbered from 0 in each."""

    source: str
    """Name of the treebank."""
    files: list[Path]
    """The files that the words come from."""
    training: pd.DataFrame
    measures: pd.DataFrame
    test: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The words by their purpose."""
        return {"training": self.training, "measures": self.measures, "test": self.test}


def choose_words(source: WordSource, language: str, sizes: Sizes, seed: int) -> Samples:
    """Choose sentences at random until there are enough words.

    Parameters
    ----------
    source
        Where the words are.
    language
        Code of the language.
    sizes
        Numbers of words. If a treebank has fewer, training takes up to two fifths of those that
        are not for testing, and measures take the rest.
    seed
        Seed of the choice.

    Raises
    ------
    TooFewWordsError
        If there are fewer than 200 words with a part of speech for a purpose.
    InputError
        If a file is malformed, or the words for training all have the same part of speech.
    """
    training, test = source.read(language)
    rng = np.random.default_rng([seed, *language_code(language).encode()])
    if test is not None:
        sentences, test_sentences = (
            rng.permutation(table["sentence"].unique()) for table in (training, test)
        )
    else:
        test, halved = training, training["sentence"].unique()
        sentences = rng.permutation(halved[: len(halved) // 2])
        test_sentences = rng.permutation(halved[len(halved) // 2 :])
    counts = _tagged(training)[sentences]
    pool = min(2 * sizes.training, int(_TRAINING_SHARE * counts.sum()))
    ends = np.cumsum(counts)
    first = int(np.searchsorted(ends, pool)) + 1
    last = int(np.searchsorted(ends, counts[:first].sum() + sizes.measures)) + 1
    test_last = int(np.searchsorted(np.cumsum(_tagged(test)[test_sentences]), sizes.test)) + 1
    samples = Samples(
        source.name,
        source.files,
        of_sentences(training, sentences[:first]),
        of_sentences(training, sentences[first:last]),
        of_sentences(test, test_sentences[:test_last]),
    )
    least = LEAST_SIZES["measures"]
    for purpose, table in samples.tables.items():
        words = int(is_tagged(table).sum())
        if words < least:
            raise TooFewWordsError(
                f"{language}: {source.name} has only {words} words with a part of speech for "
                f"{purpose}, of at least {least}; leave the language out, or use a larger treebank"
            )
    tags = samples.training.loc[is_tagged(samples.training), "upos"].unique()
    if len(tags) < 2:
        raise InputError(
            f"{language}: all words for training in {source.name} are {tags[0]}, but probes need "
            "different parts of speech; leave the language out, or correct the treebank"
        )
    return samples


def is_tagged(words: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether each word of a words table has one of the `TAGS`, ``[words]``."""
    return words["upos"].isin(TAGS).to_numpy(bool)


def _tagged(words: pd.DataFrame) -> NDArray[np.int64]:
    """Number of tagged words by number of the sentence."""
    length = int(words["sentence"].max()) + 1
    return np.bincount(words["sentence"], weights=is_tagged(words), minlength=length).astype(int)


def of_sentences(words: pd.DataFrame, sentences: NDArray[np.int64]) -> pd.DataFrame:
    """The words of some sentences, which get new numbers, in the order of the words table."""
    selected = words[words["sentence"].isin(sentences)].reset_index(drop=True)
    codes = pd.factorize(selected["sentence"])[0]
    return selected.assign(sentence=codes.astype(np.int32))
