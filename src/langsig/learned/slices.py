"""Partial canonical slices: cross-covariances of residuals that are whitened on both sides."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.learned.statistics import HALVES, PartialLayer
from langsig.representations import SHRINKAGE, CommonFrame, shrunken, whitening_root


class PartialSlices:
    r"""Partial canonical slices of one language in one layer, for any choice of blocks.

    With the covariances :math:`C_z` and :math:`C_y` of the residuals within the halves, each with
    :math:`\lambda` times its mean variance added to the diagonal, and the cross-covariance
    :math:`\Omega^h` of half h, the slice of that half is

    .. math:: \tilde\Omega^h = C_z^{-1/2} \, \Omega^h \, C_y^{-1/2} .

    Both halves are whitened alike, so that directions of one are directions of the other. The root
    of :math:`C_y` is taken in the frame that all languages share
    (:class:`langsig.representations.CommonFrame`). Another choice of blocks has other covariances;
    their roots are those nearest to the roots for all blocks, so that axes stay comparable.

    Parameters
    ----------
    layer
        Sums of the language's residuals.
    frame
        Frame of the lifted covariances of all languages, see :func:`partial_slices`.
    shrinkage
        :math:`\lambda`, see :func:`langsig.representations.shrunken`.
    """

    def __init__(self, layer: PartialLayer, frame: CommonFrame, shrinkage: float) -> None:
        self._layer = layer
        width_control, width = layer.sums.cross.shape[1:]
        # The mean variance is that of all dimensions, those that were left out included.
        self._z_shrinkage = shrinkage * width_control / layer.dim_control
        self._y_shrinkage = shrinkage * width / len(layer.directions)
        whole = layer.covariances()
        self._z_root = whitening_root(shrunken(whole.control, self._z_shrinkage))
        self._y_root = whitening_root(shrunken(whole.experimental, self._y_shrinkage))
        whitening = layer.directions.T @ frame.whitening(_lifted(layer, shrinkage))
        self._axes = np.linalg.pinv(self._y_root, hermitian=True) @ whitening

    @property
    def blocks(self) -> int:
        """Number of blocks of sentences."""
        return self._layer.blocks

    def halves(self, chosen: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """Slices of both halves of the lemmas, ``[halves, width_control, dim_experimental]``.

        Parameters
        ----------
        chosen
            Numbers of the blocks of sentences that are used (default: all).
        """
        found = self._layer.covariances(chosen)
        control = shrunken(found.control, self._z_shrinkage)
        experimental = shrunken(found.experimental, self._y_shrinkage)
        z_root = self._z_root @ whitening_root(self._z_root @ control @ self._z_root)
        y_root = self._y_root @ whitening_root(self._y_root @ experimental @ self._y_root)
        slices: NDArray[np.float64] = z_root.T @ found.cross @ (y_root @ self._axes)
        return slices

    def within_blocks(self, directions: Array) -> NDArray[np.float64]:
        """Share of each block in both halves' slices, in some experimental directions.

        Residuals are centred within each half of a block. If the models are unrelated, the share
        of a block, in both halves together, is as likely as its negative.

        Parameters
        ----------
        directions
            ``[dim_experimental, components]``.

        Returns
        -------
        ndarray
            ``[blocks, halves, width_control, components]``.
        """
        sums = self._layer.sums
        means = sums.control_sums / np.maximum(sums.counts, 1)[:, None]
        within = sums.cross - np.einsum("bi,bj->bij", means, sums.experimental_sums)
        projected = self._z_root @ within @ (self._y_root @ (self._axes @ directions))
        of_blocks = projected.reshape(self.blocks, HALVES, *projected.shape[1:])
        words = sums.counts.reshape(-1, HALVES).sum(0)
        shares: NDArray[np.float64] = of_blocks / words[:, None, None]
        return shares


def partial_slices(
    layers: Sequence[PartialLayer], shrinkage: float = SHRINKAGE
) -> list[PartialSlices]:
    """Partial canonical slices of several languages in one layer, in a common frame.

    Parameters
    ----------
    layers
        Sums of each language's residuals.
    shrinkage
        Share of the mean variance that is added to all variances, see
        :func:`langsig.representations.shrunken`.

    Raises
    ------
    InputError
        If `shrinkage` is negative, or experimental dimensions differ between languages.
    """
    frame = CommonFrame(_lifted(layer, shrinkage) for layer in layers)
    return [PartialSlices(layer, frame, shrinkage) for layer in layers]


def _lifted(layer: PartialLayer, shrinkage: float) -> NDArray[np.float64]:
    """Shrunken covariance of the experimental residuals, ``[dim_experimental, dim_experimental]``.

    Directions that were left out have the variance of the shrinkage alone.
    """
    covariance = layer.covariances().experimental
    return shrunken(layer.directions @ covariance @ layer.directions.T, shrinkage)
