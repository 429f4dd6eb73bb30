"""Candidate ranks: errors, stability, the rank to recommend, and halves of the sentences."""

from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.stats import ortho_group

from langsig.errors import InputError
from langsig.factorization import (
    Parafac2Result,
    Solver,
    rank_sweep,
    ranks_by_layer,
    recommend_ranks,
    split_halves,
)
from langsig.representations import BlockStatistics, CategoryStatistics, CovarianceFitter
from langsig.schemas import RankSweep

Slices = list[NDArray[np.float64]]
Blocks = dict[str, BlockStatistics]
LANGUAGES, DIM, PLANTED = ["cs", "de", "fr", "nl", "zh"], 8, 3


def of_crosses(crosses: NDArray[np.float64]) -> BlockStatistics:
    """Blocks of ten words with these cross-covariances, ``[blocks, dim, dim]``."""
    blocks = len(crosses)
    unit = np.broadcast_to(np.eye(DIM), (blocks, DIM, DIM))
    zeros = np.zeros((blocks, DIM))
    return BlockStatistics(np.full(blocks, 10), 10 * crosses, unit, unit, zeros, zeros)


def planted(noise: float, blocks: int = 12, rank: int = PLANTED) -> Blocks:
    """An exact PARAFAC2 model, and noise that differs between the blocks."""
    rng = default_rng(0)
    v = ortho_group.rvs(DIM, random_state=0)[:, :rank]
    sums = {}
    for number, language in enumerate(LANGUAGES):
        p = ortho_group.rvs(DIM, random_state=number + 1)[:, :rank]
        omega = (p * rng.uniform(1, 3, rank) * (1 + number)) @ v.T
        sums[language] = of_crosses(omega + noise * rng.normal(size=(blocks, DIM, DIM)))
    return sums


def crosses(blocks: Blocks, *chosen: int) -> Slices:
    return [np.mean([sums.cross[k] / 10 for k in chosen], axis=0) for sums in blocks.values()]


def sweep(blocks: Blocks, *, rank: int = 2, **options: Any) -> pd.DataFrame:
    given: dict[str, Any] = {
        "candidates": [], "solver": Solver(rank), "starts": 2, "folds": 2
    }  # fmt: skip
    return rank_sweep(blocks, **given | options).frame


@pytest.mark.slow
def test_planted_rank_is_recommended() -> None:
    table = sweep(planted(0.3), candidates=[1, 2, 3, 4, 5], starts=3, folds=4)
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert table["in_use"].tolist() == [False, True, False, False, False]
    errors = table.set_index("rank")["held_out_error"]
    assert errors[3] < 0.5 * errors[2], "the third component is in the held-out sentences too"
    assert errors[5] > errors[4] > errors[3], "further components are not"
    assert table["relative_error"].is_monotonic_decreasing
    assert (errors[3:] < table["unfactorized_error"].min()).all()
    assert recommended(table) == (PLANTED, "held-out error")


def recommended(table: pd.DataFrame) -> tuple[int | None, str]:
    row, _ = recommend_ranks(RankSweep(table)).frame.to_dict("records")
    return None if pd.isna(row["rank"]) else row["rank"], row["decided_by"]


@pytest.mark.slow
def test_errors_are_in_order() -> None:
    table = sweep(planted(0.3), candidates=[1, 3, 5])
    assert (table["svd_error"] <= table["shared_pca_error"]).all()
    assert (table["shared_pca_error"] <= table["relative_error"]).all()


@pytest.mark.slow
def test_held_out_error_is_that_of_blocks_that_were_not_fitted() -> None:
    blocks = planted(1, blocks=3)
    (row,) = sweep(blocks, folds=3).to_dict("records")
    errors, distances = [], []
    for held_out, *others in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        known, new = crosses(blocks, *others), crosses(blocks, held_out)
        errors.append(Solver(2).fit(known).error_of(new))
        squares = sum(np.sum((a - b) ** 2) for a, b in zip(known, new, strict=True))
        distances.append(squares / sum(np.sum(b**2) for b in new))
    assert row["held_out_error"] == pytest.approx(np.mean(errors))
    assert row["held_out_se"] == pytest.approx(np.std(errors, ddof=1) / np.sqrt(3))
    assert row["unfactorized_error"] == pytest.approx(np.mean(distances))


