from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, norm

from langsig.analysis import trends, trends_by_category
from langsig.schemas import AverageSignatures, Trends

STATISTICS = [name for name in Trends.columns if name not in (*Trends.keys, "layers")]


def averages(series: Mapping[str, Sequence[float]], category: str = "Number") -> AverageSignatures:
    rows = [
        (category, layer, language, value)
        for language, values in series.items()
        for layer, value in enumerate(values)
    ]
    return AverageSignatures(pd.DataFrame(rows, columns=list(AverageSignatures.columns)))


def trend_frame(table: AverageSignatures) -> pd.DataFrame:
    return trends(table).frame


distinct = st.lists(st.integers(0, 1000), min_size=3, max_size=14, unique=True)


@pytest.mark.slow
@given(st.lists(distinct, min_size=1, max_size=5), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_tau_and_p(series: list[list[int]], seed: int) -> None:
    by_language = {f"q{n}": [float(v) for v in values] for n, values in enumerate(series)}
    frame = averages(by_language).frame.sample(frac=1, random_state=seed)
    result = trend_frame(AverageSignatures(frame)).set_index("language")
    for language, values in by_language.items():
        row = result.loc[language]
        assert row["tau"] == pytest.approx(kendalltau(range(len(values)), values).statistic)
        assert row["p"] == pytest.approx(pymannkendall.original_test(values).p)
        assert row["layers"] == len(values)


@pytest.mark.slow
@given(st.lists(st.integers(0, 4), min_size=3, max_size=12))
@settings(max_examples=40, deadline=None)
def test_turning_the_layers_round_turns_the_sign(values: list[int]) -> None:
    result = trend_frame(averages({"up": values, "xx": values[::-1]})).set_index("language")
    assert result.loc["up", "tau"] == pytest.approx(-result.loc["xx", "tau"])
    assert result.loc["up", "p"] == pytest.approx(result.loc["xx", "p"])


def test_p_of_a_rise_by_hand() -> None:
    # Seven rising values: S = 21, Var S = 7 * 6 * 19 / 18 = 44.33, Z = 20 / 6.658 = 3.004.
    result = trend_frame(averages({"de": [1, 2, 3, 4, 5, 6, 7]})).iloc[0]
    assert result["tau"] == 1
    assert result["p"] == pytest.approx(0.002667, abs=1e-6)


def test_correction_by_hand() -> None:
    series = {
        "aa": [1, 2, 3, 4, 5, 6, 7],
        "bb": [1, 2, 3, 4, 5, 7, 6],
        "cc": [4, 1, 6, 3, 7, 2, 5],
        "dd": [7, 6, 5, 4, 1, 2, 3],
    }
    result = trend_frame(averages(series)).sort_values("p")
    p = result["p"].to_numpy()
    assert len(set(p)) == 4
    step = [p[0] * 4 / 1, p[1] * 4 / 2, p[2] * 4 / 3, p[3] * 4 / 4]
    expected = [min(step[rank:]) for rank in range(4)]
    np.testing.assert_allclose(result["p_adjusted"], expected)
    assert not np.allclose(result["p_adjusted"], p), "nothing was corrected"


def test_each_category_is_its_own_family() -> None:
    number = averages({"de": range(7), "fr": [3, 1, 2, 5, 4, 6, 0], "zh": [1, 0, 2, 4, 3, 6, 5]})
    case = averages({"de": [5, 3, 4, 1, 2, 6, 0], "fr": [6, 5, 4, 3, 2, 0, 1]}, "Case")
    together = trend_frame(AverageSignatures.concat([number, case])).set_index(
        ["category", "language"]
    )
    for separate in (number, case):
        expected = trend_frame(separate).set_index(["category", "language"])
        pd.testing.assert_frame_equal(together.loc[expected.index], expected)


def test_constant_series_has_no_trend() -> None:
    result = trend_frame(averages({"de": [2.5] * 7})).iloc[0]
    assert (result["tau"], result["p"], result["p_adjusted"]) == (0, 1, 1)
    assert (result["hamed_rao_p"], result["hamed_rao_p_adjusted"]) == (1, 1)
    assert (result["slope"], result["low"], result["high"]) == (0, 0, 0)


@pytest.mark.parametrize("layers", [1, 2])
def test_too_few_layers_are_missing_and_not_corrected_for(layers: int) -> None:
    long = {"de": range(7), "fr": [3, 1, 2, 5, 4, 6, 0]}
    short = {"zh": [1, 2][:layers]}
    result = trend_frame(averages({**long, **short})).set_index("language")
    assert result.loc["zh", STATISTICS].isna().all()
    assert result.loc["zh", "layers"] == layers
    expected = trend_frame(averages(long)).set_index("language")
    for column in ("p_adjusted", "hamed_rao_p_adjusted"):
        np.testing.assert_array_equal(result.loc[["de", "fr"], column], expected[column])


def test_nothing_to_test() -> None:
    assert len(trends(averages({}))) == 0
    assert trend_frame(averages({"de": [1.0, 2.0]}))["p_adjusted"].isna().all()
    assert len(trends_by_category(trends(averages({})))) == 0


@pytest.mark.slow
@given(st.lists(distinct, min_size=1, max_size=4), st.sampled_from([1, 3]))
@settings(max_examples=40, deadline=None)
def test_slope_is_the_median_of_all_pairs_of_layers(series: list[list[int]], step: int) -> None:
    by_language = {f"q{n}": [float(v) for v in values] for n, values in enumerate(series)}
    frame = averages(by_language).frame
    table = AverageSignatures(frame.assign(layer=frame["layer"] * step))
    result = trend_frame(table).set_index("language")
    for language, values in by_language.items():
        slopes = sorted(
            (values[j] - values[i]) / (step * (j - i))
            for i in range(len(values))
            for j in range(i + 1, len(values))
        )
        row = result.loc[language]
        assert row["slope"] == pytest.approx(np.median(slopes))
        if len(values) < 5:
            assert np.isnan([row["low"], row["high"]]).all()
        else:
            assert slopes[0] <= row["low"] <= row["slope"] <= row["high"] <= slopes[-1]


@pytest.mark.slow
@pytest.mark.parametrize("layers", [5, 7, 13])
def test_interval_holds_the_slope_of_a_line_with_noise(layers: int) -> None:
    rng = np.random.default_rng(layers)
    series = 0.3 * np.arange(layers) + rng.normal(size=(400, layers))
    result = trend_frame(averages({f"q{n}": [*values] for n, values in enumerate(series)}))
    covered = ((result["low"] <= 0.3) & (result["high"] >= 0.3)).mean()
    assert 0.92 < covered < 1, "of 400 with a probability of .95 or a little more"


def rejections(layers: int, autocorrelation: float, number: int = 400) -> pd.Series:
    """How many of p are below .05 for series without a trend, with this autocorrelation."""
    rng = np.random.default_rng(layers)
    values = rng.normal(size=(number, layers))
    values[:, 0] /= np.sqrt(1 - autocorrelation**2)
    for layer in range(1, layers):
        values[:, layer] += autocorrelation * values[:, layer - 1]
    result = trend_frame(averages({f"q{n}": [*series] for n, series in enumerate(values)}))
    return (result[["p", "hamed_rao_p"]] < 0.05).mean()


@pytest.mark.slow
@pytest.mark.parametrize("layers", [7, 13])
def test_tests_hold_their_level_where_layers_are_independent(layers: int) -> None:
    result = rejections(layers, 0)
    assert 0.01 < result["p"] < 0.075
    assert 0.01 < result["hamed_rao_p"] < 0.12, "docs/method/trends.md has up to .07"


@pytest.mark.slow
def test_hamed_and_rao_need_longer_series_than_models_have() -> None:
    result = rejections(13, 0.5)
    assert result["hamed_rao_p"] > 0.1, "docs/method/trends.md says that this is no remedy"
    long = rejections(60, 0.5, 150)
    assert long["hamed_rao_p"] < 0.75 * long["p"]


@pytest.mark.slow
@given(st.lists(st.integers(0, 1000), min_size=6, max_size=14, unique=True))
@settings(max_examples=40, deadline=None)
def test_hamed_and_rao(values: list[int]) -> None:
    """Their variance written out, with the significant autocorrelations of the ranks."""
    result = trend_frame(averages({"de": [float(v) for v in values]})).iloc[0]
    n, x = len(values), np.array(values, float)
    rest = x - np.arange(1, n + 1) * result["slope"]
    if np.ptp(rest) < 1e-6:
        assert np.isnan(result["hamed_rao_p"])
        return
    ranks = pd.Series(rest).rank()
    ranks -= ranks.mean()
    factor = 1.0
    for lag in range(1, n):
        r = (ranks.to_numpy()[lag:] * ranks.to_numpy()[:-lag]).sum() / (ranks**2).sum()
        if abs(r) > norm.ppf(0.975) / np.sqrt(n):
            factor += 2 / (n * (n - 1) * (n - 2)) * (n - lag) * (n - lag - 1) * (n - lag - 2) * r
    score = sum(np.sign(x[j] - x[i]) for i in range(n) for j in range(i + 1, n))
    variance = n * (n - 1) * (2 * n + 5) / 18 * factor
    if variance <= 0:
        assert np.isnan(result["hamed_rao_p"]) or score == 0
    else:
        z = max(0, abs(score) - 1) / np.sqrt(variance)
        assert result["hamed_rao_p"] == pytest.approx(2 * norm.sf(z), abs=1e-9)


@pytest.mark.slow
@given(st.lists(st.integers(0, 1000), min_size=3, max_size=5, unique=True))
@settings(max_examples=40, deadline=None)
def test_up_to_five_layers_hamed_and_rao_change_nothing(values: list[int]) -> None:
    result = trend_frame(averages({"de": [float(v) for v in values]})).iloc[0]
    assert np.isnan(result["hamed_rao_p"]) or result["hamed_rao_p"] == pytest.approx(result["p"])


def test_straight_line_has_no_p_of_hamed_and_rao_and_is_not_counted() -> None:
    line = {"de": [0.1 * layer for layer in range(7)]}
    others = {"fr": [3.0, 1, 2, 5, 4, 6, 0], "zh": [6.0, 4, 5, 3, 2, 0, 1]}
    result = trend_frame(averages({**line, **others})).set_index("language")
    assert result.loc["de", ["hamed_rao_p", "hamed_rao_p_adjusted"]].isna().all()
    assert result.loc["de", "p"] < 0.05
    separate = trend_frame(averages(others)).set_index("language")["hamed_rao_p_adjusted"]
    pd.testing.assert_series_equal(result.loc[["fr", "zh"], "hamed_rao_p_adjusted"], separate)


def test_languages_that_decrease_are_counted_by_category() -> None:
    # A fall through seven layers is significant with or without a swap; that of cc is too slight.
    number = averages(
        {
            "aa": [7, 6, 5, 4, 3, 2, 1],
            "bb": [7, 6, 5, 4, 3, 1, 2],
            "cc": [1, 7, 6, 2, 5, 4, 3],
            "dd": [1, 2, 3, 4, 5, 6, 7],
            "ee": [2, 2, 2, 2, 2, 2, 2],
            "ff": [2, 1],
        }
    )
    table = trends(AverageSignatures.concat([number, averages({"aa": [2, 1]}, "Case")]))
    counts = trends_by_category(table).frame.drop(columns="hamed_rao_decreasing")
    case, result = counts.to_dict("records")
    taus = table.select(category="Number").frame["tau"].dropna()
    assert result == {
        "measure": "average_signature",
        "category": "Number",
        "languages": 5,
        "decreasing": 3,
        "significantly_decreasing": 2,
        "median_tau": pytest.approx(sorted(taus)[2]),
        "share_decreasing": pytest.approx(3 / 5),
        "share_significantly_decreasing": pytest.approx(2 / 5),
    }
    assert case["category"] == "Case" and case["languages"] == case["decreasing"] == 0
    shares = [case[name] for name in case if name.startswith(("share", "median"))]
    assert np.isnan(shares).all()


@pytest.mark.parametrize(("p", "counted"), [(0.049, 1), (0.05, 0), (np.nan, 0)])
@pytest.mark.parametrize(
    ("column", "number"),
    [
        ("p_adjusted", "significantly_decreasing"),
        ("hamed_rao_p_adjusted", "hamed_rao_decreasing"),
    ],
)
def test_significance_is_of_the_adjusted_p(
    complete: Callable[..., Trends], column: str, number: str, p: float, counted: int
) -> None:
    frame = pd.DataFrame({"category": "Case", "language": ["de", "fr"], "tau": [-0.9, 0.9]})
    frame = frame.assign(p_adjusted=0.5, hamed_rao_p_adjusted=0.5)
    frame[column] = p
    assert trends_by_category(complete(Trends, frame)).frame[number].tolist() == [counted]
