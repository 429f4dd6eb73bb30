"""Measures without PARAFAC2: does it take a joint factorisation to rank the languages?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import eigh, svdvals

from langsig.arrays import Array
from langsig.factorization.layers import category_of
from langsig.representations.similarity import linear_cka, svcca
from langsig.schemas import Baselines

if TYPE_CHECKING:
    from langsig.representations import CategoryStatistics


def singular_values(slices: Sequence[Array], rank: int) -> NDArray[np.float64]:
    """The largest singular values of each slice, in descending order, ``[slices, rank]``."""
    return np.stack([svdvals(omega)[:rank] for omega in slices])


def shared_pca(slices: Sequence[Array], rank: int) -> NDArray[np.float64]:
    """Pseudo-singular values |Omega_l v_j| in orthonormal directions v_j that all slices share.

    The v_j are the leading eigenvectors of the sum of Omega_l^T Omega_l. Among all models A_l V^T
    of this rank with any A_l, this one has the least squared error. PARAFAC2 is the special case
    A_l = P_l B diag(s_l), so its error is never smaller.

    Parameters
    ----------
    slices
        Matrices ``[dim_control_l, dim_experimental]``.
    rank
        Number of directions.

    Returns
    -------
    ndarray
        ``[slices, rank]``, components by descending eigenvalue.
    """
    gram = np.sum([omega.T @ omega for omega in slices], axis=0)
    width = len(gram)
    directions = eigh(gram, subset_by_index=[width - rank, width - 1])[1][:, ::-1]
    return np.stack([np.linalg.norm(omega @ directions, axis=0) for omega in slices])


def orthogonal_error(slices: Sequence[Array], values: Array) -> float:
    """Relative error of models whose components are orthogonal, so that squares add up.

    Parameters
    ----------
    slices
        Matrices ``[dim_control_l, dim_experimental]``.
    values
        ``[slices, rank]``, from :func:`singular_values` or :func:`shared_pca`.

    Returns
    -------
    float
        Squared norm of the residuals over that of the slices.
    """
    total = sum(float(np.sum(np.square(omega))) for omega in slices)
    return 1 - float(np.sum(np.square(values))) / total


def baselines(
    statistics: Sequence["CategoryStatistics"], *, rank: int, normalise: str = "none"
) -> Baselines:
    """Measures of each language and layer that need no joint factorisation, or a simpler one.

    Parameters
    ----------
    statistics
        Covariances of one category, one entry per language. Languages without covariances are
        left out. If fewer than two languages remain, the table is empty.
    rank
        Number of components of ``svd`` and ``shared_pca``.
    normalise
        Normalisation of the hidden states, see
        :func:`langsig.representations.normalising_factors`.

    Returns
    -------
    Baselines
        Measures: ``svd``, mean of the largest singular values of the slice; ``shared_pca``, mean
        over the components; ``frobenius``, norm of the slice; ``cka`` and ``svcca``, see
        :mod:`langsig.representations.similarity`; ``control_variance`` and
        ``experimental_variance``, total variance of each model's states.

    Raises
    ------
    InputError
        If there are no statistics, or they are of several categories.
    """
    category = category_of(statistics)
    entries = sorted((entry for entry in statistics if entry.layers), key=lambda e: e.language)
    if len(entries) < 2:
        return Baselines.empty()
    languages = [entry.language for entry in entries]
    tables = []
    for layer in range(len(entries[0].layers)):
        covariances = [entry.layers[layer].normalised(normalise) for entry in entries]
        slices = [of_language.cross.astype(np.float64) for of_language in covariances]
        measures = {
            "svd": singular_values(slices, rank).mean(1),
            "shared_pca": shared_pca(slices, rank).mean(1),
            "frobenius": [np.linalg.norm(omega) for omega in slices],
            "cka": [linear_cka(of_language) for of_language in covariances],
            "svcca": [svcca(of_language) for of_language in covariances],
            "control_variance": [np.trace(of_language.control) for of_language in covariances],
            "experimental_variance": [
                np.trace(of_language.experimental) for of_language in covariances
            ],
        }
        wide = pd.DataFrame({"category": category, "layer": layer, "language": languages})
        tables.append(wide.assign(**measures))
    keys = ["category", "layer", "language"]
    return Baselines(pd.concat(tables).melt(keys, var_name="measure", ignore_index=True))
