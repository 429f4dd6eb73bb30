from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from tensorly.parafac2_tensor import Parafac2Tensor, parafac2_to_slices

from langsig.errors import InputError
from langsig.factorization import METHODS, Parafac2Result, parafac2

Array = NDArray[np.float64]
Solve = Callable[..., Parafac2Result]
plain = partial(parafac2, ridge=0.0)
tensorly = partial(plain, method="tensorly", tolerance=1e-8)
each_method = pytest.mark.parametrize(
    "solve", [pytest.param(parafac2, id="als"), pytest.param(tensorly, id="tensorly")]
)

WIDTH = 12
SIZES = (9, 10, 12, 15, 11, 13, 20, 10, 12, 16, 14, 9)


@dataclass(frozen=True)
class Planted:
    """A model in canonical form, and its slices."""

    signatures: Array
    experimental_directions: Array
    slices: list[Array]


def plant(seed: int, *, rank: int = 4, noise: float = 0.0) -> Planted:
    """Slices of a known model: B is well conditioned, and no two components look alike."""
    rng = default_rng(seed)
    v = unit_columns(orthonormal(rng, WIDTH, rank) + 0.1 * rng.standard_normal((WIDTH, rank)))
    v = v * np.sign(v[np.abs(v).argmax(0), np.arange(rank)])
    b = unit_columns(orthonormal(rng, rank, rank) + 0.1 * rng.standard_normal((rank, rank)))
    s = rng.uniform(0.5, 1.5, (len(SIZES), rank)) * 1.5 ** np.arange(rank, 0, -1)
    slices = []
    for size, signature in zip(SIZES, s, strict=True):
        omega = orthonormal(rng, size, rank) @ b @ np.diag(signature) @ v.T
        error = rng.standard_normal(omega.shape)
        slices.append(omega + noise * error * np.linalg.norm(omega) / np.linalg.norm(error))
    return Planted(s, v, slices)


def orthonormal(rng: Generator, rows: int, columns: int) -> Array:
    return np.linalg.qr(rng.standard_normal((rows, columns)))[0]


def unit_columns(matrix: Array) -> Array:
    return matrix / np.linalg.norm(matrix, axis=0)


def unstructured(seed: int = 0) -> list[Array]:
    rng = default_rng(seed)
    return [rng.standard_normal((size, WIDTH)) * rng.uniform(0.5, 2) for size in SIZES]


