from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from scipy.stats import ortho_group

from langsig.arrays import Array
from langsig.representations import CovarianceFitter, LayerStatistics, linear_cka, svcca

seeds = st.integers(0, 2**32 - 1)


def statistics(z: Array, y: Array) -> LayerStatistics:
    fitter = CovarianceFitter(z.mean(0), y.mean(0))
    fitter.update(z, y)
    return fitter.statistics()


def states(seed: int, words: int = 200, shared: int = 3) -> tuple[Array, Array]:
    """States of two models with common causes, different variances, and means other than zero."""
    rng = default_rng(seed)
    causes = rng.normal(size=(words, shared))
    z = causes @ rng.normal(size=(shared, 6)) + rng.normal(size=(words, 6)) * np.logspace(0, -2, 6)
    y = causes @ rng.normal(size=(shared, 9)) + rng.normal(size=(words, 9)) * np.logspace(0, -2, 9)
    return z + 5, y - 3


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_cka_agrees_with_similarities_between_words(seed: int) -> None:
    z, y = (x - x.mean(0) for x in states(seed))
    k, l = z @ z.T, y @ y.T  # noqa: E741 - the names of Kornblith et al., equation 3
    expected = np.sum(k * l) / np.sqrt(np.sum(k * k) * np.sum(l * l))
    assert linear_cka(statistics(z, y)) == pytest.approx(expected)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_svcca_agrees_with_the_states(seed: int) -> None:
    z, y = states(seed)
    bases = []
    for x in (z, y):
        left, values, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
        kept = 1 + np.flatnonzero(np.cumsum(values**2) >= 0.99 * np.sum(values**2))[0]
        bases.append(left[:, :kept])
    assert 0 < len(bases[0].T) < z.shape[1], "some components are left out"
    expected = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False).mean()
    assert svcca(statistics(z, y)) == pytest.approx(expected)


@pytest.mark.parametrize("measure", [linear_cka, svcca])
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_rotations_and_units_do_not_matter(measure: Any, seed: int) -> None:
    z, y = states(seed)
    rotated = 7 * z @ ortho_group.rvs(z.shape[1], random_state=seed)
    assert measure(statistics(rotated, y)) == pytest.approx(measure(statistics(z, y)))
    assert measure(statistics(rotated, z)) == pytest.approx(1)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 1.0])
def test_planted_correlations_are_found(correlation: float) -> None:
    unit, none = np.eye(5), np.zeros(5)
    planted = LayerStatistics(correlation * unit, unit, unit, none, none)
    assert svcca(planted) == pytest.approx(correlation)
    assert linear_cka(planted) == pytest.approx(correlation**2)


def test_svcca_ignores_directions_of_little_variance() -> None:
    variances, none = np.diag([1, 1, 1e-4]), np.zeros(3)
    shared_variance = np.diag([0.8, 0.8, 0])
    planted = LayerStatistics(shared_variance, variances, variances, none, none)
    assert svcca(planted) == pytest.approx(0.8)
    assert svcca(planted, explained=0.99999) == pytest.approx(1.6 / 3)


def test_fewer_words_than_dimensions() -> None:
    z, y = states(1, words=4)
    for values in (svcca(statistics(z, y)), linear_cka(statistics(z, y))):
        assert 0 <= values <= 1
