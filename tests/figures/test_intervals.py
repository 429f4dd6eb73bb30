import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from langsig.figures import intervals
from langsig.figures.labels import SOURCE_LABELS
from langsig.schemas import Intervals

SOURCES, NORMALISATIONS = ["trained", "untrained"], ["none", "variance"]
COLUMNS = ["source", "normalise", "layer", "language", "average_signature", "low", "high"]


def estimates(languages: int = 3, layers: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for source in SOURCES:
        for normalise in NORMALISATIONS:
            for layer in range(layers):
                for n in range(languages):
                    value = rng.uniform(1, 2) * (100 if normalise == "none" else 1)
                    low, high = value - rng.uniform(0, 0.3), value + rng.uniform(0, 0.3)
                    rows.append((source, normalise, layer, f"q{n:02d}", value, low, high))
    return (
        pd.DataFrame(rows, columns=COLUMNS).assign(p_adjusted=np.nan).sample(frac=1, random_state=1)
    )


def drawn(table: pd.DataFrame) -> Figure:
    table = table.sort_values("source", kind="stable")
    typed = Intervals(table.assign(words=100, blocks=10, p=np.nan))
    figure = intervals(typed, title="All words")
    FigureCanvasAgg(figure).draw()
    return figure


def panel(figure: Figure, source: str, normalise: str, table: pd.DataFrame) -> Axes:
    normalisations = list(table.sort_values("source", kind="stable")["normalise"].unique())
    return figure.axes[normalisations.index(normalise) * len(SOURCES) + SOURCES.index(source)]


@pytest.mark.slow
@pytest.mark.parametrize("languages", [3, 33])
def test_each_panel_shows_every_value_and_interval(languages: int) -> None:
    table = estimates(languages)
    figure = drawn(table)
    assert len(figure.axes) == 4
    assert [axes.get_title() for axes in figure.axes[:2]] == [
        SOURCE_LABELS[source] for source in SOURCES
    ]
    for (source, normalise), rows in table.groupby(["source", "normalise"]):
        axes = panel(figure, source, normalise, table)
        curves = {bars.get_label(): bars for bars in axes.containers}
        assert set(curves) == {*rows["language"]}
        for language, curve in rows.sort_values("layer").groupby("language"):
            line, _, (bars,) = curves[language]
            values = np.asarray(line.get_ydata(), float)
            np.testing.assert_allclose(values, curve["average_signature"])
            assert np.abs(line.get_xdata() - curve["layer"]).max() < 0.25, "close to its layer"
            ends = np.array([segment[:, 1] for segment in bars.get_segments()])
            np.testing.assert_allclose(ends, curve[["low", "high"]].to_numpy(float))


def test_panels_of_a_row_share_a_scale_from_zero() -> None:
    table = estimates()
    figure = drawn(table)
    limits = [axes.get_ylim() for axes in figure.axes]
    assert limits[0] == limits[1] and limits[2] == limits[3] != limits[0]
    assert all(low == 0 for low, _ in limits)


@pytest.mark.slow
def test_hollow_dots_are_not_distinguishable_from_chance() -> None:
    table = estimates()
    cells = {
        ("trained", "none", 0, "q00"): 0.2,
        ("trained", "none", 2, "q01"): 0.05,
        ("trained", "none", 1, "q01"): 0.049,
        ("untrained", "variance", 1, "q02"): 1.0,
    }
    keys = pd.MultiIndex.from_frame(table[COLUMNS[:4]])
    table["p_adjusted"] = [cells.get(key, np.nan) for key in keys]
    values = table.set_index(keys)["average_signature"]
    figure = drawn(table)
    for source in SOURCES:
        for normalise in NORMALISATIONS:
            axes = panel(figure, source, normalise, table)
            hollow = [
                value
                for line in axes.lines
                if line.get_markerfacecolor() == "white"
                for value in line.get_ydata()
            ]
            expected = [
                values[key]
                for key, p in cells.items()
                if key[:2] == (source, normalise) and p >= 0.05
            ]
            assert sorted(hollow) == sorted(expected)


@pytest.mark.slow
def test_legend_names_every_language_once() -> None:
    (legend,) = drawn(estimates(languages=5)).legends
    assert [text.get_text() for text in legend.get_texts()] == [f"q{n:02d}" for n in range(5)]


def test_an_empty_table_can_be_drawn() -> None:
    assert not drawn(estimates().iloc[:0]).legends


@pytest.mark.slow
@pytest.mark.parametrize(("languages", "layers"), [(1, 1), (3, 3), (8, 7), (33, 13)])
def test_all_text_lies_within_the_picture(languages: int, layers: int) -> None:
    figure = drawn(estimates(languages, layers))
    boxes = [legend.get_window_extent() for legend in figure.legends]
    for axes in figure.axes:
        labels = [axes.title, axes.xaxis.label, axes.yaxis.label]
        boxes += [label.get_window_extent() for label in labels if label.get_text()]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
