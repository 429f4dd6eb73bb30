from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.random import default_rng
from scipy.cluster.hierarchy import linkage
from skbio import TreeNode

from langsig.figures import dendrograms, family_marks
from langsig.schemas import Languages, Trees

FACTS = pd.DataFrame(
    {
        "language": ["de", "nl", "ru", "fi", "zh"],
        "name": ["German", "Dutch", "Russian", "Finnish", "Chinese"],
        "family": ["Indo-European"] * 3 + ["Uralic", "Sino-Tibetan"],
        "genus": ["Germanic", "Germanic", "Slavic", "Finnic", "Chinese"],
    }
)
LADDER = "(zh:0.4,(fi:0.3,(ru:0.2,(de:0.1,nl:0.1):0.1):0.1):0.1);"
BALANCED = "((ru:0.1,zh:0.1):0.1,((nl:0.05,de:0.05):0.05,fi:0.1):0.1);"


def drawn(newicks: dict[int, str], facts: pd.DataFrame = FACTS) -> Figure:
    table = pd.DataFrame(
        {"scope": "combined", "category": None, "layer": [*newicks], "newick": [*newicks.values()]}
    )
    figure = dendrograms(Trees(table), Languages(facts), title="Trees of all words")
    FigureCanvasAgg(figure).draw()
    return figure


def names(axes: Axes) -> list[str]:
    return [text.get_text() for text in sorted(axes.texts, key=lambda text: text.xy[1])]  # type: ignore[attr-defined]


def verticals(axes: Axes) -> list[tuple[float, ...]]:
    """Distance and both ends of each node."""
    lines = [np.column_stack(line.get_data()) for line in axes.lines if len(line.get_xdata()) == 2]
    nodes = [line for line in lines if line[0, 0] == line[1, 0] and line[0, 1] != line[1, 1]]
    return sorted((line[0, 0], *sorted(line[:, 1])) for line in nodes)


def test_nodes_are_at_the_distances_at_which_clusters_join() -> None:
    axes = drawn({0: LADDER}).axes[0]
    assert names(axes) == ["German", "Dutch", "Russian", "Finnish", "Chinese"]
    expected = [(0.2, 0, 1), (0.4, 0.5, 2), (0.6, 1.25, 3), (0.8, 2.125, 4)]
    np.testing.assert_allclose(verticals(axes), expected)


def test_panels_of_all_layers_share_a_scale() -> None:
    figure = drawn({6: BALANCED, 0: LADDER})
    assert [axes.get_title() for axes in figure.axes] == ["layer 0", "layer 6"]
    assert names(figure.axes[1]) == ["German", "Dutch", "Finnish", "Russian", "Chinese"]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    left, right = figure.axes[1].get_xlim()
    assert right == 0 and left > 0.8


def test_leaves_have_the_marks_of_their_families() -> None:
    facts = FACTS.assign(family=FACTS["family"].replace("Sino-Tibetan", None))
    figure = drawn({0: LADDER}, facts)
    axes = figure.axes[0]
    colours = {family: mark.colour for family, mark in family_marks(Languages(facts)).items()}
    marks = [line for line in axes.lines if line.get_marker() != "None"]
    drawn_marks = {int(mark.get_ydata()[0]): to_hex(mark.get_color()) for mark in marks}
    indo_european = colours["Indo-European"]
    assert drawn_marks == {
        0: indo_european, 1: indo_european, 2: indo_european, 3: colours["Uralic"],
    }  # fmt: skip
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Indo-European", "Uralic"]


def test_languages_without_facts_are_labelled_by_code() -> None:
    assert names(drawn({0: LADDER}, FACTS.query("language != 'ru'")).axes[0]).count("ru") == 1


def random_trees(languages: int, layers: list[int]) -> tuple[dict[int, str], pd.DataFrame]:
    rng = default_rng(0)
    codes = [f"q{n:02d}" for n in range(languages)]
    families = [f"Family {n % 9}" for n in range(languages)]
    named = [f"Language {n}" for n in range(languages)]
    facts = pd.DataFrame({"language": codes, "name": named, "family": families, "genus": families})
    size = languages * (languages - 1) // 2
    newicks = {
        layer: str(TreeNode.from_linkage_matrix(linkage(rng.random(size), "average"), codes))
        for layer in layers
    }
    return newicks, facts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("languages", "layers"), [(2, [0]), (8, [0, 3, 6]), (33, [0, 6, 12]), (33, [0])]
)
def test_text_neither_leaves_the_picture_nor_overlaps(languages: int, layers: list[int]) -> None:
    figure = drawn(*random_trees(languages, layers))
    boxes = [legend.get_window_extent() for legend in figure.legends]
    for axes in figure.axes:
        leaves = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.y0)
        assert len(leaves) == languages
        assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(leaves)), "a pixel at most"
        boxes += [*leaves, axes.title.get_window_extent(), axes.xaxis.label.get_window_extent()]
        label = axes.xaxis.label.get_window_extent()
        assert not any(legend.get_window_extent().overlaps(label) for legend in figure.legends)
    for left, right in pairwise(figure.axes):
        assert max(text.get_window_extent().x1 for text in left.texts) <= right.bbox.x0
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height


def test_equal_languages_and_empty_tables_can_be_drawn() -> None:
    assert len(drawn({0: "(de:0.0,nl:0.0);"}).axes[0].texts) == 2
    assert not drawn({}).axes[0].texts
