from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from langsig.factorization import Parafac2Result, Solver, fits_from_starts
from langsig.factorization.diagnostics import (
    agreement,
    cancellation,
    congruence,
    diagnostics_of,
)
from langsig.schemas import Diagnostics

seeds = st.integers(0, 2**32 - 1)


def model(seed: int, components: int = 3, slices: int = 5) -> Parafac2Result:
    rng = default_rng(seed)
    return Parafac2Result(
        signatures=rng.gamma(3, size=(slices, components)),
        blueprint=rng.standard_normal((components, components)),
        experimental_directions=rng.standard_normal((8, components)),
        projections=[np.linalg.qr(rng.standard_normal((6, components)))[0] for _ in range(slices)],
        relative_error=0.1,
        loss=0.1,
        iterations=10,
        converged=True,
    ).canonical()


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_cancellation_is_the_squared_norm_of_all_components_over_that_of_the_model(
    seed: int,
) -> None:
    fit = model(seed)
    parts = 0.0
    for index in range(5):
        scaled = fit.control_directions(index) * fit.signatures[index]
        for component in range(3):
            direction = fit.experimental_directions[:, component]
            parts += float(np.sum(np.outer(scaled[:, component], direction) ** 2))
    whole = sum(float(np.sum(fit.reconstruct(index) ** 2)) for index in range(5))
    assert cancellation(fit) == pytest.approx(parts / whole, rel=1e-9)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_congruence_is_the_cosine_between_components_as_arrays(seed: int) -> None:
    fit = model(seed)
    flat = []
    for component in range(3):
        slices = [
            np.outer(
                fit.signatures[index, component] * fit.control_directions(index)[:, component],
                fit.experimental_directions[:, component],
            )
            for index in range(5)
        ]
        flat.append(np.concatenate([omega.ravel() for omega in slices]))
    unit = np.array([component / np.linalg.norm(component) for component in flat])
    cosines = (unit @ unit.T)[np.triu_indices(3, 1)]
    # The projections are not orthogonal between slices, but each has orthonormal columns.
    assert congruence(fit) == pytest.approx(cosines.min(), abs=1e-9)


def test_two_components_that_cancel_are_flagged() -> None:
    fit = model(0)
    v, b = fit.experimental_directions.copy(), fit.blueprint.copy()
    rng = default_rng(1)
    v[:, 1] = v[:, 0] + 0.01 * rng.standard_normal(8)
    b[:, 1] = -b[:, 0] + 0.01 * rng.standard_normal(3)
    s = fit.signatures.copy()
    s[:, 1] = s[:, 0]
    cancelling = replace(fit, experimental_directions=v, blueprint=b, signatures=s)
    assert congruence(cancelling) < -0.99
    assert cancellation(cancelling) > cancellation(fit)
    assert Diagnostics.warnings_of(diagnostics_of([cancelling])) == ["degenerate"]
    assert Diagnostics.warnings_of(diagnostics_of([fit])) == []


def test_a_single_component_cancels_nothing() -> None:
    fit = model(0, components=1)
    assert np.isnan(congruence(fit))
    assert cancellation(fit) == pytest.approx(1)
    assert not diagnostics_of([fit])["degenerate"]


def test_every_failed_check_has_its_column() -> None:
    fit = model(3)
    reversed_ranking = replace(fit, signatures=2 * (fit.signatures.max() - fit.signatures))
    row = diagnostics_of([replace(fit, converged=False), reversed_ranking])
    assert not row["converged"] and row["starts_disagree"] and row["starts"] == 2
    assert row["rank_correlation"] == pytest.approx(-1)
    assert "not converged" in Diagnostics.warnings_of(row)
    assert "starts disagree" in Diagnostics.warnings_of(row)
    alone = diagnostics_of([fit])
    assert alone["converged"] and not alone["starts_disagree"] and alone["starts"] == 1
    assert np.isnan(
        [alone[name] for name in ("loss_gap", "rank_correlation", "level_spread")]
    ).all()


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_the_same_model_in_another_order_and_sign_agrees_with_itself(seed: int) -> None:
    fit = model(seed)
    order = default_rng(seed).permutation(3)
    reordered = replace(
        fit,
        signatures=fit.signatures[:, order],
        blueprint=-fit.blueprint[:, order],
        experimental_directions=-fit.experimental_directions[:, order],
    )
    result = agreement([fit, reordered])
    assert result.rank_correlation == pytest.approx(1)
    assert result.level_spread == pytest.approx(0)
    assert result.factor_match == pytest.approx(1)


def test_agreement_is_that_of_the_best_and_the_next_best() -> None:
    fit = model(3)
    reversed_ranking = replace(
        fit, signatures=2 * (fit.signatures.max() - fit.signatures), loss=1.5 * fit.loss
    )
    result = agreement([fit, reversed_ranking, fit])
    assert result.rank_correlation == pytest.approx(-1)
    levels = [fit.signatures.mean(), reversed_ranking.signatures.mean()]
    assert result.level_spread == pytest.approx(np.ptp(levels) / np.mean(levels))
    assert result.loss_gap == pytest.approx(0.5)
    assert agreement([fit, fit, reversed_ranking]).rank_correlation == pytest.approx(1)
    assert np.isnan(agreement([fit])).all()


@pytest.mark.slow
def test_starts_of_a_planted_model_agree_and_those_of_noise_without_ridge_do_not() -> None:
    rng = default_rng(4)
    v = np.linalg.qr(rng.standard_normal((16, 6)))[0]
    planted = [
        np.linalg.qr(rng.standard_normal((16, 6)))[0] * rng.gamma(4, size=6) @ v.T for _ in range(8)
    ]
    noise = [rng.standard_normal((16, 16)) for _ in range(8)]

    def from_starts(slices: list[np.ndarray]) -> float:
        solver = Solver(rank=6, ridge=0.0, max_iterations=200)
        return agreement(fits_from_starts(slices, solver=solver, starts=4)).level_spread

    assert from_starts(planted) < 0.01
    assert from_starts(noise) > 0.1
