"""The joint fit to one half of the lemmas, scored on the other half."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from langsig.arrays import Array
from langsig.factorization import Parafac2Result
from langsig.schemas import LEARNED_MEASURES


class LearnedFit(NamedTuple):
    r"""Signatures and scores of all languages, means of the two fits.

    PARAFAC2 of the slices of one half of the lemmas, :math:`\tilde\Omega_l \approx U_l \,
    \mathrm{diag}(s_l) V^T`, is scored on the slices :math:`\tilde\Omega'_l` of the other half:

    .. math:: g_{lj} = u_{lj}^T \, \tilde\Omega'_l \, v_j .

    The halves change places, and results are averaged.
    """

    signatures: NDArray[np.float64]
    """s, ``[languages, components]``."""
    scores: NDArray[np.float64]
    """g, ``[languages, components]``."""
    shared: NDArray[np.float64]
    """Sum over components of s times g, ``[languages]``."""

    def measures(self) -> NDArray[np.float64]:
        """The measures :data:`langsig.schemas.LEARNED_MEASURES`, ``[languages, measures]``."""
        values = {
            "shared": self.shared,
            "learned_average": self.signatures.mean(1),
            "average_score": self.scores.mean(1),
        }
        return np.stack([values[name] for name in LEARNED_MEASURES], axis=1)


def scores_of(fit: Parafac2Result, slices: Sequence[Array]) -> NDArray[np.float64]:
    """Scores g of slices in the directions of a fit to other slices, ``[languages, components]``.

    Parameters
    ----------
    fit
        The fit.
    slices
        For each language a slice of other words, ``[dim_control, dim_experimental]``.

    Examples
    --------
    >>> import numpy as np
    >>> from langsig.factorization import parafac2
    >>> slices = [np.diag([4.0, 1.0, 0.0]), np.diag([2.0, 3.0, 0.0])]
    >>> fit = parafac2(slices, rank=2, ridge=0)
    >>> scores_of(fit, [2 * omega for omega in slices]).round(1)
    array([[8., 2.],
           [4., 6.]])
    """
    v = fit.experimental_directions
    return np.stack(
        [
            np.sum(fit.control_directions(index) * (omega @ v), axis=0)
            for index, omega in enumerate(slices)
        ]
    )


def crossed(fits: Sequence[Parafac2Result], halves: Sequence[Sequence[Array]]) -> LearnedFit:
    """Score the fit to each half on the other half, and average.

    Components of the second fit are matched to those of the first by the cosines of experimental
    directions.

    Parameters
    ----------
    fits
        The fit to each half.
    halves
        For each half, a slice per language, ``[dim_control, dim_experimental]``.
    """
    first, second = fits
    scores = [scores_of(first, halves[1]), scores_of(second, halves[0])]
    cosines = np.abs(first.experimental_directions.T @ second.experimental_directions)
    order = linear_sum_assignment(-cosines)[1]
    shared = np.sum(first.signatures * scores[0] + second.signatures * scores[1], axis=1) / 2
    return LearnedFit(
        np.asarray(first.signatures + second.signatures[:, order], np.float64) / 2,
        (scores[0] + scores[1][:, order]) / 2,
        shared,
    )
