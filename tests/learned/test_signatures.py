"""Learned signatures: planted truths, and what holds whatever the data."""

from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from langsig.errors import ConvergenceWarning, InputError
from langsig.factorization import Parafac2Result, Solver
from langsig.learned import (
    Learned,
    PartialStatistics,
    crossed,
    learned_changes,
    learned_signatures,
    lemma_halves,
    partial_slices,
    rotation_test,
    scores_of,
)
from langsig.schemas import LEARNED_MEASURES
from tests.learned.planted import BEFORE, DIM, Planted, planted

Array = NDArray[np.float64]
CORRELATIONS = {"cs": (0.9, 0.3), "de": (0.8, 0.6), "fi": (0.4, 0.8), "zh": (0.3, 0.5)}
SOLVER = Solver(2, ridge=0.01, max_iterations=300)


def models(words: int, *, scale: float = 1.0, seed: int = 0) -> list[Planted]:
    """Languages with the planted correlations, times a number."""
    return [
        planted(seed + number, words, scale * np.array(correlations))
        for number, correlations in enumerate(CORRELATIONS.values())
    ]


def statistics(cases: list[Planted], **options: int) -> list[PartialStatistics]:
    return [
        case.statistics(name, **options) for name, case in zip(CORRELATIONS, cases, strict=True)
    ]


def slices_of(cases: list[Planted], shrinkage: float, **options: int) -> list[list[Array]]:
    """For each half, a slice per language."""
    layers = [entry.layers[0] for entry in statistics(cases, **options)]
    of_languages = [entry.halves() for entry in partial_slices(layers, shrinkage)]
    return [list(half) for half in zip(*of_languages, strict=True)]


def fitted(halves: list[list[Array]], solver: Solver = SOLVER) -> list[Parafac2Result]:
    return solver.fit_all(halves, inits=["svd", "svd"])


def measured(cases: list[Planted], shrinkage: float = 0.1, **options: int) -> Array:
    """Measures, ``[languages, measures]``."""
    halves = slices_of(cases, shrinkage, **options)
    return crossed(fitted(halves), halves).measures()


def test_planted_correlations_are_found() -> None:
    shared, learned_average, average_score = measured(models(8_000), shrinkage=0).T
    truth = np.array(list(CORRELATIONS.values()))
    np.testing.assert_allclose(learned_average, truth.mean(1), atol=0.04)
    np.testing.assert_allclose(average_score, truth.mean(1), atol=0.04)
    np.testing.assert_allclose(shared, np.sum(truth**2, axis=1), atol=0.06)


def test_components_have_their_own_correlations() -> None:
    halves = slices_of(models(8_000), shrinkage=0)
    fit = crossed(fitted(halves), halves)
    truth = np.array(list(CORRELATIONS.values()))
    order = np.argsort(-truth.mean(0))
    np.testing.assert_allclose(fit.scores, truth[:, order], atol=0.06)
    np.testing.assert_allclose(fit.signatures, truth[:, order], atol=0.06)


def test_invertible_maps_change_nothing_as_shrinkage_vanishes() -> None:
    cases = models(1_200)
    rng = default_rng(1)

    def mapping(dim: int) -> Array:
        return rng.standard_normal((dim, dim)) + 2 * np.eye(dim)

    experimental = mapping(DIM)
    mapped = [
        Planted(
            case.control @ mapping(DIM) + 3,
            case.experimental @ experimental - 5,
            [layer @ mapping(BEFORE) for layer in case.untrained_control],
            [layer @ mapping(BEFORE) + 1 for layer in case.untrained_experimental],
            case.words,
        )
        for case in cases
    ]
    np.testing.assert_allclose(measured(mapped, 1e-9), measured(cases, 1e-9), atol=2e-3)


def test_the_scale_of_any_states_changes_nothing() -> None:
    cases = models(1_200)
    scaled = [
        case._replace(
            control=case.control * 10.0**number, experimental=case.experimental / 7**number
        )
        for number, case in enumerate(cases)
    ]
    np.testing.assert_allclose(measured(scaled), measured(cases), atol=1e-3)


def test_what_both_models_had_before_training_is_removed() -> None:
    cases = models(2_400, scale=0)
    partial = measured(cases)
    plain = measured(cases, words_per_column=1_000)
    assert (plain[:, 0] > 0.15).all(), "both have the states of before in them"
    assert (np.abs(partial[:, 0]) < 0.02).all()


