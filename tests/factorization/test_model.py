"""The model: canonical form, error, and exchange with TensorLy."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from tensorly.parafac2_tensor import Parafac2Tensor, parafac2_to_slices

from langsig.errors import InputError
from langsig.factorization import Parafac2Result, Solver

Array = NDArray[np.float64]


def orthonormal(rng: Generator, rows: int, columns: int) -> Array:
    return np.linalg.qr(rng.standard_normal((rows, columns)))[0]


def fitted() -> tuple[Parafac2Result, list[Array]]:
    rng = default_rng(2)
    slices = [rng.standard_normal((size, 8)) for size in (9, 10, 12, 7)]
    return Solver(rank=3).fit(slices), slices


def assert_same_model(first: Parafac2Result, second: Parafac2Result, rtol: float) -> None:
    for field in ("signatures", "blueprint", "experimental_directions"):
        np.testing.assert_allclose(getattr(first, field), getattr(second, field), rtol, atol=rtol)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.data())
@settings(max_examples=50, deadline=None)
def test_canonical_form_is_that_of_the_model_not_of_its_factors(
    seed: int, rank: int, data: st.DataObject
) -> None:
    rng = default_rng(seed)
    sizes = (5, 7, 6)
    plain = Parafac2Result(
        signatures=rng.uniform(0.1, 5, (len(sizes), rank)),
        blueprint=rng.standard_normal((rank, rank)),
        experimental_directions=rng.standard_normal((8, rank)),
        projections=[orthonormal(rng, size, rank) for size in sizes],
        relative_error=0.25,
        loss=0.25,
        iterations=7,
        converged=True,
    )
    scales = st.lists(st.floats(1e-3, 1e3), min_size=rank, max_size=rank).map(np.array)
    v_scale, b_scale = data.draw(scales), data.draw(scales)
    signs = np.array(data.draw(st.lists(st.sampled_from([-1, 1]), min_size=rank, max_size=rank)))
    order = np.array(data.draw(st.permutations(range(rank))))
    disguised = replace(
        plain,
        signatures=(plain.signatures / (v_scale * b_scale))[:, order],
        blueprint=(plain.blueprint * b_scale * signs)[:, order],
        experimental_directions=(plain.experimental_directions * v_scale * signs)[:, order],
    )
    canonical = disguised.canonical()
    for index in range(len(sizes)):
        np.testing.assert_allclose(
            canonical.reconstruct(index), plain.reconstruct(index), atol=1e-9
        )
    assert_same_model(canonical, plain.canonical(), rtol=1e-9)
    assert_same_model(canonical, canonical.canonical(), rtol=1e-12)
    assert (canonical.relative_error, canonical.iterations, canonical.converged) == (0.25, 7, True)


def test_to_tensorly_and_back() -> None:
    fit, slices = fitted()
    tensor = fit.to_tensorly()
    for index, rebuilt in enumerate(parafac2_to_slices(tensor)):
        np.testing.assert_allclose(rebuilt, fit.reconstruct(index), atol=1e-12)
    back = Parafac2Result.from_tensorly(tensor, slices)
    assert_same_model(back, fit, 1e-12)
    assert back.relative_error == pytest.approx(fit.relative_error)
    assert back.iterations == 0 and not back.converged


def test_from_tensorly_moves_signs_and_weights_into_place() -> None:
    fit, slices = fitted()
    _, (a, b, c), projections = fit.to_tensorly()
    turned = Parafac2Tensor(([2.0, 1.0, 0.5], [-a / [2, 1, 0.5], -b, c], projections))
    assert_same_model(Parafac2Result.from_tensorly(turned, slices), fit, 1e-12)
    mixed = a.copy()
    mixed[0, 1] *= -1
    with pytest.raises(InputError, match="component 1 has positive and negative"):
        Parafac2Result.from_tensorly(Parafac2Tensor((None, [mixed, b, c], projections)), slices)


def test_canonical_form_of_an_unused_component() -> None:
    rng = default_rng(0)
    signatures, v = rng.uniform(1, 2, (2, 3)), rng.standard_normal((4, 3))
    signatures[:, 0] = v[:, 0] = 0
    projections = [orthonormal(rng, 4, 3) for _ in range(2)]
    result = Parafac2Result(signatures, np.eye(3), v, projections, 0.0, 0.0, 1, True).canonical()
    assert np.isfinite(result.experimental_directions).all()
    assert (result.signatures[:, -1] == 0).all()


def test_a_model_without_a_finite_error_has_not_converged() -> None:
    fit, slices = fitted()
    factors = {
        name: getattr(fit, name)
        for name in ("signatures", "blueprint", "experimental_directions", "projections")
    }
    same = Parafac2Result.from_factors(slices, **factors, iterations=4, converged=True)
    assert same.converged and same.relative_error == pytest.approx(fit.relative_error)
    for value in (np.nan, 1e200):
        broken = factors | {"blueprint": np.full((3, 3), value)}
        with np.errstate(over="ignore", invalid="ignore"):
            result = Parafac2Result.from_factors(slices, **broken, iterations=4, converged=True)
        assert not result.converged
