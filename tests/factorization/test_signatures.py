from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from langsig.errors import InputError
from langsig.factorization import factorize_layers, fits_from_starts, parafac2, signature_table
from langsig.factorization.diagnostics import agreement, cancellation, congruence

COLUMNS = ["category", "layer", "language", "component", "value"]
LAYERS, RANK = 3, 2


@pytest.fixture
def slices() -> dict[str, list[NDArray[np.float64]]]:
    rng = default_rng(0)
    sizes = {"fr": 6, "de": 8, "zh": 5, "cs": 7}
    return {
        name: [rng.standard_normal((size, 6)) for _ in range(LAYERS)]
        for name, size in sizes.items()
    }


def test_table_holds_every_entry_once(slices: dict[str, list[NDArray[np.float64]]]) -> None:
    languages = list(slices)
    result = parafac2([slices[name][0] for name in languages], rank=RANK)
    table = signature_table(result, languages)
    assert list(table.columns) == ["language", "component", "value"]
    wide = table.pivot(index="language", columns="component", values="value").loc[languages]
    assert np.array_equal(wide.to_numpy(), result.signatures)
    assert wide.columns.tolist() == list(range(RANK))


def test_each_layer_is_factorised_by_itself(
    slices: dict[str, list[NDArray[np.float64]]],
) -> None:
    found = factorize_layers(slices, category="Number", rank=RANK, max_iterations=30)
    assert list(found.signatures.columns) == COLUMNS
    assert set(found.signatures["category"]) == {"Number"}
    assert len(found.signatures) == LAYERS * len(slices) * RANK
    assert found.diagnostics["layer"].tolist() == list(range(LAYERS))
    for layer, fit in found.diagnostics.set_index("layer").iterrows():
        names = sorted(slices)
        alone = parafac2([slices[name][layer] for name in names], rank=RANK, max_iterations=30)
        table = found.signatures.query("layer == @layer")
        wide = table.pivot(index="language", columns="component", values="value")
        np.testing.assert_allclose(wide.loc[names], alone.signatures)
        assert fit["relative_error"] == pytest.approx(alone.relative_error)
        assert fit["converged"] == alone.converged and fit["iterations"] == alone.iterations
        assert (fit["category"], fit["languages"], fit["rank"]) == ("Number", 4, RANK)


def test_factors_and_signatures_rebuild_the_slices(
    slices: dict[str, list[NDArray[np.float64]]],
) -> None:
    found = factorize_layers(slices, category="Number", rank=RANK, max_iterations=20)
    for layer, fit in found.diagnostics.set_index("layer").iterrows():
        b = found.factors[f"{layer:02d}.blueprint"]
        v = found.factors[f"{layer:02d}.experimental_directions"]
        residual = total = 0.0
        for name in slices:
            p = found.factors[f"{layer:02d}.projections.{name}"]
            rows = found.signatures.query("layer == @layer and language == @name")
            s = rows.sort_values("component")["value"].to_numpy()
            residual += np.sum((slices[name][layer] - p @ b @ np.diag(s) @ v.T) ** 2)
            total += np.sum(slices[name][layer] ** 2)
        assert fit["relative_error"] == pytest.approx(residual / total)
    assert len(found.factors) == LAYERS * (2 + len(slices))


def test_order_of_the_mapping_does_not_matter(
    slices: dict[str, list[NDArray[np.float64]]],
) -> None:
    one = factorize_layers(slices, category="Case", rank=RANK, max_iterations=9)
    reverse = dict(reversed(slices.items()))
    other = factorize_layers(reverse, category="Case", rank=RANK, max_iterations=9)
    pd.testing.assert_frame_equal(one.signatures, other.signatures)


@pytest.mark.parametrize("languages", [[], ["fr"]])
def test_nothing_to_compare(
    slices: dict[str, list[NDArray[np.float64]]], languages: list[str], tmp_path: Path
) -> None:
    few = {name: slices[name] for name in languages}
    found = factorize_layers(few, category="Politeness", rank=RANK)
    assert list(found.signatures.columns) == COLUMNS
    assert len(found.signatures) == len(found.diagnostics) == len(found.factors) == 0
    full = factorize_layers(slices, category="Number", rank=RANK, max_iterations=2)
    together = []
    for number, part in enumerate((full, found)):
        part.signatures.to_parquet(tmp_path / f"{number}.parquet")
        together.append(pd.read_parquet(tmp_path / f"{number}.parquet"))
    table = pd.concat(together)
    assert table["layer"].dtype == table["component"].dtype == "int64"
    assert table["value"].dtype == "float64"
    assert len(table) == len(full.signatures)


def test_options_reach_the_factorisation(slices: dict[str, list[NDArray[np.float64]]]) -> None:
    with pytest.raises(InputError, match=r"factorize\.rank: 6"):
        factorize_layers(slices, category="Case", rank=6)
    found = factorize_layers(slices, category="Case", rank=RANK, max_iterations=1)
    assert not found.diagnostics["converged"].any()
    assert found.diagnostics["flags"].str.startswith("not converged").all()


def test_only_the_first_start_is_of_singular_vectors(
    slices: dict[str, list[NDArray[np.float64]]],
) -> None:
    layer = [slices[name][0] for name in sorted(slices)]
    options = {"rank": RANK, "max_iterations": 3}
    first, *others = fits_from_starts(layer, starts=3, seed=7, **options)
    assert np.array_equal(first.signatures, parafac2(layer, **options).signatures)
    for number, other in enumerate(others, 1):
        alone = parafac2(layer, init="random", seed=7 + number, **options)
        assert np.array_equal(other.signatures, alone.signatures)
    assert len({fit.signatures.tobytes() for fit in (first, *others)}) == 3


def test_diagnostics_are_those_of_the_fits_from_all_starts(
    slices: dict[str, list[NDArray[np.float64]]],
) -> None:
    options = {"rank": RANK, "max_iterations": 3, "seed": 4, "starts": 3}
    found = factorize_layers(slices, category="Case", **options)
    for layer, row in found.diagnostics.set_index("layer").iterrows():
        fits = fits_from_starts([slices[name][layer] for name in sorted(slices)], **options)
        assert row["starts"] == 3
        for name, value in agreement(fits)._asdict().items():
            assert row[name] == pytest.approx(value)
        assert row["congruence"] == pytest.approx(congruence(fits[0]))
        assert row["cancellation"] == pytest.approx(cancellation(fits[0]))
        assert ("starts disagree" in row["flags"]) == (row["rank_correlation"] < 0.9)


def test_starts_that_agree_on_a_model_that_is_there_raise_no_flag() -> None:
    rng = default_rng(1)
    v, b = (np.linalg.qr(rng.standard_normal((size, 2)))[0] for size in (6, 2))
    slices = {}
    for name, scale in zip("abcdef", range(1, 7), strict=True):
        p = np.linalg.qr(rng.standard_normal((8, 2)))[0]
        slices[name] = [p @ b * (scale * rng.uniform(0.8, 1.2, 2)) @ v.T]
    found = factorize_layers(slices, category="Case", rank=2, starts=4, tolerance=1e-8)
    (row,) = found.diagnostics.to_dict("records")
    assert row["flags"] == "" and row["rank_correlation"] > 0.99
    assert row["factor_match"] > 0.99 and row["level_spread"] < 0.01
    alone = factorize_layers(slices, category="Case", rank=2).diagnostics
    assert alone["rank_correlation"].isna().all() and (alone["flags"] == "").all()
