from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from langsig.arrays import Array
from langsig.errors import InputError, LeftOutWarning
from langsig.morphology import category_slug
from langsig.representations import (
    CategoryStatistics,
    CovarianceFitter,
    LayerStatistics,
    States,
    covariances_by_category,
    match_layers,
    normalising_factors,
)
from langsig.representations.covariance import sentences_up_to

CATEGORIES = ["Case", "Tense", "Part of Speech", "Voice"]
D_CONTROL, D_EXPERIMENTAL, LAYERS = 4, 6, 3
NAMES = ("cross", "control", "experimental", "control_mean", "experimental_mean")


def words_table(count: int, seed: int = 0) -> pd.DataFrame:
    """Sentences of one to nine words. Nine in ten words have a part of speech; the others bear no
    category, like punctuation. No word bears Voice."""
    generator = np.random.default_rng(seed)
    sentence = np.repeat(np.arange(count), generator.integers(1, 10, count))[:count]
    words = pd.DataFrame({"sentence": sentence.astype(np.int32), "form": "word"})
    punctuation = generator.random(count) < 0.1
    for category, share in zip(CATEGORIES, (0.4, 0.15, 1, 0), strict=True):
        bears = (generator.random(count) < share) & ~punctuation
        values = generator.choice(["SG", "PL"], count)
        words[category] = pd.array(np.where(bears, values, None), dtype="string")
    return words


def states(count: int, dim: int, seed: int, *, mean: float = 0.0, layers: int = LAYERS) -> States:
    """Random states with correlated dimensions for nine in ten words."""
    generator = np.random.default_rng(seed)
    index = np.flatnonzero(generator.random(count) < 0.9)
    mixture = generator.normal(size=(dim, dim))
    return States(
        [
            (generator.normal(size=(len(index), dim)) @ mixture + mean).astype(np.float32)
            for _ in range(layers)
        ],
        index,
    )


def by_category(
    control: States, experimental: States, words: pd.DataFrame, **options: Any
) -> dict[str, CategoryStatistics]:
    settings: dict[str, Any] = {
        "language": "qaa",
        "categories": CATEGORIES,
        "min_instances": 1,
        "blocks": 5,
        "block_layers": {},
    }
    results = covariances_by_category(control, experimental, words, **settings | options)
    assert [result.category for result in results] == CATEGORIES
    return {result.category: result for result in results}


def vectors(states: States, layer: int, rows: list[int]) -> Array:
    """States of the given rows of the table of words, ``[words, dim]``."""
    position = {row: number for number, row in enumerate(states.index.tolist())}
    return states.layers[layer][[position[row] for row in rows]].astype(np.float64)


def direct(z: Array, y: Array) -> dict[str, Array]:
    """Covariances of two matrices ``[words, dim]`` by numpy."""
    whole = np.cov(z.T, y.T, bias=True)
    d = z.shape[1]
    return {
        "cross": whole[:d, d:],
        "control": whole[:d, :d],
        "experimental": whole[d:, d:],
        "control_mean": z.mean(0),
        "experimental_mean": y.mean(0),
    }


def members(control: States, experimental: States, words: pd.DataFrame, category: str) -> list[int]:
    kept = {*control.index.tolist()} & {*experimental.index.tolist()}
    bears = words[category].notna().tolist()
    return [row for row in sorted(kept) if bears[row]]


@pytest.mark.parametrize("mean", [0.0, 1e3])
def test_slices_contain_words_with_the_category_and_states_of_both_models(mean: float) -> None:
    words = words_table(600)
    control = states(600, D_CONTROL, 1, mean=mean)
    experimental = states(600, D_EXPERIMENTAL, 2, mean=-mean)
    assert control.index.tolist() != experimental.index.tolist()
    results = by_category(control, experimental, words, min_instances=10)
    for category in ("Case", "Tense", "Part of Speech"):
        rows = members(control, experimental, words, category)
        assert results[category].words == len(rows)
        assert len(results[category].layers) == LAYERS
        for layer, result in enumerate(results[category].layers):
            z, y = vectors(control, layer, rows), vectors(experimental, layer, rows)
            for name, expected in direct(z, y).items():
                np.testing.assert_allclose(
                    getattr(result, name), expected, rtol=1e-9, atol=1e-9, err_msg=name
                )


