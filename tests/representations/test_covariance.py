from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save_file

from langsig.errors import InputError
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

Array = NDArray[np.floating[Any]]
CATEGORIES = ["Case", "Tense", "Part of Speech", "Voice"]
D_CONTROL, D_EXPERIMENTAL, LAYERS = 4, 6, 3
NAMES = ("cross", "control", "experimental", "control_mean", "experimental_mean")


def words_table(count: int, seed: int = 0) -> pd.DataFrame:
    """Sentences of one to nine words; Part of Speech on nine words in ten, the others
    bear no category, as punctuation; Voice on none."""
    generator = np.random.default_rng(seed)
    sentence = np.repeat(np.arange(count), generator.integers(1, 10, count))[:count]
    words = pd.DataFrame({"sentence": sentence.astype(np.int32), "form": "word"})
    punctuation = generator.random(count) < 0.1
    for category, share in zip(CATEGORIES, (0.4, 0.15, 1, 0), strict=True):
        bears = (generator.random(count) < share) & ~punctuation
        values = generator.choice(["one", "other"], count)
        words[category] = pd.array(np.where(bears, values, None), dtype="string")
    return words


def states(count: int, dim: int, seed: int, *, mean: float = 0.0, layers: int = LAYERS) -> States:
    """Random states with correlated dimensions, of nine words in ten."""
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
    """``[words, dim]`` of these rows of the words table, looked up one by one."""
    place = {row: number for number, row in enumerate(states.index.tolist())}
    return states.layers[layer][[place[row] for row in rows]].astype(np.float64)


def direct(z: Array, y: Array) -> dict[str, Array]:
    """What numpy makes of two matrices ``[words, dim]``."""
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
def test_slices_hold_the_words_that_bear_the_category_and_both_models_kept(mean: float) -> None:
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


def test_other_values_of_the_category_make_no_difference() -> None:
    words = words_table(300)
    same = words.assign(Case=words["Case"].where(words["Case"].isna(), "third"))
    pair = states(300, D_CONTROL, 1), states(300, D_EXPERIMENTAL, 2)
    one, other = by_category(*pair, words)["Case"], by_category(*pair, same)["Case"]
    np.testing.assert_array_equal(one.layers[0].cross, other.layers[0].cross)


def test_many_words_are_read_in_parts() -> None:
    words = words_table(20_000)
    control, experimental = states(20_000, 3, 1, layers=1), states(20_000, 2, 2, layers=1)
    result = by_category(control, experimental, words, blocks=2)["Part of Speech"]
    rows = members(control, experimental, words, "Part of Speech")
    expected = direct(vectors(control, 0, rows), vectors(experimental, 0, rows))
    for name in NAMES:
        np.testing.assert_allclose(getattr(result.layers[0], name), expected[name], atol=1e-10)


def test_half_precision_states_are_summed_in_double() -> None:
    words = words_table(3_000)
    full = states(3_000, D_CONTROL, 1, mean=100), states(3_000, D_EXPERIMENTAL, 2, mean=50)
    half = [States([x.astype(np.float16) for x in s.layers], s.index) for s in full]
    result = by_category(half[0], half[1], words)["Part of Speech"].layers[0]
    rows = members(*full, words, "Part of Speech")
    expected = direct(vectors(half[0], 0, rows), vectors(half[1], 0, rows))
    np.testing.assert_allclose(result.cross, expected["cross"], rtol=1e-9, atol=1e-9)


