from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.stats import ortho_group

from langsig.factorization import baselines, parafac2
from langsig.factorization.baselines import orthogonal_error, shared_pca, singular_values
from langsig.representations import CovarianceFitter, LayerStatistics, linear_cka, svcca

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
    assert 0 < free < shared < parafac2(slices, rank=RANK, ridge=0).relative_error


def test_planted_orthogonal_model_is_recovered_by_both() -> None:
    rng = default_rng(0)
    strengths = rng.uniform(1, 2, (3, RANK)) * [9, 3, 1]  # components keep their order
    v = ortho_group.rvs(6, random_state=0)[:, :RANK]
    bases = [ortho_group.rvs(size, random_state=size)[:, :RANK] for size in SIZES.values()]
    slices = [(u * s) @ v.T for u, s in zip(bases, strengths, strict=True)]
    np.testing.assert_allclose(shared_pca(slices, RANK), strengths)
    np.testing.assert_allclose(singular_values(slices, RANK), strengths)
    assert orthogonal_error(slices, strengths) == pytest.approx(0, abs=1e-12)


def all_statistics() -> dict[str, list[LayerStatistics]]:
    rng = default_rng(0)

    def one(size: int) -> LayerStatistics:
        causes = rng.normal(size=(60, 4))
        fitter = CovarianceFitter(np.zeros(size), np.zeros(6))
        z = causes @ rng.normal(size=(4, size)) + rng.normal(size=(60, size))
        fitter.update(z, causes @ rng.normal(size=(4, 6)) + rng.normal(size=(60, 6)))
        return fitter.statistics()

    return {name: [one(size) for _ in range(LAYERS)] for name, size in SIZES.items()}


def table_of(statistics: dict[str, list[LayerStatistics]]) -> pd.DataFrame:
    table = baselines(statistics, category="Number", rank=RANK)
    return table.pivot(index=["layer", "language"], columns="measure", values="value")


def test_table_holds_every_measure_of_every_slice_once() -> None:
    statistics = all_statistics()
    table = baselines(statistics, category="Number", rank=RANK)
    assert list(table.columns) == ["category", "layer", "language", "measure", "value"]
    assert set(table["category"]) == {"Number"}
    wide = table_of(statistics)
    assert wide.notna().all(axis=None) and wide.size == len(table) == 7 * LAYERS * len(SIZES)
    for (layer, language), row in wide.iterrows():  # type: ignore[misc]
        found = statistics[language][layer]
        values = np.linalg.svd(found.cross, compute_uv=False)
        assert row["svd"] == pytest.approx(values[:RANK].mean())
        assert row["frobenius"] == pytest.approx(np.sqrt(np.sum(values**2)))
        assert (row["cka"], row["svcca"]) == (linear_cka(found), svcca(found))
        assert row["control_variance"] == pytest.approx(found.control.diagonal().sum())
        assert row["experimental_variance"] == pytest.approx(found.experimental.diagonal().sum())
        slices = [statistics[name][layer].cross for name in SIZES]
        expected = shared_pca(slices, RANK)[list(SIZES).index(language)].mean()
        assert row["shared_pca"] == pytest.approx(expected)


def test_measures_follow_the_units_of_the_states_or_do_not() -> None:
    before = all_statistics()
    after = {
        name: [replace(s, cross=10 * s.cross, control=100 * s.control) for s in layers]
        for name, layers in before.items()
    }
    factors = (table_of(after) / table_of(before)).drop_duplicates(ignore_index=True)
    expected = {"svd": 10, "shared_pca": 10, "frobenius": 10, "cka": 1, "svcca": 1,
                "control_variance": 100, "experimental_variance": 1}  # fmt: skip
    for measure, factor in expected.items():
        np.testing.assert_allclose(factors[measure], factor, err_msg=measure)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare(count: int, tmp_path: Path) -> None:
    few = dict(list(all_statistics().items())[:count])
    table = baselines(few, category="Case", rank=RANK)
    assert table.empty
    table.to_csv(tmp_path / "empty.csv", index=False)
    columns = ["category", "layer", "language", "measure", "value"]
    assert list(pd.read_csv(tmp_path / "empty.csv").columns) == columns
