"""Sentences of the sections are computed: they follow the tables."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from langsig.morphology import ALL_WORDS
from langsig.report import checks, relations, signatures
from langsig.report.parts import Section, counted, number
from langsig.report.results import Results

Inputs = Callable[..., dict[str, Any]]


def build(section: Callable[[Results], Section | None], made: dict[str, Any]) -> Section:
    found = section(Results(**made))
    assert found is not None
    return found


def test_levels_name_the_highest_and_lowest_language(inputs: Inputs) -> None:
    made = inputs(4, layers=3)
    table = made["tables"]["average_signatures"]
    table["average_signature"] = 1.0
    words = table["category"] == ALL_WORDS
    table.loc[words & (table["language"] == "qab"), "average_signature"] = 3.0
    table.loc[words & (table["language"] == "qad"), "average_signature"] = 0.2
    table.loc[words & (table["layer"] == 2), "average_signature"] /= 2
    table.loc[~words, "average_signature"] = 1000
    says = build(signatures.averages, made).says
    assert "from 1.3 in layer 0 to 0.65 in layer 2" in says
    assert "Language qab is highest (2.5" in says
    assert "Language qad lowest (0.167" in says


def test_levels_are_said_to_follow_scale_as_far_as_they_do(inputs: Inputs) -> None:
    made = inputs(4)
    assert "Spearman" not in build(signatures.averages, made).limits
    agreement = made["tables"]["baseline_agreement"]
    made["tables"]["baseline_agreement"] = agreement.assign(
        measure="experimental_variance", spearman=0.875
    )
    assert "Spearman 0.88" in build(signatures.averages, made).limits


def test_intervals_count_what_is_told_from_unrelated_vectors(inputs: Inputs) -> None:
    made = inputs(4, layers=3)
    table = made["tables"]["intervals"]
    table["p_adjusted"] = 0.5
    shown = (table["source"] == "trained") & (table["normalise"] == "none")
    table.loc[table[shown].index[:5], "p_adjusted"] = 0.05
    table.loc[table[~shown].index, "p_adjusted"] = 0.01
    sure = build(signatures.averages, made).sure
    assert "5 of 12 signatures" in sure
    assert "±10.0 %" in sure


def test_intervals_of_untrained_models_only_are_not_taken_for_those_of_the_run(
    inputs: Inputs,
) -> None:
    made = inputs(3)
    made["tables"]["intervals"] = made["tables"]["intervals"].query("source == 'untrained'")
    assert "%" not in build(signatures.averages, made).sure


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        ("yes", "Untrained models by themselves show: decreases over layers"),
        ("no", "In no variant do untrained models show any"),
    ],
)
def test_findings_of_untrained_models_are_said(inputs: Inputs, holds: str, said: str) -> None:
    made = inputs(3)
    table = made["tables"]["findings"]
    untrained = table["source"] == "untrained"
    table.loc[untrained, "holds"] = holds
    section = build(signatures.findings, made)
    assert said in section.limits
    count = 4 if holds == "yes" else 2
    assert f"decreases over layers {count} of 4, trained −0.1 (−0.2 to −0.05)" in section.says


def test_findings_that_were_not_tried_untrained_are_no_comfort(inputs: Inputs) -> None:
    made = inputs(3)
    made["tables"]["findings"] = made["tables"]["findings"].query("source == 'trained'")
    assert "were not looked at" in build(signatures.findings, made).limits


def test_trends_count_languages_of_all_words_that_fall_and_are_significant(
    inputs: Inputs,
) -> None:
    made = inputs(4)
    table = made["tables"]["trends"]
    table["p_adjusted"], table["tau"] = 0.01, 1.0
    words = table[table["category"] == ALL_WORDS].set_index("language")
    words["tau"] = [-1.0, -1.0, 1.0, np.nan]
    words["p_adjusted"] = [0.05, 0.06, 0.01, np.nan]
    rest = table[table["category"] != ALL_WORDS]
    made["tables"]["trends"] = pd.concat([rest, words.reset_index()])
    section = build(signatures.trends, made)
    assert "2 of 4 languages fall over the layers, 1 rise" in section.says
    assert "1 fall: Language qaa." in section.says
    assert "(Hamed and Rao) 0 are significant" in section.sure
    assert "untrained models fall, −0.1 (−0.2 to −0.05)" in section.limits


def test_trends_without_slopes_have_no_figure_of_them(inputs: Inputs) -> None:
    made = inputs(3)
    assert len(build(signatures.trends, made).figures) == 2
    made["tables"]["trends"] = made["tables"]["trends"].drop(columns=["slope", "low", "high"])
    assert len(build(signatures.trends, made).figures) == 1


def test_interval_of_a_variance_is_that_of_normal_samples(inputs: Inputs) -> None:
    sure = build(signatures.spread, inputs(8)).sure
    samples = np.random.default_rng(0).normal(size=(20_000, 8)).var(axis=1, ddof=1)
    low, high = (float(part) for part in sure.split("from ")[1].split(" times")[0].split(" to "))
    covered = (low * samples <= 1) & (high * samples >= 1)
    assert covered.mean() == pytest.approx(0.95, abs=0.01)


def test_spread_of_one_language_is_no_section(inputs: Inputs) -> None:
    assert signatures.spread(Results(**inputs(1))) is None


def test_correlations_of_too_few_languages_do_not_count(inputs: Inputs) -> None:
    made = inputs(5)
    table = made["tables"]["correlations"].iloc[:4].copy()
    table["enough"] = [True, True, False, False]
    table["p_adjusted"] = [0.01, 0.2, np.nan, np.nan]
    table["genus_p"] = [0.5, 0.01, 0.01, 0.01]
    table["pearson"] = [0.4, -0.6, 0.99, -0.99]
    made["tables"]["correlations"] = table
    section = build(relations.correlations, made)
    assert "1 of 2 correlations" in section.says
    assert "0 of these also within genera" in section.says
    assert "strongest is −0.6" in section.says
    assert "2 of 4 rest on too few languages" in section.sure


def test_correlations_that_cannot_be_computed_are_said_to_be_so(inputs: Inputs) -> None:
    made = inputs(3)
    made["tables"]["correlations"] = made["tables"]["correlations"].assign(
        pearson=np.nan, p_adjusted=np.nan
    )
    assert "None can be computed." in build(relations.correlations, made).says


def test_distances_name_the_closest_pair_and_genera(inputs: Inputs) -> None:
    made = inputs(4, layers=2)
    table = made["tables"]["distances"]
    table["distance"] = 0.5
    top = (table["category"] == ALL_WORDS) & (table["layer"] == 1)
    table.loc[top & (table["language"] == "qaa") & (table["other"] == "qac"), "distance"] = 0.1
    table.loc[top & (table["language"] == "qab") & (table["other"] == "qad"), "distance"] = 0.9
    made["facts"]["genus"] = ["one", "two", "one", "three"]
    made["facts"]["family"] = ["one", "two", "one", "two"]
    says = build(relations.distances, made).says
    assert "Language qaa and Language qac (0.1) are closest" in says
    assert "Language qab and Language qad (0.9) farthest" in says
    assert "one genus 0.1, one family 0.9, other families 0.5" in says


def test_languages_of_unknown_family_are_no_relatives_and_no_strangers(inputs: Inputs) -> None:
    made = inputs(4, layers=2)
    made["facts"].loc[0, ["family", "genus"]] = None
    kinship = build(relations.distances, made).data["kinship"]
    assert set(kinship.groupby(["category", "layer"])["pairs"].sum()) == {3}
    made["facts"] = made["facts"].iloc[:0]
    section = build(relations.distances, made)
    assert list(section.data) == ["distances"] and len(section.figures) == 1
    assert section.says.endswith("farthest apart.")


def test_distances_go_on_the_page_once_a_pair(inputs: Inputs) -> None:
    made = inputs(4, layers=2)
    table = made["tables"]["distances"]
    mirrored = table.rename(columns={"language": "other", "other": "language"})
    once = build(relations.distances, made).data["distances"]
    made["tables"]["distances"] = pd.concat([table, mirrored], ignore_index=True)
    pd.testing.assert_frame_equal(build(relations.distances, made).data["distances"], once)


def test_trees_are_drawn_for_every_category_and_layer(inputs: Inputs) -> None:
    data = build(relations.trees, inputs(5, layers=2)).data
    assert set(data["tree_tips"].groupby(["category", "layer"])["language"].count()) == {5}
    assert data["tree_lines"].groupby(["category", "layer"]).ngroups == 6


def test_variance_tests_are_counted_by_test(inputs: Inputs) -> None:
    made = inputs(5)
    table = made["tables"]["variance_tests"]
    table["p_adjusted"] = np.where(table["test"] == "chi-square", 0.01, 0.9)
    table["ratio"] = np.where(table["fit"] == "joint", 2.0, 0.5)
    says = build(relations.variance_tests, made).says
    half = len(table) // 2
    assert f"chi-square {half} of {half}; permutation 0 of {half}" in says
    assert f"{half // 2} of {half} comparisons" in says


def test_overview_has_a_row_a_language_with_what_is_known(inputs: Inputs) -> None:
    made = inputs(3, unlearnt=("qab",))
    table = build(checks.overview, made).data["overview"].set_index("language")
    assert table.loc[["qaa", "qab", "qac"], "learnt"].tolist() == [True, False, True]
    assert table.loc["qaa", "gain"] == made["metrics"]["learning"]["qaa"]["gain"]
    assert table["words"].tolist() == [1000] * 3
    averages = made["tables"]["average_signatures"].query("category == @ALL_WORDS")
    expected = averages[averages["language"] == "qac"]["average_signature"].mean()
    assert table.loc["qac", "average_signature"] == pytest.approx(expected)


def test_learning_says_what_models_gained(inputs: Inputs) -> None:
    section = build(checks.learning, inputs(3, unlearnt=("qab",)))
    assert "multilingual model ends 1.30 nat" in section.says
    assert "0.10 (Language qab†) to 1.20 (Language qac)" in section.says
    assert "Not learnt: Language qab†, by the margin of 0.5 nat" in section.sure
    assert section.data["learning"]["share"].max() == 1


def test_a_checkpoint_is_named_and_counts_as_no_model_that_has_not_learnt(inputs: Inputs) -> None:
    made = inputs(3)
    made["metrics"]["learning"]["experimental"] = {"checkpoint": "hub/model"}
    curves = made["tables"]["learning"]
    made["tables"]["learning"] = curves[curves["model"] != "experimental"]
    section = build(checks.learning, made)
    assert "The multilingual model is hub/model, as it is" in section.says
    assert "All models have learnt" in section.sure
    assert "3 of 3 models have learnt." in build(checks.overview, made).sure


def test_layers_of_models_of_other_depth_are_named(inputs: Inputs) -> None:
    made = inputs(3)
    assert "relative depth" not in build(checks.overview, made).sure
    made["tables"]["factorizations"]["experimental_layer"] *= 2
    assert "by relative depth: 0 and 0, 1 and 2, 2 and 4" in build(checks.overview, made).sure


def test_ranks_that_are_not_stable_are_named(inputs: Inputs) -> None:
    made = inputs(3)
    table = made["tables"]["ranks"]
    table["agreement"], table["converged"] = 0.95, True
    assert build(checks.ranks, made).sure == "At the rank in use, starts agree at 0.95."
    table.loc[(table["layer"] == 3) & table["in_use"], "converged"] = False
    assert build(checks.ranks, made).sure.endswith("not converged, in layer 3.")


def test_failed_checks_are_counted_by_reason(inputs: Inputs) -> None:
    made = inputs(3)
    fits = made["tables"]["factorizations"]
    fits.loc[2, "flags"] = "starts disagree; not converged"
    says = build(checks.factorizations, made).says
    assert says == "2 of 12 fits fail their checks: starts disagree 2, not converged 1."


def test_coverage_counts_categories_that_all_languages_have(inputs: Inputs) -> None:
    made = inputs(5)
    table = made["tables"]["coverage"]
    table["words"], table["enough"] = 500, True
    case = table["category"] == "Case"
    table.loc[table[case].index[:2], ["words", "enough"]] = [7, False]
    table.loc[table[case].index[2], ["words", "enough"]] = [0, False]
    section = build(checks.coverage, made)
    assert "12 pairs of language and category" in section.says
    assert "2 of 3 categories are in all 5 languages, 1 in fewer than four" in section.says
    assert "2 pairs have too few" in section.sure
    assert len(section.data["coverage"]) == 14, "what is not there is not shown"


def test_numbers_read_well() -> None:
    assert number(-0.12345) == "−0.123"
    assert number(float("nan")) == "–"
    assert counted(1, "category") == "1 category"
    assert counted(1200, "category") == "1,200 categories"
    assert counted(2, "analysis") == "2 analyses"


def test_nothing_to_say_of_fits_without_flags(inputs: Inputs) -> None:
    made = inputs(3)
    fits = made["tables"]["factorizations"]
    made["tables"]["factorizations"] = fits.assign(flags=float("nan"))  # as an empty column is read
    assert build(checks.factorizations, made).says
