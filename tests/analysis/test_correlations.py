from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr, t

from langsig.analysis import Correlation, InferenceOptions, correlate, correlations
from langsig.schemas import AverageSignatures, Properties

Array = NDArray[np.float64]
LANGUAGES = [f"q{letter}" for letter in "abcdefghijkl"]
NUMBERS = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=4, max_size=9
).filter(lambda pairs: all(len(set(side)) > 1 for side in zip(*pairs, strict=True)))


OPTIONS = InferenceOptions(min_languages=3, permutations=99, seed=0)


def correlated(
    first: Sequence[float],
    second: Sequence[float],
    genera: Mapping[str, str] | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> Correlation:
    names = LANGUAGES[: len(first)]
    series = pd.Series(first, names, dtype=float), pd.Series(second, names, dtype=float)
    options = InferenceOptions(min_languages=3, permutations=permutations, seed=seed)
    return correlate(*series, genera=genera or {}, options=options)


def correlation(x: Array, y: Array) -> float:
    x, y = x - x.mean(), y - y.mean()
    return float((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum()))


@pytest.mark.slow
@given(NUMBERS)
@settings(max_examples=60, deadline=None)
def test_pearson_and_spearman_written_out(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, float).T
    result, n = correlated(x, y), len(pairs)
    r = correlation(x, y)
    assert result.n == n
    assert result.pearson == pytest.approx(r, abs=1e-9)
    assert result.spearman == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)
    if abs(r) < 1 - 1e-9:
        ends = np.tanh(np.arctanh(r) + norm.ppf([0.025, 0.975]) / np.sqrt(n - 3))
        np.testing.assert_allclose([result.low, result.high], ends, atol=1e-9)
        statistic = abs(r) * np.sqrt((n - 2) / (1 - r**2))
        assert result.p == pytest.approx(2 * t.sf(statistic, n - 2), abs=1e-9)


@pytest.mark.slow
@given(NUMBERS.filter(lambda pairs: len(pairs) < 7))
@settings(max_examples=20, deadline=None)
def test_p_of_ranks_counts_all_permutations(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, float).T
    all_of_them = [abs(spearmanr(x, order).statistic) for order in permutations(y)]
    observed = abs(spearmanr(x, y).statistic)
    expected = np.mean([correlation >= observed - 1e-9 for correlation in all_of_them])
    assert correlated(x, y).spearman_p == pytest.approx(expected)


def test_perfect_ranks_of_few_languages_are_no_evidence() -> None:
    assert correlated([1, 2, 3, 4], [1, 2, 3, 9]).spearman_p == pytest.approx(2 / 24)


@pytest.mark.parametrize("seed", range(3))
def test_p_of_some_permutations_is_near_that_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 8))
    exact = correlated(x, y, permutations=40_320).spearman_p
    some = correlated(x, y, permutations=1999, seed=seed).spearman_p
    assert some == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 1999) + 1 / 2000)
    assert some != exact
    assert (some * 2000) % 1 == pytest.approx(0, abs=1e-6)


def test_p_of_some_permutations_is_never_0() -> None:
    assert correlated(range(12), range(12), permutations=99).spearman_p == 1 / 100


