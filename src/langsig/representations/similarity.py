"""How alike two models' hidden states are, from their covariances over the same words.

Both measures are between 0 and 1 and do not change if the states of either model are rotated or
multiplied by a number.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, svdvals

from langsig.representations.covariance import LayerStatistics

Array = NDArray[np.floating[Any]]
EXPLAINED = 0.99
"""Share of a model's variance that SVCCA keeps (Raghu et al. 2017, section 2)."""


def linear_cka(statistics: LayerStatistics) -> float:
    """Linear centred kernel alignment (Kornblith et al. 2019, section 3, of centred states).

    |Omega|^2 / (|C_control| |C_experimental|) in Frobenius norms; the number of words cancels.
    """
    cross, control, experimental = (
        np.linalg.norm(matrix.astype(np.float64))
        for matrix in (statistics.cross, statistics.control, statistics.experimental)
    )
    return float(cross**2 / (control * experimental))


def svcca(statistics: LayerStatistics, explained: float = EXPLAINED) -> float:
    """Mean canonical correlation of both models' leading principal components.

    Raghu et al. (2017): of each model the fewest principal components with this share of its
    variance; of their canonical correlations, as many as the smaller number, the mean. With few
    words for the number of components it is near one whatever the models.

    Parameters
    ----------
    statistics
        Of one slice of words in one layer.
    explained
        Share of the variance to keep, above 0 and below 1: the components without variance,
        which no correlation is defined for, are thus left out.
    """
    z = _whitening(statistics.control, explained)
    y = _whitening(statistics.experimental, explained)
    correlations = svdvals(z.T @ statistics.cross @ y)
    return float(np.minimum(correlations, 1).mean())  # above one by rounding errors only


def _whitening(covariance: Array, explained: float) -> NDArray[np.float64]:
    """``[dim, components]``: to leading principal components of unit variance."""
    variances, directions = eigh(covariance.astype(np.float64))
    variances, directions = variances[::-1], directions[:, ::-1]
    shares = np.cumsum(variances) / variances.sum()
    kept = np.searchsorted(shares, explained) + 1
    whitening: NDArray[np.float64] = directions[:, :kept] / np.sqrt(variances[:kept])
    return whitening
