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
    parafac2,
    rank_sweep,
    ranks,
    recommended_rank,
    signatures,
    split_halves,
)
from langsig.representations import BlockStatistics

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
    found = {}
    for number, language in enumerate(LANGUAGES):
        p = ortho_group.rvs(DIM, random_state=number + 1)[:, :rank]
        omega = (p * rng.uniform(1, 3, rank) * (1 + number)) @ v.T
        found[language] = of_crosses(omega + noise * rng.normal(size=(blocks, DIM, DIM)))
    return found


def crosses(blocks: Blocks, *chosen: int) -> Slices:
    return [np.mean([one.cross[k] / 10 for k in chosen], axis=0) for one in blocks.values()]


def test_planted_rank_is_recommended() -> None:
    sweep = rank_sweep(planted(0.3), candidates=[1, 2, 3, 4, 5], starts=3, folds=4)
    assert sweep["rank"].tolist() == [1, 2, 3, 4, 5]
    errors = sweep.set_index("rank")["held_out_error"]
    assert errors[3] < 0.5 * errors[2], "what is left out is in the other sentences too"
    assert errors[5] > errors[4] > errors[3], "and what is added is not"
    assert sweep["relative_error"].is_monotonic_decreasing
    assert (errors[3:] < sweep["unfactorized_error"].min()).all()
    assert recommended_rank(sweep) == (PLANTED, "held-out error")


def test_errors_are_in_order() -> None:
    sweep = rank_sweep(planted(0.3), candidates=[1, 3, 5], starts=2, folds=2)
    assert (sweep["svd_error"] <= sweep["shared_pca_error"]).all()
    assert (sweep["shared_pca_error"] <= sweep["relative_error"]).all()


def test_held_out_error_is_that_of_blocks_that_were_not_fitted() -> None:
    blocks = planted(1, blocks=3)
    (row,) = rank_sweep(blocks, candidates=[2], starts=2, folds=3).itertuples()
    errors, distances = [], []
    for held_out, *others in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        known, new = crosses(blocks, *others), crosses(blocks, held_out)
        errors.append(parafac2(known, rank=2).error_of(new))
        squares = sum(np.sum((a - b) ** 2) for a, b in zip(known, new, strict=True))
        distances.append(squares / sum(np.sum(b**2) for b in new))
    assert row.held_out_error == pytest.approx(np.mean(errors))
    assert row.held_out_se == pytest.approx(np.std(errors, ddof=1) / np.sqrt(3))
    assert row.unfactorized_error == pytest.approx(np.mean(distances))


@pytest.mark.parametrize("unsettled", range(5))
def test_rank_has_converged_if_all_starts_and_folds_have(
    unsettled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()

    def all_but_one(*arguments: Any, **options: Any) -> Parafac2Result:
        return replace(parafac2(*arguments, **options), converged=next(calls) != unsettled)

    for module in (ranks, signatures):
        monkeypatch.setattr(module, "parafac2", all_but_one)
    sweep = rank_sweep(planted(0.3), candidates=[1, 2], starts=3, folds=2)
    assert sweep["converged"].tolist() == [False, True]


def test_stability_is_that_of_the_two_starts_that_differ_most() -> None:
    blocks = {name: of_crosses(default_rng(n).normal(size=(4, DIM, DIM)))
              for n, name in enumerate(LANGUAGES)}  # fmt: skip
    options = {"ridge": 0, "max_iterations": 20}
    (row,) = rank_sweep(blocks, candidates=[5], starts=4, folds=2, seed=7, **options).itertuples()
    slices = crosses(blocks, 0, 1, 2, 3)
    fits = [parafac2(slices, rank=5, **options)] + [
        parafac2(slices, rank=5, init="random", seed=7 + n, **options) for n in (1, 2, 3)
    ]
    places = [pd.Series(fit.average_signatures).rank() for fit in fits]
    agreements = [a.corr(b) for a in places for b in places]
    assert row.agreement == pytest.approx(min(agreements))
    assert row.agreement < 0.9, "structureless slices: starts should differ here"
    assert not row.converged
    assert row.blueprint_condition == max(fit.blueprint_condition for fit in fits)
    assert recommended_rank(pd.DataFrame([row])) == (None, "stability")


def test_impossible_candidates_are_left_out() -> None:
    sweep = rank_sweep(planted(0.3), candidates=[DIM + 1, 2, 2], starts=2, folds=2)
    assert sweep["rank"].tolist() == [2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidates": [DIM + 1]}, r"ranks\.candidates: .* at most 8"),
        ({"starts": 1}, r"ranks\.starts: 1"),
        ({"folds": 1}, r"ranks\.folds: 1 is not between 2 and 12"),
        ({"folds": 13}, r"ranks\.folds: 13"),
    ],
)
def test_bad_parameters_are_named(change: dict[str, object], message: str) -> None:
    options = {"candidates": [2], "starts": 2, "folds": 2} | change
    with pytest.raises(InputError, match=message):
        rank_sweep(planted(0.3), **options)  # type: ignore[arg-type]


def test_one_language_is_too_few() -> None:
    alone = {"de": planted(0.3)["de"]}
    with pytest.raises(InputError, match="1 languages"):
        rank_sweep(alone, candidates=[2], starts=2, folds=2)


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
    sweep = pd.DataFrame({"rank": [2, 4, 8], "held_out_error": errors, "held_out_se": 0.025,
                          "agreement": agreement, "converged": converged})  # fmt: skip
    assert recommended_rank(sweep) == expected


def test_halves_are_fitted_by_themselves_and_from_other_starts() -> None:
    blocks, options = planted(1, blocks=5), {"max_iterations": 2}  # so that starts differ
    table = split_halves(blocks, rank=2, starts=2, seed=7, **options)
    assert list(table.columns) == ["half", "start", "language", "average_signature", "svd"]
    assert len(table) == 2 * 2 * len(LANGUAGES)
    fits = [((0, 2, 4), 0, 0, 7), ((0, 2, 4), 0, 1, 8), ((1, 3), 1, 0, 9), ((1, 3), 1, 1, 10)]
    for chosen, half, start, seed in fits:
        rows = table[(table["half"] == half) & (table["start"] == start)].set_index("language")
        slices = crosses(blocks, *chosen)
        fit = parafac2(slices, rank=2, init="random", seed=seed, **options)
        found = rows.loc[LANGUAGES, "average_signature"]
        np.testing.assert_allclose(found, fit.average_signatures)
        levels = [np.linalg.svd(omega, compute_uv=False)[:2].mean() for omega in slices]
        np.testing.assert_allclose(rows.loc[LANGUAGES, "svd"], levels)
