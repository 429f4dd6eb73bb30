"""Averages and distances of signatures."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from langsig.schemas import AverageSignatures, Distances, Signatures

CATEGORIES, LANGUAGES = ["Number", "Case"], ["zh", "de", "fr"]
VALUES = arrays(
    np.float64,
    st.tuples(st.just(2), st.integers(1, 3), st.just(3), st.integers(1, 4)),
    elements=st.floats(0, 1e6),
)
VECTORS = arrays(np.float64, st.tuples(st.just(3), st.integers(1, 5)), elements=st.floats(0.01, 9))


def table(values: NDArray[np.float64], seed: int = 0) -> Signatures:
    """``[categories, layers, languages, components]`` as a table with its rows shuffled."""
    rows = [
        (CATEGORIES[c], layer, LANGUAGES[n], component, values[c, layer, n, component])
        for c, layer, n, component in np.ndindex(values.shape)
    ]
    frame = pd.DataFrame(rows, columns=list(Signatures.columns))
    return Signatures(frame.sample(frac=1, random_state=seed))


def of_vectors(
    vectors: NDArray[np.float64], category: str = "Case", layer: int = 0
) -> pd.DataFrame:
    """``[languages, components]`` as a table of one category and layer."""
    frame = table(vectors[None, None]).to_frame()
    return frame.assign(category=category, layer=layer)


@pytest.mark.slow
@given(VALUES)
@settings(max_examples=20)
def test_averages_are_means_over_components(values: NDArray[np.float64]) -> None:
    averages = table(values).average()
    assert isinstance(averages, AverageSignatures) and len(averages) == values[..., 0].size
    means = averages.frame.set_index(list(AverageSignatures.keys))["average_signature"]
    for c, layer, n in np.ndindex(values.shape[:3]):
        expected = values[c, layer, n].sum() / values.shape[3]
        np.testing.assert_allclose(means[CATEGORIES[c], layer, LANGUAGES[n]], expected)


@pytest.mark.slow
@given(VALUES, st.integers(0, 10))
@settings(max_examples=20)
def test_order_of_rows_does_not_matter(values: NDArray[np.float64], seed: int) -> None:
    first, second = (table(values, shuffle).average().frame for shuffle in (0, seed))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.slow
@given(VECTORS)
@settings(max_examples=20)
def test_distance_is_one_minus_the_cosine(vectors: NDArray[np.float64]) -> None:
    distances = Signatures(of_vectors(vectors)).distances()
    assert isinstance(distances, Distances)
    by_pair = distances.frame.set_index(["language", "other"])["distance"]
    assert list(by_pair.index) == [("de", "fr"), ("de", "zh"), ("fr", "zh")]
    for pair, distance in by_pair.items():
        first, second = (vectors[LANGUAGES.index(name)] for name in pair)
        cosine = first @ second / np.sqrt((first @ first) * (second @ second))
        assert distance == pytest.approx(1 - cosine, abs=1e-9) and distance >= 0


@pytest.mark.slow
@given(VECTORS, st.floats(0.01, 100))
@settings(max_examples=20)
def test_length_of_a_signature_does_not_matter(vectors: NDArray[np.float64], factor: float) -> None:
    longer = vectors * np.array([[1], [factor], [1]])
    before, after = (Signatures(of_vectors(values)).distances() for values in (vectors, longer))
    np.testing.assert_allclose(before.frame["distance"], after.frame["distance"], atol=1e-9)


def test_categories_and_layers_are_separate() -> None:
    frames = [
        of_vectors(np.array([[1.0, 0], [0, 1], [1, 1]])),
        of_vectors(np.array([[1.0, 0], [1, 0], [0, 1]]), layer=2),
        of_vectors(np.array([[1.0, 0], [0, 1]]), "Voice"),
    ]
    distances = Signatures(pd.concat(frames)).distances().frame
    assert set(distances["scope"]) == {"category"}
    cells = distances.set_index(["category", "layer", "language", "other"])["distance"]
    assert len(cells) == 7
    assert cells["Case", 0, "de", "zh"] == pytest.approx(1)
    assert cells["Case", 2, "de", "zh"] == pytest.approx(0)
    assert cells["Voice", 0, "de", "zh"] == pytest.approx(1)


def test_distances_to_a_signature_of_zeros_are_missing() -> None:
    distances = Signatures(of_vectors(np.array([[0.0, 0], [0, 1], [1, 1]]))).distances().frame
    missing = distances.set_index(["language", "other"])["distance"].isna()
    assert missing.to_dict() == {("de", "fr"): False, ("de", "zh"): True, ("fr", "zh"): True}


def test_one_language_has_no_distances() -> None:
    assert len(Signatures(of_vectors(np.ones((1, 2)))).distances()) == 0


def test_no_signatures_have_no_averages_and_no_distances() -> None:
    assert Signatures.empty().average() == AverageSignatures.empty()
    assert Signatures.empty().distances() == Distances.empty()
