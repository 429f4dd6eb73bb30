"""Annotation as a reference: one column per part of speech, or per value of a category."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.morphology import ALL_WORDS, CATEGORIES

TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
    "SCONJ", "VERB",
)  # fmt: skip
"""Universal parts of speech that words are analysed with: all but PUNCT, SYM and X."""


def tag_indicators(words: pd.DataFrame) -> NDArray[np.float64]:
    """Indicators of the part of speech, ``[words, 14]``; columns as in `TAGS`.

    Parameters
    ----------
    words
        Words table with the column ``upos``. Words with another tag, or none, have zeros.

    Examples
    --------
    >>> import pandas as pd
    >>> tag_indicators(pd.DataFrame({"upos": ["NOUN", "PUNCT"]})).sum(1).tolist()
    [1.0, 0.0]
    """
    codes = pd.Index(TAGS).get_indexer(pd.Index(words["upos"]))
    return np.equal.outer(codes, np.arange(len(TAGS))).astype(np.float64)


def value_indicators(words: pd.DataFrame) -> NDArray[np.float64]:
    """Indicators of the part of speech and of all values of all categories, ``[words, values]``.

    Parameters
    ----------
    words
        Words table with the column ``upos`` and one column per category. Values that no word has
        get no column, so that the number of columns depends on the language.

    Examples
    --------
    >>> import langsig
    >>> words = langsig.annotate("samples/treebanks/qaa", "qaa").table
    >>> value_indicators(words).shape
    (2902, 39)
    """
    blocks = [tag_indicators(words)]
    for category in CATEGORIES:
        if category != ALL_WORDS:  # which the tags tell more exactly
            codes, values = pd.factorize(words[category], sort=True)
            blocks.append(np.equal.outer(codes, np.arange(len(values))).astype(np.float64))
    return np.concatenate(blocks, axis=1)
