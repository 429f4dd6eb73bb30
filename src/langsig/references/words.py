"""The reference vectors of the words of a language."""

import sys
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.errors import InputError
from langsig.references.context import ContextVectors, with_neighbours
from langsig.references.indicators import tag_indicators, value_indicators
from langsig.representations import tokenise

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LINES = 20_000  # of running text, for context vectors


def word_vectors(
    reference: str,
    words: pd.DataFrame,
    *,
    tokenizer: "PreTrainedTokenizerBase",
    text: Iterable[str],
    seed: int = 0,
) -> NDArray[np.float64]:
    """Vectors of all words in a reference that does not depend on a layer, ``[words, dim]``.

    The other references are hidden states of models, see :mod:`langsig.representations`.

    Parameters
    ----------
    reference
        ``upos``: see :func:`tag_indicators`. ``features``: see :func:`value_indicators`.
        ``context``: vectors of the sub-words of the word and of its neighbours, see
        :class:`ContextVectors`.
    words
        Words table: columns ``sentence`` and ``form``, one row per word, sentence after sentence;
        for ``upos`` and ``features`` also ``upos`` and one column per category.
    tokenizer
        Splits text and words into sub-words, for ``context``.
    text
        Sentences of the language in which ``context`` is counted, the first 20,000 of them.
    seed
        Seed of the decomposition of the counts.

    Raises
    ------
    InputError
        If the reference is another one, or the text is too short.

    Examples
    --------
    >>> import pandas as pd
    >>> words = pd.DataFrame({"sentence": [0, 0], "form": ["a", "tree"], "upos": ["DET", "NOUN"]})
    >>> word_vectors("upos", words, tokenizer=None, text=()).shape
    (2, 14)
    """
    if reference == "upos":
        return tag_indicators(words)
    if reference == "features":
        return value_indicators(words)
    if reference != "context":
        raise InputError(f"reference must be one of upos, features, context; got {reference!r}")
    lines = list(islice(text, _LINES))
    encoded = tokenizer(lines, add_special_tokens=False, verbose=False)["input_ids"]
    vectors = ContextVectors(encoded, seed=seed)
    sub_words = tokenise(words, tokenizer, longest=sys.maxsize)
    own = sub_words.rows >= 0
    of_words: list[list[int]] = [[] for _ in range(len(words))]
    for row, token in zip(sub_words.rows[own], sub_words.tokens[own], strict=True):
        of_words[row].append(int(token))
    return with_neighbours(vectors.of(of_words), words["sentence"].to_numpy(np.int64))