def test_fitter_loses_nothing_to_large_means() -> None:
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
def test_fitter_does_not_mind_parts_or_shifts(parts: list[int], shift: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    z, y = (generator.normal(size=(sum(parts) + 2, dim)) for dim in (3, 2))
    fitter = CovarianceFitter(np.full(3, shift), np.full(2, -shift), blocks=2)
    for number, (start, end) in enumerate(pairwise([0, *np.cumsum(parts), len(z)])):
        fitter.update(z[start:end], y[start:end], number % 2)
    expected = direct(z, y)
    for name in NAMES:
        np.testing.assert_allclose(getattr(fitter.statistics(), name), expected[name], atol=1e-10)


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


def test_a_category_that_no_word_bears_is_never_computed() -> None:
    results = by_category(
        states(50, D_CONTROL, 1), states(50, D_EXPERIMENTAL, 2), words_table(50), min_instances=0
    )
    assert (results["Voice"].words, results["Voice"].layers) == (0, [])


def test_models_that_share_no_word() -> None:
    control, experimental = states(50, D_CONTROL, 1), states(50, D_EXPERIMENTAL, 2)
    apart = States([x[:0] for x in control.layers], control.index[:0])
    results = by_category(apart, experimental, words_table(50))
    assert all(result.words == 0 and not result.layers for result in results.values())


@pytest.mark.parametrize("category", ["Case", "Part of Speech"])
def test_any_blocks_recombine_to_the_covariance_of_their_words(category: str) -> None:
    number_of_blocks = 7
    words = words_table(500)
    control = states(500, D_CONTROL, 1, mean=1e3)
    experimental = states(500, D_EXPERIMENTAL, 2, mean=-1e3)
    wanted = {category: [0, 2]}
    results = by_category(
        control, experimental, words, blocks=number_of_blocks, block_layers=wanted
    )
    assert {name: [*r.blocks] for name, r in results.items() if r.blocks} == wanted
    rows = members(control, experimental, words, category)
    for layer, sums in results[category].blocks.items():
        bounds = np.cumsum([0, *sums.counts])
        assert len(sums.counts) == number_of_blocks and bounds[-1] == len(rows)
        of_block = [rows[start:end] for start, end in pairwise(bounds)]
        z, y = vectors(control, layer, rows), vectors(experimental, layer, rows)
        centres = {"control": z.mean(0), "experimental": y.mean(0)}
        generator = np.random.default_rng(layer)
        for _ in range(20):
            # With replacement, as in a bootstrap.
            chosen = generator.integers(0, number_of_blocks, generator.integers(1, 10))
            drawn = [row for block in chosen for row in of_block[block]]
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
            for name, (one, other) in pairs.items():
                recombined = getattr(sums, name)[chosen].sum(0) / count
                recombined = recombined - np.outer(means[one], means[other])
                np.testing.assert_allclose(recombined, expected[name], rtol=1e-8, atol=1e-8)
            np.testing.assert_allclose(
                sums.cross_covariance(chosen), expected["cross"], rtol=1e-8, atol=1e-8
            )
            for name, mean in means.items():
                np.testing.assert_allclose(mean + centres[name], expected[f"{name}_mean"])


def test_blocks_are_runs_of_whole_sentences_of_like_number() -> None:
    words = words_table(700)
    control, experimental = states(700, D_CONTROL, 1), states(700, D_EXPERIMENTAL, 2)
    result = by_category(
        control, experimental, words, blocks=6, block_layers={"Part of Speech": [1]}
    )["Part of Speech"]
    rows = members(control, experimental, words, "Part of Speech")
    sentence = words["sentence"].to_numpy()[rows]
    bounds = np.cumsum([0, *result.blocks[1].counts])
    sentences = [{*sentence[start:end].tolist()} for start, end in pairwise(bounds)]
    assert sum(map(len, sentences)) == len({*sentence.tolist()})  # none is in two blocks
    assert max(map(len, sentences)) - min(map(len, sentences)) <= 1


def test_fewer_sentences_than_blocks() -> None:
    words = words_table(12)
    control, experimental = states(12, D_CONTROL, 1), states(12, D_EXPERIMENTAL, 2)
    result = by_category(
        control, experimental, words, blocks=30, block_layers={"Part of Speech": [0]}
    )["Part of Speech"]
    assert result.blocks[0].counts.sum() == result.words
    assert len(result.blocks[0].counts) == 30


def test_saved_statistics_come_back(tmp_path: Path) -> None:
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
def test_layers_of_models_of_equal_depth_are_paired_with_themselves(layers: int) -> None:
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


def test_layers_between_two_go_to_the_even_one() -> None:
    assert match_layers(6, 12) == [(layer, 2 * layer) for layer in range(7)]
    assert match_layers(2, 5) == [(0, 0), (1, 2), (2, 5)]  # 2.5
    assert match_layers(2, 7) == [(0, 0), (1, 4), (2, 7)]  # 3.5


@pytest.mark.parametrize("resolution", [None, 2])
@pytest.mark.parametrize(("z_layers", "y_layers"), [(3, 6), (6, 3), (4, 4)])
def test_models_of_different_depth_give_covariances_of_the_layers_matched(
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


@given(st.integers(2, 12), st.integers(0, 99))
@settings(deadline=None)
def test_flipped_covariances_are_within_blocks_and_signed(blocks: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    block = np.sort(generator.integers(0, blocks, 50))  # some may stay empty
    z, y = generator.normal(2, 1, (50, 3)), generator.normal(-1, 1, (50, 2))
    fitter = CovarianceFitter(z.mean(0), y.mean(0), blocks)
    for number in range(blocks):
        fitter.update(z[block == number], y[block == number], number)
    signs = generator.choice([-1, 1], (4, blocks))
    found = fitter.block_statistics().flipped_covariances(signs)
    for row, flipped in zip(signs, found, strict=True):
        expected = sum(
            row[number]
            * len(z[block == number])
            * direct(z[block == number], y[block == number])["cross"]
            for number in np.unique(block)
        )
        np.testing.assert_allclose(flipped, expected / 50, atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 250), st.integers(0, 99))
def test_equal_numbers_are_of_whole_sentences_at_random(max_words: int, seed: int) -> None:
    words = words_table(200).assign(form=np.arange(200).astype(str))
    control, experimental = states(200, D_CONTROL, 1), states(200, D_EXPERIMENTAL, 2)
    rows = members(control, experimental, words, "Part of Speech")
    sentence = words["sentence"].to_numpy()[rows]
    places = sentences_up_to(max_words, sentence, seed)
    assert np.array_equal(places, sentences_up_to(max_words, sentence, seed))
    assert len(places) <= max_words and (np.diff(places) > 0).all()
    assert np.isin(sentence, sentence[places]).sum() == len(places), "half a sentence"
    if max_words >= len(rows):
        assert len(places) == len(rows)
    else:
        assert len(places) > max_words - 9, "there was room for another sentence"
    options = {"max_words": max_words, "seed": seed, "blocks": 4}
    options["block_layers"] = {"Part of Speech": [0]}
    result = by_category(control, experimental, words, **options)["Part of Speech"]
    assert result.words == len(places)
    if len(places):
        taken = [rows[place] for place in places]
        z, y = vectors(control, 0, taken), vectors(experimental, 0, taken)
        np.testing.assert_allclose(result.layers[0].cross, direct(z, y)["cross"], atol=1e-9)
        assert result.blocks[0].counts.sum() == len(places)


def test_sentences_differ_from_seed_to_seed() -> None:
    sentence = np.repeat(np.arange(40), 3)
    chosen = [sentences_up_to(30, sentence, seed) for seed in range(20)]
    assert {len(places) for places in chosen} == {30}
    assert {place for places in chosen for place in places} == {*range(120)}


@settings(deadline=None)
@given(st.floats(0.01, 100), st.floats(0.01, 100), st.integers(0, 99))
def test_normalised_by_variance_units_do_not_matter(one: float, other: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    z, y = generator.normal(2, 3, (60, 4)), generator.normal(-1, 2, (60, 2))
    chosen = generator.integers(0, 3, 4)

    def found(z: Array, y: Array, normalise: str) -> list[Array]:
        fitter = CovarianceFitter(z.mean(0), y.mean(0), 3)
        for number in range(3):
            fitter.update(z[number::3], y[number::3], number)
        whole = fitter.statistics()
        parts = fitter.block_statistics().cross_covariance(chosen, normalise)
        return [whole.normalised(normalise).cross, parts]

    pairs = [(z, y), (one * z, other * y)]
    for before, after in zip(*(found(*pair, "variance") for pair in pairs), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-9)
    for before, after in zip(*(found(*pair, "none") for pair in pairs), strict=True):
        np.testing.assert_allclose(after, one * other * before, rtol=1e-9)
    unit = [x / np.sqrt(x.var(0).mean()) for x in (z, y)]
    drawn = np.concatenate([np.arange(number, 60, 3) for number in chosen])
    units = [x[drawn] / np.sqrt(x[drawn].var(0).mean()) for x in (z, y)]
    for scaled, pair in zip(found(z, y, "variance"), (unit, units), strict=True):
        np.testing.assert_allclose(scaled, direct(*pair)["cross"], rtol=1e-9)


def test_unknown_normalisation_is_named() -> None:
    with pytest.raises(InputError, match="normalise must be one of none, variance, got 'norm'"):
        normalising_factors("norm", np.eye(2), np.eye(3))


def test_normalised_statistics_are_those_of_normalised_vectors() -> None:
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
    with pytest.raises(InputError, match="no words: call update first"):
        fitter.statistics()
    with pytest.raises(InputError, match=r"control must be .* not negative; got -1"):
        match_layers(-1, 3)
    with pytest.raises(InputError, match=r"resolution must be .* not negative; got -2"):
        match_layers(1, 3, -2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": 0}, "blocks must be a positive integer, got 0"),
        ({"max_words": 0}, "max_words must be a positive integer, got 0"),
    ],
)
def test_numbers_out_of_range_are_named(change: dict[str, int], message: str) -> None:
    pair = states(50, D_CONTROL, 1), states(50, D_EXPERIMENTAL, 2)
    with pytest.raises(InputError, match=message):
        by_category(*pair, words_table(50), **change)


def test_a_file_that_holds_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "case.safetensors"
    with pytest.raises(InputError, match=r"case\.safetensors: cannot read covariances"):
        CategoryStatistics.load(path)
    save_file({"layer": np.zeros(2)}, path)
    with pytest.raises(InputError, match=r"case\.safetensors: cannot read covariances"):
        CategoryStatistics.load(path)
