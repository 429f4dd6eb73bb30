from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.corpora import unique_characters

LINES = st.lists(st.text("aabcé 字\u3000\t", max_size=12), max_size=8)


@given(LINES, st.integers(1, 1000))
@settings(max_examples=60, deadline=None)
def test_unique_characters_are_the_smallest_number_that_reaches_the_share(
    lines: list[str], times: int
) -> None:
    text = "".join("".join(lines).split()) + "a" * times
    occurrences = sorted(Counter(text).values())
    smallest = next(
        number
        for number in range(1, len(occurrences) + 1)
        if Fraction(sum(occurrences[-number:]), len(text)) >= Fraction("0.999")
    )
    assert unique_characters([*lines, *"a" * times]) == smallest


@pytest.mark.parametrize(("rare", "expected"), [(0, 1), (3, 1), (4, 2), (2000, 2)])
def test_rare_characters_are_left_out(rare: int, expected: int) -> None:
    assert unique_characters(["a" * (3000 - rare), "b" * rare]) == expected


def test_white_space_does_not_count() -> None:
    assert unique_characters(iter(["a\u3000b\xa0 \t\n"] * 10)) == 2
    assert unique_characters([" \n", ""]) == 0
    assert unique_characters([]) == 0
