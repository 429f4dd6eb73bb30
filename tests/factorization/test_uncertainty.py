"""Intervals and tests by flipped blocks: planted truths, and what holds whatever the data."""

import warnings
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from langsig.errors import InputError
from langsig.factorization import (
    LayeredUncertainty,
    Parafac2Result,
    Solver,
    bootstrap,
    fits_from_starts,
    flip_test,
    signatures_under,
    uncertainty_by_layer,
)
from langsig.factorization.solver import signatures_under_each
from langsig.factorization.uncertainty import draw_blocks, shrinkage
from langsig.intervals import interval
from langsig.representations import (
    BlockStatistics,
    CategoryStatistics,
    CovarianceFitter,
)

Array = NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)
DIM, RANK = 6, 2
LANGUAGES = ["cs", "fi", "zh"]
SOLVER = Solver(RANK, max_iterations=200)


def clustered(rng: Generator, words: int, dim: int = DIM) -> Array:
    """Vectors of words in sentences of eight, half of whose variance the sentence shares."""
    of_sentences = rng.standard_normal((words // 8 + 1, dim))[np.arange(words) // 8]
    noise: Array = (rng.standard_normal((words, dim)) + of_sentences) / np.sqrt(2)
    return noise


def vectors(rng: Generator, words: int, *, related: bool = True) -> tuple[Array, Array]:
    """Vectors of two models, ``[words, dim]``; related ones share a falling spectrum."""
    falls = np.arange(1, DIM + 1) ** -1.0
    z = falls * clustered(rng, words)
    y = z if related else falls * clustered(rng, words)
    return z + 0.2 * clustered(rng, words), y + 0.2 * clustered(rng, words)


def fitter(z: Array, y: Array, blocks: int = 1) -> CovarianceFitter:
    sums = CovarianceFitter(z.mean(0), y.mean(0), blocks)
    for number, part in enumerate(np.array_split(np.arange(len(z)), blocks)):
        sums.update(z[part], y[part], number)
    return sums


def whole(blocks: list[BlockStatistics]) -> list[Array]:
    return [block.cross_covariance(slice(None)) for block in blocks]


def language(name: str, rng: Generator, *, blocks: tuple[int, ...] = (0, 2)) -> CategoryStatistics:
    """Three layers, the first and the last of them the same vectors."""
    low, middle = vectors(rng, 240), vectors(rng, 240)
    layers = [low, middle, low]
    return CategoryStatistics(
        language=name,
        category="Part of Speech",
        words=240,
        layers=[fitter(*pair).statistics() for pair in layers],
        blocks={layer: fitter(*layers[layer], 5).block_statistics() for layer in blocks},
        layer_pairs=[(layer, layer) for layer in range(3)],
    )


def by_layer(statistics: list[CategoryStatistics], **options: Any) -> LayeredUncertainty:
    given: dict[str, Any] = {
        "source": "trained", "normalisations": ["none", "variance"], "replicates": 4,
        "iterations": 5, "starts": 2, "solver": SOLVER,
    }  # fmt: skip
    return uncertainty_by_layer(statistics, **given | options)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12).filter(any), st.integers(1, 9), seeds)
@settings(deadline=None)
def test_only_blocks_with_words_are_drawn(counts: list[int], replicates: int, seed: int) -> None:
    drawn = draw_blocks(np.array(counts), replicates, seed)
    assert drawn.shape == (replicates, np.count_nonzero(counts))
    assert np.array(counts)[drawn].all()
    assert np.array_equal(drawn, draw_blocks(np.array(counts), replicates, seed))


def test_every_block_is_drawn_by_some_seed_and_seeds_differ() -> None:
    counts = np.array([3, 0, 5, 1])
    draws = [draw_blocks(counts, 3, seed) for seed in range(20)]
    assert set(np.unique(draws)) == {0, 2, 3}
    assert len({draw.tobytes() for draw in draws}) > 10