def test_seed_decides() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 9))
    first, same, second = (correlated(x, y, permutations=199, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_equal(first, same)
    assert first.spearman_p != second.spearman_p


GENERA = dict(zip(LANGUAGES, ["A", "A", "A", "B", "B", "C", "C", "D"], strict=False))


@pytest.mark.parametrize("seed", range(5))
def test_p_within_genera_counts_permutations_that_keep_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    genera = [GENERA[name] for name in LANGUAGES[:8]]
    level = np.array([{"A": 0, "B": 5, "C": -4, "D": 2}[genus] for genus in genera])
    x, y = level + rng.normal(size=8), level + rng.normal(size=8)
    kept = [
        correlation(x, y[list(order)])
        for order in permutations(range(8))
        if [genera[index] for index in order] == genera
    ]
    assert len(kept) == 24
    middle = np.mean(kept)
    expected = np.mean(np.abs(kept - middle) >= abs(correlation(x, y) - middle) - 1e-9)
    assert correlated(x, y, GENERA).genus_p == pytest.approx(expected)


@pytest.mark.slow
def test_relatives_that_are_alike_do_not_make_a_correlation() -> None:
    """Galton's problem: four genera of three, each at a level of its own in both series."""
    rng = np.random.default_rng(0)
    genera = {name: str(index // 3) for index, name in enumerate(LANGUAGES)}
    plain, within = [], []
    for _ in range(200):
        x, y = np.repeat(rng.normal(size=(2, 4)), 3, axis=1) + 0.3 * rng.normal(size=(2, 12))
        result = correlated(x, y, genera, permutations=99)
        plain.append(result.p < 0.05)
        within.append(result.genus_p <= 0.05)
    assert np.mean(plain) > 0.2
    assert np.mean(within) < 0.1  # of 200 with a probability of .05, 3 standard errors more


@pytest.mark.parametrize("sign", [1, -1])
def test_correlations_within_genera_are_detected(sign: int) -> None:
    rng = np.random.default_rng(0)
    genera = {name: str(index // 3) for index, name in enumerate(LANGUAGES)}
    x = np.repeat([0.0, 10, 20, 30], 3) + rng.normal(size=12)
    y = np.repeat([0.0, 10, 20, 30], 3) + sign * (x - np.repeat([0.0, 10, 20, 30], 3))
    result = correlated(x, y, genera, permutations=1295)
    assert result.pearson > 0.9
    assert result.genus_p < 0.01, "also where it is against what holds between genera"


@pytest.mark.parametrize(
    ("sizes", "tied", "expected"),
    [
        ([2, 2, 2, 2], False, False),  # 16 permutations
        ([3, 2, 2, 1], False, True),  # 24
        ([3, 2, 2, 1], True, False),  # 12 that differ
        ([4, 1, 1, 1], False, True),
        ([1] * 8, False, False),
    ],
)
def test_p_within_genera_needs_twenty_different_series(
    sizes: list[int], tied: bool, expected: bool
) -> None:
    genera = np.repeat([f"genus {index}" for index in range(len(sizes))], sizes)
    x, y = np.random.default_rng(0).normal(size=(2, len(genera)))
    if tied:
        y[1] = y[0]
    result = correlated(x, y, dict(zip(LANGUAGES, genera, strict=False)))
    assert np.isfinite(result.genus_p) == expected
    assert np.isfinite(result.p)


def test_language_without_a_genus_is_a_genus_of_its_own() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 8))
    known = {name: genus for name, genus in GENERA.items() if genus != "D"}
    np.testing.assert_equal(correlated(x, y, known), correlated(x, y, GENERA))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([], []),
        ([1], [2]),
        ([1, 2], [2, 1]),
        ([1, 2, np.nan], [2, 1, 3]),
        ([1, 1, 1, 1], [1, 2, 3, 5]),
        ([1, 2, 3, 5], [0, 0, 0, 0]),
        ([0.1 + 0.2, 0.3, 0.3, 0.3], [1, 2, 3, 5]),
    ],
)
def test_too_few_or_constant_ones_have_no_correlation(x: list[float], y: list[float]) -> None:
    result = correlated(x, y)
    assert result.n == (np.isfinite(x) & np.isfinite(y)).sum()
    assert np.isnan(result[1:]).all()


def test_three_languages_have_no_interval() -> None:
    result = correlated([1, 2, 3], [1, 3, 2])
    assert result.pearson == pytest.approx(0.5)
    assert np.isnan([result.low, result.high, result.genus_p]).all()


def test_languages_are_matched_and_those_without_either_left_out() -> None:
    first = pd.Series({"de": 1.0, "fr": 2.0, "it": 4.0, "zh": 3.0, "ja": np.nan})
    second = pd.Series({"zh": 6, "it": 8, "ja": 0, "fr": 4, "de": 2, "ko": 1})
    result = correlate(first, second, genera={}, options=OPTIONS)
    assert (result.n, result.pearson) == (4, pytest.approx(1))


def test_two_values_of_a_language_are_an_error() -> None:
    first = pd.Series([1.0, 2, 3], ["de", "fr", "it"])
    second = pd.Series([1.0, 2, 3, 4], ["de", "fr", "it", "it"])
    with pytest.raises(ValueError, match="duplicate"):
        correlate(first, second, genera={}, options=OPTIONS)


CATEGORIES, LAYERS = ["Case", "Number"], 3


def averages(languages: int = 6, seed: int = 0) -> pd.DataFrame:
    """Case is missing from the last two languages."""
    rng = np.random.default_rng(seed)
    rows = [
        (category, layer, name, rng.uniform())
        for category in CATEGORIES
        for layer in range(LAYERS)
        for name in LANGUAGES[: languages - 2 * (category == "Case")]
    ]
    columns = ["category", "layer", "language", "average_signature"]
    return pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=seed)


def properties(languages: int = 6, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [("characters", None, name, rng.uniform()) for name in LANGUAGES[:languages]]
    rows += [
        ("size", category, name, rng.uniform())
        for category in CATEGORIES
        for name in LANGUAGES[:languages]
    ]
    return pd.DataFrame(rows, columns=["property", "category", "language", "value"])


def correlated_table(
    table: pd.DataFrame, facts: pd.DataFrame, min_languages: int = 3
) -> pd.DataFrame:
    options = InferenceOptions(min_languages=min_languages, permutations=199, seed=0)
    return correlations(
        AverageSignatures(table), Properties(facts), genera={}, options=options
    ).frame


def test_one_row_per_property_category_and_layer_and_one_for_the_mean_over_layers() -> None:
    table, facts = averages(), properties()
    rows = correlated_table(table, facts).set_index(["property", "category"])
    for name in ("characters", "size"):
        for category in CATEGORIES:
            chosen = facts[(facts["property"] == name) & facts["category"].isin([category, None])]
            value = chosen.set_index("language")["value"]
            wide = table[table["category"] == category].pivot(
                index="language", columns="layer", values="average_signature"
            )
            of_layers = rows.loc[(name, category)]
            *layers, means = of_layers.to_dict("records")
            assert [row["layer"] for row in layers] == [0, 1, 2]
            for row in layers:
                expected = np.corrcoef(wide[row["layer"]], value[wide.index])[0, 1]
                assert row["pearson"] == pytest.approx(expected)
                assert row["n"] == (4 if category == "Case" else 6)
                assert np.isnan(row["mean_pearson"])
            assert {row["scope"] for row in layers} == {"layer"}
            assert means["scope"] == "mean" and pd.isna(means["layer"])
            expected = np.corrcoef(wide.mean(axis=1), value[wide.index])[0, 1]
            assert means["pearson"] == pytest.approx(expected)
            assert means["mean_pearson"] == pytest.approx(
                np.mean([row["pearson"] for row in layers])
            )


def test_mean_over_layers_is_of_languages_that_have_all_of_them() -> None:
    table = averages()
    lacking = (table["layer"] == 1) & (table["language"] == LANGUAGES[0])
    rows = correlated_table(table[~lacking], properties())
    less = correlated_table(table[table["language"] != LANGUAGES[0]], properties())
    columns = ["n", "pearson", "spearman_p"]
    assert rows.query("category == 'Number'")["n"].tolist() == [6, 5, 6, 5] * 2
    means = [table[table["layer"].isna()][columns].reset_index(drop=True) for table in (rows, less)]
    pd.testing.assert_frame_equal(*means)


def by_hand(p: pd.Series) -> pd.Series:
    ranked = p.sort_values(ascending=False)
    return (ranked * len(p) / np.arange(len(p), 0, -1)).cummin().clip(upper=1).loc[p.index]


@pytest.mark.parametrize("min_languages", [3, 5])
def test_families_are_each_property_and_the_means_of_all(min_languages: int) -> None:
    rows = correlated_table(averages(), properties(), min_languages)
    assert (rows["enough"] == (rows["n"] >= min_languages)).all()
    assert rows["enough"].sum() == (16 if min_languages == 3 else 8)
    enough, means = rows["enough"], rows["layer"].isna()
    families = [means, *(~means & (rows["property"] == name) for name in ("characters", "size"))]
    for family in families:
        counted = rows[family & enough]
        assert len(counted) > 1
        np.testing.assert_allclose(counted["p_adjusted"], by_hand(counted["p"]))
    assert rows.loc[~enough, "p_adjusted"].isna().all()
    assert rows["p"].notna().all()


def test_order_of_rows_does_not_matter() -> None:
    table, facts = averages(), properties()
    shuffled = facts.sample(frac=1, random_state=1).sort_values("property", kind="stable")
    first = correlated_table(table, facts)
    second = correlated_table(table.sample(frac=1, random_state=9), shuffled)
    pd.testing.assert_frame_equal(first, second)


def test_two_languages_have_rows_and_no_statistics() -> None:
    rows = correlated_table(averages(2), properties(2), 2)
    assert set(rows["category"]) == {"Number"} and (rows["n"] == 2).all() and rows["enough"].all()
    assert rows[["pearson", "p", "spearman_p", "mean_pearson", "p_adjusted"]].isna().all(None)


def test_property_that_no_language_has() -> None:
    facts = properties()
    facts.loc[facts["property"] == "size", "value"] = np.nan
    rows = correlated_table(averages(), facts).set_index("property")
    assert (rows.loc["size", "n"] == 0).all() and rows.loc["size", "p_adjusted"].isna().all()
    characters = facts[facts["property"] == "characters"]
    separate = correlated_table(averages(), characters).set_index("property")
    pd.testing.assert_frame_equal(rows.loc[["characters"]].iloc[:-4], separate.iloc[:-4])


def test_nothing_to_correlate() -> None:
    empty = correlated_table(averages().iloc[:0], properties())
    assert empty.empty
