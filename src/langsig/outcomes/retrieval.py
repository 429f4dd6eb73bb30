"""Retrieval of translations: whether parallel sentences have similar vectors."""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.outcomes.ridge import widened

_MEXA_SENTENCES = 100  # as in the public code of MEXA
_MIN_SENTENCES = 3  # the spread over the others needs two of them


class Retrieval(NamedTuple):
    """How well sentences of two languages find their translations, mean of both directions."""

    accuracy: float
    """Share of the sentences that are more similar to their translation than to any other
    sentence of the other language."""
    z: float
    """Similarity to the translation minus the mean similarity to the other sentences, in standard
    deviations of the latter; mean over sentences."""


def retrieval(first: Array, second: Array, *, centred: bool = True) -> Retrieval:
    """Find the translations of sentences by cosine similarity.

    Parameters
    ----------
    first, second
        Vectors of the sentences of two languages, ``[sentences, dim]``; rows are translations of
        each other.
    centred
        Whether to subtract the mean vector of each language (default: yes). Most of the
        similarity of raw vectors is that of the means.

    Returns
    -------
    Retrieval
        Accuracy and z-score.

    Raises
    ------
    InputError
        If shapes differ, or there are fewer than three sentences.

    Examples
    --------
    >>> import numpy as np
    >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    >>> retrieval(vectors, 2 * vectors + 5).accuracy
    1.0
    >>> retrieval(vectors, 2 * vectors + 5, centred=False).accuracy < 1
    True
    """
    _check({"first": first, "second": second})
    return _retrieval(_directions(first, centred), _directions(second, centred))


def mexa(pivot: Array, language: Array) -> float:
    """MEXA score of a language in one layer (Kargaran et al. 2024, *MEXA*, section 3).

    It is the share of the sentences that are more similar to their translation than to any other
    sentence, in both directions at once, by cosine similarity of vectors as they are. The paper
    takes the mean or the maximum over layers, and 100 sentences; with more, scores are lower.

    Parameters
    ----------
    pivot
        Vectors of the sentences of the pivot, which is English in the paper,
        ``[sentences, dim]``.
    language
        Vectors of their translations, ``[sentences, dim]``.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    InputError
        If shapes differ, or there are fewer than three sentences.

    Examples
    --------
    Sentence 0 finds its translation, but that is more similar to sentence 1:

    >>> import numpy as np
    >>> english = np.array([[1.0, 0.2], [1.0, 0.0], [0.0, 1.0]])
    >>> german = np.array([[1.0, -0.1], [1.0, -0.5], [0.0, 1.0]])
    >>> mexa(english, german)
    0.3333333333333333
    """
    _check({"pivot": pivot, "language": language})
    vectors = (_directions(side.astype(np.float64), False) for side in (pivot, language))
    forward, backward = _found(_similarities(*vectors))
    return float(np.mean(forward & backward))


class LanguageRetrieval(NamedTuple):
    """Retrieval between one language and others."""

    accuracy: float
    """Accuracy of centred vectors, mean over the other languages."""
    z: float
    """z-score of centred vectors, mean over the other languages."""
    english: float
    """Accuracy of centred vectors with English; NaN for English, and where there is none."""
    english_raw: float
    """The same of vectors as they are."""
    mexa: float
    """MEXA score of the first 100 sentences, with English as the pivot; NaN as above."""


