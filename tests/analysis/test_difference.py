"""Experiments compared as a whole."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from langsig.analysis.difference import (
    Difference,
    ExperimentResults,
    ParameterChanges,
    difference,
)
from langsig.errors import InputError
from langsig.morphology import ALL_WORDS
from langsig.schemas import CategoryChanges, Estimates, SignatureChanges, Table
from tests.analysis.results import LANGUAGES, LAYERS, results


def compared(
    before: ExperimentResults | None = None, after: ExperimentResults | None = None
) -> Difference:
    after = after or results("two", {"fi": 2.0, "zh": 0.25})
    return difference([(before or results(), after)], ParameterChanges({"seed": (0, 1)}))


@pytest.mark.slow
def test_all_tables_have_their_changes() -> None:
    result = compared()
    assert (result.before, result.after, result.missing) == (("one",), ("two",), ())
    change = result.signatures.select(kind="change", scope="layer").frame
    expected = {"de": 0.0, "fi": np.log(2), "zh": np.log(0.25)}
    for language in LANGUAGES:
        estimates = change[change["language"] == language]["estimate"]
        np.testing.assert_allclose(estimates, expected[language], atol=1e-12)
    categories = result.categories.frame
    assert set(categories["category"]) == {ALL_WORDS, "Case"}
    np.testing.assert_allclose(
        categories["change"], [expected[code] for code in categories["language"]], atol=1e-12
    )
    assert result.trees.frame["robinson_foulds"].tolist() == [0.0] * 4
    assert result.correlations.frame["before"].tolist() == [0.25, 0.5]
    assert len(result.learning) == 2 * len(LANGUAGES)
    assert result.parameters.changed == {"seed": (0, 1)}


@pytest.mark.slow
def test_movers_are_sorted_by_the_size_of_their_change() -> None:
    assert compared().movers("trained", "none") == ["zh", "fi", "de"]
    with pytest.raises(InputError, match=r"one of \(trained, none\), got \(untrained, none\)"):
        compared().movers("untrained", "none")


@pytest.mark.slow
def test_results_that_one_side_lacks_are_named_with_the_reason() -> None:
    lacking = replace(results(), trees=None, gains=None, missing={"trees": "x", "gains": "y"})
    for pair in ((lacking, results()), (results(), lacking)):
        result = difference([pair], ParameterChanges({}))
        assert result.missing == ("trees: x", "learning: y")
        assert len(result.trees) == len(result.learning) == 0
        assert len(result.signatures) and len(result.correlations)


def test_nothing_in_common_is_an_error() -> None:
    lacking = ExperimentResults("empty", missing=dict.fromkeys(
        ("sampled", "learned", "averages", "trees", "correlations", "gains"), "empty: has not run"
    ))  # fmt: skip
    with pytest.raises(InputError, match="nothing to compare: intervals: empty: has not run"):
        difference([(results(), lacking)], ParameterChanges({}))


def test_changes_of_learned_signatures_are_in_the_same_table() -> None:
    result = difference([(results(), results(factors={"fi": 2.0}, seed=1))], ParameterChanges({}))
    frames = [
        result.signatures.select(measure=measure, kind="change").frame
        for measure in ("average_signature", "shared")
    ]
    published, learned = (frame.set_index(["scope", "language"]) for frame in frames)
    assert learned.loc[("mean", "fi"), "estimate"] == pytest.approx(np.log(2))
    assert learned["estimate"].tolist() == published["estimate"].tolist()
    widths = [frame["half_width_sentences"] for frame in (learned, published)]
    # The jackknife of 20 blocks has the variance of 20 draws, times 19 and 19/20.
    np.testing.assert_allclose(widths[0] / widths[1], 19 / np.sqrt(20), rtol=1e-6)


def test_other_blocks_of_sentences_are_not_compared() -> None:
    other = results()
    sampled = other.learned["shared"]
    estimates = Estimates(sampled.estimates.frame.assign(blocks=12))
    other = replace(other, learned={"shared": replace(sampled, estimates=estimates)})
    result = difference([(results(), other)], ParameterChanges({}))
    assert set(result.signatures.frame["measure"]) == {"average_signature"}
    assert result.missing == (
        "learned signatures: the number of blocks of sentences must be the same, got 10, 12",
    )


@pytest.mark.slow
def test_learning_is_the_mean_over_pairs() -> None:
    better = replace(results(), gains={("control", "de"): 3.0})
    worse = replace(results(), gains={("control", "de"): 2.0, ("control", "fi"): 1.0})
    result = difference([(worse, better), (better, better)], ParameterChanges({}))
    rows = result.learning.frame.set_index("language")
    assert rows.loc["de", ["before", "after"]].tolist() == [2.5, 3.0]
    assert rows.loc["fi", "before"] == 1.0 and np.isnan(rows.loc["fi", "after"])


@pytest.mark.slow
def test_plain_values_can_be_written_as_json() -> None:
    plain = json.loads(json.dumps(compared().to_dict(), allow_nan=False))
    assert plain["parameters"] == {"changed": {"seed": [0, 1]}, "removed": {}, "added": {}}
    kinds_and_measures = 2 * 2
    assert len(plain["signatures"]) == kinds_and_measures * (len(LAYERS) + 1) * len(LANGUAGES)
    means = [row for row in plain["signatures"] if row["scope"] == "mean"]
    assert {row["layer"] for row in means} == {None}


@pytest.mark.slow
def test_tables_are_saved_and_empty_ones_left_out(tmp_path: Path) -> None:
    result = replace(compared(), trees=type(compared().trees).empty())
    result.save(tmp_path / "changes")
    files = {path.stem for path in (tmp_path / "changes").iterdir()}
    assert files == {"signatures", "categories", "correlations", "learning"}
    kinds: dict[str, type[Table]] = {"signatures": SignatureChanges, "categories": CategoryChanges}
    for name, kind in kinds.items():
        loaded = kind.load(tmp_path / f"changes/{name}.csv")
        pd.testing.assert_frame_equal(loaded.frame, getattr(result, name).frame)
    with pytest.raises(FileExistsError, match="changes: is not empty; name a new folder"):
        result.save(tmp_path / "changes")
