"""Properties of languages that average signatures are correlated with (paper, section 5.1)."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import hypergeom

from langsig.errors import InputError
from langsig.morphology import ALL_WORDS, Words
from langsig.schemas import Properties

_NO_LEMMA = ("_", "")
_Lemmas = Iterable[str | None]


def language_properties(words: Mapping[str, Words], characters: Mapping[str, int]) -> Properties:
    """Compute the properties of all languages.

    - ``data_size``: number of words that bear each category.
    - ``unique_characters``: number of different characters in the training text.
    - ``type_token_ratio``: see :func:`type_token_ratio`. Punctuation, which bears no part of
      speech, is not counted.
    - ``type_token_ratio_equal``: the same ratio, expected for samples of one size: the number of
      tokens with lemmas in the language that has the fewest, but not none.

    Parameters
    ----------
    words
        Words of each language's treebank.
    characters
        Number of different characters in each language's training text, see
        :func:`langsig.corpora.unique_characters`.
    """
    rows: list[tuple[str, str | None, str, float]] = []
    for language, table in words.items():
        counts = table.category_counts()
        rows += [("data_size", str(category), language, n) for category, n in counts.items()]
    rows += [("unique_characters", None, language, n) for language, n in characters.items()]
    lemmas = {
        language: _with_lemma(table.select(ALL_WORDS).table["lemma"])
        for language, table in words.items()
    }
    fewest = min((len(tokens) for tokens in lemmas.values() if tokens), default=1)
    for name, number in (("type_token_ratio", None), ("type_token_ratio_equal", fewest)):
        for language, tokens in lemmas.items():
            rows.append((name, None, language, type_token_ratio(tokens, number)))
    return Properties(pd.DataFrame(rows, columns=list(Properties.columns)))


def type_token_ratio(lemmas: _Lemmas, tokens: int | None = None) -> float:
    """Number of different lemmas over the number of tokens (paper, section 5.1).

    The ratio falls as a text gets longer. To compare languages, `tokens` gives the expected ratio
    of a shorter text: its mean over all samples of that size without replacement. The mean has a
    closed form, as the probability that a sample lacks all tokens of a lemma is hypergeometric.

    Parameters
    ----------
    lemmas
        Lemma of each token. Tokens without a lemma (missing, empty, or ``_``) are not counted.
    tokens
        Size of the samples. By default, the ratio of all tokens.

    Returns
    -------
    float
        The ratio; missing if no token has a lemma, or fewer than `tokens` have one.

    Raises
    ------
    InputError
        If `tokens` is not positive.

    Examples
    --------
    >>> from langsig.analysis import type_token_ratio
    >>> type_token_ratio(["be", "be", "have", None])
    0.6666666666666666
    >>> round(type_token_ratio(["be", "be", "have"], tokens=2), 3)
    0.833
    """
    counts = np.array([*Counter(_with_lemma(lemmas)).values()], dtype=np.int64)
    if tokens is None:
        return len(counts) / int(counts.sum()) if counts.size else np.nan
    if tokens < 1:
        raise InputError(f"tokens must be positive, got {tokens}")
    return _expected_ratio(counts, tokens)


def _with_lemma(lemmas: _Lemmas) -> list[str]:
    """The lemmas of the tokens that have one."""
    return [str(lemma) for lemma in lemmas if not pd.isna(lemma) and lemma not in _NO_LEMMA]


def _expected_ratio(counts: NDArray[np.int64], tokens: int) -> float:
    """Expected ratio of samples, from the number of tokens of each lemma."""
    total = counts.sum()
    if tokens > total:
        return np.nan
    sizes, lemmas = np.unique(counts, return_counts=True)
    absent = hypergeom.pmf(0, total, sizes, tokens)
    return float(lemmas @ (1 - absent)) / tokens