@pytest.mark.parametrize("words_per_column", [5, 1_000])
def test_scores_of_shuffled_words_are_centred_on_zero(words_per_column: int) -> None:
    """Few words are enough, whether they are few for the regression or there is none."""
    short = Solver(2, ridge=0.01, max_iterations=15)
    values = []
    for seed in range(12):
        rng = default_rng(seed)
        cases = [case.shuffled(rng) for case in models(80, seed=10 * seed)]
        halves = slices_of(cases, 0.1, words_per_column=words_per_column, blocks=4)
        values.append(crossed(fitted(halves, short), halves).measures().mean(0))
    shared, learned_average, average_score = np.array(values).T
    for scores in (shared, average_score):
        assert abs(scores.mean()) < 4 * scores.std(ddof=1) / np.sqrt(len(scores))
    assert abs(average_score.mean()) < 0.2 * learned_average.mean()
    assert (learned_average > 0).all(), "signatures are on the words that they are fitted to"


def test_no_half_scores_itself() -> None:
    """A relation that one half of the lemmas has alone is in the signature, not in the scores."""
    cases = []
    for number, case in enumerate(models(2_400)):
        rows = np.flatnonzero(lemma_halves(case.words) == 1)
        order = rows[default_rng(number).permutation(len(rows))]
        experimental = case.experimental.copy()
        experimental[rows] = case.experimental[order]
        cases.append(case._replace(experimental=experimental))
    halves = slices_of(cases, 0.1, words_per_column=1_000)
    fits = fitted(halves)
    scores = scores_of(fits[0], halves[1])
    assert (fits[0].average_signatures > 0.3).all() and (np.abs(scores.mean(1)) < 0.1).all()
    assert (np.abs(crossed(fits, halves).shared) < 0.1).all()


def test_slices_without_a_block_are_those_of_the_other_words() -> None:
    """Whitened with the covariances of these words; axes may turn, correlations may not."""
    cases = models(800)
    sums = [entry.layers[0] for entry in statistics(cases)]
    slices = partial_slices(sums, 0.2)
    for layer, language in zip(sums, slices, strict=True):
        chosen = np.array([0, 1, 2, 4, 5, 7])
        found = layer.covariances(chosen)
        for half in (0, 1):
            z, y = (
                np.linalg.cholesky(np.linalg.inv(c + 0.2 * np.trace(c) / DIM * np.eye(DIM)))
                for c in (found.control, found.experimental)
            )
            expected = np.linalg.svd(z.T @ found.cross[half] @ y)[1]
            actual = np.linalg.svd(language.halves(chosen)[half])[1]
            np.testing.assert_allclose(actual, expected, rtol=1e-8)
        np.testing.assert_allclose(
            language.halves(np.arange(8)), language.halves(), rtol=1e-9, atol=1e-12
        )


def test_blocks_add_up_to_the_slice() -> None:
    """Up to the means of blocks, which are small against the covariances within blocks."""
    slices = partial_slices([entry.layers[0] for entry in statistics(models(4_000))])
    directions = np.linalg.qr(default_rng(0).standard_normal((DIM, 3)))[0]
    for language in slices:
        added = language.within_blocks(directions).sum(0)
        np.testing.assert_allclose(added, language.halves() @ directions, atol=0.01)


def test_related_models_are_unlike_rotated_ones() -> None:
    cases = models(800)
    rng = default_rng(0)
    cases[3] = cases[3].shuffled(rng)
    slices = partial_slices([entry.layers[0] for entry in statistics(cases, blocks=16)])
    p = rotation_test(slices, solver=SOLVER, rotations=199)
    assert (p[:3] <= 0.02).all() and p[3] > 0.02
    np.testing.assert_array_equal(p, rotation_test(slices, solver=SOLVER, rotations=199))
    assert np.isnan(rotation_test(slices[:2], solver=SOLVER, rotations=9)).all()


