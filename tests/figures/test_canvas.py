import colorsys

import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from langsig.figures import family_colours
from langsig.figures.canvas import relatives_together

FACTS = pd.DataFrame(
    {
        "language": ["fi", "de", "ru", "nl", "zh", "et", "xx"],
        "family": ["Uralic", "Indo-European", "Indo-European", "Indo-European", "Sino-Tibetan",
                   "Uralic", None],
        "genus": ["Finnic", "Germanic", "Slavic", "Germanic", "Chinese", "Finnic", None],
    }
)  # fmt: skip


def families(number: int) -> pd.DataFrame:
    names = [f"f{n:02d}" for n in range(number)]
    return pd.DataFrame({"language": [f"q{n:02d}" for n in range(number)], "family": names})


def test_large_families_come_first_and_unknown_ones_have_no_mark() -> None:
    assert list(family_colours(FACTS)) == ["Indo-European", "Uralic", "Sino-Tibetan"]


def test_order_of_the_facts_does_not_matter() -> None:
    assert family_colours(FACTS) == family_colours(FACTS.sample(frac=1, random_state=1))


@pytest.mark.parametrize("number", [1, 7, 8, 33, 49])
def test_no_two_families_look_alike(number: int) -> None:
    marks = [*family_colours(families(number)).values()]
    assert len(marks) == len(set(marks)) == number


def test_seven_families_differ_in_colour_alone() -> None:
    marks = [*family_colours(families(7)).values()]
    assert len({mark.shape for mark in marks}) == 1
    hues = sorted(colorsys.rgb_to_hsv(*to_rgb(mark.colour))[0] for mark in marks)
    assert len(set(hues)) == 7


def test_every_family_has_a_mark_however_many_there_are() -> None:
    assert len(family_colours(families(60))) == 60


def test_relatives_stand_together() -> None:
    assert relatives_together(FACTS, FACTS["language"]) == [
        "de",
        "nl",
        "ru",
        "et",
        "fi",
        "zh",
        "xx",
    ]
    assert relatives_together(FACTS, ["zh", "yy", "nl"]) == ["nl", "zh", "yy"]
