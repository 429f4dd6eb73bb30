import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from langsig.analysis import (
    Associations,
    failed_checks_of,
    findings,
    language_metrics,
    layer_number,
    of_measures,
    spread,
    summary,
    trends,
    trends_by_category,
)
from langsig.analysis.summary import layer_key
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    AverageSignatures,
    BaselineAgreement,
    CategoryCounts,
    Correlations,
    Diagnostics,
    Distances,
    Estimates,
    Languages,
    LearnedSignatures,
    MeasureTests,
    Properties,
    RankSweep,
    Replicates,
    ResidualReliability,
    ScoreCorrelations,
    Table,
    Trees,
    TreeStatistics,
    Trends,
    VarianceTests,
)

LANGUAGES = ["de", "fr", "zh"]
Complete = Callable[[type[Table], pd.DataFrame], Any]
Metrics = Callable[..., dict[str, Any]]


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


def averages(values: NDArray[np.float64], languages: list[str] = LANGUAGES) -> AverageSignatures:
    """Averages ``[layers, languages]`` of all words, and other numbers for another category."""
    rows = [
        (category, layer, name, factor * values[layer, n])
        for category, factor in ((ALL_WORDS, 1), ("Case", 100))
        for layer in range(len(values))
        for n, name in enumerate(languages)
    ]
    return AverageSignatures(pd.DataFrame(rows, columns=list(AverageSignatures.columns)))


def associations(**tables: Table) -> Associations:
    """All tables are empty, apart from these."""
    empty: dict[str, Any] = {
        "languages": Languages.empty(),
        "properties": Properties.empty(),
        "correlations": Correlations.empty(),
        "distances": Distances.empty(),
        "trees": Trees.empty(),
        "tree_statistics": TreeStatistics.empty(),
        "variance_tests": VarianceTests.empty(),
        "measure_tests": MeasureTests.empty(),
        "benchmarks": None,
    }
    return Associations(**empty | tables)


@pytest.fixture(scope="session")
def metrics_of(complete: Complete) -> Metrics:
    """Metrics of average signatures that do not vary between replicates."""

    def metrics(table: AverageSignatures, **changes: Any) -> dict[str, Any]:
        cells = table.frame[["category", "layer"]].drop_duplicates()
        fits = cells.assign(
            control_layer=cells["layer"],
            experimental_layer=cells["layer"],
            degenerate=False,
            starts_disagree=False,
        )
        all_words = table.select(category=ALL_WORDS).frame.drop(columns="category")
        estimates = complete(Estimates, all_words)
        replicates = [
            estimates.frame[
                ["source", "normalise", "layer", "language", "average_signature"]
            ].assign(replicate=number, varied=varied)
            for number in range(3)
            for varied in ("sentences", "start")
        ]
        by_language = trends(table)
        inputs: dict[str, Any] = {
            "averages": table,
            "learned": LearnedSignatures.empty(),
            "trends": by_language,
            "category_trends": trends_by_category(by_language),
            "spread": spread(table),
            "diagnostics": complete(Diagnostics, fits),
            "findings": findings(estimates, Replicates(pd.concat(replicates)), logographic=["zh"]),
            "agreement": BaselineAgreement.empty(),
            "reliability": ResidualReliability.empty(),
            "ranks": RankSweep.empty(),
            "coverage": CategoryCounts.empty(),
            "associations": associations(),
            "learning": learning(),
            "outcomes": pd.DataFrame(
                {"fit": [0.5, 0.25], "probe": [0.75, np.nan], "mexa": [1.0, 2.0]}, ["de", "fr"]
            ),
        }
        result = summary(**inputs | changes)
        text = json.dumps(result, allow_nan=False)
        assert json.loads(text) == result
        return result

    return metrics


def significant(value: float) -> float:
    return float(np.format_float_scientific(value, precision=5, unique=False))


