import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.analysis import (
    by_language,
    failed_checks_of,
    findings,
    layer_number,
    spread,
    summary,
    trends,
)
from langsig.morphology import ALL_WORDS
from langsig.schemas import Signatures

LANGUAGES = ["de", "fr", "zh"]
BASELINES = {"spearman": {"svd": 0.5}}


def learning(*not_learnt: str) -> dict[str, dict[str, Any]]:
    return {
        model: {
            "masked_cross_entropy": 4.0,
            "unigram_cross_entropy": 5.25,
            "gain": 0.1 if model in not_learnt else 1.25,
            "learnt": model not in not_learnt,
        }
        for model in [*LANGUAGES, "experimental"]
    }


def averages(values: np.ndarray, languages: list[str] = LANGUAGES) -> pd.DataFrame:
    """Of ``[layers, languages]``, for all words, and something else for another category."""
    rows = [
        (category, layer, name, 0, factor * values[layer, n])
        for category, factor in ((ALL_WORDS, 1), ("Case", 100))
        for layer in range(len(values))
        for n, name in enumerate(languages)
    ]
    columns = ["category", "layer", "language", "component", "value"]
    return Signatures(pd.DataFrame(rows, columns=columns)).average().to_frame()


def fits(table: pd.DataFrame, *unsettled: int) -> pd.DataFrame:
    """A factorisation a category and layer; those of the layers named did not converge."""
    found = table[["category", "layer"]].drop_duplicates()
    return found.assign(
        relative_error=0.125,
        converged=~found["layer"].isin(unsettled),
        blueprint_condition=100.0 + found["layer"],
        rank_correlation=0.95,
        level_spread=0.01,
        flags=found["layer"].map(lambda layer: "not converged" if layer in unsettled else ""),
        control_layer=found["layer"],
        experimental_layer=found["layer"],
    )


def held(averages: pd.DataFrame) -> pd.DataFrame:
    """What is found where nothing varies but the layers."""
    trained = averages.query("category == @ALL_WORDS").assign(source="trained", normalise="none")
    draws = [
        trained.assign(replicate=n, varied=varied)
        for n in range(3)
        for varied in ("sentences", "start")
    ]
    return findings(trained, pd.concat(draws), logographic=["zh"])


def metrics_of(table: pd.DataFrame, *not_learnt: str) -> dict[str, Any]:
    tables = table, trends(table), spread(table), fits(table)
    return summary(*tables, learning(*not_learnt), findings=held(table), baselines=BASELINES)


def significant(value: float) -> float:
    return float(np.format_float_scientific(value, precision=5, unique=False))


@given(st.lists(st.floats(1e-9, 1e9), min_size=6, max_size=18))
@settings(max_examples=40, deadline=None)
def test_numbers_are_those_of_all_words(values: list[float]) -> None:
    table = np.array(values[: len(values) // 3 * 3]).reshape(-1, 3)
    metrics = json.loads(json.dumps(metrics_of(averages(table)), allow_nan=False))
    assert list(metrics["average_signature"]) == [f"layer_{n:02d}" for n in range(len(table))]
    for layer, row in enumerate(table):
        found = metrics["average_signature"][f"layer_{layer:02d}"]
        assert found == {name: significant(v) for name, v in zip(LANGUAGES, row, strict=True)}
        variance = metrics["spread"][f"layer_{layer:02d}"]
        assert variance == pytest.approx(row.var(ddof=1), rel=1e-5, abs=1e-12 * row.max() ** 2)
    assert set(metrics["trends"]) == set(LANGUAGES)
    assert metrics["learning"] == learning()
    assert metrics["baselines"] == BASELINES


def test_missing_values_are_left_out() -> None:
    metrics = metrics_of(averages(np.array([[0.5], [0.25]]), ["de"]))
    assert metrics["trends"] == {"de": {}}, "two layers make no trend"
    assert metrics["spread"] == {}, "one language has no variance"
    without = {"de": {**learning()["de"], "gain": float("nan"), "masked_cross_entropy": np.inf}}
    table = averages(np.ones((3, 3)))
    tables = table, trends(table), spread(table), fits(table)
    missing = {"spearman": {"svd": np.nan}}
    found = summary(*tables, without, findings=held(table), baselines=missing)
    assert found["baselines"] == {"spearman": {}}
    assert found["learning"] == {"de": {"unigram_cross_entropy": 5.25, "learnt": True}}


def test_numbers_differ_only_in_what_is_kept() -> None:
    one, other = (metrics_of(averages(np.full((4, 3), 0.123456 + d))) for d in (0, 1e-9))
    assert one == other
    assert one != metrics_of(averages(np.full((4, 3), 0.123457)))


def test_summary_of_nothing() -> None:
    table = averages(np.ones((3, 3)))
    table = table[table["category"] == "Case"]
    metrics = metrics_of(table)
    assert metrics["average_signature"] == metrics["trends"] == metrics["spread"] == {}


def test_layers_that_were_matched_are_named_where_models_differ_in_depth() -> None:
    table = averages(np.ones((3, 3)))
    assert "layers" not in metrics_of(table)
    deeper = fits(table).assign(experimental_layer=lambda rows: 2 * rows["layer"])
    tables = table, trends(table), spread(table), deeper
    metrics = summary(*tables, learning(), findings=held(table), baselines=BASELINES)
    assert metrics["layers"]["layer_02"] == {"control": 2, "experimental": 4}


def test_a_checkpoint_is_named_in_place_of_what_it_has_learnt() -> None:
    table = averages(np.ones((3, 3)))
    models = {**learning(), "experimental": {"checkpoint": "hub/model"}}
    tables = table, trends(table), spread(table), fits(table)
    metrics = summary(*tables, models, findings=held(table), baselines=BASELINES)
    assert metrics["learning"]["experimental"] == {"checkpoint": "hub/model"}


def test_line_of_a_language_has_means_and_gains() -> None:
    values = np.array([[0.5, 0.25, 0.125], [0.25, 0.25, 0.375], [0.125, 0.25, 0.25]])
    metrics = metrics_of(averages(values))
    metrics["learning"]["experimental"]["gain_by_language"] = {"de": 0.75, "fr": 0.5}
    lines = by_language(metrics)
    assert list(lines) == LANGUAGES
    assert lines["de"].pop("p_adjusted") == metrics["trends"]["de"]["p_adjusted"]
    assert lines["de"] == {
        "average_signature": significant(values[:, 0].mean()),
        "tau": -1,
        "control_gain": 1.25,
        "experimental_gain": 0.75,
    }
    assert "experimental_gain" not in lines["zh"]


def test_line_of_a_language_without_trend_or_training() -> None:
    metrics = metrics_of(averages(np.array([[0.5]]), ["de"]))
    metrics["learning"] |= {name: {"checkpoint": "hub/model"} for name in ("de", "experimental")}
    assert by_language(metrics) == {"de": {"average_signature": 0.5}}


def test_failed_checks_are_read_from_the_metrics() -> None:
    table = averages(np.ones((4, 3)))
    tables = table, trends(table), spread(table), fits(table, 1, 2)
    metrics = summary(*tables, learning(), findings=held(table), baselines=BASELINES)
    failed = {layer_number(key): failed_checks_of(f) for key, f in metrics["factorization"].items()}
    assert failed == {0: [], 1: ["not converged"], 2: ["not converged"], 3: []}
    assert failed_checks_of({"flags": "not converged; degenerate"}) == [
        "not converged",
        "degenerate",
    ]
