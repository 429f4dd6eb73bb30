import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from langsig.figures import rank_curves
from langsig.schemas import RankRecommendations, RankSweep

RANKS = [4, 8, 16, 32]


def sweep(layers: list[int]) -> RankSweep:
    frame = pd.concat(
        pd.DataFrame(
            {
                "layer": layer,
                "rank": RANKS,
                "shared_pca_error": 0.1,
                "svd_error": 0.1,
                "blueprint_condition": 1.0,
                "relative_error": [0.5, 0.3, 0.2, 0.1],
                "held_out_error": [0.6, 0.4, 0.3, 0.25],
                "held_out_se": 0.02,
                "unfactorized_error": 0.1,
                "agreement": [1, 0.95, 0.97, 0.4],
                "converged": [True, True, True, False],
                "in_use": [False, False, False, True],
            }
        )
        for layer in layers
    ).sample(frac=1, random_state=0)
    return RankSweep(frame)


def recommendations(ranks: dict[int, float]) -> RankRecommendations:
    return RankRecommendations(
        pd.DataFrame(
            {"scope": [*["layer"] * len(ranks), "all"], "layer": [*ranks, None],
             "rank": [*ranks.values(), 2], "decided_by": "stability"}
        )
    )  # fmt: skip


def drawn(layers: dict[int, float]) -> Figure:
    figure = rank_curves(sweep([*layers]), recommendations(layers), title="Components")
    FigureCanvasAgg(figure).draw()
    return figure


def verticals(figure: Figure, label: str) -> list[float]:
    return [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_label() == label]


def test_each_layer_has_a_column_with_errors_above_and_agreement_below() -> None:
    figure = drawn({0: 8, 6: 16})
    assert [axes.get_title() for axes in figure.axes[:2]] == ["layer 0", "layer 6"]
    above, below = figure.axes[0], figure.axes[2]
    lines = [list(line.get_ydata()) for line in above.lines]
    assert [0.5, 0.3, 0.2, 0.1] in lines and [0.6, 0.4, 0.3, 0.25] in lines
    assert [1, 0.95, 0.97, 0.4] in [list(line.get_ydata()) for line in below.lines]
    ((_, _, (bars,)),) = above.containers
    spans = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(spans, 0.04)
    assert [label.get_text() for label in below.get_xticklabels()] == ["4", "8", "16", "32"]


@pytest.mark.slow
def test_ranks_in_use_and_recommended_are_marked() -> None:
    figure = drawn({0: 8})
    assert verticals(figure, "rank in use") == [32]
    assert verticals(figure, "recommended rank") == [8]
    assert verticals(drawn({0: float("nan")}), "recommended rank") == []


def test_legend_names_everything_once() -> None:
    (legend,) = drawn({0: 8, 6: 16}).legends
    names = [text.get_text() for text in legend.get_texts()]
    assert sorted(names) == sorted(
        ["all sentences", "held-out sentences", "held-out sentences, no factorisation",
         "rank in use", "recommended rank", "some fits did not converge"]
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("layers", [{0: 8}, {0: 8, 3: 16, 6: 32}])
def test_all_text_lies_within_the_picture(layers: dict[int, float]) -> None:
    figure = drawn(layers)
    boxes = [legend.get_window_extent() for legend in figure.legends]
    for axes in figure.axes:
        labels = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()]
        boxes += [label.get_window_extent() for label in labels if label.get_text()]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height