def test_the_values_of_the_category_do_not_matter() -> None:
    words = words_table(300)
    changed = words.assign(Case=words["Case"].where(words["Case"].isna(), "third"))
    pair = states(300, D_CONTROL, 1), states(300, D_EXPERIMENTAL, 2)
    result, expected = by_category(*pair, changed)["Case"], by_category(*pair, words)["Case"]
    np.testing.assert_array_equal(result.layers[0].cross, expected.layers[0].cross)


def test_many_words_are_read_in_chunks() -> None:
    words = words_table(20_000)
    control, experimental = states(20_000, 3, 1, layers=1), states(20_000, 2, 2, layers=1)
    result = by_category(control, experimental, words, blocks=2)["Part of Speech"]
    rows = members(control, experimental, words, "Part of Speech")
    expected = direct(vectors(control, 0, rows), vectors(experimental, 0, rows))
    for name in NAMES:
        np.testing.assert_allclose(getattr(result.layers[0], name), expected[name], atol=1e-10)


def test_half_precision_states_are_summed_in_double_precision() -> None:
    words = words_table(3_000)
    full = states(3_000, D_CONTROL, 1, mean=100), states(3_000, D_EXPERIMENTAL, 2, mean=50)
    half = [States([x.astype(np.float16) for x in s.layers], s.index) for s in full]
    result = by_category(half[0], half[1], words)["Part of Speech"].layers[0]
    rows = members(*full, words, "Part of Speech")
    expected = direct(vectors(half[0], 0, rows), vectors(half[1], 0, rows))
    np.testing.assert_allclose(result.cross, expected["cross"], rtol=1e-9, atol=1e-9)


