"""Random training words, and how far outcomes differ between draws."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from langsig.errors import check_count
from langsig.schemas import Outcomes

_KEYS = list(Outcomes.keys)


def draws(
    sentences: ArrayLike, *, words: int, number: int, language: str, seed: int
) -> list[NDArray[np.int64]]:
    """Draw training words by whole sentences.

    Words of a sentence are alike, so that a test that divides sentences would be too easy. Of the
    last sentence of a draw, only the first words are used, so that the number of words is exact.

    Parameters
    ----------
    sentences
        Number or name of the sentence of each word, ``[words]``.
    words
        Number of words per draw.
    number
        Number of draws. They are independent of each other and may overlap.
    language
        Code of the language, from which draws of languages differ.
    seed
        Seed of the draws, not negative.

    Returns
    -------
    list of ndarray
        Indices of the words of each draw, ascending. If there are fewer words than `words`, each
        draw has all of them.

    Raises
    ------
    InputError
        If `words` or `number` is not a positive integer.

    Examples
    --------
    >>> first, second = draws([0, 0, 1, 1, 2, 2], words=3, number=2, language="en", seed=0)
    >>> len(first), len(second)
    (3, 3)
    """
    check_count("words", words)
    check_count("number", number)
    sentence = np.unique(np.asarray(sentences), return_inverse=True)[1]
    generator = np.random.default_rng([seed, *language.encode()])
    drawn = []
    for _ in range(number):
        rank = generator.permutation(sentence.max(initial=-1) + 1)
        order = np.argsort(rank[sentence], kind="stable")
        drawn.append(np.sort(order[:words]))
    return drawn


def outcome_table(values: pd.DataFrame) -> Outcomes:
    """Mean and spread over draws.

    Parameters
    ----------
    values
        One row per outcome and draw, with the column ``value`` and the keys of
        :class:`langsig.schemas.Outcomes`. Keys that are missing altogether may be left out.

    Returns
    -------
    Outcomes
        One row per outcome; ``sd`` is the sample standard deviation.

    Raises
    ------
    InputError
        If a value of a key is not allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> values = pd.DataFrame(
    ...     {"outcome": "transfer", "language": "fi", "layer": 3, "value": [0.6, 0.8]}
    ... )
    >>> table = outcome_table(values).frame
    >>> table[["outcome", "language", "value", "draws"]]
        outcome language  value  draws
    0  transfer       fi    0.7      2
    """
    rows = values.reindex(columns=[*_KEYS, "value"])
    groups = rows.groupby(_KEYS, dropna=False, sort=False)["value"]
    frame = groups.agg(["mean", "std", "size"]).reset_index()
    names = {"mean": "value", "std": "sd", "size": "draws"}
    return Outcomes(frame.rename(columns=names))
