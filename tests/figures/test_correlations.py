import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from langsig.figures import correlation_heatmap, correlation_intervals
from langsig.schemas import Correlations, ScoreCorrelations

CATEGORIES = ["Case", "Number", "Part of Speech", "Voice"]
PROPERTIES = ["data_size", "unique_characters"]


def table(categories: int = 4, layers: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (name, category, layer, 8 - number, rng.uniform(-1, 1))
        for name in PROPERTIES
        for number, category in enumerate(CATEGORIES[:categories])
        for layer in [*range(layers), None]
    ]
    columns = ["property", "category", "layer", "n", "pearson"]
    frame = pd.DataFrame(rows, columns=columns).astype({"layer": "Int64", "pearson": float})
    return frame.assign(
        scope=np.where(frame["layer"].isna(), "mean", "layer"),
        low=frame["pearson"] - 0.1,
        high=frame["pearson"] + 0.1,
        mean_pearson=np.where(frame["layer"].isna(), frame["pearson"] * 0.9, np.nan),
        enough=frame["n"] > 5,
        p_adjusted=np.where(frame["n"] > 5, rng.uniform(0, 0.1, len(frame)), np.nan),
    )


def of(name: str, **options: int) -> pd.DataFrame:
    return table(**options).query("property == @name")


def correlations(frame: pd.DataFrame) -> Correlations:
    names = [name for name in Correlations.columns if name != "measure"]
    return Correlations(frame.reindex(columns=names))


def drawn(frame: pd.DataFrame) -> Figure:
    figure = correlation_heatmap(correlations(frame), rows=["category"], title="Data size")
    FigureCanvasAgg(figure).draw()
    return figure


def of_scores(frame: pd.DataFrame) -> Figure:
    named = frame.rename(columns={"category": "model"}).assign(task="tydiqa", metric="accuracy")
    columns = [name for name in ScoreCorrelations.columns if name != "measure"]
    table = ScoreCorrelations(named.reindex(columns=columns))
    figure = correlation_heatmap(table, rows=["task", "metric", "model"], title="Scores")
    FigureCanvasAgg(figure).draw()
    return figure


def labels(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_every_correlation_is_in_its_cell() -> None:
    frame = of("data_size")
    figure = drawn(frame)
    axes = figure.axes[0]
    assert labels(figure) == [
        "Case (n = 8)", "Number (n = 7)", "Voice (n = 5)", "All words (n = 6)",
    ]  # fmt: skip
    columns = [label.get_text() for label in axes.get_xticklabels()]
    assert columns == ["0", "1", "2", "mean"]
    names = {"Case": 0, "Number": 1, "Voice": 2, "Part of Speech": 3}
    texts = {text.get_position(): text for text in axes.texts}
    assert len(texts) == len(frame)
    colours = axes.images[0].get_array()
    for row in frame.to_dict("records"):
        column = 3 if pd.isna(row["layer"]) else row["layer"]
        cell = names[row["category"]], column
        assert float(texts[cell[::-1]].get_text()) == pytest.approx(row["pearson"], abs=0.005)
        if row["enough"]:
            assert colours[cell] == row["pearson"]
        else:
            assert np.ma.is_masked(colours[cell]) or np.isnan(colours[cell])


def test_colours_are_symmetric_about_white() -> None:
    image = drawn(of("data_size")).axes[0].images[0]
    assert image.get_clim() == (-1, 1)
    low, middle, high = (to_rgb(image.to_rgba(value)[:3]) for value in (-1.0, 0.0, 1.0))
    assert min(middle) > 0.95
    assert low[2] > low[0] and high[0] > high[2], "blue below 0, orange-red above"


def test_dots_mark_correlations_that_are_significant_after_correction() -> None:
    frame = of("data_size")
    axes = drawn(frame).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "."]
    cells = {(round(line.get_xdata()[0]), round(line.get_ydata()[0])) for line in dots}
    names = {"Case": 0, "Number": 1, "Voice": 2, "Part of Speech": 3}
    expected = {
        (3 if pd.isna(row["layer"]) else row["layer"], names[row["category"]])
        for row in frame.to_dict("records")
        if row["p_adjusted"] < 0.05
    }
    assert 0 < len(expected) < len(frame)
    assert len(dots) == len(cells) and cells == expected


