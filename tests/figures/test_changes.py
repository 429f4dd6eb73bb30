import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng

from langsig.figures import before_and_after, changes
from langsig.schemas import CategoryChanges, SignatureChanges

LANGUAGES = ["cs", "de", "fi", "nl", "zh"]


def changed(languages: list[str], layers: int = 3) -> SignatureChanges:
    rng = default_rng(0)
    rows = [
        (kind, scope, layer, language, (n + 1) * 0.1 * (-1) ** n + rng.normal(scale=0.001))
        for kind in ("change", "relative")
        for n, language in enumerate(languages)
        for scope, layer in [*(("layer", layer) for layer in range(layers)), ("mean", None)]
    ]
    table = pd.DataFrame(rows, columns=["kind", "scope", "layer", "language", "estimate"])
    table = table.assign(low=table["estimate"] - 0.05, high=table["estimate"] + 0.02, pairs=1)
    return SignatureChanges(
        table.assign(measure="shared", source="trained", normalise="none").reindex(
            columns=list(SignatureChanges.columns)
        )
    )


def test_languages_that_changed_most_come_first_each_with_its_intervals() -> None:
    figure = changes(changed(LANGUAGES), title="Change")
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == ["zh", "nl", "fi", "de", "cs"]
    assert figure.get_suptitle() == "Change"
    table = changed(LANGUAGES).frame
    for axes in panels:
        rows = table[(table["language"] == axes.get_title()) & table["layer"].notna()]
        (bars,) = axes.containers
        points, _, (lines,) = bars.lines
        change = rows[rows["kind"] == "change"]
        np.testing.assert_allclose(points.get_ydata().astype(float), change["estimate"])
        ends = np.array([np.asarray(segment)[:, 1] for segment in lines.get_segments()], float)
        np.testing.assert_allclose(ends, change[["low", "high"]].to_numpy(float))
        (line,) = (line for line in axes.lines if str(line.get_label()).startswith("relative"))
        relative = rows[rows["kind"] == "relative"]["estimate"]
        np.testing.assert_allclose(line.get_ydata(), relative)


def test_a_single_language_has_no_relative_change() -> None:
    table = changed(["de"]).select(kind="change")
    (axes,) = changes(table, title="Change").axes
    assert axes.get_title() == "de"


@pytest.mark.parametrize("languages", [LANGUAGES, LANGUAGES[:1]])
def test_both_sides_have_the_same_scale(languages: list[str]) -> None:
    index = pd.MultiIndex.from_product([range(3), languages], names=["layer", "language"])
    averages = pd.DataFrame({"before": 1.0, "after": 2.0}, index=index).reset_index()
    averages["before"] += np.arange(len(averages)) / 10
    averages = averages.assign(category="Case", change=0.0, low=np.nan, high=np.nan, pairs=1)
    left, right = before_and_after(CategoryChanges(averages), titles=("before", "after")).axes
    assert (left.get_title(), right.get_title()) == ("before", "after")
    assert left.get_ylim() == right.get_ylim()
    highest = averages[["before", "after"]].to_numpy().max()
    assert highest < left.get_ylim()[1] < 1.2 * highest
