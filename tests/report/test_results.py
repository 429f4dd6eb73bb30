from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from langsig.figures import family_marks, related_order
from langsig.figures.palette import GREY
from langsig.morphology import ALL_WORDS
from langsig.report import Results
from langsig.report.results import OTHER_FAMILIES
from langsig.schemas import Diagnostics, Languages

Inputs = Callable[..., Results]


def test_languages_are_in_the_order_of_print_figures(inputs: Inputs) -> None:
    results = inputs(33)
    order = related_order(results.languages, results.languages.frame["language"])
    assert results.profiles["language"].tolist() == order
    families = results.profiles["family"]
    assert (families != families.shift()).sum() == families.nunique(), "relatives are adjacent"


def test_families_have_the_colours_of_print_figures(inputs: Inputs) -> None:
    results = inputs(33)
    marks = family_marks(results.languages)
    for row in results.profiles.to_dict("records"):
        assert results.colours[row["group"]] == marks[row["family"]].colour
    assert set(results.profiles["group"]) == set(results.colours)
    assert len(set(results.colours.values())) == len(results.colours)


def test_families_without_a_colour_share_grey(inputs: Inputs) -> None:
    results = inputs(33)
    sizes = results.profiles["family"].value_counts()
    grey = set(results.profiles.query("group == @OTHER_FAMILIES")["family"])
    coloured = set(sizes.index) - grey
    assert grey and coloured and results.colours[OTHER_FAMILIES] == GREY
    assert sizes[list(grey)].max() <= sizes[list(coloured)].min(), "the largest have colours"


def test_languages_without_a_name_go_by_their_codes(inputs: Inputs) -> None:
    results = inputs(3)
    known = replace(results, languages=Languages(results.languages.frame.iloc[:1]))
    assert known.name("qaa") == "Language qaa"
    assert known.name("qab") == "qab"
    unknown = replace(results, languages=Languages.empty())
    assert list(unknown.colours) == [OTHER_FAMILIES] and unknown.colours[OTHER_FAMILIES] != GREY


def test_a_model_that_has_not_learnt_is_marked_by_name_and_label(inputs: Inputs) -> None:
    results = inputs(3, unlearnt=("qab", "experimental"))
    labels = dict(zip(results.profiles["language"], results.profiles["label"], strict=True))
    assert labels == {"qaa": "qaa", "qab": "qab†", "qac": "qac"}
    assert results.name("qab") == "Language qab†"
    assert results.name("experimental") == "the multilingual model†"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value"), [("converged", False), ("degenerate", True), ("starts_disagree", True)]
)
def test_layers_that_failed_any_check_are_named(inputs: Inputs, column: str, value: bool) -> None:
    frame = inputs(3).factorizations.frame.assign(starts_disagree=False)
    assert replace(inputs(3), factorizations=Diagnostics(frame)).failed_layers == {}
    frame.loc[[2, 5], column] = value
    failed = replace(inputs(3), factorizations=Diagnostics(frame)).failed_layers
    assert failed == {ALL_WORDS: [2], "Case": [1]}


def test_all_words_come_first(inputs: Inputs) -> None:
    assert inputs(3).categories == [ALL_WORDS, "Case", "Number"]


def test_profiles_have_the_languages_of_all_tables_and_models(inputs: Inputs) -> None:
    results = inputs(4)
    only_learning = Results(learning=results.learning)
    assert only_learning.profiles["language"].tolist() == ["qaa", "qab", "qac", "qad"]
    distances = Results(distances=results.distances)
    assert distances.profiles["language"].tolist() == ["qaa", "qab", "qac", "qad"]
    assert pd.isna(only_learning.profiles["family"]).all()
