from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from langsig.figures import learning_curves
from langsig.schemas import LearningCurves

TITLE = "Learning"


def curves(gains: dict[str, list[float]]) -> LearningCurves:
    frames = [
        pd.DataFrame(
            {
                "model": model,
                "step": 10 * np.arange(1, len(values) + 1),
                "masked_cross_entropy": 6 - np.array(values),
                "unigram_cross_entropy": 6.0,
            }
        )
        for model, values in gains.items()
    ]
    return LearningCurves(pd.concat(frames))


def test_each_model_has_a_line_with_its_gain_and_its_name_at_the_end() -> None:
    table = curves({"experimental": [-0.5, 1.0], "qaa": [0.0, 0.2, 0.6]})
    axes = learning_curves(table, margin=0.5, title=TITLE).axes[0]
    experimental, qaa, margin = axes.lines
    np.testing.assert_allclose(qaa.get_ydata(), [0.0, 0.2, 0.6])
    np.testing.assert_allclose(qaa.get_xdata(), [1 / 3, 2 / 3, 1])
    assert experimental.get_linewidth() > qaa.get_linewidth()
    assert set(margin.get_ydata()) == {0.5}
    assert {text.get_text() for text in axes.texts} == {
        "counts as learnt", "experimental 1.00", "qaa 0.60",
    }  # fmt: skip


@pytest.mark.parametrize(
    "ends", [[0.5] * 9, [0.1, 0.5, 0.51, 0.52, 2.0], [0.0], list(np.linspace(0, 1, 20))]
)
def test_names_neither_overlap_nor_leave_the_picture(ends: list[float]) -> None:
    table = curves({f"q{index:02d}": [-0.3, end] for index, end in enumerate(ends)})
    figure = learning_curves(table, margin=0.5, title=TITLE)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [text for text in figure.axes[0].texts if text.get_text() != "counts as learnt"]
    assert len(texts) == len(ends)
    boxes = sorted(
        (text.get_window_extent(canvas.get_renderer()) for text in texts), key=lambda box: box.y0
    )
    assert all(box.x1 <= figure.bbox.width and box.y0 >= 0 for box in boxes)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes)), "a pixel at most"


def test_names_stay_in_the_order_of_their_curves() -> None:
    gains = {"qaa": [0.0, 0.501], "qab": [0.0, 0.5], "qac": [0.0, 0.502], "qad": [0.0, 1.0]}
    axes = learning_curves(curves(gains), margin=0.5, title=TITLE).axes[0]
    names = sorted(axes.texts[1:], key=lambda text: text.xy[1])  # type: ignore[attr-defined]
    assert [text.get_text()[:3] for text in names] == ["qab", "qaa", "qac", "qad"]