@pytest.mark.parametrize("unsettled", range(5))
def test_rank_has_converged_if_all_starts_and_folds_have(
    unsettled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, fit_all = count(), Solver.fit_all

    def all_but_one(*arguments: Any, **options: Any) -> list[Parafac2Result]:
        fits = fit_all(*arguments, **options)
        return [replace(fit, converged=next(numbers) != unsettled) for fit in fits]

    monkeypatch.setattr(Solver, "fit_all", all_but_one)
    table = sweep(planted(0.3), candidates=[1, 2], starts=3)
    assert table["converged"].tolist() == [False, True]


@pytest.mark.filterwarnings("error")
def test_stability_is_that_of_the_two_starts_of_the_lowest_losses() -> None:
    blocks = {name: of_crosses(default_rng(n).normal(size=(4, DIM, DIM)))
              for n, name in enumerate(LANGUAGES)}  # fmt: skip
    solver = Solver(5, ridge=0, max_iterations=8)
    table = sweep(blocks, solver=solver, starts=4, seed=7)
    (row,) = table.to_dict("records")
    slices = crosses(blocks, 0, 1, 2, 3)
    fits = [solver.fit(slices)] + [solver.fit(slices, init="random", seed=7 + n) for n in (1, 2, 3)]
    best, next_best, *_ = sorted(fits, key=lambda fit: fit.loss)
    ranks = [pd.Series(fit.average_signatures).rank() for fit in (best, next_best)]
    assert row["agreement"] == pytest.approx(ranks[0].corr(ranks[1]))
    assert row["relative_error"] == pytest.approx(best.relative_error, rel=1e-3)
    assert row["agreement"] < 0.9, "structureless slices: starts should differ here"
    assert not row["converged"]
    largest = max(fit.blueprint_condition for fit in fits)
    assert row["blueprint_condition"] == pytest.approx(largest, rel=1e-3)
    assert recommended(table) == (None, "stability")


@pytest.mark.slow
def test_the_rank_in_use_is_a_candidate_and_impossible_ranks_are_left_out() -> None:
    table = sweep(planted(0.3), candidates=[DIM + 1, 2, 2], rank=4)
    assert table["rank"].tolist() == [2, 4]
    assert table["in_use"].tolist() == [False, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidates": [DIM + 2], "rank": DIM + 1}, "candidates .* at most 8.*; got 10"),
        ({"candidates": [0]}, "rank must be a positive integer, got 0"),
        ({"starts": 1}, "starts must be at least 2.*; got 1"),
        ({"folds": 1}, "folds must be between 2 and 12.*; got 1"),
        ({"folds": 13}, "folds must be between 2 and 12.*; got 13"),
        ({"normalise": "norm"}, "normalise must be one of none, variance, got 'norm'"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sweep(planted(0.3), **change)


def test_one_language_is_too_few() -> None:
    with pytest.raises(InputError, match="at least two languages, got 1"):
        sweep({"de": planted(0.3)["de"]})


def test_a_slice_of_zeros_is_named_by_its_language() -> None:
    blocks = planted(0.3)
    blocks["fr"] = of_crosses(np.zeros((12, DIM, DIM)))
    with pytest.raises(InputError, match=r"^fr: the slice is zero throughout"):
        sweep(blocks)


STABLE, LOW = 0.95, 0.85


@pytest.mark.parametrize(
    ("errors", "agreement", "converged", "expected"),
    [
        ([0.5, 0.2, 0.1], [STABLE] * 3, [True] * 3, (8, "candidates")),
        ([0.5, 0.2, 0.3], [STABLE] * 3, [True] * 3, (4, "held-out error")),
        ([0.5, 0.2, 0.18], [STABLE] * 3, [True] * 3, (4, "held-out error")),
        ([0.5, 0.2, 0.1], [STABLE, STABLE, LOW], [True] * 3, (4, "stability")),
        ([0.5, 0.2, 0.1], [STABLE] * 3, [True, True, False], (4, "stability")),
        ([0.5, 0.2, 0.1], [STABLE, LOW, STABLE], [True] * 3, (8, "candidates")),
        ([0.5, 0.2, 0.1], [LOW, np.nan, LOW], [True] * 3, (None, "stability")),
    ],
    ids=["falls", "minimum", "within", "unstable", "unsettled", "gap", "none"],
)
def test_smallest_stable_rank_within_a_standard_error_of_the_best(
    errors: list[float],
    agreement: list[float],
    converged: list[bool],
    expected: tuple[int | None, str],
) -> None:
    table = pd.DataFrame({"rank": [2, 4, 8], "held_out_error": errors, "held_out_se": 0.025,
                          "agreement": agreement, "converged": converged})  # fmt: skip
    others: dict[str, Any] = dict.fromkeys(set(RankSweep.columns) - set(table), 0)
    assert recommended(table.assign(**others | {"in_use": False})) == expected


@pytest.mark.parametrize(
    ("first", "second", "unstable", "expected"),
    [
        ([0.5, 0.2, 0.1], [0.5, 0.2, 0.1], [], (8, "candidates")),
        ([0.5, 0.2, 0.1], [0.5, 0.2, 0.1], [(6, 8)], (4, "stability")),
        ([0.5, 0.2, 0.1], [0.5, 0.2, 0.1], [(0, 4), (6, 8)], (2, "stability")),
        ([0.2, 0.21, 0.19], [0.5, 0.2, 0.21], [], (4, "held-out error")),
        ([0.1, 0.3, 0.4], [0.4, 0.4, 0.2], [], (2, "mean held-out error")),
        ([0.5, 0.2, 0.1], [0.5, 0.2, 0.1], [(0, 2), (0, 4), (6, 8)], (2, "no stable rank")),
    ],
    ids=["falls", "unstable", "apart", "within", "nowhere near", "none"],
)
def test_one_rank_for_all_layers_is_stable_and_near_the_best_in_each(
    first: list[float],
    second: list[float],
    unstable: list[tuple[int, int]],
    expected: tuple[int, str],
) -> None:
    table = pd.DataFrame({"layer": [0] * 3 + [6] * 3, "rank": [2, 4, 8] * 2,
                          "held_out_error": [*first, *second], "held_out_se": 0.025})  # fmt: skip
    cells = list(zip(table["layer"], table["rank"], strict=True))
    table["agreement"] = [LOW if cell in unstable else STABLE for cell in cells]
    others: dict[str, Any] = dict.fromkeys(set(RankSweep.columns) - set(table), 0)
    sweep = RankSweep(table.assign(**others | {"in_use": False, "converged": True}))
    recommendations = recommend_ranks(sweep)
    (row,) = recommendations.select(scope="all").frame.to_dict("records")
    assert (row["rank"], row["decided_by"]) == expected and pd.isna(row["layer"])
    assert recommendations.select(scope="layer").frame["layer"].tolist() == [0, 6]


def test_halves_are_fitted_separately_and_from_other_starts() -> None:
    blocks, solver = planted(1, blocks=5), Solver(2, max_iterations=2)  # so that starts differ
    table = split_halves(blocks, solver=solver, starts=2, seed=7, layer=3)
    assert len(table) == 2 * 2 * len(LANGUAGES)
    assert set(table.frame["layer"]) == {3}
    fits = [((0, 2, 4), 0, 0, 7), ((0, 2, 4), 0, 1, 8), ((1, 3), 1, 0, 9), ((1, 3), 1, 1, 10)]
    for chosen, half, start, seed in fits:
        rows = table.select(half=half, start=start).frame.set_index("language")
        slices = crosses(blocks, *chosen)
        fit = solver.fit(slices, init="random", seed=seed)
        averages = rows.loc[LANGUAGES, "average_signature"]
        np.testing.assert_allclose(averages, fit.average_signatures)
        levels = [np.linalg.svd(omega, compute_uv=False)[:2].mean() for omega in slices]
        np.testing.assert_allclose(rows.loc[LANGUAGES, "svd"], levels)


def statistics(blocks_of_layers: dict[int, Blocks]) -> list[CategoryStatistics]:
    """Statistics of languages with these blocks, and of one with too few words."""
    layer = CovarianceFitter.fit(np.eye(DIM), np.eye(DIM))
    pairs = [(0, 0), (1, 1)]
    entries = []
    for language in LANGUAGES:
        blocks = {number: of_layer[language] for number, of_layer in blocks_of_layers.items()}
        entries.append(CategoryStatistics(language, "Number", 90, [layer, layer], blocks, pairs))
    return [*entries, CategoryStatistics("ja", "Number", 1, [], {}, pairs)]


@pytest.mark.slow
def test_layers_are_swept_one_by_one() -> None:
    blocks = {0: planted(0.3), 1: planted(1.0)}
    options: dict[str, Any] = {"solver": Solver(2, max_iterations=20), "starts": 2, "seed": 4}
    tables = ranks_by_layer(
        statistics(blocks), layers=[1, 0], candidates=[1], rank=2, folds=3, normalise="variance",
        **options,
    )  # fmt: skip
    options["normalise"] = "variance"
    assert tables.rank == 2
    assert tables.sweep.frame["layer"].drop_duplicates().tolist() == [1, 0]
    for layer, of_layer in blocks.items():
        expected = rank_sweep(of_layer, candidates=[1], folds=3, layer=layer, **options)
        assert tables.sweep.select(layer=layer) == expected
        assert tables.halves.select(layer=layer) == split_halves(of_layer, layer=layer, **options)
        recommendation = recommend_ranks(expected).select(scope="layer")
        assert tables.recommendations.select(layer=layer) == recommendation
    assert tables.recommendations.select(scope="all") == (
        recommend_ranks(tables.sweep).select(scope="all")
    )


@pytest.mark.slow
def test_without_a_rank_the_recommended_one_is_used_whatever_the_number_of_processes() -> None:
    blocks = {0: planted(0.3), 1: planted(0.2)}
    options: dict[str, Any] = {
        "layers": [0, 1], "candidates": [1, 3, 5], "solver": Solver(1), "starts": 2, "folds": 2
    }  # fmt: skip
    tables = ranks_by_layer(statistics(blocks), rank=None, **options)
    assert tables.rank == PLANTED
    used = tables.sweep.select(in_use=True).frame
    assert used[["layer", "rank"]].to_numpy().tolist() == [[0, PLANTED], [1, PLANTED]]
    fixed = ranks_by_layer(statistics(blocks), rank=PLANTED, **options)
    assert tables.halves == fixed.halves and tables.sweep == fixed.sweep
    other = ranks_by_layer(statistics(blocks), rank=1, **options)
    assert other.rank == 1 and other.recommendations == tables.recommendations
    assert other.halves != tables.halves
    assert ranks_by_layer(statistics(blocks), rank=None, workers=2, **options) == tables


def test_a_layer_without_sums_over_blocks_is_named() -> None:
    with pytest.raises(InputError, match=r"layer 2 of cs has none \(layers with sums: 0\)"):
        ranks_by_layer(
            statistics({0: planted(0.3)}), layers=[0, 2], candidates=[], rank=2,
            solver=Solver(2), starts=2, folds=2,
        )  # fmt: skip
