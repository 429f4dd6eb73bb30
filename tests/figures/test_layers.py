from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.random import default_rng

from langsig.figures import heatmap, save_figure, violins
from langsig.schemas import AverageSignatures

Picture = Callable[..., Figure]
both = pytest.mark.parametrize("picture", [violins, heatmap])
TITLE = "Average signatures of all words"


def averages(languages: int, layers: int, scale: float = 0.5) -> pd.DataFrame:
    rng = default_rng(languages)
    rows = [
        (layer, f"q{n:02d}", scale * rng.uniform(0.5, 1))
        for layer in range(layers)
        for n in range(languages)
    ]
    return pd.DataFrame(rows, columns=["layer", "language", "average_signature"])


def typed(table: pd.DataFrame) -> AverageSignatures:
    return AverageSignatures(table.assign(category="Case"))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.slow
@both
def test_equal_figures_are_equal_files_without_a_date(picture: Picture, tmp_path: Path) -> None:
    for name in ("first", "second"):
        save_figure(picture(typed(averages(8, 7)), title=TITLE), tmp_path, name)
    for suffix, date in ((".svg", b"<dc:date>"), (".pdf", b"CreationDate")):
        written = [(tmp_path / f"{name}{suffix}").read_bytes() for name in ("first", "second")]
        assert written[0] == written[1]
        assert date not in written[0]


@both
@pytest.mark.parametrize(
    "table",
    [
        averages(1, 1),
        averages(1, 7),
        averages(2, 1),
        averages(3, 4, scale=3000),
        averages(3, 4, scale=3e-5),
        averages(8, 7),
        averages(33, 13),
        averages(3, 4).drop(index=[4, 5]),
        averages(3, 4).assign(average_signature=0.25),
        averages(3, 4).assign(average_signature=0.0),
        averages(3, 4).assign(average_signature=[1, 0.9, 0.0] * 2 + [1, 0.9, 0.05] * 2),
    ],
    ids=["1x1", "1x7", "2x1", "large", "small", "8x7", "33x13", "holes", "equal", "zero", "low"],
)
def test_all_text_lies_within_the_picture(picture: Picture, table: pd.DataFrame) -> None:
    figure = picture(typed(table), title=TITLE)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = figure.axes[0]
    labels = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        labels += [label for value, label in ticks if low <= value <= high]
    boxes = {
        label.get_text(): label.get_window_extent(canvas.get_renderer())
        for label in labels
        if label.get_text()
    }
    for text, box in boxes.items():
        inside = box.x0 >= 0 and box.y0 >= 0
        inside &= box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
        assert inside, f"{text} is cut off"
    title = axes.title.get_window_extent()
    for label in axes.texts:
        box = label.get_window_extent()
        assert not title.overlaps(box), f"{label.get_text()} in the title"
        assert box.y0 >= axes.bbox.y0 - 2 or box.y1 < axes.bbox.y0, (
            f"{label.get_text()} on the axis"
        )


def test_violins_name_the_extremes_of_each_layer() -> None:
    table = averages(6, 3)
    figure = violins(typed(table), title=TITLE)
    expected = []
    for _, rows in table.groupby("layer"):
        ranked = rows.sort_values("average_signature")["language"].tolist()
        expected += [ranked[0], ranked[-1]]
    assert texts(figure) == expected
    assert len(figure.axes[0].collections) == 3, "one violin per layer"


def test_violins_show_every_language_and_the_mean() -> None:
    table = averages(6, 3)
    *dots, mean = figure_lines(violins(typed(table), title=TITLE))
    for (_, rows), points in zip(table.groupby("layer"), dots, strict=True):
        assert sorted(points) == sorted(rows["average_signature"])
    np.testing.assert_allclose(mean, table.groupby("layer")["average_signature"].mean())


def figure_lines(figure: Figure) -> list[list[float]]:
    return [list(line.get_ydata()) for line in figure.axes[0].lines]


def test_a_single_language_has_a_dot_and_a_name_but_no_violin() -> None:
    table = averages(3, 4).drop(index=[4, 5])
    figure = violins(typed(table), title=TITLE)
    assert len(figure.axes[0].collections) == 3
    alone = [text for text in figure.axes[0].texts if text.xy[0] == 1]  # type: ignore[attr-defined]
    assert [text.get_text() for text in alone] == ["q00"]


def test_heatmap_shows_each_value_in_its_cell() -> None:
    table = averages(5, 3)
    axes = heatmap(typed(table), title=TITLE).axes[0]
    languages = [label.get_text() for label in axes.get_yticklabels()]
    means = table.groupby("language")["average_signature"].mean().sort_values(ascending=False)
    assert languages == means.index.tolist()
    values = table.set_index(["language", "layer"])["average_signature"]
    assert len(axes.texts) == len(table)
    for text in axes.texts:
        column, row = text.get_position()
        assert float(text.get_text()) == pytest.approx(values[languages[row], column], abs=0.005)
        assert axes.images[0].get_array()[row, column] == values[languages[row], column]


@pytest.mark.parametrize(("scale", "form"), [(3000, "{:.0f}"), (3, "{:.2f}"), (3e-5, "{:.7f}")])
def test_heatmap_gives_the_highest_value_three_digits(scale: float, form: str) -> None:
    table = averages(2, 1, scale)
    written = [form.format(value) for value in table["average_signature"]]
    assert sorted(texts(heatmap(typed(table), title=TITLE))) == sorted(written)


def test_heatmap_marks_missing_values() -> None:
    figure = heatmap(typed(averages(3, 4).drop(index=[4, 5])), title=TITLE)
    assert texts(figure).count("–") == 2
    assert not any("nan" in text for text in texts(figure))


@both
def test_figures_have_the_given_title(picture: Picture) -> None:
    assert picture(typed(averages(3, 3)), title="Case").axes[0].get_title() == "Case"


@both
def test_layers_whose_fit_failed_a_check_have_an_asterisk_that_is_explained(
    picture: Picture,
) -> None:
    axes = picture(typed(averages(4, 4)), title=TITLE, failed_layers={1, 3}).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1*", "2", "3*"]
    assert "*: fit failed a check" in axes.get_xlabel()
    axes = picture(typed(averages(4, 4)), title=TITLE).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2", "3"]
    assert "*" not in axes.get_xlabel()
