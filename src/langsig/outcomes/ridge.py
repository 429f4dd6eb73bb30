"""Classification by ridge regression on indicators of the classes."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from langsig.arrays import Array
from langsig.decompositions import eigen, solve_positive
from langsig.errors import InputError

PENALTIES = np.logspace(-4, 1, 11)
"""Penalties to choose from, relative to the mean variance of a dimension, ascending. The lowest is
above the rounding errors of sums in float32."""


@dataclass(frozen=True, eq=False)
class RidgeClassifier:
    """A linear classifier: the class with the highest score.

    Scores are fitted to indicators of the classes, so that those of a word sum to one. A class
    that no training word has is never predicted.

    Examples
    --------
    >>> import numpy as np
    >>> weights, intercepts = np.array([[1.0, -1.0]]), np.array([0.5, 0.5])
    >>> classifier = RidgeClassifier(("NOUN", "VERB"), weights, intercepts, 0.01)
    >>> classifier.predict(np.array([[2.0], [-3.0]])).tolist()
    ['NOUN', 'VERB']
    >>> classifier.accuracy(np.array([[2.0], [-3.0]]), np.array(["NOUN", "ADV"]))
    0.5
    """

    classes: tuple[str, ...]
    """Names of the classes."""
    weights: Array
    """Weights of the states, ``[dim, classes]``."""
    intercepts: Array
    """Shares of the classes in the training words, ``[classes]``."""
    penalty: float
    """Penalty, relative to the mean variance of a dimension over the training words. The penalty
    of scikit-learn's ``Ridge`` is this number times the number of words times that variance."""

    def predict(self, states: Array) -> NDArray[np.str_]:
        """Class of each word, ``[words]``.

        Parameters
        ----------
        states
            Hidden states, centred as those that the classifier was fitted to, ``[words, dim]``.
        """
        return np.array(self.classes)[self._codes(states)]

    def accuracy(self, states: Array, labels: ArrayLike) -> float:
        """Share of the words whose class is predicted.

        Parameters
        ----------
        states
            As in :meth:`predict`.
        labels
            Class of each word, ``[words]``. One that the classifier does not have is never right.
        """
        return float(np.mean(self._codes(states) == codes_of(labels, self.classes)))

    def _codes(self, states: Array) -> NDArray[np.intp]:
        states = widened(states)
        scores = states @ self.weights.astype(states.dtype) + self.intercepts  # [words, classes]
        codes: NDArray[np.intp] = scores.argmax(1)
        return codes


def widened(states: Array) -> Array:
    """The states in at least float32, since sums in float16 overflow."""
    return states.astype(np.result_type(states.dtype, np.float32), copy=False)


def codes_of(labels: ArrayLike, classes: ArrayLike) -> NDArray[np.intp]:
    """Number of each label in the list of classes, ``[words]``; -1 if it is not in the list."""
    known = pd.Index(np.asarray(classes))
    codes: NDArray[np.intp] = known.get_indexer(pd.Index(np.asarray(labels)))
    return codes


def indicators(codes: NDArray[np.intp], classes: int, dtype: np.dtype) -> Array:
    """One-hot rows, ``[words, classes]``."""
    return np.equal.outer(codes, np.arange(classes)).astype(dtype)


class Spectrum(NamedTuple):
    """Ridge regression of class indicators in the principal axes of the states."""

    variances: Array
    """Eigenvalues of X^T X, where X are the centred states; ``[dim]``."""
    axes: Array
    """Eigenvectors, ``[dim, dim]``."""
    targets: Array
    """Products of the projected states and the indicators, ``[dim, classes]``."""

    @classmethod
    def of(cls, scatter: Array, cross: Array) -> "Spectrum":
        """Decompose sums of products.

        Parameters
        ----------
        scatter
            X^T X, ``[dim, dim]``.
        cross
            X^T T, where T are the indicators; ``[dim, classes]``.
        """
        variances, axes = eigen(scatter)
        return cls(np.maximum(variances, 0), axes, axes.T @ cross)

    def weights(self, penalty: float) -> Array:
        """Weights of the states, ``[dim, classes]``, by an absolute penalty."""
        weights: Array = self.axes @ (self.targets / (self.variances + penalty)[:, None])
        return weights


def scale_of(scatter: Array) -> float:
    """What a relative penalty is multiplied by: the mean of the diagonal of X^T X.

    Raises
    ------
    InputError
        If the states do not vary.
    """
    scale = float(np.trace(scatter) / len(scatter))
    if not scale > 0:
        raise InputError("the hidden states of all words are the same; give words that differ")
    return scale


def solved(scatter: Array, cross: Array, penalty: float) -> Array:
    """Weights ``[dim, classes]`` of ridge regression with an absolute penalty."""
    penalised = scatter + penalty * np.eye(len(scatter))
    return solve_positive(penalised, cross.astype(penalised.dtype))