def assert_same_model(one: Parafac2Result, other: Parafac2Result, rtol: float) -> None:
    for field in ("signatures", "blueprint", "experimental_directions"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol, atol=rtol)


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")  # of a vanishing error
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("rank", [1, 4, WIDTH // 2])
def test_planted_model_is_recovered(method: str, seed: int, rank: int) -> None:
    truth = plant(seed, rank=rank)
    result = plain(truth.slices, rank=rank, method=method, max_iterations=300, tolerance=1e-8)
    assert result.relative_error < 1e-4
    np.testing.assert_allclose(result.average_signatures, truth.signatures.mean(1), rtol=0.02)
    np.testing.assert_allclose(
        result.experimental_directions, truth.experimental_directions, atol=0.02
    )
    np.testing.assert_allclose(result.signatures, truth.signatures, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("solve", [plain, tensorly], ids=["als", "tensorly"])
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_model_is_recovered_from_noise(solve: Solve, seed: int) -> None:
    truth = plant(seed, rank=3, noise=0.02)
    result = solve(truth.slices, rank=3, max_iterations=300)
    assert result.relative_error == pytest.approx(0.02**2, rel=0.5)
    np.testing.assert_allclose(result.average_signatures, truth.signatures.mean(1), rtol=0.02)
    cosines = np.sum(result.experimental_directions * truth.experimental_directions, axis=0)
    assert (cosines > 0.99).all()


@each_method
@pytest.mark.parametrize("slices", [plant(0).slices, plant(1, noise=0.3).slices, unstructured()])
@pytest.mark.parametrize("rank", [1, 4, 9])
def test_result_is_a_parafac2_model_in_canonical_form(
    solve: Solve, slices: list[Array], rank: int
) -> None:
    result = solve(slices, rank=rank, max_iterations=20)
    v, b, s = result.experimental_directions, result.blueprint, result.signatures
    assert (v.shape, b.shape, s.shape) == ((WIDTH, rank), (rank, rank), (len(slices), rank))
    used = s.any(0)
    np.testing.assert_allclose(np.linalg.norm(v[:, used], axis=0), 1)
    np.testing.assert_allclose(np.linalg.norm(b[:, used], axis=0), 1)
    assert (s >= 0).all()
    assert (np.diff(s.mean(0)) <= 0).all()
    assert (v[np.abs(v).argmax(0), np.arange(rank)][used] > 0).all()
    for index, (omega, projection) in enumerate(zip(slices, result.projections, strict=True)):
        assert projection.shape == (len(omega), rank)
        np.testing.assert_allclose(projection.T @ projection, np.eye(rank), atol=1e-10)
        directions = result.control_directions(index)
        np.testing.assert_allclose(directions, projection @ b)
        np.testing.assert_allclose(
            result.reconstruct(index), directions @ np.diag(s[index]) @ v.T, atol=1e-10
        )
    np.testing.assert_allclose(result.average_signatures, s.sum(1) / rank)


@each_method
@pytest.mark.parametrize("rank", [2, 6])
def test_relative_error_is_that_of_the_reconstruction(solve: Solve, rank: int) -> None:
    slices = unstructured()
    result = solve(slices, rank=rank, max_iterations=15)
    everything = np.concatenate([omega.ravel() for omega in slices])
    rebuilt = np.concatenate([result.reconstruct(index).ravel() for index in range(len(slices))])
    expected = np.linalg.norm(everything - rebuilt) ** 2 / np.linalg.norm(everything) ** 2
    assert result.relative_error == pytest.approx(expected, rel=1e-10)
    assert 0 < expected < 1


@each_method
def test_error_falls_with_iterations_and_rank(solve: Solve) -> None:
    slices = unstructured()
    errors = [solve(slices, rank=4, max_iterations=n).relative_error for n in (1, 5, 15, 45)]
    assert errors == sorted(errors, reverse=True)
    errors = [solve(slices, rank=k, max_iterations=25).relative_error for k in (1, 3, 6, 9)]
    assert errors == sorted(errors, reverse=True)


@each_method
def test_no_slice_is_fitted_better_than_by_its_own_svd(solve: Solve) -> None:
    slices = unstructured()
    result = solve(slices, rank=3, max_iterations=20)
    for index, omega in enumerate(slices):
        best = np.sum(np.linalg.svd(omega, compute_uv=False)[3:] ** 2)
        assert np.sum((omega - result.reconstruct(index)) ** 2) >= best


# Rounding errors of float32 differ between rotations: als is compared where it ends in float64.
settled = pytest.mark.parametrize(
    "solve",
    [
        pytest.param(partial(parafac2, max_iterations=5000, tolerance=1e-14), id="als"),
        pytest.param(partial(tensorly, max_iterations=30), id="tensorly"),
    ],
)


@settled
def test_rotating_control_spaces_leaves_the_signatures(solve: Solve) -> None:
    slices = plant(2, noise=0.1).slices
    rng = default_rng(5)
    rotations = [orthonormal(rng, len(omega), len(omega)) for omega in slices]
    rotated = [q @ omega for q, omega in zip(rotations, slices, strict=True)]
    before, after = (solve(each, rank=4) for each in (slices, rotated))
    assert_same_model(before, after, rtol=1e-5)
    for index, rotation in enumerate(rotations):
        np.testing.assert_allclose(
            rotation @ before.control_directions(index), after.control_directions(index), atol=1e-5
        )


@settled
def test_rotating_the_experimental_space_rotates_its_directions_only(solve: Solve) -> None:
    slices = plant(2, noise=0.1).slices
    rotation = orthonormal(default_rng(6), WIDTH, WIDTH)
    before = solve(slices, rank=4)
    after = solve([omega @ rotation for omega in slices], rank=4)
    np.testing.assert_allclose(before.signatures, after.signatures, rtol=1e-5)
    overlap = np.abs(np.sum((rotation.T @ before.experimental_directions).T
                            * after.experimental_directions.T, axis=1))  # fmt: skip
    np.testing.assert_allclose(overlap, 1, rtol=1e-6)


@each_method
@pytest.mark.parametrize("slices", [plant(3, noise=0.1).slices, unstructured(4)])
def test_order_of_languages_does_not_matter(solve: Solve, slices: list[Array]) -> None:
    # Without structure in the data, rounding errors grow over some dozen iterations.
    order = default_rng(0).permutation(len(slices))
    before = solve(slices, rank=4, max_iterations=10)
    after = solve([slices[index] for index in order], rank=4, max_iterations=10)
    np.testing.assert_allclose(before.signatures[order], after.signatures, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        before.experimental_directions, after.experimental_directions, atol=1e-4
    )


@each_method
@pytest.mark.parametrize("factor", [1e-6, 0.3, 1e6])
def test_scale_of_all_slices_is_the_scale_of_the_signatures(solve: Solve, factor: float) -> None:
    slices = plant(4, noise=0.1).slices
    before = solve(slices, rank=4, max_iterations=30)
    after = solve([factor * omega for omega in slices], rank=4, max_iterations=30)
    assert_same_model(replace(before, signatures=factor * before.signatures), after, rtol=1e-6)
    assert after.relative_error == pytest.approx(before.relative_error, rel=1e-6)
    assert (after.iterations, after.converged) == (before.iterations, before.converged)


@each_method
def test_same_seed_same_result_and_slices_stay_as_they_are(solve: Solve) -> None:
    slices = unstructured()
    copies = [omega.copy() for omega in slices]
    one, other = (solve(slices, rank=4, init="random", max_iterations=10, seed=3) for _ in range(2))
    assert np.array_equal(one.signatures, other.signatures)
    assert all(np.array_equal(a, b) for a, b in zip(slices, copies, strict=True))


@each_method
def test_float32_slices_are_factorised_in_float64(solve: Solve) -> None:
    slices = [omega.astype(np.float32) for omega in plant(0).slices]
    result = solve(slices, rank=4, max_iterations=10)
    assert result.signatures.dtype == np.float64
    exact = solve([omega.astype(np.float64) for omega in slices], rank=4, max_iterations=10)
    assert np.array_equal(result.signatures, exact.signatures)


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
    slices = plant(2, noise=0.2).slices
    fit = parafac2(slices, rank=3)
    tensor = fit.to_tensorly()
    for index, rebuilt in enumerate(parafac2_to_slices(tensor)):
        np.testing.assert_allclose(rebuilt, fit.reconstruct(index), atol=1e-12)
    back = Parafac2Result.from_tensorly(tensor, slices)
    assert_same_model(back, fit, 1e-12)
    assert back.relative_error == pytest.approx(fit.relative_error)
    assert back.iterations == 0 and not back.converged


def test_from_tensorly_moves_signs_and_weights_into_place() -> None:
    slices = plant(2, noise=0.2).slices
    fit = parafac2(slices, rank=3)
    _, (a, b, c), projections = fit.to_tensorly()
    turned = Parafac2Tensor(([2.0, 1.0, 0.5], [-a / [2, 1, 0.5], -b, c], projections))
    assert_same_model(Parafac2Result.from_tensorly(turned, slices), fit, 1e-12)
    mixed = a.copy()
    mixed[0, 1] *= -1
    with pytest.raises(InputError, match="both signs"):
        Parafac2Result.from_tensorly(Parafac2Tensor((None, [mixed, b, c], projections)), slices)


def test_saved_and_loaded(tmp_path: Path) -> None:
    fit = parafac2(plant(2, noise=0.2).slices, rank=3)
    fit.save(tmp_path / "fit.safetensors")
    for number in range(5):
        fit.save(tmp_path / f"{number}.safetensors")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    back = Parafac2Result.load(tmp_path / "fit.safetensors")
    for name in ("signatures", "blueprint", "experimental_directions"):
        assert np.array_equal(getattr(back, name), getattr(fit, name))
    assert all(map(np.array_equal, back.projections, fit.projections))
    for name in ("relative_error", "iterations", "converged"):
        assert getattr(back, name) == getattr(fit, name)


def test_canonical_form_of_an_unused_component() -> None:
    rng = default_rng(0)
    signatures, v = rng.uniform(1, 2, (2, 3)), rng.standard_normal((4, 3))
    signatures[:, 0] = v[:, 0] = 0
    projections = [orthonormal(rng, 4, 3) for _ in range(2)]
    result = Parafac2Result(signatures, np.eye(3), v, projections, 0.0, 1, True).canonical()
    assert np.isfinite(result.experimental_directions).all()
    assert (result.signatures[:, -1] == 0).all()


@each_method
@pytest.mark.parametrize("max_iterations", [1, 2, 6, 7, 8, 21, 100])
def test_cut_short_is_not_converged(solve: Solve, max_iterations: int) -> None:
    result = solve(unstructured(), rank=4, max_iterations=max_iterations, tolerance=1e-14)
    assert not result.converged
    assert result.iterations == max_iterations


@each_method
@pytest.mark.parametrize("tolerance", [1e-1, 1e-2, 1e-3, 1e-5])
def test_converged_after_as_many_iterations_as_it_says(solve: Solve, tolerance: float) -> None:
    slices = unstructured()
    result = solve(slices, rank=4, max_iterations=3000, tolerance=tolerance)
    assert result.converged
    assert 1 < result.iterations < 3000
    exactly = solve(slices, rank=4, max_iterations=result.iterations, tolerance=tolerance)
    assert exactly.converged and np.array_equal(exactly.signatures, result.signatures)
    fewer = solve(slices, rank=4, max_iterations=result.iterations - 1, tolerance=tolerance)
    assert not fewer.converged


def broken(index: int, value: Any) -> list[Array]:
    slices = unstructured()
    slices[index] = value
    return slices


@pytest.mark.parametrize(
    ("slices", "options", "message"),
    [
        (unstructured(), {"rank": 10}, r"factorize\.rank: 10 .* 1 and 9"),
        (unstructured(), {"rank": 0}, r"factorize\.rank: 0 "),
        (unstructured()[:1], {}, "1 slices.* at least two"),
        ([], {}, "0 slices.* at least two"),
        (broken(3, np.ones((10, 11))), {}, r"experimental dimensions: \[11, 12\]"),
        (broken(3, np.full((10, 12), np.nan)), {}, "slice 3 .*not finite"),
        (broken(5, np.full((10, 12), np.inf)), {}, "slice 5 .*not finite"),
        (broken(0, np.zeros((10, 12))), {}, "slice 0 is zero"),
        (unstructured(), {"method": "magic"}, r"factorize\.method: 'magic' .*tensorly"),
        (unstructured(), {"max_iterations": 0}, r"factorize\.max_iterations: 0 "),
        (unstructured(), {"tolerance": 0.0}, r"factorize\.tolerance: 0\.0 "),
        (unstructured(), {"ridge": -0.1}, r"factorize\.ridge: -0\.1 is negative"),
        (unstructured(), {"ridge": float("nan")}, r"factorize\.ridge: nan "),
        (unstructured(), {"method": "tensorly"}, r"factorize\.ridge: 0\.01: tensorly .*plain"),
        (unstructured(), {"init": "zeros"}, "init: 'zeros' is none of .*svd"),
        (unstructured(), {"init": parafac2(unstructured(), rank=3)}, "init: a result of rank 3"),
        (unstructured(), {"init": parafac2(unstructured()[:5], rank=2)}, "init: .*other slices"),
    ],
)
def test_bad_input_is_named(slices: list[Array], options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parafac2(slices, **{"rank": 2, **options})
