from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.stats import ortho_group

from langsig.errors import InputError
from langsig.factorization import Solver, baselines
from langsig.factorization.baselines import orthogonal_error, shared_pca, singular_values
from langsig.representations import (
    CategoryStatistics,
    CovarianceFitter,
    LayerStatistics,
    linear_cka,
    svcca,
)
from langsig.schemas import Baselines

Slices = list[NDArray[np.float64]]
seeds = st.integers(0, 2**32 - 1)
RANK, LAYERS = 3, 2
SIZES = {"fr": 5, "de": 8, "zh": 6}


def random_slices(seed: int) -> Slices:
    rng = default_rng(seed)
    return [rng.normal(size=(size, 6)) for size in SIZES.values()]


def left(slices: Slices, models: Slices) -> float:
    """Share of the squared norm that approximations leave."""
    squares = [np.sum((a - b) ** 2) for a, b in zip(slices, models, strict=True)]
    return float(sum(squares) / sum(np.sum(a**2) for a in slices))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_error_is_that_of_the_truncated_decompositions(seed: int) -> None:
    slices = random_slices(seed)
    models = []
    for omega in slices:
        u, values, vt = np.linalg.svd(omega, full_matrices=False)
        models.append((u * values)[:, :RANK] @ vt[:RANK])
    error = orthogonal_error(slices, singular_values(slices, RANK))
    assert error == pytest.approx(left(slices, models))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_shared_directions_are_the_best_of_their_number(seed: int) -> None:
    slices = random_slices(seed)
    error = orthogonal_error(slices, shared_pca(slices, RANK))
    v = np.linalg.svd(np.vstack(slices))[2][:RANK].T
    assert error == pytest.approx(left(slices, [omega @ v @ v.T for omega in slices]))
    for other in ortho_group.rvs(6, size=10, random_state=seed)[:, :, :RANK]:
        assert error <= left(slices, [omega @ other @ other.T for omega in slices])


@pytest.mark.parametrize("seed", range(5))
def test_no_fit_of_parafac2_is_closer_than_plainer_models(seed: int) -> None:
    slices = random_slices(seed)
    free = orthogonal_error(slices, singular_values(slices, RANK))
    shared = orthogonal_error(slices, shared_pca(slices, RANK))
    assert 0 < free < shared < Solver(RANK, ridge=0).fit(slices).relative_error


def test_planted_orthogonal_model_is_recovered_by_both() -> None:
    rng = default_rng(0)
    strengths = rng.uniform(1, 2, (3, RANK)) * [9, 3, 1]  # components keep their order
    v = ortho_group.rvs(6, random_state=0)[:, :RANK]
    bases = [ortho_group.rvs(size, random_state=size)[:, :RANK] for size in SIZES.values()]
    slices = [(u * s) @ v.T for u, s in zip(bases, strengths, strict=True)]
    np.testing.assert_allclose(shared_pca(slices, RANK), strengths)
    np.testing.assert_allclose(singular_values(slices, RANK), strengths)
    assert orthogonal_error(slices, strengths) == pytest.approx(0, abs=1e-12)


def all_statistics() -> list[CategoryStatistics]:
    rng = default_rng(0)

    def layer(size: int) -> LayerStatistics:
        causes = rng.normal(size=(60, 4))
        z = causes @ rng.normal(size=(4, size)) + rng.normal(size=(60, size))
        y = causes @ rng.normal(size=(4, 6)) + rng.normal(size=(60, 6))
        return CovarianceFitter.fit(z, y)

    pairs = [(number, number) for number in range(LAYERS)]
    return [
        CategoryStatistics(name, "Number", 60, [layer(size) for _ in range(LAYERS)], {}, pairs)
        for name, size in SIZES.items()
    ]


def table_of(statistics: list[CategoryStatistics]) -> pd.DataFrame:
    table = baselines(statistics, rank=RANK).frame
    return table.pivot(index=["layer", "language"], columns="measure", values="value")


def test_table_holds_every_measure_of_every_slice_once() -> None:
    statistics = all_statistics()
    table = baselines(statistics, rank=RANK)
    assert isinstance(table, Baselines)
    assert set(table.frame["category"]) == {"Number"}
    wide = table_of(statistics)
    assert wide.notna().all(axis=None) and wide.size == len(table) == 7 * LAYERS * len(SIZES)
    by_language = {entry.language: entry.layers for entry in statistics}
    for (layer, language), row in wide.iterrows():  # type: ignore[misc]
        covariances = by_language[language][layer]
        values = np.linalg.svd(covariances.cross, compute_uv=False)
        assert row["svd"] == pytest.approx(values[:RANK].mean())
        assert row["frobenius"] == pytest.approx(np.sqrt(np.sum(values**2)))
        assert (row["cka"], row["svcca"]) == (linear_cka(covariances), svcca(covariances))
        assert row["control_variance"] == pytest.approx(covariances.control.diagonal().sum())
        total = covariances.experimental.diagonal().sum()
        assert row["experimental_variance"] == pytest.approx(total)
        slices = [by_language[name][layer].cross for name in SIZES]
        expected = shared_pca(slices, RANK)[list(SIZES).index(language)].mean()
        assert row["shared_pca"] == pytest.approx(expected)


def test_measures_follow_the_units_of_the_states_or_do_not() -> None:
    before = all_statistics()
    after = [
        replace(
            entry,
            layers=[replace(s, cross=10 * s.cross, control=100 * s.control) for s in entry.layers],
        )
        for entry in before
    ]
    factors = (table_of(after) / table_of(before)).drop_duplicates(ignore_index=True)
    expected = {"svd": 10, "shared_pca": 10, "frobenius": 10, "cka": 1, "svcca": 1,
                "control_variance": 100, "experimental_variance": 1}  # fmt: skip
    for measure, factor in expected.items():
        np.testing.assert_allclose(factors[measure], factor, err_msg=measure)


def test_normalised_states_have_a_mean_variance_of_one() -> None:
    table = baselines(all_statistics(), rank=RANK, normalise="variance").frame
    wide = table.pivot(index=["layer", "language"], columns="measure", values="value")
    np.testing.assert_allclose(wide["experimental_variance"], 6)
    sizes = [SIZES[language] for _, language in wide.index]
    np.testing.assert_allclose(wide["control_variance"], sizes)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare(count: int) -> None:
    statistics = [
        entry if number < count else replace(entry, layers=[])
        for number, entry in enumerate(all_statistics())
    ]
    assert len(baselines(statistics, rank=RANK)) == 0


def test_statistics_are_of_one_category() -> None:
    first, second, _ = all_statistics()
    with pytest.raises(InputError, match="must be of one category, got Case, Number"):
        baselines([first, replace(second, category="Case")], rank=RANK)
    with pytest.raises(InputError, match="got no statistics"):
        baselines([], rank=RANK)