def retrieval_by_language(
    vectors: Mapping[str, Array], english: str = "en"
) -> dict[str, LanguageRetrieval]:
    """Retrieval between all pairs of languages, in one layer.

    Parameters
    ----------
    vectors
        Vectors of parallel sentences by language, ``[sentences, dim]`` each.
    english
        Code of English, or of the language that takes its place (default: en).

    Returns
    -------
    dict
        Results by language.

    Raises
    ------
    InputError
        If there are fewer than two languages, shapes differ, or there are fewer than three
        sentences.

    Examples
    --------
    >>> import numpy as np
    >>> english = np.random.default_rng(0).normal(size=(50, 8))
    >>> vectors = {"en": english, "de": english + 1, "qaa": np.roll(english, 1, axis=0)}
    >>> results = retrieval_by_language(vectors)
    >>> {language: round(result.accuracy, 2) for language, result in results.items()}
    {'en': 0.5, 'de': 0.5, 'qaa': 0.0}
    >>> results["de"].english, results["qaa"].mexa
    (1.0, 0.0)
    """
    if len(vectors) < 2:
        raise InputError(f"retrieval needs at least 2 languages, got {len(vectors)}")
    _check(vectors)
    languages = list(vectors)
    directions = {language: _directions(vectors[language], True) for language in languages}
    accuracy = np.full((len(languages), len(languages)), np.nan)
    z = accuracy.copy()
    for i, j in combinations(range(len(languages)), 2):
        result = _retrieval(directions[languages[i]], directions[languages[j]])
        accuracy[i, j] = accuracy[j, i] = result.accuracy
        z[i, j] = z[j, i] = result.z
    mean_accuracy, mean_z = np.nanmean(accuracy, axis=1), np.nanmean(z, axis=1)
    results = {}
    for n, language in enumerate(languages):
        centred = raw = score = np.nan
        if english in vectors and language != english:
            pivot, own = vectors[english], vectors[language]
            centred = float(accuracy[n, languages.index(english)])
            raw = retrieval(pivot, own, centred=False).accuracy
            score = mexa(pivot[:_MEXA_SENTENCES], own[:_MEXA_SENTENCES])
        results[language] = LanguageRetrieval(
            float(mean_accuracy[n]), float(mean_z[n]), centred, raw, score
        )
    return results


def _check(vectors: Mapping[str, Array]) -> None:
    """Raise `InputError` unless all vectors are of the same sentences, and these are enough."""
    first = next(iter(vectors))
    shape = vectors[first].shape
    if len(shape) != 2 or shape[0] < _MIN_SENTENCES:
        raise InputError(
            f"{first} must have the shape [sentences, dim] with at least {_MIN_SENTENCES} "
            f"sentences, got {shape}"
        )
    for name, values in vectors.items():
        if values.shape != shape:
            raise InputError(
                f"{name} must have the shape of {first}, {shape}, got {values.shape}; give the "
                "same sentences in both"
            )


def _directions(vectors: Array, centred: bool) -> Array:
    """Vectors of length one, ``[sentences, dim]``; zero vectors remain so."""
    vectors = widened(vectors)
    if centred:
        vectors = vectors - vectors.mean(0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Array = vectors / np.where(lengths > 0, lengths, 1)
    return directions


def _similarities(first: Array, second: Array) -> Array:
    """Cosine similarities of all pairs of sentences, ``[sentences, sentences]``."""
    similarities: Array = first @ second.T
    return similarities


def _found(similarities: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether sentences of the first language find their translations, and those of the second."""
    true = similarities.diagonal().copy()
    np.fill_diagonal(similarities, -np.inf)
    found = true > similarities.max(1), true > similarities.max(0)
    np.fill_diagonal(similarities, true)
    return found


def _retrieval(first: Array, second: Array) -> Retrieval:
    """Retrieval between vectors of length one."""
    similarities = _similarities(first, second)
    found = _found(similarities)
    # Scores do not depend on the level. Near zero, sums of squares lose no digits.
    similarities -= similarities.mean()
    true = similarities.diagonal().copy()
    np.fill_diagonal(similarities, 0)
    others = len(true) - 1
    scores = []
    for axis in (1, 0):
        mean = similarities.sum(axis) / others
        squares = np.einsum("ij,ij->i" if axis else "ij,ij->j", similarities, similarities)
        spread = np.sqrt(np.maximum(squares / others - mean**2, 0))
        scores.append((true - mean) / np.where(spread > 0, spread, 1))
    return Retrieval(float(np.mean(found)), float(np.mean(scores)))