def test_missing_correlations_are_marked() -> None:
    frame = of("data_size").assign(pearson=np.nan, p_adjusted=np.nan)
    axes = drawn(frame).axes[0]
    assert {text.get_text() for text in axes.texts} == {"–"}


def test_rows_may_have_several_names() -> None:
    frame = of("data_size")
    frame["n"] = frame["n"].where(frame["layer"] != 1, 4)
    assert labels(of_scores(frame))[:2] == [
        "tydiqa, accuracy, Case (n = 4–8)", "tydiqa, accuracy, Number (n = 4–7)",
    ]  # fmt: skip


def test_table_may_be_without_means() -> None:
    figure = drawn(of("data_size").dropna(subset="layer"))
    columns = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert columns == ["0", "1", "2"]


def intervals(frame: pd.DataFrame) -> Figure:
    figure = correlation_intervals(correlations(frame), title="Properties")
    FigureCanvasAgg(figure).draw()
    return figure


def test_each_panel_has_a_dot_and_an_interval_per_category() -> None:
    frame = table()
    figure = intervals(frame)
    means = frame[frame["layer"].isna()]
    names = {"Case": 0, "Number": 1, "Voice": 2, "Part of Speech": 3}
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["words with the category", "unique characters"]
    assert labels(figure)[3] == "All words (n = 6)"
    for name, axes in zip(PROPERTIES, figure.axes, strict=True):
        dots = {line.get_ydata()[0]: line for line in axes.lines if line.get_marker() == "o"}
        marks = {line.get_ydata()[0]: line for line in axes.lines if line.get_marker() == "|"}
        bars = {
            line.get_ydata()[0]: line.get_xdata()
            for line in axes.lines
            if len(line.get_xdata()) == 2 and line.get_xdata()[0] != line.get_xdata()[1]
        }
        for row in means[means["property"] == name].to_dict("records"):
            y = names[row["category"]]
            assert dots[y].get_xdata()[0] == row["pearson"]
            assert marks[y].get_xdata()[0] == row["mean_pearson"]
            np.testing.assert_allclose(bars[y], [row["low"], row["high"]])
            full = dots[y].get_markerfacecolor() != "white"
            assert full == (row["p_adjusted"] < 0.05)
            grey = len({*to_rgb(dots[y].get_color())}) == 1
            assert grey != row["enough"]


def test_legends_explain_the_marks() -> None:
    for figure, names in (
        (drawn(of("data_size")), ["adjusted p < .05", "too few languages"]),
        (
            intervals(table()),
            ["adjusted p < .05", "adjusted p ≥ .05", "too few languages", "mean over layers of r"],
        ),
    ):
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == names


@pytest.mark.slow
@pytest.mark.parametrize(("categories", "layers"), [(0, 0), (1, 1), (4, 3), (4, 13)])
def test_all_text_lies_within_the_picture(categories: int, layers: int) -> None:
    frame = table(categories, layers)
    pictures = [
        drawn(frame[frame["property"] == "data_size"]),
        intervals(frame),
        of_scores(frame[frame["property"] == "data_size"]),
    ]
    for figure in pictures:
        boxes = [legend.get_window_extent() for legend in figure.legends]
        for axes in figure.axes:
            texts = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
            texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
            boxes += [text.get_window_extent() for text in texts if text.get_text()]
        for box in boxes:
            assert box.x0 >= -1 and box.y0 >= -1
            assert box.x1 <= figure.bbox.width + 1 and box.y1 <= figure.bbox.height + 1
