import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from langsig.analysis import COMBINED, combined_distances, cosine_distances
from langsig.morphology import ALL_WORDS

LANGUAGES = ["zh", "de", "fr"]
COLUMNS = ["category", "layer", "language", "other", "distance"]
VECTORS = arrays(np.float64, st.tuples(st.just(3), st.integers(1, 5)), elements=st.floats(0.01, 9))


def signatures(
    vectors: NDArray[np.float64], category: str = "Case", layer: int = 0
) -> pd.DataFrame:
    """``[languages, components]`` as a table with its rows shuffled."""
    rows = [
        (category, layer, LANGUAGES[n], component, vectors[n, component])
        for n, component in np.ndindex(vectors.shape)
    ]
    columns = ["category", "layer", "language", "component", "value"]
    return pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=0)


@given(VECTORS)
@settings(max_examples=30, deadline=None)
def test_distance_is_one_less_the_cosine(vectors: NDArray[np.float64]) -> None:
    table = cosine_distances(signatures(vectors))
    assert list(table.columns) == COLUMNS
    found = table.set_index(["language", "other"])["distance"]
    assert list(found.index) == [("de", "fr"), ("de", "zh"), ("fr", "zh")]
    for pair, distance in found.items():
        one, other = (vectors[LANGUAGES.index(name)] for name in pair)
        cosine = one @ other / np.sqrt((one @ one) * (other @ other))
        assert distance == pytest.approx(1 - cosine, abs=1e-9) and distance >= 0


@given(VECTORS, st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_length_of_a_signature_does_not_matter(vectors: NDArray[np.float64], factor: float) -> None:
    longer = vectors * np.array([[1], [factor], [1]])
    one, other = (cosine_distances(signatures(values)) for values in (vectors, longer))
    np.testing.assert_allclose(one["distance"], other["distance"], atol=1e-9)


def test_categories_and_layers_are_apart() -> None:
    tables = [
        signatures(np.array([[1.0, 0], [0, 1], [1, 1]])),
        signatures(np.array([[1.0, 0], [1, 0], [0, 1]]), layer=2),
        signatures(np.array([[1.0, 0], [0, 1]]), "Voice"),
    ]
    found = cosine_distances(pd.concat(tables)).set_index(COLUMNS[:-1])["distance"]
    assert len(found) == 7
    assert found["Case", 0, "de", "zh"] == pytest.approx(1)
    assert found["Case", 2, "de", "zh"] == pytest.approx(0)
    assert found["Voice", 0, "de", "zh"] == pytest.approx(1)


def test_distances_to_zero_are_missing() -> None:
    found = cosine_distances(signatures(np.array([[0.0, 0], [0, 1], [1, 1]])))
    missing = found.set_index(["language", "other"])["distance"].isna()
    assert missing.to_dict() == {("de", "fr"): False, ("de", "zh"): True, ("fr", "zh"): True}


def test_one_language_or_none_has_no_distances() -> None:
    one = signatures(np.ones((1, 2)))
    assert list(cosine_distances(one).columns) == COLUMNS
    assert cosine_distances(one).empty and cosine_distances(one.iloc[:0]).empty


def pairs(category: str, layer: int, distances: dict[str, float]) -> pd.DataFrame:
    rows = [(category, layer, *pair.split(), distance) for pair, distance in distances.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def combined(distances: pd.DataFrame, categories: list[str]) -> dict[tuple[int, str, str], float]:
    table = combined_distances(distances, languages=LANGUAGES, categories=categories)
    assert list(table.columns) == COLUMNS
    assert set(table["category"]) <= {COMBINED}
    by_pair = table.set_index(["layer", "language", "other"])["distance"]
    assert by_pair.index.is_unique
    return by_pair.to_dict()


def test_absent_languages_are_at_distance_one() -> None:
    table = pd.concat(
        [
            pairs("Case", 3, {"de fr": 0.2, "de zh": 0.4, "fr zh": np.nan}),
            pairs("Voice", 3, {"de fr": 0.6}),
            pairs(ALL_WORDS, 3, {"de fr": 0.0, "de zh": 0.0, "fr zh": 0.0}),
        ]
    )
    found = combined(table, ["Case", "Voice", ALL_WORDS])
    expected = {(3, "de", "fr"): 0.4, (3, "de", "zh"): 0.7, (3, "fr", "zh"): 1.0}
    assert found == pytest.approx(expected)


def test_only_the_categories_that_are_named_count() -> None:
    table = pd.concat([pairs("Case", 0, {"de fr": 0.2}), pairs("Voice", 0, {"de fr": 0.6})])
    assert combined(table, ["Voice"])[0, "de", "fr"] == pytest.approx(0.6)
    assert combined(table, [ALL_WORDS]) == {}


def test_layers_are_combined_one_by_one() -> None:
    table = pd.concat(
        [pairs("Case", 0, {"de fr": 0.2, "de zh": 0.4}), pairs("Case", 6, {"de fr": 0.8})]
    )
    found = combined(table, ["Case"])
    assert len(found) == 6
    assert (found[0, "de", "fr"], found[6, "de", "fr"]) == pytest.approx((0.2, 0.8))
    assert (found[0, "de", "zh"], found[6, "de", "zh"]) == pytest.approx((0.4, 1.0))
