from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from langsig.analysis import Correlation, read_scores, score_correlations
from langsig.errors import InputError

HEAD = "task,metric,model,language,value,source\n"
LANGUAGES = ["ar", "de", "el", "es", "ru", "zh"]


def written(folder: Path, text: str, head: str = HEAD) -> Path:
    path = folder / "scores.csv"
    path.write_text(head + text, encoding="utf-8")
    return path


def test_scores_are_read_as_they_stand(tmp_path: Path) -> None:
    lines = 'xquad,f1,XLM-R,zh,1,59.3,"a, b"\nxquad,em,mBERT,ar,,45,c\n'
    path = written(tmp_path, lines, "\ufefftask,metric,model,language,complete,value,source\n")
    table = read_scores(path)
    assert list(table.columns) == HEAD.strip().split(",")
    assert table.to_numpy().tolist() == [
        ["xquad", "f1", "XLM-R", "zh", 59.3, "a, b"],
        ["xquad", "em", "mBERT", "ar", 45.0, "c"],
    ]


def test_no_scores(tmp_path: Path) -> None:
    assert read_scores(written(tmp_path, "")).empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("xquad,f1,m,de,1,s\nxquad,f1,m,de,2,s\n", r"scores\.csv:3: .*m, de .* line 2"),
        ("xquad,f1,m,de,high,s\n", r"scores\.csv:2: value 'high' is not a number"),
        ("xquad,f1,m,de,nan,s\n", r"scores\.csv:2: value 'nan' is not a number"),
        ("xquad,f1,m,de,1,s\nxquad,,m,fr,1,s\n", r"scores\.csv:3: no metric"),
        ("xquad,f1,m,de, ,s\n", r"scores\.csv:2: no value"),
        ("xquad,f1,m,de,1\n", r"scores\.csv:2: no source"),
        ("xquad,f1,m,de,1,a,b\n", r"scores\.csv:2: more fields"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_scores(written(tmp_path, text))


@pytest.mark.parametrize("head", ["", "task,metric,model,language\n"])
def test_error_names_missing_columns(tmp_path: Path, head: str) -> None:
    with pytest.raises(InputError, match=r"scores\.csv:1: no column .*value, source"):
        read_scores(written(tmp_path, "", head))


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        read_scores(tmp_path / "none.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes(HEAD.encode() + "xquad,f1,m,de,1,für".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.csv: not UTF-8"):
        read_scores(path)


def test_scores_in_the_repository() -> None:
    table = read_scores(Path(__file__).parents[2] / "conf/facts/scores.csv")
    sizes = table.groupby(["task", "metric", "model"]).size()
    assert (sizes == 11).all() and len(sizes) == 4
    assert table["value"].between(0, 100).all()
    wide = table.pivot(index=["model", "language"], columns="metric", values="value")
    assert (wide["em"] < wide["f1"]).all(), "what matches exactly matches in part"


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
    return pd.DataFrame(rows, columns=HEAD.strip().split(","))


def found(table: pd.DataFrame, min_languages: int = 4) -> pd.DataFrame:
    options = {"genera": {}, "permutations": 99, "seed": 0}
    return score_correlations(averages(), table, min_languages=min_languages, **options)


def test_a_row_a_task_metric_model_and_layer_of_the_languages_that_have_both() -> None:
    table = scores(xquad=[*LANGUAGES, "th"], bucc=["fr", "de", "ru", "zh"])
    rows = found(table)
    keys = ["task", "metric", "model", "layer"]
    assert list(rows.columns) == [*keys, *Correlation._fields, "mean_pearson", "enough",
                                  "p_adjusted"]  # fmt: skip
    assert len(rows) == 2 * 2 * 4
    wide = averages().pivot(index="language", columns="layer", values="average_signature")
    for row in rows.to_dict("records"):
        own = table[(table["task"] == row["task"]) & (table["model"] == row["model"])]
        values = own.set_index("language")["value"]
        both = wide.index.intersection(values.index)
        signature = wide.mean(axis=1) if pd.isna(row["layer"]) else wide[row["layer"]]
        expected = np.corrcoef(signature[both], values[both])[0, 1]
        assert row["pearson"] == pytest.approx(expected)
        assert row["n"] == len(both) == (6 if row["task"] == "xquad" else 3)


def test_the_whole_table_is_one_family_of_those_with_enough_languages() -> None:
    rows = found(scores(xquad=LANGUAGES, xnli=LANGUAGES[1:], bucc=["de", "ru", "zh"]))
    enough = rows["enough"]
    assert rows.loc[~enough, "task"].unique().tolist() == ["bucc"]
    expected = false_discovery_control(rows.loc[enough, "p"])
    np.testing.assert_allclose(rows.loc[enough, "p_adjusted"], expected)
    assert rows.loc[~enough, "p_adjusted"].isna().all() and rows["p"].notna().all()


def test_no_language_in_common() -> None:
    rows = found(scores(bucc=["fr", "th"]))
    assert (rows["n"] == 0).all() and rows["pearson"].isna().all()
    assert found(scores()).empty
