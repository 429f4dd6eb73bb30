"""What plainer measures say of the same slices: is PARAFAC2 needed to rank the languages?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import eigh, svdvals

from langsig.representations.covariance import LayerStatistics
from langsig.representations.similarity import linear_cka, svcca

Array = NDArray[np.floating[Any]]


def singular_values(slices: Sequence[Array], rank: int) -> NDArray[np.float64]:
    """The largest ones of every slice by itself, descending, ``[slices, rank]``."""
    return np.stack([svdvals(omega)[:rank] for omega in slices])


def shared_pca(slices: Sequence[Array], rank: int) -> NDArray[np.float64]:
    """Pseudo-singular values |Omega_l v_j| in orthonormal directions v_j that all slices share.

    The v_j are the leading eigenvectors of the sum of Omega_l^T Omega_l: of all models A_l V^T of
    this rank, whatever the A_l, the one with the least squared error. PARAFAC2 is the case of
    A_l = P_l B diag(s_l), so that its error is never smaller.

    Returns
    -------
    array
        ``[slices, rank]``, components by descending eigenvalue.
    """
    gram = np.sum([omega.T @ omega for omega in slices], axis=0)
    width = len(gram)
    directions = eigh(gram, subset_by_index=[width - rank, width - 1])[1][:, ::-1]
    return np.stack([np.linalg.norm(omega @ directions, axis=0) for omega in slices])


def orthogonal_error(slices: Sequence[Array], values: Array) -> float:
    """Squared norm of what :func:`singular_values` or :func:`shared_pca` leave of the slices, over
    theirs: their components are orthogonal, so that squares add up."""
    total = sum(float(np.sum(np.square(omega))) for omega in slices)
    return 1 - float(np.sum(np.square(values))) / total


def baselines(
    statistics: Mapping[str, Sequence[LayerStatistics]], *, category: str, rank: int
) -> pd.DataFrame:
    """Measures that need no joint factorisation, or a plainer one, for each language and layer.

    Parameters
    ----------
    statistics
        By language, of one category, one a layer. With fewer than two languages the table is
        empty, as that of the signatures is.
    rank
        Number of components of ``svd`` and ``shared_pca``.

    Returns
    -------
    DataFrame
        Columns ``category``, ``layer``, ``language``, ``measure``, ``value``. Measures:
        ``svd``, mean of the largest singular values of the slice; ``shared_pca``, mean over the
        components; ``frobenius``, norm of the slice; ``cka`` and ``svcca``, see
        :mod:`langsig.representations.similarity`; ``control_variance`` and
        ``experimental_variance``, total variance of each model's states.
    """
    languages = sorted(statistics) if len(statistics) > 1 else []
    layers = len(statistics[languages[0]]) if languages else 0
    tables = []
    for layer in range(layers):
        chosen = [statistics[language][layer] for language in languages]
        slices = [one.cross.astype(np.float64) for one in chosen]
        measures = {
            "svd": singular_values(slices, rank).mean(1),
            "shared_pca": shared_pca(slices, rank).mean(1),
            "frobenius": [np.linalg.norm(omega) for omega in slices],
            "cka": [linear_cka(one) for one in chosen],
            "svcca": [svcca(one) for one in chosen],
            "control_variance": [np.trace(one.control) for one in chosen],
            "experimental_variance": [np.trace(one.experimental) for one in chosen],
        }
        wide = pd.DataFrame({"category": category, "layer": layer, "language": languages})
        tables.append(wide.assign(**measures))
    keys = ["category", "layer", "language"]
    if not tables:
        return pd.DataFrame(columns=[*keys, "measure", "value"])
    return pd.concat(tables).melt(keys, var_name="measure", ignore_index=True)
