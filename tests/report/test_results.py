from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from langsig.morphology import ALL_WORDS
from langsig.report.results import OTHER_FAMILIES, Results, listed

Inputs = Callable[..., dict[str, Any]]


def test_relatives_stand_together_and_have_one_colour(inputs: Inputs) -> None:
    results = Results(**inputs(33))
    families = results.languages["family"]
    assert (families != families.shift()).sum() == families.nunique()
    for _, rows in results.languages.groupby("family"):
        assert rows["group"].nunique() == 1
    assert set(results.languages["group"]) == set(results.colours)
    assert len(set(results.colours.values())) == len(results.colours)


def test_families_beyond_the_palette_share_grey(inputs: Inputs) -> None:
    results = Results(**inputs(33))
    sizes = results.languages["family"].value_counts()
    grey = set(results.languages.query("group == @OTHER_FAMILIES")["family"])
    own = set(sizes.index) - grey
    assert grey and own
    assert sizes[list(grey)].max() <= sizes[list(own)].min(), "the largest have colours"


def test_languages_without_facts_go_by_their_codes(inputs: Inputs) -> None:
    made = inputs(3)
    results = Results(**{**made, "facts": made["facts"].iloc[:1]})
    assert results.name("qaa") == "Language qaa"
    assert results.name("qab") == "qab"
    assert list(Results(**{**made, "facts": made["facts"].iloc[:0]}).colours) == [OTHER_FAMILIES]


def test_a_model_that_has_not_learnt_is_marked_by_name_and_label(inputs: Inputs) -> None:
    results = Results(**inputs(3, unlearnt=("qab",)))
    labels = dict(zip(results.languages["language"], results.languages["label"], strict=True))
    assert labels == {"qaa": "qaa", "qab": "qab†", "qac": "qac"}
    assert results.name("qab") == "Language qab†"
    assert "not learnt: Language qab†" in results.doubts()


def test_layers_that_fail_are_those_with_flags(inputs: Inputs) -> None:
    made = inputs(3)
    fits = made["tables"]["factorizations"]
    assert Results(**made).flagged == {ALL_WORDS: [1]}
    assert "the fits of layer 1 fail" in Results(**made).doubts()
    assert Results(**made).doubts("Case") == ""
    assert "1 of 12 fits fail" in Results(**made).doubts(None)
    fits["flags"] = None
    assert Results(**made).flagged == {}
    assert Results(**made).doubts() == Results(**made).doubts(None) == ""


def test_all_words_come_first(inputs: Inputs) -> None:
    assert Results(**inputs(3)).categories == [ALL_WORDS, "Case", "Number"]


def test_a_table_without_rows_is_as_good_as_none(inputs: Inputs) -> None:
    made = inputs(3)
    made["tables"]["trends"] = made["tables"]["trends"].iloc[:0]
    assert not Results(**made).has("trends")
    assert not Results(**made).has("spread", "trends")
    assert Results(**made).has("spread")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefghij"), "a, b, c, d, e, f, g and 3 more"),
    ],
)
def test_names_are_listed_as_a_person_would(names: list[str], said: str) -> None:
    assert listed(pd.Series(names, dtype=str)) == said
