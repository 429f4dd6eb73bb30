import numpy as np
import pandas as pd
import pytest

from langsig.analysis import absence_distances, combined_distances
from langsig.morphology import ALL_WORDS
from langsig.schemas import Distances

LANGUAGES = ["zh", "de", "fr"]
COLUMNS = ["category", "layer", "language", "other", "distance"]


def pairs(category: str, layer: int, distances: dict[str, float]) -> pd.DataFrame:
    rows = [(category, layer, *pair.split(), distance) for pair, distance in distances.items()]
    return pd.DataFrame(rows, columns=COLUMNS).assign(scope="category")


def combined(distances: pd.DataFrame, categories: list[str]) -> dict[tuple[int, str, str], float]:
    table = combined_distances(
        Distances(distances), languages=LANGUAGES, categories=categories
    ).frame
    assert set(table["scope"]) <= {"combined"} and table["category"].isna().all()
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
    result = combined(table, ["Case", "Voice", ALL_WORDS])
    expected = {(3, "de", "fr"): 0.4, (3, "de", "zh"): 0.7, (3, "fr", "zh"): 1.0}
    assert result == pytest.approx(expected)


def test_only_the_categories_that_are_named_count() -> None:
    table = pd.concat([pairs("Case", 0, {"de fr": 0.2}), pairs("Voice", 0, {"de fr": 0.6})])
    assert combined(table, ["Voice"])[0, "de", "fr"] == pytest.approx(0.6)
    assert combined(table, [ALL_WORDS]) == {}


def test_each_layer_is_combined_separately() -> None:
    table = pd.concat(
        [pairs("Case", 0, {"de fr": 0.2, "de zh": 0.4}), pairs("Case", 6, {"de fr": 0.8})]
    )
    result = combined(table, ["Case"])
    assert len(result) == 6
    assert (result[0, "de", "fr"], result[6, "de", "fr"]) == pytest.approx((0.2, 0.8))
    assert (result[0, "de", "zh"], result[6, "de", "zh"]) == pytest.approx((0.4, 1.0))


def test_absences_are_shares_of_categories_whatever_the_distances() -> None:
    table = pd.concat([pairs("Case", 0, {"de fr": 0.2, "de zh": 0.4}), pairs("Voice", 0, {})])
    absences = absence_distances(
        Distances(table), languages=LANGUAGES, categories=["Case", "Voice"]
    ).frame
    assert set(absences["scope"]) == {"absences"}
    by_pair = absences.set_index(["language", "other"])["distance"].to_dict()
    assert by_pair == {("de", "fr"): 0.5, ("de", "zh"): 0.5, ("fr", "zh"): 1.0}
