import numpy as np
import pandas as pd

from langsig.analysis import InferenceOptions, measure_tests, measures
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    AverageSignatures,
    Baselines,
    Estimates,
    Measures,
    Properties,
    Scores,
)

LANGUAGES = [f"q{letter}a" for letter in "abcdefgh"]
OPTIONS = InferenceOptions(min_languages=5, permutations=199, seed=1)


def series(values: np.ndarray, name: str, **columns: str | None) -> pd.DataFrame:
    """Values ``[layers, languages]`` as a table."""
    wide = pd.DataFrame(values, columns=LANGUAGES[: values.shape[1]]).rename_axis("layer")
    long = wide.reset_index().melt("layer", var_name="language", value_name=name)
    return long.assign(**columns)


def measured(values: np.ndarray, measure: str) -> Measures:
    return Measures(series(values, "value", measure=measure, source=None, normalise=None))


def properties(values: np.ndarray) -> Properties:
    table = pd.DataFrame({"language": LANGUAGES, "value": values})
    return Properties(table.assign(property="size", category=None))


def test_measures_of_all_words_in_one_table() -> None:
    values = np.ones((2, 3))
    averages = pd.concat(
        [
            series(values, "average_signature", category=ALL_WORDS),
            series(5 * values, "average_signature", category="Case"),
        ]
    )
    baselines = averages.rename(columns={"average_signature": "value"}).assign(measure="svd")
    estimates = series(2 * values, "average_signature", source="untrained", normalise="variance")
    estimates = estimates.assign(words=9, blocks=2, low=0.0, high=0.0, p=0.0)
    learned = AverageSignatures(series(7 * values, "average_signature", category=ALL_WORDS))
    table = measures(
        {"average_signature": AverageSignatures(averages), "shared": learned},
        Baselines(baselines),
        Estimates(estimates),
    ).frame
    keys = ["measure", "source", "normalise"]
    levels = table.fillna({"source": "-", "normalise": "-"}).groupby(keys)["value"]
    assert levels.agg(["min", "max", "size"]).to_dict("index") == {
        ("average_signature", "-", "-"): {"min": 1, "max": 1, "size": 6},
        ("average_signature", "untrained", "variance"): {"min": 2, "max": 2, "size": 6},
        ("shared", "-", "-"): {"min": 7, "max": 7, "size": 6},
        ("svd", "-", "-"): {"min": 1, "max": 1, "size": 6},
    }


def test_each_measure_is_tested_separately() -> None:
    rng = np.random.default_rng(0)
    size = np.arange(8.0)
    falling = 10 + size - np.arange(7)[:, None] + 0.01 * rng.normal(size=(7, 8))
    noise = rng.normal(size=(7, 8))
    table = Measures.concat([measured(falling, "with"), measured(noise, "without")])
    scores = pd.DataFrame({"language": LANGUAGES, "value": -size})
    scores = scores.assign(task="pos", metric="f1", model="m", source="here")
    results = measure_tests(table, properties(size), Scores(scores), genera={}, options=OPTIONS)
    estimates = results.frame.set_index(["measure", "test"])["estimate"].unstack()
    assert estimates.loc["with", "trend"] == 1
    assert estimates.loc["with", "property"] > 0.99
    assert estimates.loc["with", "score"] < -0.99
    assert abs(estimates.loc["without", "property"]) < 0.9
    expected = np.corrcoef(noise.mean(0), size)[0, 1]
    assert np.isclose(estimates.loc["without", "property"], expected)
    of_scores = results.select(test="score").frame
    assert set(zip(of_scores["task"], of_scores["metric"], of_scores["model"], strict=True)) == {
        ("pos", "f1", "m")
    }
    of_sizes = results.select(property="size").frame
    assert len(of_sizes) == 2 and of_sizes["task"].isna().all()
    raw, corrected = of_sizes["p"].sort_values(), of_sizes["p_adjusted"].sort_values()
    assert np.allclose(corrected, np.minimum([2 * raw.iloc[0], raw.iloc[1]], raw.iloc[1]))


def test_few_languages_are_not_enough_and_few_layers_have_no_trend() -> None:
    table = measured(np.arange(6.0).reshape(2, 3), "svd")
    results = measure_tests(
        table, properties(np.arange(8.0)), None, genera={}, options=OPTIONS
    ).frame
    assert not results["enough"].any() and results["p_adjusted"].isna().all()
    assert results["test"].tolist() == ["trend", "property"]
    assert results.loc[0, "n"] == 0 and pd.isna(results.loc[0, "estimate"])