def test_replicates_of_identical_blocks_do_not_vary() -> None:
    rng = default_rng(0)
    blocks = []
    for _ in LANGUAGES:
        block = fitter(*vectors(rng, 40)).block_statistics()
        none = CovarianceFitter(np.zeros(DIM), np.zeros(DIM)).block_statistics()
        parts = [block, block, none, block]
        columns = [f.name for f in fields(BlockStatistics)]
        blocks.append(
            BlockStatistics(*(np.concatenate([getattr(p, c) for p in parts]) for c in columns))
        )
    fit = SOLVER.fit(whole(blocks))
    replicates = bootstrap(blocks, fit, solver=Solver(RANK, max_iterations=5), replicates=6)
    assert replicates.shape == (6, 3)
    np.testing.assert_array_equal(replicates, replicates[[0]].repeat(6, 0))
    np.testing.assert_allclose(replicates[0], fit.average_signatures, rtol=1e-2)


@pytest.mark.slow
def test_replicates_vary_as_much_as_fresh_data_do() -> None:
    """Not as little as if words were independent, though sentences of eight share half."""
    estimates, spreads = [], []
    for data_set in range(40):
        rng = default_rng([3, data_set])
        blocks = [fitter(*vectors(rng, 1_600), 20).block_statistics() for _ in LANGUAGES]
        fit = SOLVER.fit(whole(blocks))
        estimates.append(fit.average_signatures)
        if data_set < 6:
            solver = Solver(RANK, max_iterations=10)
            replicates = bootstrap(blocks, fit, solver=solver, replicates=40, seed=data_set)
            spreads.append(replicates.var(0, ddof=1))
    fresh = np.var(estimates, axis=0, ddof=1).mean()
    assert np.sqrt(np.mean(spreads) / fresh) == pytest.approx(1, abs=0.25)


def test_normalised_replicates_do_not_depend_on_the_units_of_a_model() -> None:
    rng = default_rng(1)
    pairs = [vectors(rng, 200) for _ in LANGUAGES]
    results = []
    solver = Solver(RANK, max_iterations=5)
    for unit in (1.0, 8.0):
        blocks = [fitter(unit * z, y, 5).block_statistics() for z, y in pairs]
        slices = [b.cross_covariance(slice(None), "variance") for b in blocks]
        fit = SOLVER.fit(slices)
        results.append(bootstrap(blocks, fit, solver=solver, replicates=5, normalise="variance"))
    np.testing.assert_allclose(*results, rtol=1e-4)


def test_noise_is_not_resampled_twice() -> None:
    rng = default_rng(1)
    residual = rng.standard_normal((6, 5))
    square = float(np.sum(residual**2))
    assert shrinkage(residual, 0.0) == 1, "all of it is structure"
    assert shrinkage(residual, 2 * square) == 0, "all of it is noise"
    np.testing.assert_allclose(shrinkage(residual, 0.75 * square), 0.5)
    assert shrinkage(np.zeros((2, 2)), 1.0) == 0


def planted(seed: int, rows: list[int], rank: int = 3, width: int = 7) -> Parafac2Result:
    rng = default_rng(seed)
    return Parafac2Result(
        signatures=rng.uniform(0.5, 2, (len(rows), rank)),
        blueprint=np.eye(rank) + 0.2 * rng.standard_normal((rank, rank)),
        experimental_directions=np.eye(width, rank) + 0.1 * rng.standard_normal((width, rank)),
        projections=[np.linalg.qr(rng.standard_normal((size, rank)))[0] for size in rows],
        relative_error=0.0,
        loss=0.0,
        iterations=1,
        converged=True,
    ).canonical()


@pytest.mark.slow
@given(seeds, st.lists(st.integers(3, 10), min_size=1, max_size=4), st.sampled_from([1e-3, 1, 1e3]))
@settings(max_examples=30, deadline=None)
def test_slices_of_a_model_get_back_their_signatures(
    seed: int, rows: list[int], unit: float
) -> None:
    model = planted(seed, rows)
    slices = [unit * model.reconstruct(index) for index in range(len(rows))]
    signatures = signatures_under(model, slices, ridge=0, steps=100)
    np.testing.assert_allclose(signatures, unit * model.signatures, rtol=1e-3)