def test_large_means_do_not_reduce_precision() -> None:
    generator = np.random.default_rng(0)
    z, y = generator.normal(1e6, 1, (500, 3)), generator.normal(-1e6, 1, (500, 2))
    fitter = CovarianceFitter(z.mean(0), y.mean(0))
    fitter.update(z[:123], y[:123])
    fitter.update(z[123:], y[123:])
    expected = direct(z, y)
    for name in NAMES:
        np.testing.assert_allclose(getattr(fitter.statistics(), name), expected[name], atol=1e-8)


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.floats(-5, 5), st.integers(0, 99))
def test_chunks_and_shifts_do_not_matter(parts: list[int], shift: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    z, y = (generator.normal(size=(sum(parts) + 2, dim)) for dim in (3, 2))
    fitter = CovarianceFitter(np.full(3, shift), np.full(2, -shift), blocks=2)
    for number, (start, end) in enumerate(pairwise([0, *np.cumsum(parts), len(z)])):
        fitter.update(z[start:end], y[start:end], number % 2)
    expected = direct(z, y)
    for name in NAMES:
        np.testing.assert_allclose(getattr(fitter.statistics(), name), expected[name], atol=1e-10)


@pytest.mark.parametrize("normalise", ["none", "variance"])
def test_draws_of_blocks_have_the_covariances_of_their_words(normalise: str) -> None:
    generator = np.random.default_rng(1)
    fitter = CovarianceFitter(np.zeros(3), np.zeros(2), blocks=5)
    for block, words in enumerate((4, 0, 9, 1, 6)):
        fitter.update(
            generator.normal(3, 1, (words, 3)), generator.normal(-1, 2, (words, 2)), block
        )
    sums = fitter.block_statistics()
    drawn = np.array([[0, 2, 2, 4], [4, 3, 0, 2], [0, 0, 0, 0]])
    expected = [sums.cross_covariance(chosen, normalise) for chosen in drawn]
    np.testing.assert_allclose(sums.resampled_covariances(drawn, normalise), expected)
    with pytest.raises(InputError, match="normalise must be one of none, variance, got 'norm'"):
        sums.resampled_covariances(drawn, "norm")


def test_slices_with_too_few_words_have_only_a_count() -> None:
    words = words_table(400)
    control, experimental = states(400, D_CONTROL, 1), states(400, D_EXPERIMENTAL, 2)
    count = len(members(control, experimental, words, "Tense"))
    wanted = {"block_layers": {"Tense": [0], "Voice": [0]}}
    enough = by_category(control, experimental, words, min_instances=count, **wanted)
    too_few = by_category(control, experimental, words, min_instances=count + 1, **wanted)
    assert enough["Tense"].words == too_few["Tense"].words == count
    assert len(enough["Tense"].layers) == LAYERS and enough["Tense"].blocks
    assert too_few["Tense"].layers == [] and too_few["Tense"].blocks == {}
    assert (too_few["Voice"].words, too_few["Voice"].layers) == (0, [])


def test_categories_without_words_are_not_computed() -> None:
    results = by_category(
        states(50, D_CONTROL, 1), states(50, D_EXPERIMENTAL, 2), words_table(50), min_instances=0
    )
    assert (results["Voice"].words, results["Voice"].layers) == (0, [])


def test_models_without_common_words() -> None:
    control, experimental = states(50, D_CONTROL, 1), states(50, D_EXPERIMENTAL, 2)
    apart = States([x[:0] for x in control.layers], control.index[:0])
    results = by_category(apart, experimental, words_table(50))
    assert all(result.words == 0 and not result.layers for result in results.values())


@pytest.mark.parametrize("category", ["Case", "Part of Speech"])
def test_blocks_can_be_combined_to_the_covariance_of_their_words(category: str) -> None:
    number_of_blocks = 7
    words = words_table(500)
    control = states(500, D_CONTROL, 1, mean=1e3)
    experimental = states(500, D_EXPERIMENTAL, 2, mean=-1e3)
    block_layers = {category: [0, 2]}
    results = by_category(
        control, experimental, words, blocks=number_of_blocks, block_layers=block_layers
    )
    assert {name: [*r.blocks] for name, r in results.items() if r.blocks} == block_layers
    rows = members(control, experimental, words, category)
    for layer, sums in results[category].blocks.items():
        bounds = np.cumsum([0, *sums.counts])
        assert len(sums.counts) == number_of_blocks and bounds[-1] == len(rows)
        block_rows = [rows[start:end] for start, end in pairwise(bounds)]
        z, y = vectors(control, layer, rows), vectors(experimental, layer, rows)
        centres = {"control": z.mean(0), "experimental": y.mean(0)}
        generator = np.random.default_rng(layer)
        for _ in range(20):
            # Blocks are drawn with replacement, as in a bootstrap.
            chosen = generator.integers(0, number_of_blocks, generator.integers(1, 10))
            drawn = [row for block in chosen for row in block_rows[block]]
            expected = direct(vectors(control, layer, drawn), vectors(experimental, layer, drawn))
            count = sums.counts[chosen].sum()
            means = {
                "control": sums.control_sums[chosen].sum(0) / count,
                "experimental": sums.experimental_sums[chosen].sum(0) / count,
            }
            pairs = {
                "cross": ("control", "experimental"),
                "control": ("control", "control"),
                "experimental": ("experimental", "experimental"),
            }
            for name, (left, right) in pairs.items():
                recombined = getattr(sums, name)[chosen].sum(0) / count
                recombined = recombined - np.outer(means[left], means[right])
                np.testing.assert_allclose(recombined, expected[name], rtol=1e-8, atol=1e-8)
            np.testing.assert_allclose(
                sums.cross_covariance(chosen), expected["cross"], rtol=1e-8, atol=1e-8
            )
            for name, mean in means.items():
                np.testing.assert_allclose(mean + centres[name], expected[f"{name}_mean"])


def test_blocks_consist_of_consecutive_complete_sentences() -> None:
    words = words_table(700)
    control, experimental = states(700, D_CONTROL, 1), states(700, D_EXPERIMENTAL, 2)
    result = by_category(
        control, experimental, words, blocks=6, block_layers={"Part of Speech": [1]}
    )["Part of Speech"]
    rows = members(control, experimental, words, "Part of Speech")
    sentence = words["sentence"].to_numpy()[rows]
    bounds = np.cumsum([0, *result.blocks[1].counts])
    sentences = [{*sentence[start:end].tolist()} for start, end in pairwise(bounds)]
    assert sum(map(len, sentences)) == len({*sentence.tolist()})  # no sentence is in two blocks
    assert max(map(len, sentences)) - min(map(len, sentences)) <= 1


def test_fewer_sentences_than_blocks() -> None:
    words = words_table(12)
    control, experimental = states(12, D_CONTROL, 1), states(12, D_EXPERIMENTAL, 2)
    result = by_category(
        control, experimental, words, blocks=30, block_layers={"Part of Speech": [0]}
    )["Part of Speech"]
    assert result.blocks[0].counts.sum() == result.words
    assert len(result.blocks[0].counts) == 30


def test_statistics_can_be_saved_and_loaded(tmp_path: Path) -> None:
    words = words_table(300)
    results = by_category(
        states(300, D_CONTROL, 1, layers=12, mean=30),
        states(300, D_EXPERIMENTAL, 2, layers=12),
        words,
        block_layers={"Case": [0, 11]},
        min_instances=60,
    )
    assert [*results["Case"].blocks] == [0, 11] and results["Tense"].layers == []
    assert category_slug("Part of Speech") == "part-of-speech"
    for result in results.values():
        path = tmp_path / f"{category_slug(result.category)}.safetensors"
        result.save(path)
        written = path.read_bytes()
        for _ in range(5):
            result.save(path)
            assert path.read_bytes() == written, "else all that depends on it runs again"
        again = CategoryStatistics.load(path)
        for name in ("language", "category", "words"):
            assert getattr(again, name) == getattr(result, name)
        assert len(again.layers) == len(result.layers)
        assert again.blocks.keys() == result.blocks.keys()
        saved = [*zip(again.layers, result.layers, strict=True)]
        blocks = [(again.blocks[layer], sums) for layer, sums in result.blocks.items()]
        for copy, original in [*saved, *blocks]:
            for name in original.__dataclass_fields__:
                value = getattr(original, name)
                np.testing.assert_allclose(getattr(copy, name), value, rtol=1e-6, atol=1e-12)
                assert getattr(copy, name).dtype == (np.int64 if name == "counts" else np.float32)


@given(st.integers(0, 40))
def test_layers_of_models_of_equal_depth_are_paired_by_number(layers: int) -> None:
    assert match_layers(layers, layers) == [(layer, layer) for layer in range(layers + 1)]


@given(st.integers(1, 40), st.integers(1, 40), st.none() | st.integers(1, 40))
def test_layers_are_matched_by_relative_depth(z: int, y: int, resolution: int | None) -> None:
    pairs = match_layers(z, y, resolution)
    assert match_layers(y, z, resolution) == [(b, a) for a, b in pairs]
    assert pairs[0] == (0, 0) and pairs[-1] == (z, y)
    steps = len(pairs) - 1
    assert steps == (resolution or min(z, y))
    for step, pair in enumerate(pairs):
        for layer, depth in zip(pair, (z, y), strict=True):
            assert abs(layer - step * depth / steps) <= 0.5 + 1e-9
    if resolution is None:
        shallower = [pair[0 if z <= y else 1] for pair in pairs]
        assert shallower == list(range(min(z, y) + 1))


def test_layers_halfway_between_two_are_paired_with_the_even_one() -> None:
    assert match_layers(6, 12) == [(layer, 2 * layer) for layer in range(7)]
    assert match_layers(2, 5) == [(0, 0), (1, 2), (2, 5)]  # 2.5
    assert match_layers(2, 7) == [(0, 0), (1, 4), (2, 7)]  # 3.5


@pytest.mark.parametrize("resolution", [None, 2])
@pytest.mark.parametrize(("z_layers", "y_layers"), [(3, 6), (6, 3), (4, 4)])
def test_models_of_different_depth_have_covariances_of_matched_layers(
    tmp_path: Path, z_layers: int, y_layers: int, resolution: int | None
) -> None:
    words = words_table(200)
    control = states(200, D_CONTROL, 1, layers=z_layers + 1)
    experimental = states(200, D_EXPERIMENTAL, 2, layers=y_layers + 1)
    result = by_category(
        control, experimental, words, resolution=resolution, block_layers={"Case": [1]}
    )["Case"]
    pairs = match_layers(z_layers, y_layers, resolution)
    assert result.layer_pairs == pairs
    rows = members(control, experimental, words, "Case")
    for (z_layer, y_layer), layer in zip(pairs, result.layers, strict=True):
        z, y = vectors(control, z_layer, rows), vectors(experimental, y_layer, rows)
        np.testing.assert_allclose(layer.cross, direct(z, y)["cross"], rtol=1e-9, atol=1e-9)
    z, y = (vectors(s, at, rows) for s, at in zip((control, experimental), pairs[1], strict=True))
    whole = result.blocks[1].cross.sum(0) / len(rows)
    np.testing.assert_allclose(whole, direct(z, y)["cross"], rtol=1e-9, atol=1e-9)
    result.save(tmp_path / "case.safetensors")
    assert CategoryStatistics.load(tmp_path / "case.safetensors").layer_pairs == pairs


def test_a_reference_without_layers_is_paired_with_every_layer(tmp_path: Path) -> None:
    words = words_table(200)
    reference = States([np.random.default_rng(1).normal(size=(200, D_CONTROL))], np.arange(200))
    experimental = states(200, D_EXPERIMENTAL, 2, layers=4)
    result = by_category(reference, experimental, words, block_layers={"Case": [3]})["Case"]
    assert result.layer_pairs == [(None, layer) for layer in range(4)]
    rows = members(reference, experimental, words, "Case")
    assert result.words == len(rows) < words["Case"].notna().sum(), "some words have no state"
    z = vectors(reference, 0, rows)
    for number, layer in enumerate(result.layers):
        y = vectors(experimental, number, rows)
        np.testing.assert_allclose(layer.cross, direct(z, y)["cross"], rtol=1e-9, atol=1e-9)
    result.save(tmp_path / "case.safetensors")
    assert CategoryStatistics.load(tmp_path / "case.safetensors").layer_pairs == result.layer_pairs
    fewer = by_category(reference, experimental, words, resolution=1)["Case"]
    assert fewer.layer_pairs == [(None, 0), (None, 3)]


def test_categories_whose_words_all_have_the_same_reference_are_left_out() -> None:
    words = words_table(200)
    indicators = np.stack([words["Case"].notna(), words["Case"].isna()], axis=1).astype(float)
    experimental = states(200, D_EXPERIMENTAL, 2)
    with pytest.warns(LeftOutWarning, match="qaa: left out Case, whose words all have the same"):
        results = by_category(
            States([indicators], np.arange(200)), experimental, words, block_layers={"Case": [0]}
        )
    assert (results["Case"].layers, results["Case"].blocks) == ([], {})
    assert results["Case"].words > 0
    assert len(results["Part of Speech"].layers) == LAYERS


@pytest.mark.slow
@given(st.integers(2, 12), st.integers(0, 99))
@settings(deadline=None)
def test_flipped_covariances_are_signed_sums_over_blocks(blocks: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    block = np.sort(generator.integers(0, blocks, 50))  # some blocks may be empty
    z, y = generator.normal(2, 1, (50, 3)), generator.normal(-1, 1, (50, 2))
    fitter = CovarianceFitter(z.mean(0), y.mean(0), blocks)
    for number in range(blocks):
        fitter.update(z[block == number], y[block == number], number)
    signs = generator.choice([-1, 1], (4, blocks))
    covariances = fitter.block_statistics().flipped_covariances(signs)
    for row, flipped in zip(signs, covariances, strict=True):
        expected = sum(
            row[number]
            * len(z[block == number])
            * direct(z[block == number], y[block == number])["cross"]
            for number in np.unique(block)
        )
        np.testing.assert_allclose(flipped, expected / 50, atol=1e-9)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.integers(1, 250), st.integers(0, 99))
def test_samples_of_words_consist_of_complete_sentences(max_words: int, seed: int) -> None:
    words = words_table(200).assign(form=np.arange(200).astype(str))
    control, experimental = states(200, D_CONTROL, 1), states(200, D_EXPERIMENTAL, 2)
    rows = members(control, experimental, words, "Part of Speech")
    sentence = words["sentence"].to_numpy()[rows]
    positions = sentences_up_to(max_words, sentence, seed)
    assert np.array_equal(positions, sentences_up_to(max_words, sentence, seed))
    assert len(positions) <= max_words and (np.diff(positions) > 0).all()
    assert np.isin(sentence, sentence[positions]).sum() == len(positions), "complete sentences"
    if max_words >= len(rows):
        assert len(positions) == len(rows)
    else:
        assert len(positions) > max_words - 9, "no other sentence fits"
    *categories, result = covariances_by_category(
        control,
        experimental,
        words,
        language="qaa",
        categories=CATEGORIES,
        min_instances=1,
        blocks=4,
        block_layers={"Part of Speech": [0]},
        samples={"Part of Speech": max_words},
        seed=seed,
    )
    assert [entry.category for entry in categories] == CATEGORIES
    whole = by_category(control, experimental, words)["Part of Speech"]
    assert categories[CATEGORIES.index("Part of Speech")].words == whole.words == len(rows)
    assert result.category == "Part of Speech"
    assert result.words == len(positions)
    if len(positions):
        taken = [rows[position] for position in positions]
        z, y = vectors(control, 0, taken), vectors(experimental, 0, taken)
        np.testing.assert_allclose(result.layers[0].cross, direct(z, y)["cross"], atol=1e-9)
        assert result.blocks[0].counts.sum() == len(positions)


def test_sampled_sentences_depend_on_the_seed() -> None:
    sentence = np.repeat(np.arange(40), 3)
    chosen = [sentences_up_to(30, sentence, seed) for seed in range(20)]
    assert {len(positions) for positions in chosen} == {30}
    assert {position for positions in chosen for position in positions} == {*range(120)}


@pytest.mark.slow
@settings(deadline=None)
@given(st.floats(0.01, 100), st.floats(0.01, 100), st.integers(0, 99))
def test_variance_normalisation_removes_units(z_unit: float, y_unit: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    z, y = generator.normal(2, 3, (60, 4)), generator.normal(-1, 2, (60, 2))
    chosen = generator.integers(0, 3, 4)

    def covariances(z: Array, y: Array, normalise: str) -> list[Array]:
        fitter = CovarianceFitter(z.mean(0), y.mean(0), 3)
        for number in range(3):
            fitter.update(z[number::3], y[number::3], number)
        whole = fitter.statistics()
        parts = fitter.block_statistics().cross_covariance(chosen, normalise)
        return [whole.normalised(normalise).cross, parts]

    pairs = [(z, y), (z_unit * z, y_unit * y)]
    for before, after in zip(*(covariances(*pair, "variance") for pair in pairs), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-9)
    for before, after in zip(*(covariances(*pair, "none") for pair in pairs), strict=True):
        np.testing.assert_allclose(after, z_unit * y_unit * before, rtol=1e-9)
    unit = [x / np.sqrt(x.var(0).mean()) for x in (z, y)]
    drawn = np.concatenate([np.arange(number, 60, 3) for number in chosen])
    units = [x[drawn] / np.sqrt(x[drawn].var(0).mean()) for x in (z, y)]
    for scaled, pair in zip(covariances(z, y, "variance"), (unit, units), strict=True):
        np.testing.assert_allclose(scaled, direct(*pair)["cross"], rtol=1e-9)


def test_unknown_normalisations_are_refused() -> None:
    with pytest.raises(InputError, match="normalise must be one of none, variance, got 'norm'"):
        normalising_factors("norm", np.eye(2), np.eye(3))


def test_normalised_statistics_agree_with_normalised_vectors() -> None:
    generator = np.random.default_rng(0)
    z, y = generator.normal(2, 3, (60, 4)), generator.normal(-1, 2, (60, 2))
    scaled = [x / np.sqrt(x.var(0).mean()) for x in (z, y)]
    before, after = CovarianceFitter.fit(z, y), CovarianceFitter.fit(scaled[0], scaled[1])
    for name in NAMES:
        normalised = getattr(before.normalised("variance"), name)
        np.testing.assert_allclose(normalised, getattr(after, name), rtol=1e-9)
        np.testing.assert_array_equal(
            getattr(before.normalised("none"), name), getattr(before, name)
        )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_fit_in_one_call_is_the_covariance_of_all_words(dtype: type) -> None:
    generator = np.random.default_rng(0)
    z = generator.normal(30, 1, (500, 3)).astype(dtype)
    y = generator.normal(-9, 1, (500, 2)).astype(dtype)
    result = CovarianceFitter.fit(z, y)
    assert isinstance(result, LayerStatistics)
    for name, expected in direct(z.astype(np.float64), y.astype(np.float64)).items():
        np.testing.assert_allclose(getattr(result, name), expected, atol=1e-10)


def test_results_do_not_change_when_words_are_added() -> None:
    fitter = CovarianceFitter(np.zeros(2), np.zeros(2), blocks=2)
    fitter.update(np.eye(2), np.eye(2), 1)
    sums = fitter.block_statistics()
    fitter.update(np.eye(2), np.eye(2), 1)
    assert sums.counts.tolist() == [0, 2] and fitter.block_statistics().counts.tolist() == [0, 4]
    np.testing.assert_array_equal(sums.cross[1], np.eye(2))


def test_shapes_are_checked() -> None:
    with pytest.raises(InputError, match=r"at least one word, got \(0, 2\) and \(0, 3\)"):
        CovarianceFitter.fit(np.zeros((0, 2)), np.zeros((0, 3)))
    with pytest.raises(InputError, match=r"same words, got \(4, 2\) and \(5, 3\)"):
        CovarianceFitter.fit(np.zeros((4, 2)), np.zeros((5, 3)))
    fitter = CovarianceFitter(np.zeros(2), np.zeros(3))
    with pytest.raises(InputError, match=r"\[words, 2\] and \[words, 3\] .* \(4, 3\)"):
        fitter.update(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(InputError, match="no words yet; call update first"):
        fitter.statistics()
    with pytest.raises(InputError, match="control must be an integer of at least 0, got -1"):
        match_layers(-1, 3)
    with pytest.raises(InputError, match="resolution must be an integer of at least 0, got -2"):
        match_layers(1, 3, -2)
    with pytest.raises(InputError, match="experimental must be an integer"):
        match_layers(1, 2.5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="block must be from 0 to 0, got 1"):
        fitter.update(np.zeros((4, 2)), np.zeros((4, 3)), block=1)
    with pytest.raises(InputError, match="blocks must be a positive integer, got 0"):
        CovarianceFitter(np.zeros(2), np.zeros(3), blocks=0)
    with pytest.raises(InputError, match=r"must be vectors .* got shapes \(1, 2\) and \(3,\)"):
        CovarianceFitter(np.zeros((1, 2)), np.zeros(3))


def test_states_without_variance_cannot_be_normalised() -> None:
    statistics = CovarianceFitter.fit(np.ones((4, 2)), np.eye(4))
    assert statistics.normalised("none").cross.shape == (2, 4)
    with pytest.raises(InputError, match="states of the control model have no variance"):
        statistics.normalised("variance")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": 0}, "blocks must be a positive integer, got 0"),
        ({"samples": {"Case": 0}}, r"samples\['Case'\] must be a positive integer, got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(change: dict[str, Any], message: str) -> None:
    pair = states(50, D_CONTROL, 1), states(50, D_EXPERIMENTAL, 2)
    with pytest.raises(InputError, match=message):
        by_category(*pair, words_table(50), **change)


def test_files_with_other_content_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "case.safetensors"
    with pytest.raises(InputError, match=r"case\.safetensors: cannot read covariances"):
        CategoryStatistics.load(path)
    save_file({"layer": np.zeros(2)}, path)
    with pytest.raises(InputError, match=r"case\.safetensors: cannot read covariances"):
        CategoryStatistics.load(path)
