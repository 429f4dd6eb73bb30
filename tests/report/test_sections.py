"""Sentences and data of the sections follow the tables."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from langsig.morphology import ALL_WORDS
from langsig.report import ModelLearning, Results, sections
from langsig.report.sections import Section
from langsig.schemas import (
    Findings,
    Languages,
    LearningCurves,
    Predictors,
    ResidualReliability,
    Table,
)

Inputs = Callable[..., Results]


def build(section: Callable[[Results], Section | None], results: Results) -> Section:
    built = section(results)
    assert built is not None
    return built


def changed(
    results: Results, table: str, change: Callable[[pd.DataFrame], pd.DataFrame | None]
) -> Results:
    """The same results after a change to the frame of one table, in place or to a new one."""
    value: Table = getattr(results, table)
    frame = value.to_frame()
    new = change(frame)
    return replace(results, **{table: type(value)(frame if new is None else new)})


def test_levels_name_the_highest_and_lowest_language(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        words = table["category"] == ALL_WORDS
        table["average_signature"] = 1.0
        table.loc[words & (table["language"] == "qab"), "average_signature"] = 3.0
        table.loc[words & (table["language"] == "qad"), "average_signature"] = 0.2
        table.loc[words & (table["layer"] == 2), "average_signature"] /= 2
        table.loc[~words, "average_signature"] = 1000

    results = changed(inputs(4, layers=3), "average_signatures", change)
    result = build(sections.signatures_section, results).result
    assert "from 1.3 in layer 0 to 0.65 in layer 2" in result
    assert "Language qab is highest (2.5" in result
    assert "Language qad lowest (0.167" in result


def test_without_control_models_the_page_names_the_reference_and_no_monolingual_gain(
    inputs: Inputs,
) -> None:
    results = inputs(3)
    alone = replace(
        results, reference="upos", learning={"experimental": results.learning["experimental"]}
    )
    overview = build(sections.overview_section, alone)
    assert "not compared with those of monolingual models" in overview.result
    assert "with a reference: the parts of speech of the words." in overview.result
    assert not {"gain", "learnt"} & {*overview.data["overview"].columns}
    learning = build(sections.learning_section, alone)
    assert "monolingual" not in learning.result
    assert "The multilingual model has learnt." in learning.certainty
    figure = build(sections.signatures_section, alone).figures[0]
    assert "†" not in figure.caption
    assert "reference" not in build(sections.overview_section, results).result
    adopted = replace(alone, learning={}, checkpoint="xlm-r")
    assert "is the checkpoint xlm-r" in build(sections.overview_section, adopted).result


def test_levels_are_compared_with_the_scale_of_hidden_states(inputs: Inputs) -> None:
    results = inputs(4)
    assert "Spearman" not in build(sections.signatures_section, results).limits
    results = changed(
        results,
        "baseline_agreement",
        lambda table: table.query("measure == 'cka'").assign(
            measure="experimental_variance", spearman=0.875
        ),
    )
    assert "Spearman correlation of 0.88" in build(sections.signatures_section, results).limits


def test_intervals_count_signatures_distinguishable_from_unrelated_vectors(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        shown = (table["source"] == "trained") & (table["normalise"] == "none")
        table["p_adjusted"] = np.where(shown, 0.05, 0.01)
        table.loc[table[shown].index[:5], "p_adjusted"] = 0.049

    results = changed(inputs(4, layers=3), "intervals", change)
    certainty = build(sections.signatures_section, results).certainty
    assert "5 of 12 signatures" in certainty
    assert "±10.0 %" in certainty


def test_intervals_of_untrained_models_are_not_taken_for_those_of_the_run(inputs: Inputs) -> None:
    results = changed(inputs(3), "intervals", lambda table: table.query("source == 'untrained'"))
    assert "%" not in build(sections.signatures_section, results).certainty


@pytest.mark.parametrize(
    ("holds", "limits"),
    [
        ("yes", "Untrained models also show “decreases over layers”"),
        ("no", "Untrained models show none of these findings in any variant"),
    ],
)
def test_findings_are_compared_with_untrained_models(
    inputs: Inputs, holds: str, limits: str
) -> None:
    def change(table: pd.DataFrame) -> None:
        table.loc[table["source"] == "untrained", "holds"] = holds

    section = build(sections.findings_section, changed(inputs(3), "findings", change))
    assert limits in section.limits
    count = 4 if holds == "yes" else 2
    expected = f"“decreases over layers” in {count} of 4 (trained models, not normalised: −0.1, "
    assert f"{expected}95 % interval −0.2 to −0.05)" in section.result


def test_findings_without_untrained_models_say_so(inputs: Inputs) -> None:
    results = changed(inputs(3), "findings", lambda table: table.query("source == 'trained'"))
    assert "were not analysed" in build(sections.findings_section, results).limits


def test_findings_on_one_language_count_only_with_an_opponent(inputs: Inputs) -> None:
    results = inputs(3)
    lowest = results.findings.frame.query("language == 'qab'").assign(
        finding="logographic language lowest", opponent="qac", holds="no"
    )
    findings = Findings.concat([results.findings, Findings(lowest)])
    section = build(sections.findings_section, replace(results, findings=findings))
    assert "“logographic language lowest” in 0 of 4" in section.result
    assert len(section.figures) == 2


def test_trends_count_languages_by_direction_and_significance(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        words = table["category"] == ALL_WORDS
        table["p_adjusted"], table["tau"] = 0.01, 1.0
        table.loc[words, "tau"] = [-1.0, -1.0, 1.0, np.nan]
        table.loc[words, "p_adjusted"] = [0.049, 0.05, 0.01, np.nan]

    results = changed(inputs(4), "trends", change)
    section = build(sections.trends_section, results)
    assert "decrease over the layers in 2 of 4 languages and increase in 1." in section.result
    assert "1 decrease is significant: Language qaa." in section.result
    assert "significant in none of 4 languages" in section.certainty
    assert "untrained models also decrease" in section.limits
    assert "−0.1, 95 % interval −0.2 to −0.05" in section.limits
    overview = build(sections.overview_section, results).result
    assert "decrease significantly in 1 of 4 languages and increase significantly in 1" in overview


def test_interval_of_a_variance_is_that_of_normal_samples(inputs: Inputs) -> None:
    certainty = build(sections.spread_section, inputs(8)).certainty
    samples = np.random.default_rng(0).normal(size=(20_000, 8)).var(axis=1, ddof=1)
    ends = certainty.split("from ")[1].split(" times")[0].split(" to ")
    low, high = map(float, ends)
    covered = (low * samples <= 1) & (high * samples >= 1)
    assert covered.mean() == pytest.approx(0.95, abs=0.01)


def test_the_spread_of_one_language_is_no_section(inputs: Inputs) -> None:
    assert sections.spread_section(inputs(1)) is None


def test_correlations_of_too_few_languages_do_not_count(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        return table.iloc[:4].assign(
            enough=[True, True, False, False],
            p_adjusted=[0.01, 0.2, np.nan, np.nan],
            genus_p=[0.5, 0.01, 0.01, 0.01],
            pearson=[0.4, -0.6, 0.99, -0.99],
        )

    section = build(sections.correlations_section, changed(inputs(5), "correlations", change))
    assert "1 of 2 correlations" in section.result
    assert "0 of these also within genera" in section.result
    assert "strongest is −0.6" in section.result
    assert "words with the category, All words, in layer 0" in section.result
    assert "2 of 4 rows are based on too few languages" in section.certainty


def test_correlations_that_cannot_be_computed_are_said_to_be_so(inputs: Inputs) -> None:
    results = changed(
        inputs(3),
        "correlations",
        lambda table: table.assign(pearson=np.nan, p_adjusted=np.nan),
    )
    section = build(sections.correlations_section, results)
    assert "None of the correlations can be computed." in section.result


def named(results: Results, **columns: Any) -> Results:
    return replace(results, languages=Languages(results.languages.frame.assign(**columns)))


def test_distances_name_the_closest_pair_and_relatedness(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        table["distance"] = 0.5
        top = (table["category"] == ALL_WORDS) & (table["layer"] == 1)
        for first, second, distance in (("qaa", "qac", 0.1), ("qab", "qad", 0.9)):
            pair = (table["language"] == first) & (table["other"] == second)
            table.loc[top & pair, "distance"] = distance

    results = named(
        changed(inputs(4, layers=2), "distances", change),
        genus=["one", "two", "one", "three"],
        family=["one", "two", "one", "two"],
    )
    result = build(sections.distances_section, results).result
    assert "Language qaa and Language qac (0.1) are closest" in result
    assert "Language qab and Language qad (0.9) are farthest apart" in result
    assert "same genus 0.1, same family 0.9, different families 0.5" in result


def test_pairs_with_a_language_of_unknown_family_are_not_classified(inputs: Inputs) -> None:
    results = inputs(4, layers=2)
    frame = results.languages.to_frame()
    frame.loc[0, ["family", "genus"]] = None
    partly = replace(results, languages=Languages(frame))
    table = build(sections.distances_section, partly).data["relatedness"]
    keys = ["scope", "category", "layer"]
    assert set(table.groupby(keys, dropna=False)["pairs"].sum()) == {3}
    unknown = replace(results, languages=Languages.empty())
    section = build(sections.distances_section, unknown)
    assert list(section.data) == ["distances"] and len(section.figures) == 1
    assert section.result.endswith("farthest apart.")


def test_trees_are_drawn_for_every_scope_category_and_layer(inputs: Inputs) -> None:
    data = build(sections.tree_section, inputs(5, layers=2)).data
    keys = ["scope", "category", "layer"]
    leaves = data["tree_leaves"].groupby(keys, dropna=False)["language"].count()
    assert set(leaves) == {5} and len(leaves) == 8
    assert data["tree_lines"].groupby(keys, dropna=False).ngroups == 8


def test_variance_tests_are_counted_by_test(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        table["p_adjusted"] = np.where(table["test"] == "chi-square", 0.01, 0.9)
        table["ratio"] = np.where(table["fit"] == "joint", 2.0, 0.5)

    results = changed(inputs(5), "variance_tests", change)
    result = build(sections.variances_section, results).result
    half = len(results.variance_tests) // 2
    assert f"chi-square {half} of {half}; permutation 0 of {half}" in result
    assert f"{half // 2} of {half} comparisons" in result


@pytest.mark.slow
def test_overview_has_one_row_per_language(inputs: Inputs) -> None:
    results = inputs(3, unlearnt=("qab",))
    table = build(sections.overview_section, results).data["overview"].set_index("language")
    assert table.loc[["qaa", "qab", "qac"], "learnt"].tolist() == [True, False, True]
    assert table.loc["qaa", "gain"] == results.learning["qaa"].gain
    assert table["words"].tolist() == [1000] * 3
    averages = results.average_signatures.select(category=ALL_WORDS, language="qac").frame
    expected = averages["average_signature"].mean()
    assert table.loc["qac", "average_signature"] == pytest.approx(expected)


def test_learning_names_the_lowest_and_highest_gain(inputs: Inputs) -> None:
    section = build(sections.learning_section, inputs(3, unlearnt=("qab",)))
    assert (
        "multilingual model ends 1.30 nats per token below that of token frequencies"
        in section.result
    )
    assert "from 0.10 (Language qab†) to 1.20 (Language qac)" in section.result
    assert "Not learnt: Language qab†. A model counts as learnt from a gain of 0.5 nats" in (
        section.certainty
    )
    assert section.data["learning"]["share"].max() == 1


def test_a_checkpoint_is_named_and_is_not_counted_as_unlearnt(inputs: Inputs) -> None:
    results = inputs(3)
    learning = {name: item for name, item in results.learning.items() if name != "experimental"}
    curves = LearningCurves(results.learning_curves.frame.query("model != 'experimental'"))
    results = replace(results, learning=learning, checkpoint="hub/model", learning_curves=curves)
    section = build(sections.learning_section, results)
    assert "The multilingual model is the checkpoint hub/model" in section.result
    assert "All models have learnt" in section.certainty
    assert "3 of 3 models have learnt" in build(sections.overview_section, results).certainty


@pytest.mark.slow
def test_pairs_of_layers_are_named_if_models_differ_in_depth(inputs: Inputs) -> None:
    results = inputs(3)
    assert "relative depth" not in build(sections.overview_section, results).certainty

    def change(table: pd.DataFrame) -> None:
        table["experimental_layer"] *= 2

    certainty = build(
        sections.overview_section, changed(results, "factorizations", change)
    ).certainty
    assert "relative depth (monolingual–multilingual): 0–0, 1–2, 2–4" in certainty


def test_ranks_that_are_not_stable_are_named(inputs: Inputs) -> None:
    results = changed(
        inputs(3), "ranks", lambda table: table.assign(agreement=0.95, converged=True)
    )
    certainty = build(sections.ranks_section, results).certainty
    assert certainty == (
        "At the rank in use, the agreement of the two starts of the lowest losses is 0.95."
    )

    def change(table: pd.DataFrame) -> None:
        table.loc[(table["layer"] == 3) & table["in_use"], "converged"] = False

    certainty = build(sections.ranks_section, changed(results, "ranks", change)).certainty
    assert certainty.endswith("a fit did not converge, in layer 3.")


def test_recommended_ranks_say_what_decided_them(inputs: Inputs) -> None:
    results = inputs(3)
    assert "Recommended: 4 for all layers (limited by stability); 4 for layer 0" in (
        build(sections.ranks_section, results).result
    )

    def change(table: pd.DataFrame) -> None:
        table.loc[table["scope"] == "all", "decided_by"] = "no stable rank"

    result = build(sections.ranks_section, changed(results, "recommendations", change)).result
    assert "4 for all layers (the smallest candidate, as none is stable in all layers)" in result


@pytest.mark.slow
def test_failed_checks_are_counted_by_reason(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        table.loc[2, "starts_disagree"], table.loc[2, "converged"] = True, False

    section = build(sections.factorisations_section, changed(inputs(3), "factorizations", change))
    assert section.result == "2 of 12 fits failed a check: starts disagree (2), not converged (1)."
    checks = section.data["factorizations"]["failed_checks"]
    assert checks[1:3].tolist() == ["starts disagree", "not converged, starts disagree"]
    assert checks.drop(index=[1, 2]).isna().all()


def test_fits_without_a_failed_check_are_counted_too(inputs: Inputs) -> None:
    results = changed(
        inputs(3), "factorizations", lambda table: table.assign(starts_disagree=False)
    )
    section = build(sections.factorisations_section, results)
    assert section.result == "0 of 12 fits failed a check."


def test_coverage_counts_categories_that_all_languages_have(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        table["words"], table["enough"] = 500, True
        rows = table[table["category"] == "Case"].index
        table.loc[rows[:3], "enough"] = False
        table.loc[rows[:2], "words"] = 7
        table.loc[rows[2], "words"] = 0

    section = build(sections.coverage_section, changed(inputs(5), "coverage", change))
    assert "12 pairs of language and category have enough words" in section.result
    assert (
        "2 of 3 categories have enough in 5 languages, and 1 in fewer than four" in section.result
    )
    assert "2 pairs of language and category have too few" in section.certainty
    assert len(section.data["coverage"]) == 14, "categories without words are left out"


def test_measures_are_named_with_source_and_normalisation(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        table["p_adjusted"] = [0.01, 0.5, 0.01, 0.01]
        table.loc[2:, ["source", "normalise"]] = ["untrained", "variance"]
        table.loc[2:, "measure"] = "average_signature"

    results = changed(inputs(3), "measure_tests", change)
    section = build(sections.measures_section, results)
    assert section.result == (
        "2 tests on 2 measures. Significant results (adjusted p < .05): average signature 1 of 2; "
        "average signature (untrained models, unit variance) 2 of 2."
    )


def test_measures_without_a_significant_result_are_counted_together(inputs: Inputs) -> None:
    results = changed(
        inputs(3), "measure_tests", lambda table: table.assign(p_adjusted=[0.5, 0.5, 0.01, 0.5])
    )
    result = build(sections.measures_section, results).result
    assert result.endswith(": cka 1 of 2; none for 1 other measure.")
    results = changed(results, "measure_tests", lambda table: table.assign(p_adjusted=0.5))
    assert build(sections.measures_section, results).result.endswith(
        "No result is significant (adjusted p < .05)."
    )


def test_simpler_measures_are_ranked_by_agreement(inputs: Inputs) -> None:
    def change(table: pd.DataFrame) -> None:
        table["spearman"] = np.where(table["measure"] == "cka", 0.9, -0.25)

    results = changed(inputs(4), "baseline_agreement", change)
    section = build(sections.baselines_section, results)
    assert section.result.endswith("cka 0.9; svd −0.25.")
    assert "explain 98.0 % of the variance" in section.limits
    without = replace(results, residual_reliability=ResidualReliability.empty())
    assert "explain" in build(sections.baselines_section, without).limits
    assert len(build(sections.baselines_section, without).tables) == 1


@pytest.mark.slow
def test_caveats_name_failed_fits_and_models_that_have_not_learnt(inputs: Inputs) -> None:
    certainty = build(sections.spread_section, inputs(3, unlearnt=("qaa", "qab"))).certainty
    assert "the fit of layer 1 failed a check (*)" in certainty
    assert "these models have not learnt (†): Language qaa† and Language qab†" in certainty
    certainty = build(sections.trends_section, inputs(3)).certainty
    assert "1 of 12 fits failed a check (*)." in certainty
    sound = changed(inputs(3), "factorizations", lambda table: table.assign(starts_disagree=False))
    for section in (sections.spread_section, sections.trends_section):
        assert "Read with care" not in build(section, sound).certainty


def test_learning_of_a_single_model_is_a_section(inputs: Inputs) -> None:
    results = replace(inputs(1), learning={"experimental": ModelLearning(0.75, True)})
    section = build(sections.learning_section, results)
    assert "multilingual model ends 0.75 nats" in section.result


def test_outcomes_say_what_predicts_what(inputs: Inputs) -> None:
    section = build(sections.outcomes_section, inputs(9))
    assert "The fit of 9 languages is " in section.result
    assert "mean over layers 1 to 3" in section.result
    assert "transfer from all other languages by fit" in section.certainty
    assert "must exceed 0.50" in section.certainty
    layers = section.data["outcome_layers"]
    assert set(layers["outcome"]) == {"fit", "probe", "probe_untrained", "transfer", "retrieval"}
    assert layers.groupby("outcome")["layer"].nunique().eq(5).all()
    assert len(section.data["outcomes"]) == 9
    assert "has not learnt" not in section.certainty
    unlearnt = build(sections.outcomes_section, inputs(9, unlearnt=("experimental",)))
    assert "The model has not learnt." in unlearnt.certainty


def test_outcomes_of_few_languages_predict_nothing(inputs: Inputs) -> None:
    results = inputs(3)
    assert results.profile
    unknown = results.profile.predictors.frame.assign(
        partial=np.nan, threshold=np.nan, beyond=False
    )
    profile = replace(results.profile, predictors=Predictors(unknown))
    section = build(sections.outcomes_section, replace(results, profile=profile))
    assert "too few languages" in section.certainty
    unrelated = results.profile.predictors.frame.assign(beyond=False)
    profile = replace(results.profile, predictors=Predictors(unrelated))
    section = build(sections.outcomes_section, replace(results, profile=profile))
    assert section.certainty.startswith("No measure predicts any outcome beyond sub-words")
