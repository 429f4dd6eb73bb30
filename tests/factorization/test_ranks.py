import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.stats import ortho_group

from langsig.errors import InputError
from langsig.factorization import parafac2, rank_sweep, recommended_rank, split_halves
from langsig.representations import BlockStatistics

Slices = list[NDArray[np.float64]]
Blocks = dict[str, BlockStatistics]
LANGUAGES, DIM, PLANTED = ["cs", "de", "fr", "nl", "zh"], 8, 3


def of_crosses(crosses: NDArray[np.float64]) -> BlockStatistics:
    """Blocks of ten words with these cross-covariances, ``[blocks, dim, dim]``."""
    count = len(crosses)
    unit = np.broadcast_to(np.eye(DIM), (count, DIM, DIM))
    zeros = np.zeros((count, DIM))
    return BlockStatistics(np.full(count, 10), 10 * crosses, unit, unit, zeros, zeros)


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
    blocks = planted(1, blocks=2)
    (row,) = rank_sweep(blocks, candidates=[2], starts=2, folds=2).itertuples()
    one, other = crosses(blocks, 0), crosses(blocks, 1)
    errors = [
        parafac2(known, rank=2).error_of(held_out)
        for known, held_out in ((one, other), (other, one))
    ]
    assert row.held_out_error == pytest.approx(np.mean(errors))
    assert row.held_out_se == pytest.approx(abs(errors[0] - errors[1]) / 2)
    squares = sum(np.sum((a - b) ** 2) for a, b in zip(one, other, strict=True))
    shares = [squares / sum(np.sum(a**2) for a in half) for half in (one, other)]
    assert row.unfactorized_error == pytest.approx(np.mean(shares))


def test_stability_is_that_of_the_two_starts_that_differ_most() -> None:
    blocks = {name: of_crosses(default_rng(n).normal(size=(4, DIM, DIM)))
              for n, name in enumerate(LANGUAGES)}  # fmt: skip
    options = {"ridge": 0, "max_iterations": 20}
    (row,) = rank_sweep(blocks, candidates=[5], starts=4, folds=2, seed=7, **options).itertuples()
    slices = crosses(blocks, 0, 1, 2, 3)
    fits = [parafac2(slices, rank=5, **options)] + [
        parafac2(slices, rank=5, init="random", seed=7 + n, **options) for n in (1, 2, 3)
    ]
    ranks = [pd.Series(fit.average_signatures).rank() for fit in fits]
    agreements = [a.corr(b) for a in ranks for b in ranks]
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
    blocks = planted(1, blocks=5)
    table = split_halves(blocks, rank=2, starts=2, seed=7)
    assert list(table.columns) == ["half", "start", "language", "average_signature", "svd"]
    assert len(table) == 2 * 2 * len(LANGUAGES)
    fits = [((0, 2, 4), 0, 0, 7), ((0, 2, 4), 0, 1, 8), ((1, 3), 1, 0, 9), ((1, 3), 1, 1, 10)]
    for chosen, half, start, seed in fits:
        rows = table[(table["half"] == half) & (table["start"] == start)].set_index("language")
        slices = crosses(blocks, *chosen)
        fit = parafac2(slices, rank=2, init="random", seed=seed)
        found = rows.loc[LANGUAGES, "average_signature"]
        np.testing.assert_allclose(found, fit.average_signatures, rtol=1e-4)
        levels = [np.linalg.svd(omega, compute_uv=False)[:2].mean() for omega in slices]
        np.testing.assert_allclose(rows.loc[LANGUAGES, "svd"], levels)
