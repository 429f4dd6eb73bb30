"""Matrices in, signatures out."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from langsig.errors import ConvergenceWarning, InputError
from langsig.factorization import Solver, factorize, factorize_layers
from langsig.morphology import ALL_WORDS

Matrix = NDArray[np.float64]


def planted(scale: float = 1.0) -> dict[str, Matrix]:
    """Slices of rank 2 that share their experimental directions."""
    rng = default_rng(0)
    slices = {}
    for number, language in enumerate(("zh", "de", "fi")):
        projection = np.linalg.qr(rng.standard_normal((5 + number, 2)))[0]
        strengths = np.diag([4.0 + number, 2.0 - number / 2])
        slices[language] = scale * projection @ strengths @ np.eye(2, 6)
    return slices


def test_one_matrix_per_language_is_one_layer() -> None:
    result = factorize(planted(), rank=2, ridge=0, max_iterations=300)
    frame = result.signatures.frame
    assert set(frame["layer"]) == {0} and set(frame["category"]) == {ALL_WORDS}
    for language, omega in planted().items():
        singular = np.linalg.svd(omega, compute_uv=False)[:2]
        values = frame[frame["language"] == language]["value"]
        np.testing.assert_allclose(values.sum(), singular.sum(), rtol=0.02)


def test_lists_and_stacks_of_matrices_are_layers() -> None:
    layers = {name: [omega, 2 * omega] for name, omega in planted().items()}
    stacks = {name: np.stack(matrices) for name, matrices in layers.items()}
    lists, arrays = (factorize(slices, rank=2) for slices in (layers, stacks))
    pd.testing.assert_frame_equal(lists.signatures.frame, arrays.signatures.frame)
    averages = lists.signatures.average()
    first, second = (averages.select(layer=n).frame["average_signature"] for n in (0, 1))
    np.testing.assert_allclose(second, 2 * first, rtol=1e-3)


@pytest.mark.slow
def test_result_is_that_of_the_layered_function() -> None:
    expected = factorize_layers(
        {name: [omega] for name, omega in planted().items()},
        category="Number",
        solver=Solver(rank=2, ridge=0.1),
        starts=3,
        seed=5,
    )
    result = factorize(planted(), rank=2, category="Number", ridge=0.1, starts=3, seed=5)
    assert result.signatures == expected.signatures
    assert result.diagnostics == expected.diagnostics
    assert result.diagnostics.frame["starts"].tolist() == [3]


def test_fits_that_do_not_converge_warn() -> None:
    noise = dict(zip(("de", "fi"), default_rng(0).standard_normal((2, 6, 6)), strict=True))
    with pytest.warns(ConvergenceWarning, match="did not converge within 2 iterations in layer 0"):
        result = factorize(noise, rank=3, max_iterations=2)
    assert not result.diagnostics.frame["converged"].any()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        factorize(planted(), rank=2)


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ({}, "slices must have at least two languages, got 0"),
        ({"de": np.eye(3)}, "slices must have at least two languages, got 1"),
        (
            planted() | {"sv": np.ones(6)},
            r"sv, layer 0: a slice must be a matrix .* \(6,\)",
        ),
        (planted() | {"sv": []}, "sv: no matrix; give one per layer"),
        (planted() | {"sv": [np.eye(6), np.eye(6)]}, "the same number of layers; "),
        (planted() | {"sv": np.eye(5)}, "sv, layer 0"),
        (planted() | {"sv": np.zeros((6, 6))}, "sv, layer 0"),
        (planted() | {"SV": np.eye(6), "sv": np.eye(6)}, "slices names sv twice, as SV and sv"),
        (planted() | {"sv": np.ma.masked_less(np.eye(6), 1)}, "sv, layer 0: .* some are masked"),
        (planted() | {"sv": np.full((6, 6), np.nan)}, "sv, layer 0"),
    ],
)
def test_messages_name_language_and_layer(slices: dict[str, Matrix], message: str) -> None:
    with pytest.raises(InputError, match=message):
        factorize(slices, rank=2)


@pytest.mark.parametrize(
    "convert", [pd.DataFrame, lambda matrix: [matrix.tolist()], lambda matrix: iter([matrix])]
)
def test_matrices_may_be_of_any_kind(convert: Callable[[Matrix], Any]) -> None:
    slices = planted()
    expected = factorize(slices, rank=2)
    result = factorize({name: convert(matrix) for name, matrix in slices.items()}, rank=2)
    pd.testing.assert_frame_equal(result.signatures.frame, expected.signatures.frame)


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ([np.eye(3), np.eye(3)], "slices must be a mapping with one entry per language, .* list"),
        ({1: np.eye(3), 2: np.eye(3)}, "slices must have language codes as keys, got 1"),
        ({"": np.eye(3), "de": np.eye(3)}, "slices must have language codes as keys, got ''"),
        ({"de": np.eye(3), "fi": 1j * np.eye(3)}, "fi, layer 0: .* real numbers, got type complex"),
        ({"de": np.eye(3), "fi": 3}, r"fi, layer 0: a slice must be a matrix .*, got shape \(\)"),
    ],
)
def test_other_types_are_refused(slices: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        factorize(slices, rank=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": 0}, "rank must be a positive integer, got 0"),
        ({"rank": 6}, "rank must be between 1 and 5"),
        ({"rank": 2, "method": "svd"}, "method must be one of als, tensorly, got 'svd'"),
        ({"rank": 2, "ridge": -1}, "ridge must be a number from 0 to 100; got -1"),
        ({"rank": 2, "starts": 0}, "starts must be a positive integer, got 0"),
        ({"rank": 2, "starts": 1.5}, "starts must be a positive integer, got 1.5"),
        ({"rank": 2, "seed": -1}, "seed must be an integer of at least 0, got -1"),
        ({"rank": 2, "device": None}, "device must be the name of a device of torch, .* got None"),
    ],
)
def test_messages_name_the_argument(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        factorize(planted(), **options)  # type: ignore[arg-type]