def test_each_slice_gets_its_signatures_separately() -> None:
    rng = default_rng(4)
    model = planted(4, [5, 6])
    slices = [scale * rng.standard_normal((rows, 7)) for rows, scale in ((4, 1), (9, 30), (7, 2))]
    together = signatures_under(model, slices)
    assert together.shape == (3, 3) and (together >= 0).all()
    alone = [signatures_under(model, [omega])[0] for omega in slices]
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_problems_of_several_batches_get_the_signatures_of_their_models() -> None:
    rng = default_rng(6)
    problems = [[scale * rng.standard_normal((6, 7)) for _ in range(9_000)] for scale in (1, 5, 30)]
    models = [planted(seed, [5, 6]) for seed in range(3)]
    together = signatures_under_each(models, problems, ridge=0.2, steps=2)
    for model, slices, signatures in zip(models, problems, together, strict=True):
        alone = signatures_under(model, slices[:20], ridge=0.2, steps=2)
        np.testing.assert_allclose(signatures[:20], alone, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_fit_is_where_its_own_signatures_stay() -> None:
    rng = default_rng(2)
    slices = [rng.standard_normal((8, DIM)) for _ in range(5)]
    for ridge in (1e-2, 0.3):
        fit = Solver(RANK, ridge=ridge, max_iterations=5_000, tolerance=1e-9).fit(slices)
        signatures = signatures_under(fit, slices, ridge=ridge, steps=500)
        np.testing.assert_allclose(signatures, fit.signatures, rtol=0.01, atol=0.01)


def blocks_of(
    rng: Generator, *, related: bool, words: int = 320, blocks: int = 16
) -> list[BlockStatistics]:
    pairs = [vectors(rng, words, related=related) for _ in LANGUAGES]
    return [fitter(*pair, blocks).block_statistics() for pair in pairs]


def test_vectors_that_belong_together_have_the_smallest_p() -> None:
    test = flip_test(blocks_of(default_rng(0), related=True), replicates=19, solver=SOLVER)
    np.testing.assert_array_equal(test.p, 1 / 20)
    assert test.observed.shape == (3,) and test.null.shape == (19, 3)
    assert (test.null.mean(0) < 0.5 * test.observed).all()


@pytest.mark.slow
@pytest.mark.parametrize("words", [64, 320])
def test_p_of_unrelated_vectors_is_about_uniform(words: int) -> None:
    p = []
    for data_set in range(60):
        blocks = blocks_of(default_rng([7, data_set]), related=False, words=words, blocks=8)
        solver = Solver(RANK, max_iterations=5)
        p.append(flip_test(blocks, solver=solver, replicates=19, seed=data_set).p)
    assert np.mean(p) == pytest.approx(0.525, abs=0.1)  # 1/20, 2/20 ... 1
    assert np.mean(np.array(p) <= 0.2) == pytest.approx(0.2, abs=0.12)
    assert np.mean(np.array(p) > 0.8) == pytest.approx(0.2, abs=0.12)


@pytest.mark.parametrize("languages", [0, 1, 2])
def test_fewer_than_three_languages_have_no_p(languages: int) -> None:
    blocks = blocks_of(default_rng(0), related=True)[:languages]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        test = flip_test(blocks, solver=SOLVER, replicates=5)
    assert np.isnan(test.p).all() and np.isnan(test.observed).all()
    assert test.p.shape == (languages,) and test.null.shape == (0, languages)


@pytest.mark.parametrize("scaled", [0, 2])
def test_units_of_a_language_do_not_change_its_p(scaled: int) -> None:
    blocks = blocks_of(default_rng(11), related=False)
    before = flip_test(blocks, replicates=19, solver=SOLVER)
    sums = blocks[scaled]
    blocks[scaled] = replace(sums, cross=64 * sums.cross, control_sums=64 * sums.control_sums)
    after = flip_test(blocks, replicates=19, solver=SOLVER)
    assert 1 / 20 < before.p[scaled] == after.p[scaled]
    np.testing.assert_allclose(after.null[:, scaled], 64 * before.null[:, scaled], rtol=1e-5)


def test_blocks_without_words_do_not_matter_to_the_test() -> None:
    blocks = blocks_of(default_rng(3), related=False)
    none = CovarianceFitter(np.zeros(DIM), np.zeros(DIM)).block_statistics()
    columns = [f.name for f in fields(BlockStatistics)]
    padded = [
        BlockStatistics(*(np.concatenate([getattr(b, c), getattr(none, c)]) for c in columns))
        for b in blocks
    ]
    expected = flip_test(blocks, replicates=3, solver=SOLVER).observed
    observed = flip_test(padded, replicates=3, solver=SOLVER).observed
    np.testing.assert_allclose(observed, expected, rtol=1e-5)


@pytest.mark.slow
def test_tables_hold_the_layers_whose_blocks_are_kept() -> None:
    statistics = [language(name, default_rng(n)) for n, name in enumerate(LANGUAGES)]
    without = replace(statistics[0], language="ja", words=3, layers=[], blocks={})
    tables = by_layer([*statistics, without])
    estimates, replicates = tables.estimates.frame, tables.replicates.frame
    assert set(estimates["source"]) == set(replicates["source"]) == {"trained"}
    key_columns = ["normalise", "layer", "language"]
    keys = [(n, at, name) for n in ("none", "variance") for at in (0, 2) for name in LANGUAGES]
    assert [*estimates[key_columns].itertuples(index=False, name=None)] == keys
    assert (estimates["words"] == 240).all() and (estimates["blocks"] == 5).all()
    assert len(replicates) == len(keys) * (4 + 2)

    cells = replicates.groupby([*key_columns, "varied"])["average_signature"].apply(np.array)
    for row in estimates.to_dict("records"):
        key = tuple(row[name] for name in key_columns)
        sentences, starts = cells[(*key, "sentences")], cells[(*key, "start")]
        assert starts[0] == row["average_signature"]
        expected = interval(np.array(row["average_signature"]), sentences, starts)
        np.testing.assert_allclose((row["low"], row["high"]), expected)
    for normalise, layer in {key[:2] for key in keys}:
        slices = [entry.layers[layer].normalised(normalise).cross for entry in statistics]
        rows = tables.estimates.select(normalise=normalise, layer=layer).frame
        averages = rows["average_signature"].to_numpy()
        best = fits_from_starts(slices, solver=SOLVER, starts=2)[0]
        np.testing.assert_allclose(averages, best.average_signatures)
        blocks = [entry.blocks[layer] for entry in statistics]
        short = replace(SOLVER, max_iterations=5)
        test = flip_test(blocks, solver=short, replicates=4, normalise=normalise)
        assert rows["p"].tolist() == test.p.tolist()


def test_replicates_have_the_same_sentences_in_all_layers() -> None:
    statistics = [language(name, default_rng(n)) for n, name in enumerate(LANGUAGES)]
    table = by_layer(statistics, normalisations=["none"]).replicates
    low = table.select(layer=0).frame.drop(columns="layer")
    high = table.select(layer=2).frame.drop(columns="layer")
    pd.testing.assert_frame_equal(low, high)  # the vectors are the same there
    averages = low.query("varied == 'sentences'").groupby("language")["average_signature"]
    assert averages.nunique().eq(4).all()


@pytest.mark.slow
def test_processes_and_seeds() -> None:
    statistics = [language(name, default_rng(n)) for n, name in enumerate(LANGUAGES)]
    first = by_layer(statistics, normalisations=["none"], workers=1, seed=0)
    parallel = by_layer(statistics, normalisations=["none"], workers=2, seed=0)
    reseeded = by_layer(statistics, normalisations=["none"], workers=1, seed=1)
    assert first == parallel
    assert first.replicates != reseeded.replicates


@pytest.mark.parametrize("languages", [0, 1])
def test_nothing_to_compare(languages: int) -> None:
    tables = by_layer([language("cs", default_rng(0))][:languages])
    assert len(tables.estimates) == len(tables.replicates) == 0


def test_two_languages_have_intervals_and_no_p() -> None:
    statistics = [language(name, default_rng(n)) for n, name in enumerate(LANGUAGES[:2])]
    estimates = by_layer(statistics, normalisations=["none"]).estimates.frame
    assert estimates["p"].isna().all()
    assert (estimates["low"] < estimates["high"]).all()


def test_bad_input_is_named() -> None:
    statistics = [language(name, default_rng(n)) for n, name in enumerate(LANGUAGES)]
    with pytest.raises(InputError, match=r"source must be one of trained, .*, got 'learnt'"):
        by_layer(statistics, source="learnt")
    layers = [replace(layer, cross=np.zeros((DIM, DIM))) for layer in statistics[1].layers]
    with pytest.raises(InputError, match=r"^fi: the slice is zero throughout"):
        by_layer([statistics[0], replace(statistics[1], layers=layers), statistics[2]])
