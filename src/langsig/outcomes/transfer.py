"""How well tags that are learnt on some languages are recognised in another.

States are centred on the mean of their language, so that a classifier cannot use the language of a
word, and need not cope with it. Classifiers of any choice of languages are computed from sums, so
that states are read only once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.outcomes.ridge import (
    PENALTIES,
    RidgeClassifier,
    Spectrum,
    codes_of,
    indicators,
    scale_of,
    solved,
    widened,
)


@dataclass(frozen=True, eq=False)
class TagStatistics:
    """Sums over the training words of one language, layer and draw; or of several languages.

    The sum of two is that of the words of both, each still centred on the mean of its language.
    The difference leaves out words again.

    Examples
    --------
    >>> import numpy as np
    >>> states, labels = np.array([[1.0], [3.0], [5.0]]), np.array(["NOUN", "VERB", "VERB"])
    >>> statistics = TagStatistics.of(states, labels, ("NOUN", "VERB"))
    >>> statistics.counts.tolist(), statistics.scatter.tolist(), statistics.cross.tolist()
    ([1, 2], [[8.0]], [[-2.0, 2.0]])
    >>> (statistics + statistics).words
    6
    """

    classes: tuple[str, ...]
    """Names of the classes."""
    counts: NDArray[np.int64]
    """Number of words of each class, ``[classes]``."""
    mean: Array
    """Mean state before centring, ``[dim]``."""
    scatter: Array
    """X^T X, where X are the centred states; ``[dim, dim]``."""
    cross: Array
    """X^T T, where T are the indicators of the classes; ``[dim, classes]``."""

    @classmethod
    def of(cls, states: Array, labels: ArrayLike, classes: Sequence[str]) -> "TagStatistics":
        """Sum over words.

        Parameters
        ----------
        states
            Hidden states of one language, ``[words, dim]``. Sums have their precision, and at
            least float32.
        labels
            Class of each word, ``[words]``.
        classes
            Names of all classes, the same for all languages.

        Raises
        ------
        InputError
            If there are no words, the number of labels is not that of the states, or a label is
            not in `classes`.
        """
        labels = np.asarray(labels)
        check_words(states, labels)
        codes = codes_of(labels, classes)
        if (codes < 0).any():
            raise InputError(
                f"labels must be among the classes {', '.join(classes)}, got "
                f"{str(labels[codes < 0][0])!r}; leave out its words, or add the class"
            )
        states = widened(states)
        mean = states.mean(0, dtype=np.float64).astype(states.dtype)
        centred = states - mean
        return cls(
            tuple(classes),
            np.bincount(codes, minlength=len(classes)),
            mean,
            centred.T @ centred,
            centred.T @ indicators(codes, len(classes), states.dtype),
        )

    @property
    def words(self) -> int:
        """Number of words."""
        return int(self.counts.sum())

    def __add__(self, other: "TagStatistics") -> "TagStatistics":
        return self._combined(other, 1)

    def __sub__(self, other: "TagStatistics") -> "TagStatistics":
        return self._combined(other, -1)

    def _combined(self, other: "TagStatistics", sign: int) -> "TagStatistics":
        if self.classes != other.classes:
            raise InputError("classes must be the same in all statistics, in the same order")
        words = self.words + sign * other.words
        return TagStatistics(
            self.classes,
            self.counts + sign * other.counts,
            (self.words * self.mean + sign * other.words * other.mean) / words,
            self.scatter.astype(np.float64) + sign * other.scatter,
            self.cross.astype(np.float64) + sign * other.cross,
        )


def ridge_classifier(statistics: TagStatistics, penalty: float | None = None) -> RidgeClassifier:
    r"""Fit a classifier to the words of the statistics.

    It is ridge regression of class indicators on centred states, with an intercept. The penalty is
    chosen by generalised cross-validation (Golub, Heath and Wahba 1979), which needs sums only: of
    :data:`langsig.outcomes.PENALTIES`, it minimises

    .. math:: RSS(\lambda) / (m - 1 - df(\lambda))^2

    with m words, the residual sum of squares over all classes, and the degrees of freedom of the
    weights. If two are equal, the larger one is chosen.

    Parameters
    ----------
    statistics
        Sums over the training words.
    penalty
        Penalty relative to the mean variance of a dimension, above 0 (default: chosen).

    Returns
    -------
    RidgeClassifier
        It takes states that are centred on the mean of their language.

    Raises
    ------
    InputError
        If the states do not vary.

    Examples
    --------
    >>> import numpy as np
    >>> states = np.array([[1.0, 0.0], [3.0, 1.0], [5.0, 0.0], [7.0, 1.0]])
    >>> labels = np.array(["NOUN", "NOUN", "VERB", "VERB"])
    >>> classifier = ridge_classifier(TagStatistics.of(states, labels, ("NOUN", "VERB")))
    >>> classifier.predict(states - states.mean(0)).tolist()
    ['NOUN', 'NOUN', 'VERB', 'VERB']
    """
    scatter, cross = statistics.scatter, statistics.cross
    scale = scale_of(scatter)
    shares = statistics.counts / statistics.words
    if penalty is None:
        spectrum = Spectrum.of(scatter, cross)
        penalty = _generalised(spectrum, statistics, PENALTIES * scale) / scale
        weights = spectrum.weights(penalty * scale)
    else:
        weights = solved(scatter, cross, penalty * scale)
    return RidgeClassifier(statistics.classes, weights, shares, penalty)


def _generalised(spectrum: Spectrum, statistics: TagStatistics, penalties: Array) -> float:
    """The penalty with the lowest score of generalised cross-validation."""
    words, counts = statistics.words, statistics.counts
    total = words - np.sum(counts**2) / words  # sum of squares of the centred indicators
    penalised = spectrum.variances + penalties[:, None]  # [penalties, dim]
    explained = np.sum(spectrum.targets**2, axis=1)  # [dim]
    residual = total - ((penalised + penalties[:, None]) / penalised**2) @ explained
    freedom = np.sum(spectrum.variances / penalised, axis=1)
    scores = residual / (words - 1 - freedom) ** 2
    scores[words - 1 <= freedom] = np.inf
    return float(penalties[::-1][scores[::-1].argmin()])


class Transfer(NamedTuple):
    """Accuracies in one language of classifiers that were fitted to others."""

    others: float
    """Of the classifier of all other languages."""
    single: dict[str, float]
    """Of the classifiers of each other language alone, by its code."""


@dataclass(frozen=True, eq=False)
class TransferClassifiers:
    """The classifiers of one layer and draw: all languages but one, and each language alone.

    Examples
    --------
    Two languages with the same axis of tags, and one in which it is reversed:

    >>> import numpy as np
    >>> labels = np.repeat(["NOUN", "VERB"], 5)
    >>> axis = np.linspace(-1, 1, 10)[:, None]
    >>> states = {"en": axis, "de": 3 * axis + 7, "qaa": -axis}
    >>> statistics = {
    ...     language: TagStatistics.of(values, labels, ("NOUN", "VERB"))
    ...     for language, values in states.items()
    ... }
    >>> classifiers = TransferClassifiers.fit(statistics)
    >>> classifiers.transfer("en", states["en"], labels).single
    {'de': 1.0, 'qaa': 0.0}
    >>> classifiers.transfer("en", states["en"], labels).others
    1.0
    """

    classes: tuple[str, ...]
    """Names of the classes."""
    others: Mapping[str, RidgeClassifier]
    """By language, the classifier of all other languages."""
    single: Mapping[str, RidgeClassifier]
    """By language, its own classifier."""

    @classmethod
    def fit(
        cls, statistics: Mapping[str, TagStatistics], penalty: float | None = None
    ) -> "TransferClassifiers":
        """Fit all classifiers.

        Parameters
        ----------
        statistics
            Sums over the training words of each language, at least two. The number of words should
            be the same, since a language counts by its number of words.
        penalty
            As in :func:`ridge_classifier`.

        Raises
        ------
        InputError
            If there are fewer than two languages, classes differ, or states do not vary.
        """
        if len(statistics) < 2:
            raise InputError(f"transfer needs at least 2 languages, got {len(statistics)}")
        total = reduce(add, statistics.values())
        others, single = {}, {}
        for language, own in statistics.items():
            others[language] = ridge_classifier(total - own, penalty)
            single[language] = ridge_classifier(own, penalty)
        return cls(total.classes, others, single)

    def transfer(
        self, language: str, states: Array, labels: ArrayLike, mean: Array | None = None
    ) -> Transfer:
        """Accuracies on test words of one language.

        Parameters
        ----------
        language
            Code of the language, one of those that were fitted.
        states
            Hidden states of the test words, ``[words, dim]``.
        labels
            Class of each word, ``[words]``.
        mean
            Mean to subtract, ``[dim]`` (default: that of the test words, whose labels it does not
            need).

        Raises
        ------
        InputError
            If the language is unknown, there are no words, or the number of labels is not that of
            the states.
        """
        if language not in self.others:
            raise InputError(f"language must be one of {', '.join(self.others)}, got {language!r}")
        labels = np.asarray(labels)
        check_words(states, labels)
        states = widened(states)
        if mean is None:
            mean = states.mean(0, dtype=np.float64)
        centred = states - mean.astype(states.dtype)
        codes = codes_of(labels, self.classes)
        sources = [source for source in self.single if source != language]
        chosen = [self.others[language], *(self.single[source] for source in sources)]
        weights = np.concatenate([one.weights for one in chosen], axis=1).astype(states.dtype)
        intercepts = np.concatenate([one.intercepts for one in chosen])
        scores = centred @ weights + intercepts.astype(states.dtype)
        predicted = scores.reshape(len(codes), len(chosen), -1).argmax(2)  # [words, classifiers]
        others, *single = np.mean(predicted == codes[:, None], axis=0).tolist()
        return Transfer(others, dict(zip(sources, single, strict=True)))


def check_words(states: Array, labels: NDArray[np.generic]) -> None:
    """Check that there are words, and that each has a label.

    Raises
    ------
    InputError
        If not.
    """
    if states.ndim != 2 or len(states) != len(labels) or not len(labels):
        raise InputError(
            f"states must have the shape [words, dim] and at least one word, and labels the shape "
            f"[words]; got {states.shape} and {labels.shape}"
        )
