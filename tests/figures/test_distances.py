from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.random import default_rng

from langsig.figures import distance_matrices, family_marks
from langsig.schemas import Distances, Languages


def facts(languages: int) -> Languages:
    """Every third language belongs to the same genus, so that related ones are not neighbours."""
    names = [f"q{n:02d}" for n in range(languages)]
    table = pd.DataFrame({"language": names, "family": "Sarnic", "genus": "Western"})
    table.loc[1::3, "genus"] = "Eastern"
    table.loc[2::3, ["family", "genus"]] = "Isolated family"
    return Languages(table.assign(name=names))


def distances(languages: int, layers: list[int], seed: int = 0) -> pd.DataFrame:
    rng = default_rng(seed)
    pairs = [*combinations(facts(languages).frame["language"], 2)]
    rows = [(layer, *pair, rng.uniform(0.1, 1)) for layer in layers for pair in pairs]
    table = pd.DataFrame(rows, columns=["layer", "language", "other", "distance"])
    return table.sample(frac=1, random_state=seed)


def drawn(table: pd.DataFrame, languages: int) -> Figure:
    typed = Distances(table.assign(scope="category", category="Case"))
    figure = distance_matrices(typed, facts(languages), title="Distances of all words")
    FigureCanvasAgg(figure).draw()
    return figure


def codes(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_cells_are_the_distances_of_their_languages() -> None:
    table = distances(6, [0, 3]).query("not (layer == 3 and language == 'q01' and other == 'q04')")
    figure = drawn(table, 6)
    known = {(row.layer, row.language, row.other): row.distance for row in table.itertuples()}
    for layer, axes in zip([0, 3], figure.axes, strict=False):
        assert axes.get_title() == f"layer {layer}"
        assert codes(axes) == ["q01", "q04", "q00", "q03", "q02", "q05"]
        assert codes(axes) == [label.get_text() for label in axes.get_xticklabels()]
        shown = np.ma.filled(axes.images[0].get_array(), np.nan)
        np.testing.assert_array_equal(shown, shown.T)
        for (row, first), (column, second) in combinations(enumerate(codes(axes)), 2):
            expected = known.get((layer, *sorted([first, second])), np.nan)
            assert shown[row, column] == pytest.approx(expected, nan_ok=True)
    assert np.isnan(figure.axes[1].images[0].get_array().filled(np.nan)).sum() == 2


def test_panels_share_a_scale() -> None:
    table = distances(5, [0, 6])
    table["distance"] *= np.where(table["layer"] == 6, 0.1, 1.0)
    limits = [axes.images[0].get_clim() for axes in drawn(table, 5).axes[:2]]
    assert limits == [(0, table["distance"].max())] * 2


def test_rows_have_marks_of_families_and_genera_are_separated() -> None:
    figure = drawn(distances(6, [0]), 6)
    axes = figure.axes[0]
    marks = [artist for artist in axes.lines if artist.get_marker() != "None"]
    by_family = {family: mark.colour for family, mark in family_marks(facts(6)).items()}
    families = facts(6).frame.set_index("language")["family"]
    drawn_marks = {int(mark.get_ydata()[0]): to_hex(mark.get_color()) for mark in marks}
    assert drawn_marks == {row: by_family[families[code]] for row, code in enumerate(codes(axes))}
    separators = [line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1
              and line.get_marker() == "None"]  # fmt: skip
    assert separators == [1.5, 3.5]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Sarnic", "Isolated family"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("languages", "layers"), [(2, [0]), (8, [0, 3, 6]), (33, [0, 6, 12]), (3, [0])]
)
def test_all_text_lies_within_the_picture(languages: int, layers: list[int]) -> None:
    figure = drawn(distances(languages, layers), languages)
    texts = [figure._suptitle]  # type: ignore[attr-defined]
    for axes in figure.axes:
        texts += [axes.title, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels()]
    shown = [*figure.legends, *(text for text in texts if text.get_text())]
    for box in (artist.get_window_extent() for artist in shown):
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height


@pytest.mark.slow
def test_equal_languages_and_empty_tables_can_be_drawn() -> None:
    drawn(distances(3, [0]).assign(distance=0.0), 3)
    drawn(distances(3, [0]).assign(distance=np.nan), 3)
    assert not drawn(distances(3, [0]).iloc[:0], 3).axes[0].images
