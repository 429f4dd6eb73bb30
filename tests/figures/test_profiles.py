import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from langsig.figures import (
    fit_differences,
    fits_and_outcomes,
    language_fits,
    predictor_heatmap,
    profile_figures,
    profile_layers,
    svg_of,
    transfer_matrix,
)
from langsig.profiling import Profile
from langsig.schemas import Languages, Predictors
from tests.profile_tables import PARTIALS, THRESHOLD, codes, predictors_of, profile_of

INNER = [2, 3]


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profile_of(6, without_retrieval=["qbb", "qcc"])


@pytest.fixture(scope="module")
def summary(profile: Profile) -> pd.DataFrame:
    return profile.summary()


def figures_of(profile: Profile) -> dict[str, Figure]:
    return profile_figures(
        profile.summary(), profile.fits, profile.outcomes, profile.predictors, layers=INNER
    )


def marks(axes: Axes) -> dict[str, Line2D]:
    return {str(line.get_label()): line for line in axes.get_lines()}


def ticks(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_fits_are_sorted_and_have_intervals_null_and_random_weights(summary: pd.DataFrame) -> None:
    axes = language_fits(summary, title="Fit").axes[0]
    order = summary.sort_values("fit")
    assert ticks(axes) == list(order.index)
    drawn = marks(axes)
    for label, column in (
        ("fit, with 95 % interval", "fit"),
        ("null", "null"),
        ("random weights", "untrained"),
    ):
        np.testing.assert_allclose(drawn[label].get_xdata(), order[column])
    (intervals,) = axes.collections
    ends = np.array([path.vertices[:, 0] for path in intervals.get_paths()])
    np.testing.assert_allclose(ends, order[["low", "high"]])


def test_without_random_weights_there_are_no_marks_of_them(summary: pd.DataFrame) -> None:
    axes = language_fits(summary.assign(untrained=np.nan), title="Fit").axes[0]
    assert set(marks(axes)) == {"fit, with 95 % interval", "null"}


def test_each_outcome_has_a_panel_with_the_languages_that_have_it(summary: pd.DataFrame) -> None:
    figure = fits_and_outcomes(summary, predictors_of(6), title="Fit and outcomes")
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == len(PARTIALS)
    for axes, (outcome, partial) in zip(panels, PARTIALS.items(), strict=True):
        known = summary[outcome].dropna()
        assert [text.get_text() for text in axes.texts] == list(known.index)
        np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), known)
        assert f"partial {partial:.2f} ({partial - 0.2:.2f}" in axes.get_title()
    assert len(panels[-1].texts) == 4  # two have no retrieval


def test_panels_without_values_are_left_out(summary: pd.DataFrame) -> None:
    few = predictors_of(3, correlations=False)
    figure = fits_and_outcomes(summary.assign(retrieval=np.nan), few, title="Fit and outcomes")
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == 3
    assert {axes.get_title() for axes in panels} == {"too few languages for correlations"}


def test_layers_are_means_over_languages(profile: Profile) -> None:
    left, right = profile_layers(profile.fits, profile.outcomes, layers=INNER, title="Layers").axes
    means = profile.fits.frame.groupby("layer")["fit"].mean()
    np.testing.assert_allclose(marks(left)["fit"].get_ydata(), means)
    frame = profile.outcomes.select(outcome="retrieval").frame
    np.testing.assert_allclose(
        marks(right)["retrieval"].get_ydata(), frame.groupby("layer")["value"].mean()
    )
    assert len(right.get_lines()) == 4


def test_dots_mark_what_predicts_beyond_and_the_threshold_is_named() -> None:
    predictors = predictors_of(12)
    figure = predictor_heatmap(predictors, title="Measures")
    axes = figure.axes[0]
    assert len(axes.get_lines()) == int(predictors.frame["beyond"].sum()) == 1
    texts = [text.get_text() for text in axes.texts]
    assert texts == [f"{partial:.2f}" for partial in PARTIALS.values()] + ["–"] * len(PARTIALS)
    assert f"{THRESHOLD:.2f}" in figure.legends[0].get_texts()[0].get_text()


def test_transfer_is_a_matrix_of_tested_by_learnt(profile: Profile) -> None:
    axes = transfer_matrix(profile.outcomes, layers=INNER, languages=None, title="Transfer").axes[0]
    values = axes.images[0].get_array()
    assert ticks(axes) == codes(6)
    assert np.ma.getmaskarray(values).diagonal().all()
    cell = profile.outcomes.select(
        outcome="transfer_single", language="qaa", source="qcc", layer=INNER
    )
    assert values[0, 2] == pytest.approx(cell.frame["value"].mean())


def test_related_languages_are_adjacent_in_the_matrix(profile: Profile) -> None:
    names = codes(6)
    families = ["b", "a", "b", "a", "b", "b"]
    facts = Languages(
        pd.DataFrame({"language": names, "name": names, "family": families, "genus": None})
    )
    figure = transfer_matrix(profile.outcomes, layers=INNER, languages=facts, title="Transfer")
    assert ticks(figure.axes[0]) == ["qaa", "qcc", "qee", "qff", "qbb", "qdd"]


def test_differences_are_sorted_around_zero() -> None:
    table = pd.DataFrame(
        {"fit": [0.1, -0.2], "low": [0.05, -0.3], "high": [0.15, -0.1]}, ["qaa", "qbb"]
    )
    axes = fit_differences(table, title="Difference").axes[0]
    assert ticks(axes) == ["qbb", "qaa"]
    dots = marks(axes)["difference, with 95 % interval"]
    np.testing.assert_allclose(dots.get_xdata(), [-0.2, 0.1])


def test_all_figures_of_a_profile(profile: Profile) -> None:
    assert set(figures_of(profile)) == {"fits", "outcomes", "layers", "predictors", "transfer"}


@pytest.mark.slow
def test_figures_are_the_same_each_time(profile: Profile) -> None:
    first, second = ([svg_of(f) for f in figures_of(profile).values()] for _ in range(2))
    assert first == second


def test_without_correlations_there_is_no_figure_of_them() -> None:
    assert "predictors" not in figures_of(profile_of(3, correlations=False))


def test_the_threshold_is_that_of_the_table() -> None:
    table = Predictors(predictors_of(12).frame.assign(threshold=0.83))
    legend = predictor_heatmap(table, title="Measures").legends[0]
    assert "0.83" in legend.get_texts()[0].get_text()
