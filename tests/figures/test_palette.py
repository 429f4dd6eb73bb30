import colorsys

import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from langsig.figures import family_marks
from langsig.figures.palette import FAMILY_COLOURS, GREY
from langsig.schemas import Languages

FACTS = pd.DataFrame(
    {
        "language": ["fi", "de", "ru", "nl", "zh", "et", "xx"],
        "family": ["Uralic", "Indo-European", "Indo-European", "Indo-European", "Sino-Tibetan",
                   "Uralic", None],
        "genus": ["Finnic", "Germanic", "Slavic", "Germanic", "Chinese", "Finnic", None],
    }
).assign(name="a language")  # fmt: skip


def families(number: int) -> Languages:
    names = [f"f{n:02d}" for n in range(number)]
    codes = [f"q{n:02d}" for n in range(number)]
    return Languages(
        pd.DataFrame({"language": codes, "name": codes, "family": names, "genus": names})
    )


def test_large_families_come_first_and_unknown_ones_have_no_mark() -> None:
    assert list(family_marks(Languages(FACTS))) == ["Indo-European", "Uralic", "Sino-Tibetan"]


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = Languages(FACTS.sample(frac=1, random_state=1))
    assert family_marks(Languages(FACTS)) == family_marks(shuffled)


@pytest.mark.parametrize("number", [1, 6, 7, 20])
def test_all_families_look_different(number: int) -> None:
    marks = [*family_marks(families(number)).values()]
    assert len(marks) == len(set(marks)) == number


def test_six_families_differ_in_colour_alone() -> None:
    marks = [*family_marks(families(6)).values()]
    assert len({mark.shape for mark in marks}) == 1
    hues = [colorsys.rgb_to_hsv(*to_rgb(mark.colour))[0] for mark in marks]
    assert len(set(hues)) == 6


def test_families_beyond_the_colours_are_grey() -> None:
    marks = [*family_marks(families(60)).values()]
    assert len(marks) == 60
    assert [mark.colour for mark in marks] == [*FAMILY_COLOURS, *[GREY] * 54]
