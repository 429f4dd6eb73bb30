from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram, linkage

from langsig.analysis import InferenceOptions, trees
from langsig.figures import dendrograms, related_order, tree_layout
from langsig.figures.labels import JOINING_DISTANCE
from langsig.morphology import ALL_WORDS
from langsig.report.results import Results
from langsig.report.sections import tree_section
from langsig.schemas import Distances, Languages, Trees

FACTS = pd.DataFrame(
    {
        "language": ["fi", "de", "ru", "nl", "zh", "et", "xx"],
        "family": ["Uralic", "Indo-European", "Indo-European", "Indo-European", "Sino-Tibetan",
                   "Uralic", None],
        "genus": ["Finnic", "Germanic", "Slavic", "Germanic", "Chinese", "Finnic", None],
    }
).assign(name="a language")  # fmt: skip
Forks = list[tuple[float, float, float]]


def test_related_languages_are_adjacent() -> None:
    languages = Languages(FACTS)
    expected = ["de", "nl", "ru", "et", "fi", "zh", "xx"]
    assert related_order(languages, FACTS["language"]) == expected
    assert related_order(languages, ["zh", "yy", "nl"]) == ["nl", "zh", "yy"]


def test_nodes_stand_where_clusters_join_and_midway_between_their_children() -> None:
    layout = tree_layout("((de:1,nl:1):2,zh_x:3);", ["de", "nl", "zh_x"])
    assert layout.leaves["language"].tolist() == ["de", "nl", "zh_x"]
    assert layout.leaves["position"].tolist() == [0, 1, 2]
    assert {tuple(row) for row in layout.lines.itertuples(index=False)} == {
        (2, 0, 2, 1), (0, 0, 2, 0), (0, 1, 2, 1),
        (6, 0.5, 6, 2), (2, 0.5, 6, 0.5), (0, 2, 6, 2),
    }  # fmt: skip


def test_branches_are_turned_towards_the_order() -> None:
    newick = "((zh:1,fi:1):1,((nl:1,xx:1):0.5,de:1.5):0.5);"
    leaves = tree_layout(newick, ["de", "nl", "fi", "zh"]).leaves["language"]
    assert leaves.tolist() == ["de", "nl", "xx", "fi", "zh"], "unknown languages last"


def codes(count: int) -> list[str]:
    return [f"q{chr(97 + n)}" for n in range(count)]


def distances_of(condensed: NDArray[np.floating[Any]], count: int) -> Distances:
    pairs = pd.DataFrame([*combinations(codes(count), 2)], columns=["language", "other"])
    return Distances(
        pairs.assign(scope="category", category=ALL_WORDS, layer=0, distance=condensed)
    )


def languages_of(count: int) -> Languages:
    names = codes(count)
    return Languages(
        pd.DataFrame({"language": names, "name": names, "family": names, "genus": names})
    )


def trees_of(condensed: NDArray[np.floating[Any]], count: int) -> Trees:
    options = InferenceOptions(min_languages=3, permutations=0, seed=0)
    return trees(distances_of(condensed, count), languages_of(count), options=options).trees


def forks_of_scipy(condensed: NDArray[np.floating[Any]]) -> Forks:
    """Height of each join, after the heights of the two clusters that it joins."""
    plotted = dendrogram(linkage(condensed, "average"), no_plot=True)
    return sorted((*sorted((left, right)), top) for left, top, _, right in plotted["dcoord"])


def forks(segments: list[tuple[float, float, float, float]]) -> Forks:
    """The same, from lines ``(height, position, height2, position2)``."""
    joins = [(h, *sorted((p, p2))) for h, p, h2, p2 in segments if h == h2 and p != p2]
    branches = [(*sorted((h, h2)), p) for h, p, h2, p2 in segments if p == p2]

    def below(height: float, position: float) -> float:
        (low,) = [low for low, high, at in branches if at == position and high == height]
        return low

    return sorted(
        (*sorted((below(height, first), below(height, last))), height)
        for height, first, last in joins
    )


@st.composite
def condensed_distances(draw: st.DrawFn) -> tuple[NDArray[np.floating[Any]], int]:
    count = draw(st.integers(2, 9))
    size = count * (count - 1) // 2
    values = draw(st.lists(st.floats(0.001, 2), min_size=size, max_size=size))
    return np.array(values), count


@pytest.mark.slow
@settings(max_examples=25)
@given(condensed_distances())
def test_print_and_page_have_the_heights_of_scipy(
    drawn: tuple[NDArray[np.floating[Any]], int],
) -> None:
    condensed, count = drawn
    grown, languages = trees_of(condensed, count), languages_of(count)
    expected = forks_of_scipy(condensed)
    axes = dendrograms(grown, languages, title="Trees").axes[0]
    printed = [
        (x[0], y[0], x[1], y[1])
        for x, y in ([*map(list, line.get_data())] for line in axes.lines)
        if len(x) == 2
    ]
    np.testing.assert_allclose(forks(printed), expected, atol=1e-12)
    section = tree_section(Results(languages=languages, trees=grown))
    assert section is not None
    leaves = section.data["tree_leaves"].sort_values("position")["language"].tolist()
    names = sorted(axes.texts, key=lambda text: text.xy[1])  # type: ignore[attr-defined]
    assert [text.get_text() for text in names] == leaves, "the same order of languages"
    page = section.data["tree_lines"]
    columns = ["height", "position", "height2", "position2"]
    on_page = [tuple(row) for row in page[columns].itertuples(index=False)]
    np.testing.assert_allclose(forks(on_page), expected, atol=1e-12)


def titles(part: Any) -> Iterator[str]:
    for key, inner in part.items() if isinstance(part, dict) else enumerate(part):
        if key == "title" and isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict | list):
            yield from titles(inner)


def test_axes_of_both_say_that_heights_are_joining_distances() -> None:
    grown, languages = trees_of(np.array([0.2, 0.6, 0.6]), 3), languages_of(3)
    axes = dendrograms(grown, languages, title="Trees").axes[0]
    assert axes.get_xlabel().replace("\n", " ") == JOINING_DISTANCE
    section = tree_section(Results(languages=languages, trees=grown))
    assert section is not None
    assert JOINING_DISTANCE in [*titles(section.figures[0].spec)]


@pytest.mark.parametrize("newick", ["(de:0.0,nl:0.0);", "((de:0,nl:0):0,zh:0);"])
def test_clusters_at_distance_zero_can_be_laid_out(newick: str) -> None:
    assert not tree_layout(newick, []).lines["height"].any()
