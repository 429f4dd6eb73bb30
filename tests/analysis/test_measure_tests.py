import numpy as np
import pandas as pd

from langsig.analysis import measure_tests, measures
from langsig.morphology import ALL_WORDS

LANGUAGES = [f"q{letter}a" for letter in "abcdefgh"]
OPTIONS = {"genera": {}, "min_languages": 5, "permutations": 199, "seed": 1}


def series(values: np.ndarray, **columns: str) -> pd.DataFrame:
    """Of ``[layers, languages]``."""
    wide = pd.DataFrame(values, columns=LANGUAGES[: values.shape[1]]).rename_axis("layer")
    long = wide.reset_index().melt("layer", var_name="language", value_name="average_signature")
    return long.assign(**columns)


def facts(values: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"language": LANGUAGES, "value": values})
    return table.assign(property="size", category=None)


def test_measures_of_all_words_in_one_form() -> None:
    values = np.ones((2, 3))
    averages = pd.concat([series(values, category=ALL_WORDS), series(5 * values, category="Case")])
    baselines = averages.rename(columns={"average_signature": "value"}).assign(measure="svd")
    estimates = series(2 * values, source="untrained", normalise="variance")
    found = measures(averages, baselines, estimates)
    levels = found.groupby("measure", sort=False)["average_signature"].agg(["min", "max", "size"])
    assert levels.to_dict("index") == {
        "average signature": {"min": 1, "max": 1, "size": 6},
        "svd": {"min": 1, "max": 1, "size": 6},
        "untrained, variance": {"min": 2, "max": 2, "size": 6},
    }


def test_each_measure_answers_for_itself() -> None:
    rng = np.random.default_rng(0)
    size = np.arange(8.0)
    falling = 10 + size - np.arange(7)[:, None] + 0.01 * rng.normal(size=(7, 8))
    noise = rng.normal(size=(7, 8))
    table = pd.concat([series(falling, measure="with"), series(noise, measure="without")])
    scores = pd.DataFrame({"language": LANGUAGES, "value": -size})
    scores = scores.assign(task="pos", metric="f1", model="m")
    found = measure_tests(table, facts(size), scores, **OPTIONS).set_index(["measure", "analysis"])
    estimates = found["estimate"].unstack()
    trend = "decrease over layers (share of languages)"
    assert estimates.loc["with", trend] == 1
    assert estimates.loc["with", "correlation with size"] > 0.99
    assert estimates.loc["with", "correlation with pos, f1, m"] < -0.99
    assert abs(estimates.loc["without", "correlation with size"]) < 0.9
    own = noise.mean(0)
    expected = np.corrcoef(own, size)[0, 1]
    assert np.isclose(estimates.loc["without", "correlation with size"], expected)
    adjusted = found.xs("correlation with size", level="analysis")
    raw, corrected = adjusted["p"].sort_values(), adjusted["p_adjusted"].sort_values()
    assert np.allclose(corrected, np.minimum([2 * raw.iloc[0], raw.iloc[1]], raw.iloc[1]))


def test_few_languages_are_not_enough_and_few_layers_have_no_trend() -> None:
    table = series(np.arange(6.0).reshape(2, 3), measure="one")
    found = measure_tests(table, facts(np.arange(8.0)), None, **OPTIONS)
    assert not found["enough"].any() and found["p_adjusted"].isna().all()
    assert found.loc[0, "n"] == 0 and pd.isna(found.loc[0, "estimate"])
