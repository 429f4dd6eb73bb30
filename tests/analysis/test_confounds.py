"""Associations with something else accounted for."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from langsig.analysis import InferenceOptions, confounds, predictors
from langsig.errors import InputError
from langsig.schemas import Table

NUMBER = 40
LANGUAGES = [f"q{first}{second}" for first in "abcdefgh" for second in "abcde"]
OPTIONS = InferenceOptions(min_languages=5, permutations=200, seed=0)


@pytest.fixture(scope="module")
def series() -> pd.DataFrame:
    """A measure and an outcome that have nothing in common but the length of the text."""
    rng = np.random.default_rng(0)
    length = np.where(np.arange(NUMBER) < NUMBER // 2, 1.0, rng.uniform(0, 3, NUMBER))
    return pd.DataFrame(
        {
            "signature": length + 0.2 * rng.normal(size=NUMBER),
            "transfer": length + 0.2 * rng.normal(size=NUMBER),
            "length": length,
            "genre": rng.integers(0, 2, NUMBER),
        },
        LANGUAGES,
    )


def compared(function: Callable[..., Table], series: pd.DataFrame) -> pd.DataFrame:
    return function(
        series[["signature"]],
        series[["transfer"]],
        series[["length", "genre"]],
        genera={},
        options=OPTIONS,
        replicates=100,
    ).frame


def rows(series: pd.DataFrame) -> pd.DataFrame:
    table = compared(confounds, series)
    return table.set_index(["condition", "covariate"])


def test_a_common_cause_explains_an_association(series: pd.DataFrame) -> None:
    table = rows(series)
    found = table["correlation"]
    assert found.loc[("none", np.nan)] == pytest.approx(
        spearmanr(series["signature"], series["transfer"]).statistic
    )
    assert found.loc[("none", np.nan)] > 0.7 and table.loc[("none", np.nan), "beyond"]
    for condition in (("given", "length"), ("given", "all"), ("matched", "length")):
        assert abs(found.loc[condition]) < 0.45
    assert found.loc[("given", "genre")] > 0.7
    of_all = compared(predictors, series)
    assert found.loc[("given", "all")] == of_all.loc[0, "partial"]


def test_matched_languages_are_at_least_half_and_closest_to_the_median(
    series: pd.DataFrame,
) -> None:
    table = rows(series)
    assert table.loc[("given", "length"), "languages"] == NUMBER
    assert table.loc[("matched", "length"), "languages"] == NUMBER // 2
    alike = series[series["length"] == 1.0]
    assert table.loc[("matched", "length"), "correlation"] == pytest.approx(
        spearmanr(alike["signature"], alike["transfer"]).statistic
    )


def test_a_language_without_a_covariate_is_left_out_everywhere(series: pd.DataFrame) -> None:
    table = rows(series.assign(genre=series["genre"].where(series.index != "qaa")))
    assert set(table.loc[["none", "given"], "languages"]) == {NUMBER - 1}


def test_covariates_that_no_language_has_are_named(series: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"no language has all covariates \(length, genre\)"):
        rows(series.assign(genre=np.nan))
