import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.analysis import adjust_estimates
from langsig.analysis.corrections import with_adjusted
from langsig.schemas import Estimates

p_values = st.lists(st.floats(0.001, 1), min_size=1, max_size=12)


def table(p: list[float], source: str = "trained", layer: int = 0) -> pd.DataFrame:
    return pd.DataFrame({"source": source, "layer": layer, "p": p})


def by_hand(p: list[float]) -> list[float]:
    """The smallest m / j p_(j) among all p_(j) that are no smaller; at most 1."""
    ranked = sorted(p)
    scaled = [len(p) / (rank + 1) * value for rank, value in enumerate(ranked)]
    return [
        min(1, *(s for s, second in zip(scaled, ranked, strict=True) if second >= value))
        for value in p
    ]


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(p_values, p_values)
def test_families_are_corrected_apart_and_each_as_benjamini_and_hochberg_do(
    first: list[float], second: list[float]
) -> None:
    both = pd.concat([table(first), table(second, layer=3)], ignore_index=True)
    mixed = both.sample(frac=1, random_state=0)
    result = with_adjusted(mixed, ["source", "layer"])
    assert result.drop(columns="p_adjusted").equals(mixed)
    expected = by_hand(first) + by_hand(second)
    np.testing.assert_allclose(result["p_adjusted"].sort_index(), expected)
    together = with_adjusted(mixed, ["source"])["p_adjusted"].sort_index()
    np.testing.assert_allclose(together, by_hand(first + second))


@settings(deadline=None, max_examples=50)
@given(p_values, st.integers(0, 5))
def test_missing_p_stay_missing_and_are_not_counted(p: list[float], missing: int) -> None:
    result = with_adjusted(table([*[np.nan] * missing, *p]), ["source"])["p_adjusted"]
    assert result[:missing].isna().all()
    np.testing.assert_allclose(result[missing:], by_hand(p))


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(0.001, 1), st.booleans()), min_size=1, max_size=12))
def test_those_of_too_few_languages_are_missing_and_not_counted(
    tests: list[tuple[float, bool]],
) -> None:
    p, enough = (list(column) for column in zip(*tests, strict=True))
    result = with_adjusted(table(p).assign(enough=enough), ["source"])["p_adjusted"]
    assert result[~np.array(enough)].isna().all()
    if any(enough):
        counted = [value for value, kept in tests if kept]
        np.testing.assert_allclose(result[enough], by_hand(counted))


def test_without_columns_the_whole_table_is_one_family() -> None:
    p = [0.01, 0.03, 0.04]
    both = pd.concat([table(p[:1]), table(p[1:], layer=3)], ignore_index=True)
    np.testing.assert_allclose(with_adjusted(both, [])["p_adjusted"], by_hand(p))
    assert with_adjusted(table([]), [])["p_adjusted"].empty


def test_other_p_values_get_their_own_column() -> None:
    both = with_adjusted(table([0.01, 0.03]), []).assign(exact_p=[0.5, 0.02])
    result = with_adjusted(both, [], column="exact_p")
    assert result.drop(columns="exact_p_adjusted").equals(both)
    np.testing.assert_allclose(result["exact_p_adjusted"], by_hand([0.5, 0.02]))


def test_nothing_tested() -> None:
    assert with_adjusted(table([np.nan] * 3), ["layer"])["p_adjusted"].isna().all()
    assert with_adjusted(table([]), ["layer"])["p_adjusted"].empty


def test_rows_that_lack_the_same_value_are_one_family() -> None:
    rows = pd.DataFrame({"property": [None, "size", None], "p": [0.01, 0.02, 0.04]})
    adjusted = with_adjusted(rows, ["property"])["p_adjusted"]
    np.testing.assert_allclose(adjusted, [0.02, 0.02, 0.04])


def test_estimates_are_corrected_over_the_languages() -> None:
    frame = pd.DataFrame(
        {
            "source": "trained",
            "normalise": ["none", "none", "variance"],
            "layer": 0,
            "language": ["de", "fr", "de"],
            "words": 100,
            "blocks": 20,
            "average_signature": 1.0,
            "low": 0.5,
            "high": 1.5,
            "p": [0.01, 0.03, 0.02],
        }
    )
    intervals = adjust_estimates(Estimates(frame)).frame
    np.testing.assert_allclose(intervals["p_adjusted"], [0.02, 0.03, 0.02])
    assert intervals.drop(columns="p_adjusted").equals(Estimates(frame).frame)
