from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from langsig.errors import ConvergenceWarning, InputError
from langsig.factorization import METHODS, Parafac2Result, Solver, parafac2

pytestmark = pytest.mark.filterwarnings("ignore::langsig.errors.ConvergenceWarning")
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


def assert_same_model(first: Parafac2Result, second: Parafac2Result, rtol: float) -> None:
    for field in ("signatures", "blueprint", "experimental_directions"):
        np.testing.assert_allclose(getattr(first, field), getattr(second, field), rtol, atol=rtol)


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    # Rounding errors decide whether an extrapolation that changes nothing counts as a rise of the
    # loss, and grow over some dozen iterations where the data have no structure.
    order = default_rng(0).permutation(len(slices))
    before = solve(slices, rank=4, max_iterations=6)
    after = solve([slices[index] for index in order], rank=4, max_iterations=6)
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
    first = solve(slices, rank=4, init="random", max_iterations=10, seed=3)
    second = solve(slices, rank=4, init="random", max_iterations=10, seed=3)
    assert np.array_equal(first.signatures, second.signatures)
    assert all(np.array_equal(a, b) for a, b in zip(slices, copies, strict=True))


@each_method
def test_float32_slices_are_factorised_in_float64(solve: Solve) -> None:
    slices = [omega.astype(np.float32) for omega in plant(0).slices]
    result = solve(slices, rank=4, max_iterations=10)
    assert result.signatures.dtype == np.float64
    exact = solve([omega.astype(np.float64) for omega in slices], rank=4, max_iterations=10)
    assert np.array_equal(result.signatures, exact.signatures)


@each_method
@pytest.mark.parametrize("max_iterations", [1, 2, 6, 7, 8, 21, 50])
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


@pytest.mark.filterwarnings("error::langsig.errors.ConvergenceWarning")
def test_parafac2_warns_if_the_loss_still_falls_and_the_solver_does_not() -> None:
    slices = unstructured()
    with pytest.warns(ConvergenceWarning, match=r"within 3 iterations.*raise max_iterations \(3\)"):
        result = parafac2(slices, rank=4, max_iterations=3)
    quiet = Solver(rank=4, max_iterations=3).fit(slices)
    assert not quiet.converged and np.array_equal(result.signatures, quiet.signatures)
    assert parafac2(slices, rank=4, max_iterations=3000).converged


@pytest.mark.filterwarnings("ignore:.*encountered in")
@each_method
def test_factors_that_overflow_are_an_error_and_not_a_converged_fit(solve: Solve) -> None:
    slices = unstructured()
    fit = solve(slices, rank=2, max_iterations=5)
    huge = replace(fit, blueprint=1e300 * fit.blueprint)
    with pytest.raises(InputError, match="the factors overflow"):
        solve(slices, rank=2, init=huge, max_iterations=50)


def test_the_device_must_exist() -> None:
    with pytest.raises(InputError, match=r"device must be .* got 'abacus'"):
        parafac2(unstructured(), rank=2, device="abacus")


UNFIT = [
    (unstructured(), {"rank": 10}, "rank must be between 1 and 9, the smallest .*; got 10"),
    (unstructured()[:1], {}, "at least two slices, got 1"),
    ([], {}, "at least two slices, got 0"),
    (
        broken(3, np.ones((10, 11))),
        {},
        "slice 3: .* dimension; it has 11 and slice 0 has 12",
    ),
    (broken(3, np.ones(12)), {}, r"slice 3: a slice must be a matrix .* got shape \(12,\)"),
    (broken(3, np.full((10, 12), np.nan)), {}, "slice 3: .*not finite"),
    (broken(5, np.full((10, 12), np.inf)), {}, "slice 5: .*not finite"),
    (broken(0, np.zeros((10, 12))), {}, "slice 0: .* zero throughout"),
    (broken(0, np.full((10, 12), 1e-200)), {}, "slice 0: .* of the largest one in slice [1-9]"),
    (broken(2, np.full((10, 12), 1e200)), {}, "slice 0: .* of the largest one in slice 2; .*"),
    (unstructured(), {"init": "zeros"}, "init must be .* svd, random, got 'zeros'"),
    (
        unstructured(),
        {"init": parafac2(unstructured(), rank=3)},
        "init must .* rank 3 for 12",
    ),
    (
        unstructured(),
        {"init": parafac2(unstructured()[:5], rank=2)},
        "init must .* for 5 slices",
    ),
]


