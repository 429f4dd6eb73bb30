"""Properties of languages that average signatures are correlated with (paper, section 5.1)."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import hypergeom

from langsig.errors import InputError

DATA_SIZE = "data_size"
_NO_LEMMA = ("_", "")
Lemmas = Iterable[str | None]


def language_properties(
    covered: pd.DataFrame, characters: Mapping[str, int], lemmas: Mapping[str, Lemmas]
) -> pd.DataFrame:
    """All properties of all languages in one table.

    Parameters
    ----------
    covered
        Columns ``language``, ``category``, ``words``, see
        :attr:`langsig.analysis.Coverage.categories`.
    characters
        What :func:`langsig.corpora.unique_characters` says of each language's training text.
    lemmas
        By language, those of its words that bear a part of speech: punctuation is no token.

    Returns
    -------
    DataFrame
        Columns ``property``, ``category`` (missing: the same for every category), ``language``,
        ``value``. Properties are ``data_size`` (words that bear the category),
        ``unique_characters``, ``type_token_ratio``, and ``type_token_ratio_equal``: at as many
        tokens as the language with the fewest has, of those that have lemmas at all.
    """
    counts = {language: _lemma_counts(own) for language, own in lemmas.items()}
    tokens = min((own.sum() for own in counts.values() if own.size), default=0)
    sizes = covered[["category", "language"]].assign(property=DATA_SIZE, value=covered["words"])
    facts = {
        "unique_characters": characters,
        "type_token_ratio": {language: _ratio(own) for language, own in counts.items()},
        "type_token_ratio_equal": {
            language: _ratio_at(own, tokens) for language, own in counts.items()
        },
    }
    rows = [
        (name, None, language, value)
        for name, of_languages in facts.items()
        for language, value in of_languages.items()
    ]
    columns = ["property", "category", "language", "value"]
    return pd.concat(
        [sizes[columns].astype({"value": float}), pd.DataFrame(rows, columns=columns)],
        ignore_index=True,
    )


def type_token_ratio(lemmas: Lemmas) -> float:
    """Distinct lemmas over tokens (paper, section 5.1).

    Parameters
    ----------
    lemmas
        Of the tokens: the words of a treebank that bear a part of speech. Tokens without a lemma
        (missing, empty or ``_``) are not counted.

    Returns
    -------
    float
        Missing where no token has a lemma, as in some treebanks.
    """
    return _ratio(_lemma_counts(lemmas))


def type_token_ratio_at(lemmas: Lemmas, tokens: int) -> float:
    """The type-token ratio to be expected of fewer tokens: the ratio falls as a text gets longer.

    It is the mean over all samples of so many tokens without replacement, in closed form: a lemma
    is in a sample unless all its tokens are left out, which has a hypergeometric probability.

    Parameters
    ----------
    lemmas
        As in :func:`type_token_ratio`.
    tokens
        Size of the samples.

    Returns
    -------
    float
        Missing where fewer tokens have lemmas.

    Raises
    ------
    InputError
        If `tokens` is not positive.
    """
    if tokens < 1:
        raise InputError(f"tokens: {tokens} is not positive; give the size of the samples")
    return _ratio_at(_lemma_counts(lemmas), tokens)


def _lemma_counts(lemmas: Lemmas) -> NDArray[np.int64]:
    """Tokens of each lemma."""
    counts = Counter(lemma for lemma in lemmas if not pd.isna(lemma) and lemma not in _NO_LEMMA)
    return np.array([*counts.values()], dtype=np.int64)


def _ratio(counts: NDArray[np.int64]) -> float:
    return len(counts) / int(counts.sum()) if counts.size else np.nan


def _ratio_at(counts: NDArray[np.int64], tokens: int) -> float:
    total = counts.sum()
    if not 0 < tokens <= total:
        return np.nan
    sizes, lemmas = np.unique(counts, return_counts=True)
    absent = hypergeom.pmf(0, total, sizes, tokens)
    return float(lemmas @ (1 - absent)) / tokens
