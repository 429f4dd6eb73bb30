"""Decompositions of symmetric matrices that let other threads go on.

SciPy's wrappers of LAPACK hold the lock of the interpreter until they are done. Models that read
in other threads would wait for them.
"""

import numpy as np

from langsig.arrays import Array


def eigen(matrix: Array) -> tuple[Array, Array]:
    """Eigenvalues of a symmetric matrix in ascending order, ``[n]``, and its eigenvectors.

    Parameters
    ----------
    matrix
        The matrix, ``[n, n]``. The results have its precision.

    Returns
    -------
    tuple
        Eigenvalues ``[n]`` and eigenvectors ``[n, n]``, one per column.

    Examples
    --------
    >>> values, vectors = eigen(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> values.round(6).tolist(), np.abs(vectors).round(3).tolist()
    ([1.0, 3.0], [[0.707, 0.707], [0.707, 0.707]])
    """
    import torch  # late: it takes seconds

    values, vectors = torch.linalg.eigh(torch.from_numpy(np.ascontiguousarray(matrix)))
    return values.numpy(), vectors.numpy()


def solve_positive(matrix: Array, right: Array) -> Array:
    """Solve a system whose matrix is symmetric and positive definite.

    Parameters
    ----------
    matrix
        The matrix, ``[n, n]``.
    right
        Right-hand sides, ``[n, systems]``, in the same precision.

    Examples
    --------
    >>> solution = solve_positive(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([[2.0], [2.0]]))
    >>> solution.round(6).tolist()
    [[1.0], [0.5]]
    """
    import torch

    factor = torch.linalg.cholesky(torch.from_numpy(np.ascontiguousarray(matrix)))
    solution: Array = torch.cholesky_solve(
        torch.from_numpy(np.ascontiguousarray(right)), factor
    ).numpy()
    return solution