def test_unrelated_models_of_one_lexicon_are_not_called_related() -> None:
    """All words of a lemma are alike in each model, in all blocks of sentences."""
    p = []
    for seed in range(10):
        cases = []
        for case in models(400, seed=20 * seed, scale=0):
            rng = default_rng([seed, len(cases)])
            lemma = np.unique(case.words["lemma"], return_inverse=True)[1]
            vectors = 2 * rng.standard_normal((2, 100, DIM))
            cases.append(
                case._replace(
                    control=case.control + vectors[0, lemma],
                    experimental=case.experimental + vectors[1, lemma],
                )
            )
        slices = partial_slices([entry.layers[0] for entry in statistics(cases)])
        short = Solver(2, ridge=0.01, max_iterations=5)
        p.append(rotation_test(slices, solver=short, rotations=99))
    assert np.mean(np.array(p) <= 0.1) < 0.25
    assert 0.3 < np.mean(np.array(p) <= 0.5) < 0.7


@pytest.fixture(scope="module")
def learned() -> Learned:
    return learned_signatures(statistics(models(1_600)), solver=SOLVER, starts=2, rotations=99)


def test_tables_have_all_languages_and_measures(learned: Learned, tmp_path: Path) -> None:
    table = learned.signatures.frame
    assert len(table) == 4 * 3 and set(table["measure"]) == set(LEARNED_MEASURES)
    assert (table["low"] < table["value"]).all() and (table["value"] < table["high"]).all()
    assert table["partial"].all() and table["own_start"].all() and (table["words"] == 1_600).all()
    assert (table["p"] == 0.01).any() and (table["p"] < 0.1).all()
    shared = table[table["measure"] == "shared"].set_index("language")["value"]
    components = learned.components.frame
    assert len(components) == 4 * 2
    products = components.assign(product=components["signature"] * components["score"])
    np.testing.assert_allclose(
        products.groupby("language")["product"].sum(), shared.sort_index(), rtol=0.05
    )
    replicates = learned.replicates
    assert len(replicates.select(varied="sentences")) == 8 * 4 * 3
    estimate = replicates.select(varied="start", replicate=0, measure="shared").frame
    np.testing.assert_array_equal(
        estimate.set_index("language")["value"], shared[estimate["language"]]
    )
    assert list(learned.diagnostics.frame["half"]) == [0, 1]
    stability = learned.stability.frame
    assert len(stability) == 2 * 3 and (stability["rank_correlation"] >= 0.8).all()
    learned.save(tmp_path)
    again = Learned.load(tmp_path)
    np.testing.assert_array_equal(again.signatures.frame["value"], table["value"])
    assert len(again.stability) == 6


def test_levels_are_withheld_if_the_start_is_unknown() -> None:
    hidden, other = (
        learned_signatures(
            statistics(models(1_600, scale=scale)),
            solver=SOLVER,
            starts=1,
            rotations=9,
            own_start=False,
        )
        for scale in (1, 0.5)
    )
    assert hidden.signatures.frame[["value", "low", "high"]].isna().all(axis=None)
    assert not hidden.signatures.frame["own_start"].any() and not len(hidden.components)
    changes = learned_changes(hidden.replicates, other.replicates).select(measure="shared").frame
    assert len(changes) == 4
    # Correlations are half as large, and their squares a quarter.
    assert (changes["high"] < -0.4).all() and changes["change"].mean() == pytest.approx(
        -0.75, abs=0.1
    )
    none = learned_changes(hidden.replicates, hidden.replicates).frame
    assert (none[["change", "low", "high"]] == 0).all(axis=None)


def test_changes_need_the_same_blocks(learned: Learned) -> None:
    fewer = learned_signatures(
        statistics(models(1_600), blocks=4), solver=SOLVER, starts=1, rotations=9
    )
    with pytest.raises(InputError, match="before has 8 blocks of sentences and after 4; "):
        learned_changes(learned.replicates, fewer.replicates)


def test_bad_arguments_are_named() -> None:
    entries = statistics(models(400))
    with pytest.raises(InputError, match="at least two languages, got 1"):
        learned_signatures(entries[:1])
    with pytest.raises(InputError, match="starts must be a positive integer, got 0"):
        learned_signatures(entries, starts=0)
    with pytest.raises(InputError, match="rank must be between 1 and 6"):
        learned_signatures(entries)
    mixed = [entries[0], models(400)[1].statistics("de", blocks=5)]
    with pytest.raises(InputError, match=r"de has \{0: 5\} blocks and cs has \{0: 8\}"):
        learned_signatures(mixed, solver=SOLVER)
    with pytest.warns(ConvergenceWarning, match="did not converge within 2 iterations in layer 0"):
        learned_signatures(entries, solver=Solver(2, max_iterations=2), starts=1, rotations=9)
