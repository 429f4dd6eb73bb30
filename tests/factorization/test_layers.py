"""Factorisations layer by layer: tables, factors, and files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from langsig.errors import ConvergenceWarning, InputError
from langsig.factorization import (
    Factorization,
    Solver,
    factorize_category,
    factorize_layers,
    fits_from_starts,
)
from langsig.factorization.diagnostics import agreement, cancellation, congruence
from langsig.representations import CategoryStatistics, CovarianceFitter
from langsig.schemas import Diagnostics, Signatures

pytestmark = pytest.mark.filterwarnings("ignore::langsig.errors.ConvergenceWarning")
Slices = dict[str, list[NDArray[np.float64]]]
LAYERS, RANK = 3, 2


@pytest.fixture
def slices() -> Slices:
    rng = default_rng(0)
    sizes = {"fr": 6, "de": 8, "zh": 5, "cs": 7}
    return {
        name: [rng.standard_normal((size, 6)) for _ in range(LAYERS)]
        for name, size in sizes.items()
    }


def test_each_layer_is_factorised_separately(slices: Slices) -> None:
    solver = Solver(RANK, max_iterations=30)
    result = factorize_layers(slices, category="Number", solver=solver)
    assert set(result.signatures.frame["category"]) == {"Number"}
    assert len(result.signatures) == LAYERS * len(slices) * RANK
    assert result.diagnostics.frame["layer"].tolist() == list(range(LAYERS))
    for row in result.diagnostics.frame.to_dict("records"):
        names = sorted(slices)
        alone = solver.fit([slices[name][row["layer"]] for name in names])
        table = result.signatures.select(layer=row["layer"]).frame
        wide = table.pivot(index="language", columns="component", values="value")
        assert np.array_equal(wide.loc[names].to_numpy(), alone.signatures)
        assert wide.columns.tolist() == list(range(RANK))
        assert row["relative_error"] == pytest.approx(alone.relative_error)
        assert row["converged"] == alone.converged and row["iterations"] == alone.iterations
        assert (row["category"], row["languages"], row["rank"]) == ("Number", 4, RANK)


def test_layers_that_were_paired_are_in_the_diagnostics(slices: Slices) -> None:
    solver = Solver(RANK, max_iterations=2)
    pairs = [(0, 0), (None, 2), (2, 4)]
    paired = factorize_layers(slices, category="Case", solver=solver, layer_pairs=pairs)
    columns = ["control_layer", "experimental_layer"]
    expected = pd.DataFrame(pairs, columns=columns).astype("Int64")
    pd.testing.assert_frame_equal(paired.diagnostics.frame[columns], expected)
    unknown = factorize_layers(slices, category="Case", solver=solver).diagnostics
    assert unknown.frame[columns].isna().all(axis=None)


def test_models_rebuild_the_slices(slices: Slices) -> None:
    result = factorize_layers(slices, category="Number", solver=Solver(RANK, max_iterations=20))
    for row in result.diagnostics.frame.to_dict("records"):
        layer = row["layer"]
        model = result.model(layer)
        of_layer = [slices[name][layer] for name in sorted(slices)]
        assert model.error_of(of_layer) == pytest.approx(row["relative_error"])
        assert (model.iterations, model.converged) == (row["iterations"], row["converged"])
        german = sorted(slices).index("de")
        np.testing.assert_array_equal(
            model.projections[german], result.factors[f"{layer:02d}.projections.de"]
        )
    assert len(result.factors) == LAYERS * (2 + len(slices))
    with pytest.raises(InputError, match="layer must be one of 0, 1, 2, got 3"):
        result.model(3)


def test_saved_and_loaded(slices: Slices, tmp_path: Path) -> None:
    result = factorize_layers(
        slices, category="Number", solver=Solver(RANK, max_iterations=9), starts=2
    )
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        result.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert files == ["diagnostics.csv", "factors.safetensors", "signatures.parquet"]
    for name in files:
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    loaded = Factorization.load(tmp_path / "first")
    assert loaded.signatures == result.signatures and loaded.diagnostics == result.diagnostics
    assert sorted(loaded.factors) == sorted(result.factors)
    for name, factor in result.factors.items():
        np.testing.assert_array_equal(loaded.factors[name], factor)
    before, after = result.model(1), loaded.model(1)
    np.testing.assert_array_equal(before.reconstruct(2), after.reconstruct(2))
    (tmp_path / "first" / "factors.safetensors").unlink()
    with pytest.raises(InputError, match=r"factors\.safetensors: cannot read factors"):
        Factorization.load(tmp_path / "first")


def test_order_of_the_mapping_does_not_matter(slices: Slices) -> None:
    solver = Solver(RANK, max_iterations=9)
    result = factorize_layers(slices, category="Case", solver=solver)
    reverse = dict(reversed(slices.items()))
    assert factorize_layers(reverse, category="Case", solver=solver).signatures == result.signatures


@pytest.mark.parametrize("languages", [[], ["fr"]])
def test_nothing_to_compare(slices: Slices, languages: list[str]) -> None:
    few = {name: slices[name] for name in languages}
    result = factorize_layers(few, category="Politeness", solver=Solver(RANK))
    assert result.signatures == Signatures.empty()
    assert result.diagnostics == Diagnostics.empty()
    assert result.factors == {}
    assert len(result.signatures.average()) == 0


@pytest.mark.filterwarnings("error::langsig.errors.ConvergenceWarning")
def test_a_single_warning_names_all_layers_that_did_not_converge(slices: Slices) -> None:
    short = Solver(RANK, max_iterations=1)
    with pytest.warns(ConvergenceWarning, match=r"^Case: .* layer 0, 1, 2;") as caught:
        result = factorize_layers(slices, category="Case", solver=short, starts=3)
    assert len(caught) == 1
    assert not result.diagnostics.frame["converged"].any()
    settled = Solver(RANK, tolerance=0.1, max_iterations=100)
    assert (
        factorize_layers(slices, category="Case", solver=settled)
        .diagnostics.frame["converged"]
        .all()
    )


def test_bad_input_is_named_with_language_and_layer(slices: Slices) -> None:
    with pytest.raises(InputError, match="rank must be between 1 and 5"):
        factorize_layers(slices, category="Case", solver=Solver(6))
    slices["de"][1][2, 3] = np.nan
    with pytest.raises(InputError, match=r"^de, layer 1: the slice holds values that are not"):
        factorize_layers(slices, category="Case", solver=Solver(RANK))
    slices["de"].pop()
    with pytest.raises(InputError, match="same number of layers; de has 2 and fr has 3"):
        factorize_layers(slices, category="Case", solver=Solver(RANK))
    with pytest.raises(InputError, match="starts must be a positive integer, got 0"):
        factorize_layers(slices, category="Case", solver=Solver(RANK), starts=0)


def test_fits_from_starts_are_by_loss_and_one_of_them_is_from_singular_vectors(
    slices: Slices,
) -> None:
    layer = [slices[name][0] for name in sorted(slices)]
    solver = Solver(RANK, max_iterations=3)
    fits = fits_from_starts(layer, solver=solver, starts=3, seed=7)
    alone = [solver.fit(layer)]
    alone += [solver.fit(layer, init="random", seed=7 + number) for number in (1, 2)]
    expected = sorted(alone, key=lambda fit: fit.loss)
    assert expected != alone, "the start from singular vectors is not the best here"
    for fit, other in zip(fits, expected, strict=True):
        np.testing.assert_allclose(fit.signatures, other.signatures, rtol=1e-5, atol=1e-7)
    assert len({fit.signatures.tobytes() for fit in fits}) == 3


def test_diagnostics_are_those_of_the_fits_from_all_starts(slices: Slices) -> None:
    solver = Solver(RANK, max_iterations=3)
    result = factorize_layers(slices, category="Case", solver=solver, starts=3, seed=4)
    for row in result.diagnostics.frame.to_dict("records"):
        of_layer = [slices[name][row["layer"]] for name in sorted(slices)]
        fits = fits_from_starts(of_layer, solver=solver, starts=3, seed=4)
        assert row["starts"] == 3
        for name, value in agreement(fits)._asdict().items():
            assert row[name] == pytest.approx(value)
        assert row["congruence"] == pytest.approx(congruence(fits[0]))
        assert row["cancellation"] == pytest.approx(cancellation(fits[0]))
        assert row["starts_disagree"] == (row["rank_correlation"] < 0.9)


def test_starts_that_agree_on_a_model_that_exists_fail_no_check() -> None:
    rng = default_rng(1)
    v, b = (np.linalg.qr(rng.standard_normal((size, 2)))[0] for size in (6, 2))
    slices = {}
    for name, scale in zip("abcdef", range(1, 7), strict=True):
        p = np.linalg.qr(rng.standard_normal((8, 2)))[0]
        slices[name] = [p @ b * (scale * rng.uniform(0.8, 1.2, 2)) @ v.T]
    solver = Solver(2, tolerance=1e-8)
    (row,) = factorize_layers(
        slices, category="Case", solver=solver, starts=4
    ).diagnostics.frame.to_dict("records")
    assert Diagnostics.warnings_of(row) == [] and row["rank_correlation"] > 0.99
    assert row["factor_match"] > 0.99 and row["level_spread"] < 0.01
    (alone,) = factorize_layers(
        slices, category="Case", solver=Solver(2)
    ).diagnostics.frame.to_dict("records")
    assert np.isnan(alone["rank_correlation"]) and Diagnostics.warnings_of(alone) == []


def statistics() -> list[CategoryStatistics]:
    """Covariances of three languages, and a fourth without the category."""
    rng = default_rng(3)
    entries = []
    for language in ("fr", "de", "zh"):
        layers = [
            CovarianceFitter.fit(rng.normal(size=(50, 5)), rng.normal(size=(50, 4)))
            for _ in range(2)
        ]
        entries.append(CategoryStatistics(language, "Case", 50, layers, {}, [(0, 0), (2, 1)]))
    return [*entries, replace(entries[0], language="ja", words=3, layers=[])]


@pytest.mark.parametrize("normalise", ["none", "variance"])
def test_a_category_is_factorised_from_its_covariances(normalise: str) -> None:
    solver, entries = Solver(RANK, max_iterations=4), statistics()
    result = factorize_category(entries, solver=solver, normalise=normalise, starts=2, seed=5)
    slices = {
        entry.language: [layer.normalised(normalise).cross for layer in entry.layers]
        for entry in entries[:3]
    }
    expected = factorize_layers(
        slices, category="Case", solver=solver, layer_pairs=[(0, 0), (2, 1)], starts=2, seed=5
    )
    assert result.signatures == expected.signatures
    assert result.diagnostics == expected.diagnostics
    assert result.diagnostics.frame["control_layer"].tolist() == [0, 2]


def test_a_category_that_one_language_has_is_empty() -> None:
    entries = [statistics()[0], statistics()[3]]
    result = factorize_category(entries, solver=Solver(RANK))
    assert len(result.signatures) == len(result.diagnostics) == len(result.factors) == 0
