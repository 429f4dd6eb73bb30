from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr
from sklearn.linear_model import LinearRegression

from langsig import InputError
from langsig.analysis import InferenceOptions, predictors
from langsig.arrays import Array

NUMBER = 24
LANGUAGES = [f"q{first}{second}" for first in "abcdef" for second in "abcd"]
GENERA = {language: language[1] for language in LANGUAGES}
OPTIONS = InferenceOptions(min_languages=5, permutations=400, seed=0)


def frame(values: Array, names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(values, LANGUAGES[: len(values)], list(names))


def series(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Three measures, two outcomes that the first explains in part, and two covariates."""
    rng = np.random.default_rng(seed)
    known = np.column_stack([rng.normal(size=NUMBER), rng.integers(2, size=NUMBER)])
    x = rng.normal(size=(NUMBER, 3)) + known[:, :1]
    y = x[:, :1] + known.sum(1, keepdims=True) + rng.normal(size=(NUMBER, 2))
    return (
        frame(x, ["fit", "cka", "variance"]),
        frame(y, ["transfer", "retrieval"]),
        frame(known, ["fertility", "indo_european"]),
    )


def table(
    measures: pd.DataFrame,
    outcomes: pd.DataFrame,
    covariates: pd.DataFrame,
    genera: Mapping[str, str] = GENERA,
    replicates: int = 200,
    options: InferenceOptions = OPTIONS,
) -> pd.DataFrame:
    result = predictors(
        measures, outcomes, covariates, genera=genera, options=options, replicates=replicates
    )
    return result.frame.set_index(["measure", "outcome"])


def partial(x: Array, y: Array, known: Array) -> float:
    """Correlation of the residuals of ranks."""
    design = np.column_stack([np.ones(len(x)), rankdata(known, axis=0)])
    ranks = np.column_stack([rankdata(x), rankdata(y)])
    residuals = ranks - design @ np.linalg.lstsq(design, ranks)[0]
    return float(np.corrcoef(residuals.T)[0, 1])


def test_estimates_written_out() -> None:
    measures, outcomes, known = series(0)
    result = table(measures, outcomes, known, replicates=2)
    assert result.index.tolist() == [(x, y) for x in measures for y in outcomes]

    def left_out(design: Array, outcome: Array) -> float:
        errors = []
        for n in range(NUMBER):
            others = np.arange(NUMBER) != n
            model = LinearRegression().fit(design[others], outcome[others])
            errors.append(outcome[n] - model.predict(design[n : n + 1])[0])
        return float(1 - np.sum(np.square(errors)) / np.sum((outcome - outcome.mean()) ** 2))

    for (name, target), row in result.iterrows():
        x, y = measures[name].to_numpy(), outcomes[target].to_numpy()
        assert row["languages"] == NUMBER
        assert row["spearman"] == pytest.approx(spearmanr(x, y).statistic)
        assert row["partial"] == pytest.approx(partial(x, y, known))
        assert row["base_r2"] == pytest.approx(left_out(known.to_numpy(), y))
        assert row["r2"] == pytest.approx(left_out(np.column_stack([known, x]), y))


def naive_ends(draws: list[tuple[float, float]]) -> list[float]:
    return np.nanquantile(draws, [0.025, 0.975], axis=0).T.ravel().tolist()


@pytest.mark.slow
def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    measures, outcomes, known = series(3)
    x, y = measures["fit"].to_numpy(), outcomes["transfer"].to_numpy()
    result = table(measures[["fit"]], outcomes[["transfer"]], known, replicates=3000)
    row = result.loc[("fit", "transfer")]
    rng = np.random.default_rng(8)
    over_languages, over_genera = [], []
    for _ in range(1500):
        drawn = rng.integers(NUMBER, size=NUMBER)
        resampled = x[drawn], y[drawn], known.to_numpy()[drawn]
        over_languages.append((spearmanr(*resampled[:2]).statistic, partial(*resampled)))
        drawn = (rng.integers(6, size=6)[:, None] * 4 + np.arange(4)).ravel()  # whole genera
        over_genera.append(partial(x[drawn], y[drawn], known.to_numpy()[drawn]))
    columns = ["spearman_low", "spearman_high", "low", "high"]
    assert row[columns].tolist() == pytest.approx(naive_ends(over_languages), abs=0.05)
    ends = np.quantile(over_genera, [0.025, 0.975])
    assert row[["genus_low", "genus_high"]].tolist() == pytest.approx(ends, abs=0.05)


@pytest.mark.slow
def test_the_threshold_is_the_highest_correlation_by_chance() -> None:
    measures, outcomes, known = series(4)
    options = InferenceOptions(min_languages=5, permutations=1500, seed=0)
    result = table(measures, outcomes, known, replicates=2, options=options)
    assert result["threshold"].nunique() == 1
    rng = np.random.default_rng(5)
    highest = []
    for _ in range(300):
        order = rng.permutation(NUMBER)
        pairs = [(measures[x].to_numpy()[order], outcomes[y]) for x in measures for y in outcomes]
        highest.append(max(abs(partial(x, y, known)) for x, y in pairs))
    assert result["threshold"].iloc[0] == pytest.approx(np.quantile(highest, 0.95), abs=0.05)


def test_a_planted_dependence_is_found_and_a_covariate_in_disguise_is_not() -> None:
    rng = np.random.default_rng(0)
    known = frame(rng.normal(size=(NUMBER, 1)), ["fertility"])
    real, noise = rng.normal(size=(2, NUMBER))
    fertility = known["fertility"].to_numpy()
    measures = frame(np.column_stack([real, fertility**3, noise]), ["fit", "disguise", "noise"])
    outcomes = frame((real + 2 * fertility + 0.3 * noise)[:, None], ["transfer"])
    result = table(measures, outcomes, known).xs("transfer", level="outcome")
    assert result["beyond"].to_dict() == {"fit": True, "disguise": False, "noise": False}
    assert result.loc["disguise", "spearman"] > 0.5
    assert np.isnan(result.loc["disguise", "partial"]), "its ranks are those of the covariate"
    assert result.loc["fit", "r2"] > result.loc["fit", "base_r2"] + 0.1
    assert result.loc["noise", "r2"] < result.loc["fit", "r2"]


@pytest.mark.slow
def test_unrelated_measures_are_hardly_ever_beyond() -> None:
    rng = np.random.default_rng(1)
    found = []
    for seed in range(150):
        _, outcomes, known = series(seed)
        measures = frame(rng.normal(size=(NUMBER, 5)), "abcde")
        found.append(table(measures, outcomes, known)["beyond"].any())
    assert np.mean(found) < 0.1


@given(st.integers(0, 99))
@settings(max_examples=5)
def test_only_ranks_of_measures_matter_for_correlations(seed: int) -> None:
    measures, outcomes, known = series(seed)
    columns = ["spearman", "partial", "low", "high", "genus_low", "genus_high", "threshold"]
    plain = table(measures, outcomes, known)[columns]
    changed = table(1e-6 * np.exp(measures), 5 * outcomes**3, 3 * known + 1)[columns]
    pd.testing.assert_frame_equal(plain, changed)


def test_few_languages_have_no_threshold() -> None:
    measures, outcomes, known = series(6)
    result = table(measures[:5], outcomes[:5], known[:5])
    assert result["threshold"].isna().all() and not result["beyond"].any()


def test_each_pair_uses_the_languages_that_it_has() -> None:
    measures, outcomes, known = series(6)
    gappy = measures.copy()
    gappy.loc[LANGUAGES[:3], "cka"] = np.nan
    partly = outcomes.copy()
    partly.loc[LANGUAGES[10], "retrieval"] = np.nan
    result = table(gappy, partly, known.drop(index=LANGUAGES[-1]))
    assert result["languages"].unstack().loc["fit"].to_dict() == {"transfer": 23, "retrieval": 22}
    assert result["languages"].unstack().loc["cka"].to_dict() == {"transfer": 20, "retrieval": 19}
    kept = [code for code in LANGUAGES[3:-1] if code != LANGUAGES[10]]
    row = result.loc[("cka", "retrieval")]
    x, y = measures.loc[kept, "cka"], outcomes.loc[kept, "retrieval"]
    assert row["partial"] == pytest.approx(partial(x, y, known.loc[kept]))


def test_relatives_that_are_alike_widen_the_interval_over_genera() -> None:
    rng = np.random.default_rng(2)
    levels = np.repeat(rng.normal(size=(6, 2)), 4, axis=0) + 0.1 * rng.normal(size=(NUMBER, 2))
    none = pd.DataFrame(index=LANGUAGES)
    arguments = frame(levels[:, :1], ["fit"]), frame(levels[:, 1:], ["transfer"]), none
    related = table(*arguments).iloc[0]
    assert related["genus_high"] - related["genus_low"] > 1.3 * (related["high"] - related["low"])
    assert related["base_r2"] < 0, "without covariates, each language gets the mean of the others"


def test_without_relatives_both_intervals_agree() -> None:
    measures, outcomes, known = series(9)
    result = table(measures, outcomes, known, genera={}, replicates=2000)
    for end in ("low", "high"):
        np.testing.assert_allclose(result[f"genus_{end}"], result[end], atol=0.06)


def test_few_languages_and_series_that_do_not_vary_give_no_statistics() -> None:
    measures, outcomes, known = series(7)
    few = table(measures.iloc[:5], outcomes, known)
    assert (few["languages"] == 5).all()
    assert few["partial"].isna().all() and not few["beyond"].any()
    constant = table(measures.assign(cka=1.0), outcomes, known)
    assert constant.loc["cka", "partial"].isna().all()
    assert constant.loc["fit", "partial"].notna().all()


def test_wrong_input_is_explained() -> None:
    measures, outcomes, known = series(8)
    with pytest.raises(InputError, match="at least one measure and one outcome"):
        table(measures[[]], outcomes, known)
    with pytest.raises(InputError, match="replicates must be a positive integer, got 0"):
        table(measures, outcomes, known, replicates=0)
