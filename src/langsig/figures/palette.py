"""Colours and marks, the same in print figures and on the page."""

from typing import NamedTuple

from matplotlib.colors import LinearSegmentedColormap

from langsig.schemas import Languages

# Six of the eight colours of Okabe and Ito (2008), which colour-blind readers can distinguish.
# Black is the colour of text, and yellow is too pale on white.
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
ORANGE, SKY, PURPLE = "#e69f00", "#56b4e9", "#cc79a7"
FAMILY_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE)
GREY = "#8c8c8c"
INK, FILL = "#1f4e79", "#9ecae1"
"""Lines and areas of print figures that do not distinguish families."""
MUTED = "0.45"
"""Grey of lines and numbers of print figures that should not stand out."""
SEQUENTIAL = "cividis"
"""Name of the colour map of numbers without a midpoint, known to matplotlib and Vega alike."""

_FIRST_SHAPE = "o"
_OTHER_SHAPES = ("s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*", "d", "8", "H")


class FamilyMark(NamedTuple):
    """Colour and shape that mark the languages of one family."""

    colour: str
    shape: str
    """A marker of matplotlib."""


def family_marks(languages: Languages) -> dict[str, FamilyMark]:
    """One mark per family, families with many languages first.

    The largest families have a colour each and share one shape. The others are grey and differ in
    shape, as long as there are shapes.

    Parameters
    ----------
    languages
        All languages of the run. Languages of unknown family have no mark.
    """
    sizes = languages.frame["family"].value_counts()
    families = sorted(map(str, sizes.index), key=lambda family: (-sizes[family], family))
    coloured, others = families[: len(FAMILY_COLOURS)], families[len(FAMILY_COLOURS) :]
    marks = {
        family: FamilyMark(colour, _FIRST_SHAPE)
        for family, colour in zip(coloured, FAMILY_COLOURS, strict=False)
    }
    for index, family in enumerate(others):
        marks[family] = FamilyMark(GREY, _OTHER_SHAPES[index % len(_OTHER_SHAPES)])
    return marks


def diverging_colours() -> LinearSegmentedColormap:
    """Colour map of correlations: blue below zero, white at zero, vermilion above."""
    return LinearSegmentedColormap.from_list("diverging", [BLUE, "white", VERMILION])
