import math

import pytest

from langsig.report.sentences import counted, listed, number, range_of
from langsig.report.statistics import Range


def test_numbers_have_three_digits_and_a_true_minus_sign() -> None:
    assert number(-0.12345) == "−0.123"
    assert number(1234, ",.0f") == "1,234"
    assert number(-0.004, ".2f") == "0.00"
    assert number(math.nan) == "–"


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(1, "category", "1 category"), (1200, "category", "1,200 categories"), (0, "pair", "0 pairs")],
)
def test_nouns_follow_their_number(count: int, noun: str, text: str) -> None:
    assert counted(count, noun) == text


def test_a_range_of_equal_ends_is_one_number() -> None:
    assert range_of(Range(3, 8)) == "3 to 8"
    assert range_of(Range(0.5, 0.5004)) == "0.5"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefghij"), "a, b, c, d, e, f, g and 3 more"),
    ],
)
def test_names_are_listed_as_in_a_sentence(names: list[str], text: str) -> None:
    assert listed(names) == text
