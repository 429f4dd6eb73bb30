"""How well tags are recognised within a language, and what the form of a word alone tells."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.outcomes.ridge import (
    PENALTIES,
    RidgeClassifier,
    Spectrum,
    codes_of,
    indicators,
    scale_of,
)
from langsig.outcomes.transfer import TagStatistics, check_words


class Probe(NamedTuple):
    """A probe and how well it does."""

    accuracy: float
    """Share of the test words whose label is predicted."""
    penalty: float
    """Penalty that was chosen, see :class:`RidgeClassifier`."""


def probe(
    train_states: Array, train_labels: ArrayLike, test_states: Array, test_labels: ArrayLike
) -> Probe:
    r"""Train a ridge classifier on some words of a language, and test it on others.

    The penalty is the one of :data:`langsig.outcomes.PENALTIES` with the lowest squared error of
    leave-one-out, as in ``RidgeClassifierCV`` of scikit-learn, which chooses the same. Here, one
    eigendecomposition of the ``[dim, dim]`` sums of products gives the errors of all penalties,
    which takes a tenth of the time.

    States are centred on the mean of the training words, but dimensions are not scaled. The result
    hence does not depend on the basis of the states, as that of transfer, and dimensions of
    little variance, which are mostly noise, are penalised most.

    Parameters
    ----------
    train_states
        Hidden states of the training words, ``[words, dim]``.
    train_labels
        Their labels, ``[words]``, of at least two values.
    test_states, test_labels
        The same of the test words. A label that no training word has is never predicted.

    Returns
    -------
    Probe
        Accuracy and penalty.

    Raises
    ------
    InputError
        If there are no words, numbers of states and labels differ, all training words have the
        same label, or their states do not vary.

    Examples
    --------
    >>> import numpy as np
    >>> states = np.array([[-2.0], [-1.5], [1.0], [1.5]])
    >>> labels = np.array(["Sing", "Sing", "Plur", "Plur"])
    >>> probe(states, labels, np.array([[-9.0], [9.0]]), np.array(["Sing", "Plur"])).accuracy
    1.0
    """
    train_labels, test_labels = np.asarray(train_labels), np.asarray(test_labels)
    check_words(train_states, train_labels)
    check_words(test_states, test_labels)
    classes = tuple(np.unique(train_labels).tolist())
    if len(classes) < 2:
        raise InputError(
            f"training words must have at least two labels, got only {classes[0]!r}; give more "
            "words"
        )
    statistics = TagStatistics.of(train_states, train_labels, classes)
    scale = scale_of(statistics.scatter)
    spectrum = Spectrum.of(statistics.scatter, statistics.cross)
    centred = train_states - statistics.mean  # [words, dim]
    shares = statistics.counts / statistics.words
    targets = indicators(codes_of(train_labels, classes), len(classes), centred.dtype) - shares
    projected = centred @ spectrum.axes.astype(centred.dtype)
    errors = _left_out(projected, targets, spectrum, PENALTIES * scale)
    penalty = float(PENALTIES[errors.argmin()])
    classifier = RidgeClassifier(classes, spectrum.weights(penalty * scale), shares, penalty)
    return Probe(classifier.accuracy(test_states - statistics.mean, test_labels), penalty)


def _left_out(projected: Array, targets: Array, spectrum: Spectrum, penalties: Array) -> Array:
    """Sums of the squared errors of leave-one-out, ``[penalties]``.

    The residual of a word that is left out is its residual in the fit to all words, divided by
    one minus its leverage.

    Parameters
    ----------
    projected
        Centred states in their principal axes, ``[words, dim]``.
    targets
        Centred indicators, ``[words, classes]``.
    """
    inverse = 1 / (spectrum.variances[:, None] + penalties)  # [dim, penalties]
    coefficients = inverse[:, :, None] * spectrum.targets[:, None]  # [dim, penalties, classes]
    dtype = projected.dtype
    free = 1 - 1 / len(projected) - projected**2 @ inverse.astype(dtype)  # [words, penalties]
    fitted = np.tensordot(projected, coefficients.astype(dtype), 1)  # [words, penalties, classes]
    residuals = np.sum((targets[:, None] - fitted) ** 2, axis=2)
    errors: Array = np.sum(residuals / free**2, axis=0)
    return errors


def majority_baseline(
    train_forms: ArrayLike, train_labels: ArrayLike, test_forms: ArrayLike, test_labels: ArrayLike
) -> float:
    """Accuracy of the label that is most frequent for the form of a word in training.

    Forms that training lacks get the most frequent label of all. If labels of a form are equally
    frequent, the one that is more frequent in all words is chosen.

    Parameters
    ----------
    train_forms, train_labels
        Forms and labels of the training words, ``[words]`` each.
    test_forms, test_labels
        The same of the test words.

    Returns
    -------
    float
        Share of the test words whose label is predicted.

    Raises
    ------
    InputError
        If there are no words.

    Examples
    --------
    >>> majority_baseline(
    ...     ["run", "run", "run", "dog"], ["VERB", "NOUN", "VERB", "NOUN"],
    ...     ["run", "dog", "cat", "run"], ["VERB", "NOUN", "VERB", "NOUN"],
    ... )
    0.5
    """
    forms, known = pd.factorize(np.asarray(train_forms))
    places = pd.Index(known).get_indexer(pd.Index(np.asarray(test_forms)))
    if not len(forms) or not len(places):
        raise InputError("there must be at least one training word and one test word")
    labels, totals = np.unique(np.asarray(train_labels), return_counts=True)
    labels = labels[np.argsort(-totals, kind="stable")]  # the most frequent one first
    counts = np.zeros((len(known) + 1, len(labels)), np.int64)  # the last row: unknown forms, -1
    np.add.at(counts, (forms, codes_of(train_labels, labels)), 1)
    predicted = labels[counts.argmax(1)[places]]
    return float(np.mean(predicted == np.asarray(test_labels)))
