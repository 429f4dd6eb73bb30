"""Canonical slices: cross-covariances of states that are whitened on both sides.

An entry of a canonical slice is a correlation, not a covariance: it does not grow with the scale of
hidden states, and no direction counts for more because its variance is larger.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.decompositions import eigen
from langsig.errors import InputError
from langsig.representations.covariance import LayerStatistics

SHRINKAGE = 0.1
"""Default weight of the mean variance in covariances that are whitened by."""
_ITERATIONS = 50  # of the common frame; its weights settle after some ten
_SETTLED = 1e-9  # relative change of the weights
_LEAST = {np.dtype(np.float64): 1e-10, np.dtype(np.float32): 1e-6}
"""By precision: variance along a direction, relative to the largest, that is taken for none."""


class CommonFrame:
    r"""Coordinates of one model's states in which languages are whitened.

    A covariance C has many roots. To be comparable between languages, the whitened states of all
    languages need the same axes. They are whitened by the *symmetric* root, after a change of
    coordinates that is the same for all: by the symmetric root of a mean M of their covariances,
    a solution of

    .. math:: M = \frac{1}{L} \sum_l \frac{d}{\mathrm{tr}(M^{-1} C_l)} C_l .

    If all states are mapped by an invertible matrix, the frame undoes it up to a rotation that is
    the same for all languages. If the states of one language are multiplied by a number, nothing
    changes.

    Parameters
    ----------
    covariances
        Covariances of the model's states, one per language, ``[dim, dim]`` each; as a rule
        :func:`shrunken`.

    Raises
    ------
    InputError
        If there are no covariances, their shapes differ, or one of them has no variance.

    Examples
    --------
    >>> import numpy as np
    >>> covariances = [np.diag([4.0, 1.0]), np.diag([1.0, 4.0])]
    >>> frame = CommonFrame(covariances)
    >>> whitening = frame.whitening(covariances[0])
    >>> (whitening.T @ covariances[0] @ whitening).round(2)
    array([[1., 0.],
           [0., 1.]])
    """

    root: Array
    """M to the power -1/2, ``[dim, dim]``."""

    def __init__(self, covariances: Iterable[Array]) -> None:
        given = [np.asarray(covariance, np.float64) for covariance in covariances]
        shapes = sorted({covariance.shape for covariance in given})
        if len(shapes) != 1:
            raise InputError(f"covariances must have one shape [dim, dim], got {shapes}")
        stack = np.stack(given)  # [languages, dim, dim]
        traces = np.trace(stack, axis1=1, axis2=2)
        if not (traces > 0).all():
            raise InputError(f"covariance {int(np.argmin(traces > 0))} has no variance")
        # Traces of products weigh the languages alike, whatever the scale of their states.
        for _ in range(_ITERATIONS):
            weights = 1 / traces
            mean = np.tensordot(weights / weights.sum(), stack, 1)
            traces = np.tensordot(stack, _power(mean, -1.0), 2)
            if np.ptp(traces * weights) <= _SETTLED * np.max(traces * weights):
                break
        self.root = _power(mean, -0.5)

    def whitening(self, covariance: Array) -> Array:
        """Matrix that whitens states with this covariance, from the right, ``[dim, dim]``.

        It has the precision of the covariance.
        """
        root = self.root.astype(covariance.dtype)
        whitening: Array = root @ _power(root @ covariance @ root, -0.5)
        return whitening

    def whitened(self, cross: Array, covariance: Array) -> Array:
        """Cross-covariances times :meth:`whitening`, in less time where they have few rows.

        Parameters
        ----------
        cross
            The cross-covariances, ``[..., dim_reference, dim]``.
        covariance
            The covariance of the states, ``[dim, dim]``, whose precision the result has.
        """
        root = self.root.astype(covariance.dtype)
        vectors, values = _directions(root @ covariance @ root)
        projected = cross.astype(covariance.dtype) @ root @ vectors
        whitened: Array = projected * values**-0.5 @ vectors.T
        return whitened


def shrunken(covariance: Array, shrinkage: float = SHRINKAGE) -> NDArray[np.float64]:
    """A covariance with a share of its mean variance added to all variances, ``[dim, dim]``.

    Parameters
    ----------
    covariance
        The covariance, ``[dim, dim]``.
    shrinkage
        The share, not negative. Without it, directions of little variance count as much as others
        and are estimated badly from few words.

    Raises
    ------
    InputError
        If `shrinkage` is negative or not a number.
    """
    if not shrinkage >= 0:
        raise InputError(f"shrinkage must be a number from 0, got {shrinkage!r}")
    values = np.asarray(covariance, np.float64)
    dim = len(values)
    mean_variance = float(np.trace(values)) / dim
    return values + shrinkage * mean_variance * np.eye(dim)


def whitening_root(covariance: Array) -> Array:
    """A covariance to the power -1/2, ``[dim, dim]``; directions without variance stay without."""
    return _power(np.asarray(covariance, np.float64), -0.5)


def canonical_slices(
    statistics: Mapping[str, LayerStatistics], shrinkage: float = SHRINKAGE
) -> dict[str, Array]:
    r"""Canonical slices of several languages in one layer.

    With the covariances :math:`C_z` of a language's control, or any other reference, and
    :math:`C_y` of the experimental model, each with :math:`\lambda` times its mean variance added
    to the diagonal,

    .. math:: \Omega' = C_z^{-1/2} \, \Omega \, C_y^{-1/2} .

    Its singular values are the canonical correlations. The root of :math:`C_y` is taken in the
    frame that all languages share (:class:`CommonFrame`).

    Parameters
    ----------
    statistics
        Covariances of each language.
    shrinkage
        :math:`\lambda`, see :func:`shrunken`.

    Raises
    ------
    InputError
        If `shrinkage` is negative, or the covariances do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> from langsig import CovarianceFitter
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(100, 2))
    >>> statistics = {"de": CovarianceFitter.fit(z, 5 * z), "fi": CovarianceFitter.fit(z, z + 1)}
    >>> slices = canonical_slices(statistics, shrinkage=0)
    >>> np.linalg.svd(slices["de"])[1].round(2), np.linalg.svd(slices["fi"])[1].round(2)
    (array([1., 1.]), array([1., 1.]))
    """
    model = {
        language: shrunken(of_language.experimental, shrinkage)
        for language, of_language in statistics.items()
    }
    frame = CommonFrame(model.values())
    return {
        language: frame.whitened(
            whitening_root(shrunken(of_language.control, shrinkage)) @ of_language.cross,
            model[language],
        )
        for language, of_language in statistics.items()
    }


def _power(matrix: Array, exponent: float) -> Array:
    """A power of a symmetric matrix; directions without variance stay without."""
    vectors, values = _directions(matrix)
    halves = vectors * values ** (exponent / 2)
    power: Array = halves @ halves.T
    return power


def _directions(matrix: Array) -> tuple[Array, Array]:
    """Eigenvectors of a symmetric matrix and their eigenvalues, where there is variance."""
    values, vectors = eigen(matrix)
    kept = values > _LEAST[matrix.dtype] * max(values[-1], 0)
    return vectors[:, kept], values[kept]
