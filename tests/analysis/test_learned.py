"""Learned signatures in the place of average signatures."""

import numpy as np
import pandas as pd
import pytest

from langsig.analysis import findings, findings_of_measures, learned_averages, learned_sampled
from langsig.intervals import half_width, jackknife_variance, variance_of_starts
from langsig.morphology import ALL_WORDS
from langsig.schemas import LEARNED_MEASURES, LearnedReplicates, LearnedSignatures

LANGUAGES = ["de", "fi", "zh"]
LAYERS = range(4)
Array = np.ndarray


def long(values: Array, measure: str) -> pd.DataFrame:
    """Values ``[replicates, layers, languages]`` as rows."""
    index = pd.MultiIndex.from_product(
        [range(len(values)), LAYERS, LANGUAGES], names=["replicate", "layer", "language"]
    )
    return pd.Series(values.ravel(), index, name="value").reset_index().assign(measure=measure)


@pytest.fixture
def starts() -> Array:
    """Measures that fall over the layers, for three starts."""
    rng = np.random.default_rng(0)
    return np.exp(-np.arange(4)[:, None] + rng.normal(0, 0.01, (3, 4, 3)))


@pytest.fixture
def without() -> Array:
    """The same without each of eight blocks."""
    rng = np.random.default_rng(1)
    return np.exp(-np.arange(4)[:, None] + rng.normal(0, 0.01, (8, 4, 3)))


def tables(
    starts: Array, without: Array, *, own_start: bool = True
) -> tuple[LearnedSignatures, LearnedReplicates]:
    levels, drawn = [], []
    for measure in LEARNED_MEASURES:
        level = long(starts[:1], measure).drop(columns="replicate")
        levels.append(level if own_start else level.assign(value=np.nan))
        drawn.append(long(starts, measure).assign(varied="start"))
        drawn.append(long(without, measure).assign(varied="sentences"))
    levels = [
        level.assign(low=0.0, high=1.0, p=0.5, words=9, partial=True, own_start=own_start)
        for level in levels
    ]
    return LearnedSignatures(pd.concat(levels)), LearnedReplicates(pd.concat(drawn))


def test_values_take_the_place_of_average_signatures(starts: Array, without: Array) -> None:
    learned, _ = tables(starts, without)
    averages = learned_averages(learned)
    assert list(averages) == ["shared", "learned_average"]
    rows = averages["shared"].select(category=ALL_WORDS, language="fi").frame.sort_values("layer")
    np.testing.assert_array_equal(rows["average_signature"], starts[0, :, 1])


def test_withheld_levels_have_changes_only(starts: Array, without: Array) -> None:
    learned, replicates = tables(starts, without, own_start=False)
    assert learned_averages(learned) == {}
    estimates = learned_sampled(learned, replicates)["shared"].estimates.frame
    wide = estimates.pivot(index="layer", columns="language", values="average_signature")
    np.testing.assert_array_equal(wide, starts[0])
    assert set(estimates["blocks"]) == {8}


def test_intervals_of_findings_are_those_of_the_jackknife(starts: Array, without: Array) -> None:
    result = findings_of_measures(learned_sampled(*tables(starts, without)))
    rows = result.select(finding="decreases over layers", scope="language", language="fi").frame
    assert rows["measure"].tolist() == ["shared", "learned_average"]
    assert rows["holds"].tolist() == ["yes", "yes"]

    def slopes(values: Array) -> Array:
        logs = np.log(values[:, :, 1])
        upper, lower = np.triu_indices(4, 1)[::-1]
        return np.median((logs[:, upper] - logs[:, lower]) / (upper - lower), axis=1)

    half = half_width([jackknife_variance(slopes(without)), variance_of_starts(slopes(starts))])
    np.testing.assert_allclose(rows["high"] - rows["estimate"], half, rtol=1e-6)


def test_findings_of_numbers_that_are_not_positive_are_undecided(
    starts: Array, without: Array
) -> None:
    starts[:, 2, 0] = -0.01
    sampled = learned_sampled(*tables(starts, without))["shared"]
    result = findings(sampled.estimates, sampled.replicates)
    slopes = result.select(finding="decreases over layers", scope="language").frame
    assert slopes.set_index("language")["holds"].to_dict() == {
        "de": "undecided", "fi": "yes", "zh": "yes",
    }  # fmt: skip