@pytest.mark.slow
@given(st.lists(st.floats(1e-9, 1e9), min_size=6, max_size=18))
@settings(max_examples=20)
def test_numbers_are_those_of_all_words(metrics_of: Metrics, values: list[float]) -> None:
    table = np.array(values[: len(values) // 3 * 3]).reshape(-1, 3)
    metrics = metrics_of(averages(table))
    assert list(metrics["average_signature"]) == [f"layer_{n:02d}" for n in range(len(table))]
    for layer, row in enumerate(table):
        by_language = metrics["average_signature"][f"layer_{layer:02d}"]
        assert by_language == {n: significant(v) for n, v in zip(LANGUAGES, row, strict=True)}
        variance = metrics["spread"][f"layer_{layer:02d}"]
        assert variance == pytest.approx(row.var(ddof=1), rel=1e-5, abs=1e-12 * row.max() ** 2)
    assert set(metrics["trends"]) == set(LANGUAGES)
    assert metrics["learning"] == learning()
    assert list(metrics) == [
        "average_signature",
        "trends",
        "spread",
        "learned",
        "factorization",
        "findings",
        "baselines",
        "learning",
        "outcomes",
        "coverage",
        "trends_by_category",
        "correlations",
        "variance_tests",
        "trees",
    ]


@pytest.mark.slow
def test_missing_values_are_left_out(metrics_of: Metrics) -> None:
    metrics = metrics_of(averages(np.array([[0.5], [0.25]]), ["de"]))
    assert metrics["trends"] == {"de": {}}, "two layers make no trend"
    assert metrics["spread"] == {}, "one language has no variance"
    without = {"de": {**learning()["de"], "gain": float("nan"), "masked_cross_entropy": np.inf}}
    metrics = metrics_of(averages(np.ones((3, 3))), learning=without)
    assert metrics["learning"] == {"de": {"unigram_cross_entropy": 5.25, "learnt": True}}


@pytest.mark.slow
def test_smaller_differences_than_the_digits_kept_do_not_show(metrics_of: Metrics) -> None:
    first, second = (metrics_of(averages(np.full((4, 3), 0.123456 + d))) for d in (0, 1e-9))
    assert first == second
    assert first != metrics_of(averages(np.full((4, 3), 0.123457)))


def test_summary_without_all_words(metrics_of: Metrics) -> None:
    metrics = metrics_of(averages(np.ones((3, 3))).select(category="Case"))
    assert metrics["average_signature"] == metrics["trends"] == metrics["spread"] == {}


@pytest.mark.slow
def test_layers_are_listed_where_models_differ_in_depth(
    metrics_of: Metrics, complete: Complete
) -> None:
    assert "layers" not in metrics_of(averages(np.ones((3, 3))))
    frame = pd.DataFrame({"category": ALL_WORDS, "layer": range(3), "control_layer": range(3)})
    deeper = complete(Diagnostics, frame.assign(experimental_layer=2 * frame["layer"]))
    metrics = metrics_of(averages(np.ones((3, 3))), diagnostics=deeper)
    assert metrics["layers"]["layer_02"] == {"control": 2, "experimental": 4}


def test_failed_checks_are_joined_and_read_back(metrics_of: Metrics, complete: Complete) -> None:
    frame = pd.DataFrame(
        {
            "category": ALL_WORDS,
            "layer": range(3),
            "control_layer": 0,
            "experimental_layer": 0,
            "converged": [True, False, False],
            "degenerate": [False, False, True],
            "starts_disagree": [False, False, True],
        }
    )
    diagnostics = complete(Diagnostics, frame)
    fits = metrics_of(averages(np.ones((3, 3))), diagnostics=diagnostics)["factorization"]
    assert fits["layer_02"]["flags"] == "not converged; degenerate; starts disagree"
    assert {layer_number(key): failed_checks_of(fit) for key, fit in fits.items()} == {
        0: [],
        1: ["not converged"],
        2: ["not converged", "degenerate", "starts disagree"],
    }
    assert layer_key(layer_number("layer_12")) == "layer_12"


def test_findings_are_nested_without_trends_of_single_languages(metrics_of: Metrics) -> None:
    falling = np.exp(-np.arange(4.0))[:, None] * np.array([[3.0, 2.0, 1.0]])
    falling[1:3, 0] *= 1.5  # languages differ more in the middle
    nested = metrics_of(averages(falling))["findings"]
    assert {name: rows["trained, none"]["holds"] for name, rows in nested.items()} == {
        "decreases over layers": "yes",
        "variance smallest in the middle": "no",
        "logographic language lowest: zh": "yes",
    }
    assert set(nested["decreases over layers"]["trained, none"]) == {
        "estimate",
        "low",
        "high",
        "holds",
    }


def test_baselines_are_of_all_words_and_of_the_rank_in_use(
    metrics_of: Metrics, complete: Complete
) -> None:
    agreement = pd.DataFrame(
        {
            "category": [*[ALL_WORDS] * 3, "Case"],
            "layer": [0, 1, 2, 0],
            "measure": "svd",
            "spearman": [0.2, 0.4, 0.9, -1.0],
        }
    )
    ranks = pd.DataFrame({"layer": 3, "rank": [4, 8], "in_use": [False, True]})
    ranks = ranks.assign(relative_error=[9.0, 0.3], shared_pca_error=0.2, svd_error=0.1)
    reliability = pd.DataFrame({"layer": [3], "explained": 0.9, "between_starts": 0.8})
    reliability = reliability.assign(correlation=0.7, p=0.01)
    metrics = metrics_of(
        averages(np.ones((3, 3))),
        agreement=complete(BaselineAgreement, agreement),
        reliability=complete(ResidualReliability, reliability),
        ranks=complete(RankSweep, ranks),
    )
    assert metrics["baselines"] == {
        "spearman": {"svd": 0.4},
        "beyond_svd": {
            "layer_03": {"explained": 0.9, "between_starts": 0.8, "correlation": 0.7, "p": 0.01}
        },
        "error": {"layer_03": {"relative_error": 0.3, "shared_pca_error": 0.2, "svd_error": 0.1}},
    }


def test_associations_are_of_all_words_and_of_means_over_layers(
    metrics_of: Metrics, complete: Complete
) -> None:
    scopes = pd.DataFrame({"scope": ["layer", "mean"], "layer": pd.array([0, None], "Int64")})
    scopes = scopes.assign(pearson=[0.1, 0.2], n=[3, 4], p_adjusted=[0.5, np.nan])
    of_category = [scopes.assign(property="size", category=name) for name in (ALL_WORDS, "Case")]
    tests = pd.DataFrame(
        {
            "fit": ["joint", "joint", "separate", "joint"],
            "category": [ALL_WORDS, ALL_WORDS, ALL_WORDS, "Case"],
            "test": ["permutation", "chi-square", "permutation", "permutation"],
            "layer": 6,
            "related": "Romance",
            "ratio": [1.0, 2.0, 3.0, 4.0],
            "p_adjusted": 0.04,
        }
    )
    statistics = pd.DataFrame(
        {
            "scope": ["category", "category", "category", "combined", "absences"],
            "category": [ALL_WORDS, ALL_WORDS, "Case", None, None],
            "layer": [0, 1, 0, 0, 0],
            "statistic": "clades",
            "value": [0.2, 0.4, 9.0, 0.7, 9.0],
            "expected": 0.1,
        }
    )
    counts = pd.DataFrame({"language": LANGUAGES, "category": "Case"})
    metrics = metrics_of(
        averages(np.ones((3, 3))),
        coverage=complete(CategoryCounts, counts.assign(enough=[True, False, True])),
        associations=associations(
            correlations=complete(Correlations, pd.concat(of_category)),
            variance_tests=complete(VarianceTests, tests),
            tree_statistics=complete(TreeStatistics, statistics),
            benchmarks=complete(
                ScoreCorrelations, scopes.assign(task="pos", metric="f1", model="m")
            ),
        ),
    )
    assert metrics["coverage"] == {"Case": 2}
    assert set(metrics["trends_by_category"]) == {ALL_WORDS, "Case"}
    assert set(metrics["trends_by_category"]["Case"]) == {"share_decreasing", "median_tau"}
    assert metrics["correlations"] == {"size": {"pearson": 0.2, "n": 4}}
    assert metrics["benchmarks"] == {"pos, f1, m": {"pearson": 0.2, "n": 4}}
    assert metrics["variance_tests"] == {
        "joint": {"Romance": {"layer_06": {"ratio": 1.0, "p_adjusted": 0.04}}},
        "alone": {"Romance": {"layer_06": {"ratio": 3.0, "p_adjusted": 0.04}}},
    }
    assert metrics["trees"]["all words"]["clades"] == {"value": 0.3, "expected": 0.1}
    assert metrics["trees"]["all categories"]["clades"]["value"] == 0.7


def test_learned_signatures_have_their_own_metrics(metrics_of: Metrics, complete: Complete) -> None:
    values = np.array([[0.5, 0.25, 0.125], [0.25, 0.25, 0.375], [0.125, 0.25, 0.25]])
    of_all_words = averages(values).select(category=ALL_WORDS)
    learned = of_all_words.frame.rename(columns={"average_signature": "value"})
    metrics = metrics_of(
        averages(np.ones((3, 3))),
        learned=complete(LearnedSignatures, learned.drop(columns="category")),
        trends=of_measures(trends, {"average_signature": averages(np.ones((3, 3))),
                                    "shared": of_all_words}, Trends),
    )  # fmt: skip
    assert set(metrics["learned"]) == {"shared"}
    assert metrics["learned"]["shared"]["value"]["layer_01"] == {
        "de": 0.25,
        "fr": 0.25,
        "zh": 0.375,
    }
    assert metrics["learned"]["shared"]["trends"]["de"]["tau"] == -1
    assert metrics["trends"]["de"]["tau"] == 0
    assert language_metrics(metrics)["zh"]["shared"] == 0.25


def test_a_checkpoint_is_named_in_place_of_what_it_has_learnt(metrics_of: Metrics) -> None:
    models = {**learning(), "experimental": {"checkpoint": "hub/model"}}
    metrics = metrics_of(averages(np.ones((3, 3))), learning=models)
    assert metrics["learning"]["experimental"] == {"checkpoint": "hub/model"}


def test_metrics_of_a_language_have_means_and_gains(metrics_of: Metrics) -> None:
    values = np.array([[0.5, 0.25, 0.125], [0.25, 0.25, 0.375], [0.125, 0.25, 0.25]])
    metrics = metrics_of(averages(values))
    metrics["learning"]["experimental"]["gain_by_language"] = {"de": 0.75, "fr": 0.5}
    by_language = language_metrics(metrics)
    assert list(by_language) == LANGUAGES
    assert by_language["de"].pop("p_adjusted") == metrics["trends"]["de"]["p_adjusted"]
    assert by_language["de"] == {
        "average_signature": significant(values[:, 0].mean()),
        "tau": -1,
        "control_gain": 1.25,
        "experimental_gain": 0.75,
        "fit": 0.5,
    }
    assert "experimental_gain" not in by_language["zh"]


def test_outcomes_are_nested_by_language_and_missing_ones_left_out(metrics_of: Metrics) -> None:
    outcomes = metrics_of(averages(np.array([[0.5, 1, 2]])))["outcomes"]
    assert outcomes == {
        "de": {"fit": 0.5, "probe": 0.75, "mexa": 1},
        "fr": {"fit": 0.25, "mexa": 2},
    }


def test_metrics_of_a_language_without_trend_or_training(metrics_of: Metrics) -> None:
    metrics = metrics_of(averages(np.array([[0.5]]), ["de"]), outcomes=pd.DataFrame())
    metrics["learning"] |= {name: {"checkpoint": "hub/model"} for name in ("de", "experimental")}
    assert language_metrics(metrics) == {"de": {"average_signature": 0.5}}
