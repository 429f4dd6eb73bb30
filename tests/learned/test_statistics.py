"""Sums of residuals are those of an ordinary regression, in each half of the lemmas."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from langsig.errors import InputError
from langsig.learned import PartialStatistics, lemma_halves, partial_statistics
from langsig.representations import States
from tests.learned.planted import Planted, planted

Array = NDArray[np.float64]


def residuals(case: Planted, states: Array, *, regress: bool = True) -> Array:
    """Residuals by NumPy's least squares, in each half."""
    half = lemma_halves(case.words)
    untrained = case.untrained_control + case.untrained_experimental
    design = np.column_stack([np.ones(len(half)), *untrained[: None if regress else 0]])
    left = np.empty_like(states)
    for rows in (half == 0, half == 1):
        fitted = design[rows] @ np.linalg.lstsq(design[rows], states[rows])[0]
        left[rows] = states[rows] - fitted
    return left


def rows_of_sums(case: Planted, blocks: int) -> NDArray[np.int64]:
    sentence = case.words["sentence"].to_numpy()
    block: NDArray[np.int64] = sentence // (len(set(sentence)) // blocks)
    return 2 * block + lemma_halves(case.words)


def test_a_lemma_is_always_in_the_same_half() -> None:
    words = pd.DataFrame({"form": list("abcdefgh") * 3, "lemma": ["x", "y", "z", None] * 6})
    halves = lemma_halves(words)
    for lemma in "xyz":
        assert len(set(halves[words["lemma"] == lemma])) == 1
    forms = words["form"].where(words["lemma"].isna())
    assert (pd.Series(halves).groupby(forms).nunique() == 1).all()
    many = pd.DataFrame({"form": "", "lemma": [str(number) for number in range(2000)]})
    assert lemma_halves(many).mean() == pytest.approx(0.5, abs=0.05)
    assert lemma_halves(many)[:12].tolist() == [1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("words_per_column", [10, 100])
def test_sums_are_those_of_residuals(words_per_column: int) -> None:
    """With 640 words and eight columns, 100 words per column are too many to ask for."""
    case = planted(0, 640, [0.8, 0.3])
    statistics = case.statistics(words_per_column=words_per_column)
    partial = words_per_column == 10
    assert (statistics.words, statistics.columns) == (640, 8 if partial else 0)
    z = residuals(case, case.control, regress=partial)
    y = residuals(case, case.experimental, regress=partial)
    layer, row = statistics.layers[0], rows_of_sums(case, 8)
    assert layer.blocks == 8
    for number in range(16):
        of_row = row == number
        assert layer.sums.counts[number] == of_row.sum()
        for sums, products in (
            (layer.sums.cross, z[of_row].T @ y[of_row]),
            (layer.sums.control, z[of_row].T @ z[of_row]),
            (layer.sums.experimental, y[of_row].T @ y[of_row]),
            (layer.sums.control_sums, z[of_row].sum(0)),
            (layer.sums.experimental_sums, y[of_row].sum(0)),
        ):
            np.testing.assert_allclose(sums[number], products, atol=1e-8)


def test_narrow_sums_are_of_the_leading_principal_components() -> None:
    case = planted(1, 640, [0.8, 0.3])
    case = case._replace(experimental=case.experimental * np.array([1, 5, 1, 7, 1, 3.0]))
    layer = case.statistics(width=3).layers[0]
    assert layer.dim_control == 6 and layer.directions.shape == (6, 3)
    y = residuals(case, case.experimental)
    directions = np.linalg.eigh(y.T @ y)[1][:, 3:]
    np.testing.assert_allclose(
        layer.directions @ layer.directions.T, directions @ directions.T, atol=1e-8
    )
    projected = y @ layer.directions
    np.testing.assert_allclose(
        layer.sums.experimental.sum(0), projected.T @ projected, rtol=1e-8, atol=1e-8
    )
    assert layer.sums.cross.shape == (16, 3, 3)


def test_untrained_states_may_depend_on_each_other() -> None:
    case = planted(2, 640, [0.5])
    once = case.statistics().layers[0].sums.cross
    twice = [np.column_stack([layer, 3 * layer, 0 * layer]) for layer in case.untrained_control]
    again = case._replace(untrained_control=twice).statistics().layers[0].sums.cross
    np.testing.assert_allclose(again, once, atol=1e-6)


def test_words_are_those_that_all_models_have() -> None:
    case = planted(3, 640, [0.5])
    words = case.words.assign(**{"Part of Speech": case.words["form"].where(np.arange(640) > 50)})
    everything = np.arange(640)
    kept = np.flatnonzero((everything > 50) & (everything % 7 > 0) & (everything % 5 > 0))

    def states(layers: list[Array], keep: NDArray[np.bool_], kind: type = float) -> States:
        return States([layer[keep].astype(kind) for layer in layers], everything[keep])

    statistics = partial_statistics(
        states([case.control] * 3, everything % 7 > 0, np.float16),
        states([case.experimental] * 5, everything % 5 > 0, np.float16),
        states(case.untrained_control, everything >= 0),
        states(case.untrained_experimental, everything >= 0),
        words,
        language="de",
        layers=[1],
        blocks=4,
        category="Part of Speech",
    )
    assert statistics.words == len(kept)
    assert statistics.layer_pairs == [(0, 0), (1, 2), (2, 4)] and list(statistics.layers) == [1]
    alone = Planted(
        case.control[kept],
        case.experimental[kept],
        [layer[kept] for layer in case.untrained_control],
        [layer[kept] for layer in case.untrained_experimental],
        words.iloc[kept],
    )
    expected = residuals(alone, alone.control).T @ residuals(alone, alone.experimental)
    np.testing.assert_allclose(
        statistics.layers[1].sums.cross.sum(0), expected, rtol=1e-2, atol=0.1
    )


def test_a_reference_that_is_not_trained_has_no_untrained_states() -> None:
    case = planted(6, 640, [0.5])
    index = np.arange(640)
    statistics = partial_statistics(
        States([case.control], index),
        States([case.experimental, 2 * case.experimental], index),
        None,
        States(case.untrained_experimental, index),
        case.words,
        language="de",
        blocks=8,
    )
    assert statistics.columns == 4
    assert statistics.layer_pairs == [(None, 0), (None, 1)]
    cross = [statistics.layers[layer].sums.cross for layer in (0, 1)]
    alone = case._replace(untrained_control=[])
    expected = residuals(alone, alone.control).T @ residuals(alone, alone.experimental)
    np.testing.assert_allclose(cross[0].sum(0), expected, atol=1e-8)
    np.testing.assert_allclose(cross[1], 2 * cross[0], atol=1e-8)


def test_sums_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = planted(4, 320, [0.5]).statistics(width=4)
    written.save(tmp_path / "de.safetensors")
    read = PartialStatistics.load(tmp_path / "de.safetensors")
    assert (read.language, read.words, read.columns) == ("de", 320, 8)
    assert read.layer_pairs == [(None, 0)] and list(read.layers) == [0]
    layer, original = read.layers[0], written.layers[0]
    assert layer.dim_control == 6
    np.testing.assert_array_equal(layer.sums.counts, original.sums.counts)
    np.testing.assert_allclose(layer.sums.cross, original.sums.cross, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(layer.directions, original.directions, rtol=1e-6, atol=1e-6)
    (tmp_path / "other").write_bytes(b"{}")
    with pytest.raises(InputError, match="other: cannot read sums of residuals"):
        PartialStatistics.load(tmp_path / "other")


def test_bad_arguments_are_named() -> None:
    case = planted(5, 320, [0.5])
    with pytest.raises(InputError, match="blocks must be an integer of at least 4, got 3"):
        case.statistics(blocks=3)
    with pytest.raises(InputError, match="width must be a positive integer, got 0"):
        case.statistics(width=0)
    index = np.arange(320)
    with pytest.raises(InputError, match="layers must be from 0 to 0, got 1"):
        partial_statistics(
            *(States([case.control], index),) * 4, case.words, language="de", layers=[1]
        )
    with pytest.raises(InputError, match="320 words are too few for 321 blocks of sentences"):
        case.statistics(blocks=321)
    one_lemma = case._replace(words=case.words.assign(lemma="go"))
    with pytest.raises(InputError, match="de: 320 words are too few for 8 blocks"):
        one_lemma.statistics()
