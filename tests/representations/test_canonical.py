import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from langsig.errors import InputError
from langsig.factorization import Solver
from langsig.representations import CommonFrame, CovarianceFitter, canonical_slices, shrunken

DIM, LABELS, WORDS = 5, 4, 400
LANGUAGES = ("da", "de", "fi")


def states(seed: int = 0) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """By language: a reference ``[words, labels]`` and states that depend on it."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(LABELS, DIM))
    result = {}
    for language in LANGUAGES:
        z = rng.normal(size=(WORDS, LABELS)) * rng.uniform(0.5, 2, LABELS)
        noise = rng.normal(size=(WORDS, DIM)) @ rng.normal(size=(DIM, DIM))
        result[language] = (z, z @ (directions + 0.3 * rng.normal(size=directions.shape)) + noise)
    return result


def slices(
    data: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]], shrinkage: float
) -> dict[str, NDArray[np.float64]]:
    statistics = {name: CovarianceFitter.fit(z, y) for name, (z, y) in data.items()}
    return canonical_slices(statistics, shrinkage)


def fits(
    data: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]], shrinkage: float
) -> NDArray[np.float64]:
    matrices = list(slices(data, shrinkage).values())
    solver = Solver(rank=2, tolerance=1e-10, max_iterations=2_000)
    return solver.fit(matrices).shares_explained(matrices)


def invertible(rng: np.random.Generator, dim: int) -> NDArray[np.float64]:
    return rng.normal(size=(dim, dim)) + 3 * np.eye(dim)


def test_singular_values_are_canonical_correlations() -> None:
    data = states()
    for language, matrix in slices(data, 0).items():
        z, y = (part - part.mean(0) for part in data[language])
        q_z, q_y = np.linalg.qr(z)[0], np.linalg.qr(y)[0]
        expected = np.linalg.svd(q_z.T @ q_y, compute_uv=False)
        assert np.linalg.svd(matrix, compute_uv=False) == pytest.approx(expected)


@given(st.integers(0, 1000))
@settings(max_examples=5)
def test_fit_ignores_invertible_maps_of_both_sides(seed: int) -> None:
    """Any map of the reference of each language, and any map that is the same for all states."""
    rng = np.random.default_rng(seed)
    data, common = states(), invertible(rng, DIM)
    mapped = {name: (z @ invertible(rng, LABELS), y @ common) for name, (z, y) in data.items()}
    assert fits(mapped, 1e-9) == pytest.approx(fits(data, 1e-9), abs=1e-4)
    assert fits(mapped, 0.3) != pytest.approx(fits(data, 0.3), abs=1e-4)


@given(st.lists(st.floats(1e-3, 1e3), min_size=6, max_size=6), st.sampled_from([0, 0.1, 1]))
@settings(max_examples=10)
def test_slices_ignore_scale_and_shift(factors: list[float], shrinkage: float) -> None:
    """Also the scale of one language's states alone."""
    data = states()
    scaled = {
        name: (factors[2 * number] * z + 7, factors[2 * number + 1] * y - 3)
        for number, (name, (z, y)) in enumerate(data.items())
    }
    for one, other in zip(
        slices(data, shrinkage).values(), slices(scaled, shrinkage).values(), strict=True
    ):
        assert other == pytest.approx(one, abs=1e-7)


def test_covariances_without_full_rank() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(WORDS, DIM))
    y[:, 0] = 0
    labels = np.eye(LABELS)[rng.integers(0, LABELS, WORDS)]  # sum to one
    statistics = {
        name: CovarianceFitter.fit(labels, y * scale) for name, scale in (("da", 1), ("de", 2))
    }
    for matrix in canonical_slices(statistics, 0).values():
        assert np.isfinite(matrix).all()
        assert np.linalg.norm(matrix, 2) <= 1


def test_errors() -> None:
    with pytest.raises(InputError, match=r"shrinkage must be a number from 0, got -1"):
        shrunken(np.eye(2), -1)
    with pytest.raises(InputError, match=r"one shape \[dim, dim\], got \[\(2, 2\), \(3, 3\)\]"):
        CommonFrame([np.eye(2), np.eye(3)])
    with pytest.raises(InputError, match="covariance 1 has no variance"):
        CommonFrame([np.eye(2), np.zeros((2, 2))])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whitened_cross_covariances_are_products_with_the_whitening(dtype: str) -> None:
    rng = np.random.default_rng(0)
    covariances = [shrunken(np.cov(rng.standard_normal((40, 6)), rowvar=False)) for _ in range(3)]
    frame = CommonFrame(covariances)
    cross, covariance = rng.standard_normal((2, 4, 6)), covariances[1].astype(dtype)
    expected = cross @ frame.whitening(covariance)
    whitened = frame.whitened(cross, covariance)
    assert whitened.dtype == dtype
    np.testing.assert_allclose(whitened, expected, atol=1e-5 if dtype == "float32" else 1e-12)
