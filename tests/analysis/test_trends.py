from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from langsig.analysis import trends


def averages(series: Mapping[str, Sequence[float]], category: str = "Number") -> pd.DataFrame:
    rows = [
        (category, layer, language, value)
        for language, values in series.items()
        for layer, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["category", "layer", "language", "average_signature"])


distinct = st.lists(st.integers(0, 1000), min_size=3, max_size=14, unique=True)


@given(st.lists(distinct, min_size=1, max_size=5), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_tau_and_p(series: list[list[int]], seed: int) -> None:
    by_language = {f"q{n}": [float(v) for v in values] for n, values in enumerate(series)}
    table = averages(by_language).sample(frac=1, random_state=seed)
    found = trends(table).set_index("language")
    for language, values in by_language.items():
        row = found.loc[language]
        assert row["tau"] == pytest.approx(kendalltau(range(len(values)), values).statistic)
        assert row["p"] == pytest.approx(pymannkendall.original_test(values).p)
        assert row["layers"] == len(values)


@given(st.lists(st.integers(0, 4), min_size=3, max_size=12))
@settings(max_examples=40, deadline=None)
def test_turning_the_layers_round_turns_the_sign(values: list[int]) -> None:
    found = trends(averages({"up": values, "xx": values[::-1]})).set_index("language")
    assert found.loc["up", "tau"] == pytest.approx(-found.loc["xx", "tau"])
    assert found.loc["up", "p"] == pytest.approx(found.loc["xx", "p"])


def test_p_of_a_rise_by_hand() -> None:
    # Seven rising values: S = 21, Var S = 7 * 6 * 19 / 18 = 44.33, Z = 20 / 6.658 = 3.004.
    found = trends(averages({"de": [1, 2, 3, 4, 5, 6, 7]})).iloc[0]
    assert found["tau"] == 1
    assert found["p"] == pytest.approx(0.002667, abs=1e-6)


def test_correction_by_hand() -> None:
    series = {
        "aa": [1, 2, 3, 4, 5, 6, 7],
        "bb": [1, 2, 3, 4, 5, 7, 6],
        "cc": [4, 1, 6, 3, 7, 2, 5],
        "dd": [7, 6, 5, 4, 1, 2, 3],
    }
    found = trends(averages(series)).sort_values("p")
    p = found["p"].to_numpy()
    assert len(set(p)) == 4
    step = [p[0] * 4 / 1, p[1] * 4 / 2, p[2] * 4 / 3, p[3] * 4 / 4]
    expected = [min(step[rank:]) for rank in range(4)]
    np.testing.assert_allclose(found["p_adjusted"], expected)
    assert not np.allclose(found["p_adjusted"], p), "nothing was corrected"


def test_each_category_is_its_own_family() -> None:
    number = averages({"de": range(7), "fr": [3, 1, 2, 5, 4, 6, 0], "zh": [1, 0, 2, 4, 3, 6, 5]})
    case = averages({"de": [5, 3, 4, 1, 2, 6, 0], "fr": [6, 5, 4, 3, 2, 0, 1]}, "Case")
    together = trends(pd.concat([number, case])).set_index(["category", "language"])
    for alone in (number, case):
        expected = trends(alone).set_index(["category", "language"])
        pd.testing.assert_frame_equal(together.loc[expected.index], expected)


def test_constant_series_has_no_trend() -> None:
    found = trends(averages({"de": [2.5] * 7})).iloc[0]
    assert (found["tau"], found["p"], found["p_adjusted"]) == (0, 1, 1)


@pytest.mark.parametrize("layers", [1, 2])
def test_too_few_layers_are_missing_and_not_corrected_for(layers: int) -> None:
    long = {"de": range(7), "fr": [3, 1, 2, 5, 4, 6, 0]}
    short = {"zh": [1, 2][:layers]}
    found = trends(averages({**long, **short})).set_index("language")
    assert found.loc["zh", ["tau", "p", "p_adjusted"]].isna().all()
    assert found.loc["zh", "layers"] == layers
    expected = trends(averages(long)).set_index("language")
    np.testing.assert_array_equal(found.loc[["de", "fr"], "p_adjusted"], expected["p_adjusted"])


def test_nothing_to_test() -> None:
    columns = ["category", "language", "layers", "tau", "p", "p_adjusted"]
    assert list(trends(averages({})).columns) == columns
    assert trends(averages({"de": [1.0, 2.0]}))["p_adjusted"].isna().all()
