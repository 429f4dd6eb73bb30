import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.analysis import Coverage, coverage, coverage_markdown
from langsig.morphology import CATEGORIES, Words, annotate

VALUES = st.sampled_from([None, "SG", "PL", "DU"])
TREEBANKS = st.dictionaries(
    st.sampled_from(["de", "fr", "zh", "qaa"]),
    st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=30),
    min_size=1,
)


def words(rows: list[tuple[str | None, str | None]]) -> Words:
    """Words with the given values of Number and Case, in sentences of three words."""
    table = pd.DataFrame(rows, columns=["Number", "Case"], dtype="string")
    table = table.reindex(columns=list(Words.word_columns))
    positions = pd.RangeIndex(len(rows))
    table["sentence"], table["token"] = positions // 3, positions % 3
    sentences = pd.DataFrame({"sentence": table["sentence"].unique(), "line": 1})
    return Words(table, sentences.reindex(columns=list(Words.sentence_columns)))


def covered(
    treebanks: dict[str, list[tuple[str | None, str | None]]], min_instances: int = 5
) -> Coverage:
    pairs = ((language, words(rows)) for language, rows in treebanks.items())
    return coverage(pairs, min_instances=min_instances)


@pytest.mark.slow
@given(TREEBANKS, st.integers(0, 12))
@settings(max_examples=40, deadline=None)
def test_counts(
    treebanks: dict[str, list[tuple[str | None, str | None]]], min_instances: int
) -> None:
    result = covered(treebanks, min_instances)
    categories = result.categories.frame
    pairs = list(zip(categories["language"], categories["category"], strict=True))
    assert pairs == [(language, name) for language in treebanks for name in CATEGORIES]
    counts = categories.set_index(["language", "category"])
    attributes = result.attributes.frame.set_index(["language", "category", "value"])
    assert not (attributes["words"] == 0).any()
    for language, rows in treebanks.items():
        total = result.treebanks.frame.set_index("language").loc[language]
        assert (total["sentences"], total["words"]) == (-(-len(rows) // 3), len(rows))
        for column, category in enumerate(["Number", "Case"]):
            bearing = [row[column] for row in rows if row[column] is not None]
            row = counts.loc[(language, category)]
            assert row["words"] == len(bearing)
            assert row["enough"] == (len(bearing) >= min_instances and len(bearing) > 0)
            for value in set(bearing):
                found_value = attributes.loc[(language, category, value)]
                assert found_value["words"] == bearing.count(value)
                assert found_value["share"] == pytest.approx(bearing.count(value) / len(bearing))


@pytest.mark.slow
@given(TREEBANKS)
@settings(max_examples=20, deadline=None)
def test_values_add_up_to_their_category(
    treebanks: dict[str, list[tuple[str | None, str | None]]],
) -> None:
    result = covered(treebanks)
    sums = result.attributes.frame.groupby(["language", "category"])[["words", "share"]].sum()
    assert sums["share"].to_numpy() == pytest.approx(1)
    counts = result.categories.frame.set_index(["language", "category"])["words"]
    assert sums["words"].to_dict() == counts[counts > 0].to_dict()


def test_markdown_marks_what_is_too_little() -> None:
    rows: list[tuple[str | None, str | None]] = [("SG", "NOM")] * 1200 + [("PL", None)] * 300
    text = coverage_markdown(covered({"de": rows, "zh": [("SG", None)] * 4}, 1000))
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    head, rule, german, chinese = table
    assert len({len(line) for line in table}) == 1
    assert set(rule) == {"---", "---:"}
    assert head == ["Language", "Sentences", "Words", *CATEGORIES]
    cells = [dict(zip(head, line, strict=True)) for line in (german, chinese)]
    assert cells[0] | {"Sentences": "500", "Words": "1,500"} == cells[0]
    assert (cells[0]["Number"], cells[0]["Case"], cells[0]["Mood"]) == ("1,500", "1,200", "")
    assert (cells[1]["Number"], cells[1]["Case"]) == ("(4)", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "folder"), [("id", "UD_Indonesian"), ("vi", "UD_Vietnamese"), ("ko", "UD_Korean")]
)
def test_categories_of_the_paper(real_data: Path, language: str, folder: str) -> None:
    """Treebanks that are complete here have those categories that the paper lists for them."""
    facts = Path(__file__).parents[1] / "data" / "paper_categories.csv"
    with facts.open(encoding="utf-8", newline="") as stream:
        expected = {
            line["category"]
            for line in csv.DictReader(stream)
            if line["language"] == language and line["in_per_language_list"] == "1"
        }
    treebank = annotate(real_data / "ud-treebanks-v2.1" / folder, language)
    result = coverage([(language, treebank)], min_instances=100).categories.frame
    assert set(result[result["enough"]]["category"]) == expected
