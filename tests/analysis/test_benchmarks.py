from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from langsig.analysis import InferenceOptions, score_correlations
from langsig.morphology import ALL_WORDS
from langsig.schemas import AverageSignatures, Scores

LANGUAGES = ["ar", "de", "el", "es", "ru", "zh"]


def test_scores_in_the_repository() -> None:
    table = Scores.read(Path(__file__).parents[2] / "conf/facts/scores.csv").frame
    assert table["value"].between(0, 100).all()
    xquad, tagging = (rows for _, rows in table.groupby(table["task"] != "xquad"))
    sizes = xquad.groupby(["task", "metric", "model"]).size()
    assert (sizes == 11).all() and len(sizes) == 4
    wide = xquad.pivot(index=["model", "language"], columns="metric", values="value")
    assert (wide["em"] < wide["f1"]).all(), "what matches exactly matches in part"
    wide = tagging.pivot(index="language", columns="task", values="value")
    assert wide.shape == (33, 3) and tagging["task"].str.startswith("UDPOS").all()
    assert wide.loc["en", "UDPOS from English"] == wide.loc["en", "UDPOS own language"]


def averages() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(layer, name, rng.uniform()) for layer in range(3) for name in LANGUAGES]
    return pd.DataFrame(rows, columns=["layer", "language", "average_signature"])


def scores(**languages: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = [
        (task, "f1", model, name, rng.uniform(), "somewhere")
        for task, names in languages.items()
        for model in ("XLM-R", "mBERT")
        for name in names
    ]
    return pd.DataFrame(rows, columns=list(Scores.columns))


def correlated(table: pd.DataFrame, min_languages: int = 4) -> pd.DataFrame:
    options = InferenceOptions(min_languages=min_languages, permutations=99, seed=0)
    signatures = AverageSignatures(averages().assign(category=ALL_WORDS))
    return score_correlations(signatures, Scores(table), genera={}, options=options).frame


def test_one_row_per_task_metric_model_and_layer_for_the_languages_that_have_both() -> None:
    table = scores(xquad=[*LANGUAGES, "th"], bucc=["fr", "de", "ru", "zh"])
    rows = correlated(table)
    assert len(rows) == 2 * 2 * 4
    wide = averages().pivot(index="language", columns="layer", values="average_signature")
    for row in rows.to_dict("records"):
        chosen = table[(table["task"] == row["task"]) & (table["model"] == row["model"])]
        values = chosen.set_index("language")["value"]
        both = wide.index.intersection(values.index)
        signature = wide.mean(axis=1) if pd.isna(row["layer"]) else wide[row["layer"]]
        expected = np.corrcoef(signature[both], values[both])[0, 1]
        assert row["pearson"] == pytest.approx(expected)
        assert row["n"] == len(both) == (6 if row["task"] == "xquad" else 3)


def test_the_whole_table_is_one_family_of_those_with_enough_languages() -> None:
    rows = correlated(scores(xquad=LANGUAGES, xnli=LANGUAGES[1:], bucc=["de", "ru", "zh"]))
    enough = rows["enough"]
    assert rows.loc[~enough, "task"].unique().tolist() == ["bucc"]
    expected = false_discovery_control(rows.loc[enough, "p"])
    np.testing.assert_allclose(rows.loc[enough, "p_adjusted"], expected)
    assert rows.loc[~enough, "p_adjusted"].isna().all() and rows["p"].notna().all()


def test_no_language_in_common() -> None:
    rows = correlated(scores(bucc=["fr", "th"]))
    assert (rows["n"] == 0).all() and rows["pearson"].isna().all()
    assert correlated(scores()).empty
