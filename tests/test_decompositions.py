"""Decompositions of symmetric matrices, compared with SciPy."""

import numpy as np
import pytest
import scipy.linalg
from numpy.random import default_rng

from langsig.decompositions import eigen, solve_positive


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_eigen_is_that_of_scipy(dtype: str) -> None:
    states = default_rng(0).standard_normal((50, 12)) * np.logspace(0, -2, 12)
    matrix = (states.T @ states).astype(dtype)[::-1, ::-1]  # in another order of memory
    values, vectors = eigen(matrix)
    expected, axes = scipy.linalg.eigh(matrix.astype(np.float64))
    tolerance = 50 * np.finfo(dtype).eps * expected[-1]
    assert values.dtype == vectors.dtype == dtype
    np.testing.assert_allclose(values, expected, atol=tolerance)
    np.testing.assert_allclose((vectors * values) @ vectors.T, matrix, atol=tolerance)
    np.testing.assert_allclose(np.abs(vectors.T @ axes)[-3:, -3:], np.eye(3), atol=1e-3)


def test_solution_is_that_of_scipy() -> None:
    rng = default_rng(1)
    states, right = rng.standard_normal((50, 12)), rng.standard_normal((5, 12)).T
    matrix = states.T @ states
    expected = scipy.linalg.solve(matrix, right, assume_a="pos")
    np.testing.assert_allclose(solve_positive(matrix, right), expected, rtol=1e-9)