@pytest.mark.parametrize(("slices", "options", "message"), UNFIT)
def test_slices_and_starts_that_do_not_fit_are_named(
    slices: list[Array], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        parafac2(slices, **{"rank": 2, **options})


@pytest.mark.slow
def test_slices_may_be_lists_or_tables_or_come_one_by_one() -> None:
    slices = unstructured()
    expected = parafac2(slices, rank=2).signatures
    for same in (
        [omega.tolist() for omega in slices],
        [pd.DataFrame(omega) for omega in slices],
        iter(slices),
    ):
        np.testing.assert_array_equal(parafac2(same, rank=2).signatures, expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        (None, "slices must be a sequence of matrices, got NoneType"),
        ({"de": np.eye(3), "fi": np.eye(3)}, "got dict; langsig.factorize takes matrices by"),
        ([np.eye(3), [[1, 2], [3]]], "slice 1: a slice must be a matrix of real numbers"),
        ([np.eye(3), np.full((3, 3), "a")], "slice 1: a slice must hold real numbers, got type"),
        ([np.eye(3), np.zeros((0, 3))], r"slice 1: .* got shape \(0, 3\)"),
    ],
)
def test_other_types_are_refused(slices: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parafac2(slices, rank=2)


def test_a_start_must_be_a_result() -> None:
    with pytest.raises(InputError, match="init must be a result or one of svd, random, got ndarr"):
        parafac2(unstructured(), rank=2, init=np.eye(2))  # type: ignore[arg-type]


def test_a_start_must_be_finite() -> None:
    fit = parafac2(unstructured(), rank=2, max_iterations=2)
    with pytest.raises(InputError, match=r"init: .*not finite"):
        parafac2(unstructured(), rank=2, init=replace(fit, blueprint=np.full((2, 2), np.nan)))


def test_a_slice_is_called_by_its_name() -> None:
    with pytest.raises(InputError, match=r"^zh: the slice is zero throughout"):
        Solver(rank=2).validate(broken(1, np.zeros((10, 12))), ["de", "zh", *"abcdefghij"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 0}, "rank must be a positive integer, got 0"),
        ({"rank": 2.0}, "rank must be a positive integer, got 2.0"),
        ({"rank": True}, "rank must be a positive integer, got True"),
        ({"method": "magic"}, "method must be one of als, tensorly, got 'magic'"),
        ({"max_iterations": 0}, "max_iterations must be a positive integer, got 0"),
        ({"max_iterations": "9"}, "max_iterations must be a positive integer, got '9'"),
        ({"tolerance": 0.0}, "tolerance must be a finite positive number, got 0.0"),
        ({"tolerance": float("nan")}, "tolerance .*, got nan"),
        ({"ridge": -0.1}, "ridge must be a number from 0 to 100; got -0.1"),
        ({"ridge": 1e308}, "ridge .*; got 1e"),
        ({"ridge": float("nan")}, "ridge .*; got nan"),
        ({"ridge": float("inf")}, "ridge .*; got inf"),
        ({"ridge": None}, "ridge .*; got None"),
        ({"method": "tensorly"}, "ridge must be 0 for method 'tensorly', got 0.2"),
    ],
)
def test_settings_out_of_range_are_named(settings: dict[str, Any], message: str) -> None:
    options: dict[str, Any] = {"rank": 2} | settings
    with pytest.raises(InputError, match=message):
        Solver(**options)


def test_problems_have_a_start_and_a_seed_each() -> None:
    assert Solver(2).fit_all([], inits=[]) == []
    for inits, seeds in ((["svd"], [0]), (["svd", "svd"], [0])):
        with pytest.raises(
            InputError, match=r"one entry per problem, of which there are 2; got \d"
        ):
            Solver(2).fit_all([unstructured(), unstructured(1)], inits=inits, seeds=seeds)


def test_settings_accept_the_numbers_of_numpy() -> None:
    solver = Solver(np.int64(2), ridge=np.float32(0.5), max_iterations=np.int32(3))  # type: ignore[arg-type]
    assert solver.fit(unstructured()).iterations == 3


@pytest.mark.parametrize("scale", [2.0**700, 2.0**-700, 2.0**1000, 2.0**-1000])
def test_slices_of_any_size_are_fitted_alike(scale: float) -> None:
    slices = unstructured()
    plain = parafac2(slices, rank=2, tolerance=1e-4)
    result = parafac2([scale * omega for omega in slices], rank=2, tolerance=1e-4)
    np.testing.assert_allclose(result.signatures / scale, plain.signatures, rtol=1e-9)
    np.testing.assert_allclose(result.blueprint, plain.blueprint, rtol=1e-9)
    assert (result.converged, result.iterations) == (plain.converged, plain.iterations)
    assert result.relative_error == pytest.approx(plain.relative_error)
    resumed = parafac2([scale * omega for omega in slices], rank=2, init=result, tolerance=1e-4)
    np.testing.assert_allclose(resumed.signatures / scale, plain.signatures, rtol=0.05)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e5m2", "float16", "float32"])
def test_tensors_are_slices(name: str) -> None:
    tensors = [torch.from_numpy(omega).to(getattr(torch, name)) for omega in unstructured()]
    result = parafac2(tensors, rank=2, tolerance=1e-4)
    expected = parafac2([omega.double().numpy() for omega in tensors], rank=2, tolerance=1e-4)
    np.testing.assert_allclose(result.signatures, expected.signatures, rtol=1e-6)


def test_numbers_of_more_than_64_bits_become_float64() -> None:
    wide = [omega.astype(np.longdouble) for omega in unstructured()]
    result = parafac2(wide, rank=2, tolerance=1e-4)
    expected = parafac2(unstructured(), rank=2, tolerance=1e-4)
    np.testing.assert_allclose(result.signatures, expected.signatures)
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        wide[1] = wide[1] * np.longdouble("1e400")
        with pytest.raises(InputError, match="slice 1: the slice holds values that are not finite"):
            parafac2(wide, rank=2)
