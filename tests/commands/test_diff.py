"""``langsig diff``: the layout of changes, and its files."""

from dataclasses import replace
from pathlib import Path

import pytest

from langsig.analysis.difference import Difference, ParameterChanges, difference
from langsig.commands import main
from langsig.commands.diff import layout, save
from langsig.errors import InputError
from langsig.schemas import TreeChanges
from tests.analysis.results import results


@pytest.fixture(scope="module")
def change() -> Difference:
    """Finnish doubles, Chinese falls to a quarter."""
    after = results("two", {"fi": 2.0, "zh": 0.25})
    parameters = ParameterChanges(
        {"factorize.rank": (16, 4)}, {"steps": 5}, {"evaluate.draws": 3, "reference": None}
    )
    return difference([(results("one"), after)], parameters)


def rows(text: str, start: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.startswith(start)]


def test_table_has_one_row_per_language_largest_change_first(change: Difference) -> None:
    text = layout(change)
    lines = text.splitlines()
    assert lines[:5] == [
        "before: one", "after:  two", "  factorize.rank: 16 -> 4", "  only before: steps 5",
        "  only after: evaluate.draws 3, reference None",
    ]  # fmt: skip
    head = next(n for n, line in enumerate(lines) if line.startswith("layer"))
    order = [line.split()[0] for line in lines[head + 1 : head + 4]]
    assert order == ["zh", "fi", "de"]
    finnish, learned = rows(text, "fi ")
    assert finnish[:4] == learned[:4] == ["fi", "+100*", "+100*", "+100"]
    german, _ = rows(text, "de ")
    assert german[1:3] == ["+0", "+0"] or german[1:3] == ["-0", "-0"], "no asterisk"
    assert "There is only one pair" in text


def test_other_tables_are_printed(change: Difference) -> None:
    text = layout(change)
    assert rows(text, "Case ") == [
        ["Case", "zh", "-75"], ["Case", "fi", "+100"], ["Case", "de", "+0"],
    ]  # fmt: skip
    assert rows(text, "Part of Speech")[0][3:] == ["0:", "0.00", "+1.00", "1:", "0.00", "+1.00"]
    assert rows(text, "all categories combined")
    assert rows(text, "data_size") == [
        ["data_size", "+0.25", "->", "+0.25", "+0.50", "->", "+0.50"]
    ]
    assert "held-out text" not in text, "nothing changed in what was learnt"


@pytest.mark.slow
def test_several_pairs_tell_seeds_from_sentences() -> None:
    pairs = [
        (results(f"a{n}", seed=n), results(f"b{n}", {"fi": 2.0 + 0.1 * n}, seed=n + 10))
        for n in range(3)
    ]
    text = layout(difference(pairs, ParameterChanges({})))
    assert "after:  b0, b1, b2 (3 pairs)" in text
    assert "Mean half-width of the intervals of the means" in text


@pytest.mark.slow
def test_changes_of_learning_are_printed_where_they_are_visible() -> None:
    after = replace(results("two"), gains={("control", "de"): 1.5, ("control", "fi"): 1.004})
    text = layout(difference([(results("one"), after)], ParameterChanges({})))
    assert rows(text, "control, ") == [["control,", "de", "1.00", "->", "1.50"]]


def test_what_is_missing_is_said(change: Difference) -> None:
    text = layout(replace(change, trees=TreeChanges.empty(), missing=("trees: two: no table",)))
    assert "not compared: trees: two: no table" in text
    with pytest.raises(InputError, match="source and normalise must be one of"):
        layout(change, "untrained", "none")


@pytest.mark.slow
def test_tables_and_figures_are_written(change: Difference, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "changes"
    save(change, folder)
    names = {path.name for path in folder.iterdir()}
    assert {"signatures.csv", "categories.csv", "changes_trained_none.svg"} <= names
    assert {"before_and_after.svg", "before_and_after.pdf"} <= names
    assert "<svg" in (folder / "before_and_after.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one", "two", "--source", "elsewhere"], "invalid choice: 'elsewhere'"),
        ([",", "two"], "names no revision"),
    ],
)
def test_arguments_are_checked_first(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["diff", *arguments])
    assert message in capsys.readouterr().err
