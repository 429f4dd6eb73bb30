"""Similarity of two models' hidden states, from their covariances over the same words.

Both measures lie between 0 and 1. They do not change if the states of either model are rotated or
multiplied by a number.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, svdvals

from langsig.arrays import Array
from langsig.representations.covariance import LayerStatistics

EXPLAINED = 0.99
"""Share of a model's variance that SVCCA keeps (Raghu et al. 2017, section 2)."""


def linear_cka(statistics: LayerStatistics) -> float:
    r"""Linear centred kernel alignment (Kornblith et al. 2019, section 3, of centred states).

    .. math:: \|\Omega\|^2 / (\|C_{control}\| \, \|C_{experimental}\|)

    in Frobenius norms; the number of words cancels.

    Parameters
    ----------
    statistics
        Covariances of one slice of words in one layer.
    """
    cross = np.linalg.norm(statistics.cross.astype(np.float64))
    control = np.linalg.norm(statistics.control.astype(np.float64))
    experimental = np.linalg.norm(statistics.experimental.astype(np.float64))
    return float(cross**2 / (control * experimental))


def svcca(statistics: LayerStatistics, explained: float = EXPLAINED) -> float:
    """Mean canonical correlation of the leading principal components of both models.

    For each model, the smallest number of principal components with a share of its variance is
    kept; the result is the mean of their canonical correlations (Raghu et al. 2017, section 2).
    If there are few words for the number of components, it is near one whatever the models.

    Parameters
    ----------
    statistics
        Covariances of one slice of words in one layer.
    explained
        Share of the variance to keep, above 0 and below 1 (default: 0.99). This excludes
        components without variance, for which correlations are not defined.
    """
    z = _whitening(statistics.control, explained)
    y = _whitening(statistics.experimental, explained)
    correlations = svdvals(z.T @ statistics.cross @ y)
    return float(np.minimum(correlations, 1).mean())  # rounding errors can exceed one


def _whitening(covariance: Array, explained: float) -> NDArray[np.float64]:
    """Matrix to leading principal components of unit variance, ``[dim, components]``."""
    variances, directions = eigh(covariance.astype(np.float64))
    variances, directions = variances[::-1], directions[:, ::-1]
    shares = np.cumsum(variances) / variances.sum()
    kept = np.searchsorted(shares, explained) + 1
    whitening: NDArray[np.float64] = directions[:, :kept] / np.sqrt(variances[:kept])
    return whitening
