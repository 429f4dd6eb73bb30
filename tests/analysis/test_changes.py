from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from scipy import stats

from langsig.analysis.changes import (
    Sampled,
    category_changes,
    correlation_changes,
    signature_changes,
    tree_changes,
)
from langsig.schemas import AverageSignatures, Correlations, Estimates, Replicates, Trees

LANGUAGES = ["cs", "de", "fi", "zh"]
LAYERS = [0, 1, 2]


def long(values: np.ndarray) -> pd.DataFrame:
    """``[replicates, layers, languages]`` as a table."""
    names = ["replicate", "layer", "language"]
    replicates, layers, _ = map(range, values.shape)
    index = pd.MultiIndex.from_product([replicates, layers, LANGUAGES], names=names)
    table = pd.DataFrame({"average_signature": values.ravel()}, index=index).reset_index()
    return table.assign(source="trained", normalise="none")


def sampled(values: np.ndarray, sentences: np.ndarray, starts: np.ndarray) -> Sampled:
    """From estimates ``[layers, languages]``, and those of replicates and of starts."""
    estimates = long(values[None]).drop(columns="replicate")
    replicates = [long(sentences).assign(varied="sentences"), long(starts).assign(varied="start")]
    return Sampled(
        Estimates(estimates.assign(words=9, blocks=2, low=0.0, high=9.0, p=0.5)),
        Replicates(pd.concat(replicates)),
    )


def mapped(sampled: Sampled, function: Callable[[pd.DataFrame], pd.DataFrame]) -> Sampled:
    """With a function applied to both tables."""
    return Sampled(
        Estimates(function(sampled.estimates.frame)), Replicates(function(sampled.replicates.frame))
    )


def changed(pairs: list[tuple[Sampled, Sampled]]) -> pd.DataFrame:
    return signature_changes(pairs).frame


def experiment(seed: int, *, noise: float = 0.05, starts: float = 0.0) -> Sampled:
    rng = default_rng(seed)
    values = np.exp(rng.normal(size=(3, 4)))
    vary = (np.exp(s * rng.normal(size=(n, 3, 4))) * values for s, n in ((noise, 40), (starts, 5)))
    return sampled(values, *vary)


def scaled(sampled: Sampled, language: str, factor: float) -> Sampled:
    def scale(table: pd.DataFrame) -> pd.DataFrame:
        factors = np.where(table["language"] == language, factor, 1.0)
        return table.assign(average_signature=table["average_signature"] * factors)

    return mapped(sampled, scale)


def pick(table: pd.DataFrame, kind: str, language: str, layer: int | None = None) -> pd.Series:
    of_layer = table["scope"] == "mean" if layer is None else table["layer"] == layer
    rows = table[(table["kind"] == kind) & (table["language"] == language) & of_layer]
    assert len(rows) == 1
    return rows.iloc[0]


def test_resampling_that_affects_both_alike_does_not_widen_intervals() -> None:
    before = experiment(1)
    table = changed([(before, scaled(before, "fi", 0.5))])
    chosen = pick(table, "change", "fi", 1)
    assert chosen[["estimate", "low", "high"]].tolist() == pytest.approx([np.log(0.5)] * 3)
    assert pick(table, "change", "de")["estimate"] == pytest.approx(0)
    assert pick(table, "relative", "fi")["estimate"] == pytest.approx(np.log(0.5))
    assert pick(table, "relative", "de")["estimate"] == pytest.approx(-np.log(0.5) / 3)
    assert len(table) == 2 * (len(LAYERS) + 1) * len(LANGUAGES)


def test_interval_of_one_pair_is_students_with_the_variance_of_paired_replicates() -> None:
    before, after = experiment(1), experiment(2)
    row = pick(changed([(before, after)]), "change", "zh", 2)
    draws = [
        np.log(
            table.query("varied == 'sentences' and layer == 2 and language == 'zh'")
            .sort_values("replicate")["average_signature"]
            .to_numpy()
        )
        for table in (before.replicates.frame, after.replicates.frame)
    ]
    change = draws[1] - draws[0]
    half_width = stats.t.ppf(0.975, 39) * change.std(ddof=1)
    assert row["high"] - row["estimate"] == pytest.approx(half_width)
    assert row["half_width_sentences"] == pytest.approx(half_width)
    assert np.isnan(row["half_width_seeds"]) and row["pairs"] == 1


def test_starts_that_differ_widen_the_interval() -> None:
    settled, unsettled = experiment(1), experiment(1, starts=1.0)
    after = experiment(2)
    rows = [pick(changed([(before, after)]), "change", "de") for before in (settled, unsettled)]
    assert rows[1]["high"] - rows[1]["low"] > 1.2 * (rows[0]["high"] - rows[0]["low"])


@pytest.mark.slow
def test_interval_of_seeds_alone_is_that_of_a_paired_t_test() -> None:
    pairs = [(experiment(n, noise=0), experiment(n + 100, noise=0)) for n in range(5)]
    row = pick(changed(pairs), "relative", "cs")

    def relative(table: pd.DataFrame) -> float:
        wide = np.log(table.pivot(index="layer", columns="language", values="average_signature"))
        return float((wide["cs"] - wide.drop(columns="cs").mean(axis=1)).mean())

    values = [
        relative(after.estimates.frame) - relative(before.estimates.frame)
        for before, after in pairs
    ]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))
    assert row["high"] - row["estimate"] == pytest.approx(row["half_width_seeds"])
    assert row["half_width_sentences"] == pytest.approx(0)


@pytest.mark.slow
def test_more_seeds_do_not_make_the_part_of_the_sentences_smaller() -> None:
    pairs = [(experiment(n), experiment(n + 100)) for n in range(20)]
    first, all_of_them = (pick(changed(chosen), "change", "de") for chosen in (pairs[:1], pairs))
    assert all_of_them["half_width_sentences"] == pytest.approx(
        first["half_width_sentences"], rel=0.3
    )
    assert all_of_them["high"] - all_of_them["estimate"] > all_of_them["half_width_sentences"]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, 5])
def test_intervals_cover_the_true_change_as_often_as_they_say(seeds: int) -> None:
    """Seeds, sentences and starts vary; the true change is the mean over seeds, of all sentences.

    All cells are independent of each other.
    """
    rng = default_rng(7)
    cells = 200, 4  # layers and languages
    shift = rng.normal(scale=0.2, size=cells)  # of these sentences, the same for all seeds
    pairs = []
    for _ in range(seeds):
        sides = []
        for side in (0.0, 1.0):
            truth = side + (rng.normal(scale=0.1, size=cells) if seeds > 1 else 0)
            estimates = truth + side * shift
            sentences = estimates + side * rng.normal(scale=0.2, size=(40, *cells))
            starts = np.repeat(estimates[None], 3, axis=0)
            sides.append(sampled(*map(np.exp, (estimates, sentences, starts))))
        pairs.append((sides[0], sides[1]))
    rows = changed(pairs).query("kind == 'change' and scope == 'layer'")
    covered = (rows["low"] <= 1) & (rows["high"] >= 1)
    assert len(covered) == 800
    assert 0.93 < covered.mean() < 0.97


def test_cells_that_an_experiment_lacks_are_left_out() -> None:
    before, after = experiment(1), experiment(2)
    fewer = mapped(after, lambda table: table.query("language != 'zh' and layer < 2"))
    table = changed([(before, fewer)])
    assert set(table["language"]) == {"cs", "de", "fi"}
    assert sorted(table["layer"].dropna().unique()) == [0, 1]
    second = mapped(after, lambda table: table.assign(normalise="variance"))
    assert changed([(before, second)]).empty


def test_two_languages_that_change_alike_do_not_change_relatively() -> None:
    before = mapped(experiment(1), lambda table: table.query("language in ['cs', 'de']"))
    table = changed([(before, scaled(scaled(before, "cs", 2), "de", 2))])
    assert table.query("kind == 'relative'")["estimate"].abs().max() == pytest.approx(0)


def test_no_pairs_are_an_error() -> None:
    with pytest.raises(ValueError, match="pairs must not be empty"):
        changed([])


def test_categories_have_an_interval_over_seeds_only() -> None:
    rng = default_rng(3)

    def averages() -> AverageSignatures:
        frame = long(np.exp(rng.normal(size=(1, 3, 4)))).assign(category="Number")
        return AverageSignatures(frame[list(AverageSignatures.columns)])

    def value(table: AverageSignatures) -> float:
        return float(table.select(language="fi", layer=1).frame["average_signature"].item())

    pairs = [(averages(), averages()) for _ in range(4)]
    (row,) = category_changes(pairs).select(language="fi", layer=1).frame.to_dict("records")
    changes = [np.log(value(after)) - np.log(value(before)) for before, after in pairs]
    expected = stats.ttest_1samp(changes, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))
    assert row["change"] == pytest.approx(np.mean(changes))
    assert np.log(row["after"] / row["before"]) == pytest.approx(row["change"])
    single = category_changes(pairs[:1]).frame
    assert single["low"].isna().all() and len(single) == 12


TREE = "((cs:1,de:1):1,(fi:1,zh:1):1);"
OTHER = "((cs:1,fi:1):1,(de:1,zh:1):1);"


def tree(newick: str, scope: str = "category") -> Trees:
    category = "Number" if scope == "category" else None
    row = {"scope": scope, "category": category, "layer": 0, "newick": newick}
    return Trees(pd.DataFrame([row]))


def compared(*pairs: tuple[Trees, Trees]) -> list[dict[str, Any]]:
    return tree_changes(pairs).frame.to_dict("records")


def test_distance_of_trees() -> None:
    (same,) = compared((tree(TREE), tree(TREE)))
    assert (same["robinson_foulds"], same["cophenetic_correlation"]) == pytest.approx((0, 1))
    (second,) = compared((tree(TREE), tree(OTHER)))
    assert second["robinson_foulds"] == 1
    # Distances of cs-de, cs-fi, cs-zh, de-fi, de-zh, fi-zh in the two trees.
    expected = np.corrcoef([2, 4, 4, 4, 4, 2], [4, 2, 4, 4, 2, 4])[0, 1]
    assert second["cophenetic_correlation"] == pytest.approx(expected)
    (mean,) = compared((tree(TREE), tree(TREE)), (tree(TREE), tree(OTHER)))
    assert mean["robinson_foulds"] == 0.5 and mean["pairs"] == 2


def test_trees_of_all_categories_have_no_category() -> None:
    both = Trees.concat([tree(TREE), tree(OTHER, "combined")])
    rows = compared((both, both))
    assert [(row["scope"], row["pairs"]) for row in rows] == [("category", 1), ("combined", 1)]
    assert pd.isna(rows[1]["category"])


def test_trees_are_compared_on_the_languages_of_both() -> None:
    (row,) = compared((tree(TREE), tree("((cs:1,de:1):1,fi:2);")))
    assert row["languages"] == 3 and row["robinson_foulds"] == 0
    assert compared((tree(TREE), tree("(cs:1,de:1);"))) == []


def test_correlations_are_averaged_and_significant_ones_counted(
    complete: Callable[..., Correlations],
) -> None:
    def table(pearson: float, p: float) -> Correlations:
        rows = {
            "scope": ["layer", "layer", "mean"],
            "layer": pd.array([0, 1, None], dtype="Int64"),
            "pearson": [pearson, np.nan, 2 * pearson],
            "p_adjusted": [p, np.nan, p],
        }
        frame = pd.DataFrame(rows).assign(property="data_size", category="Number")
        return complete(Correlations, frame)

    pairs = [(table(0.5, 0.01), table(0.1, 0.6)), (table(0.7, 0.2), table(0.3, 0.6))]
    of_layer, of_mean = correlation_changes(pairs).frame.to_dict("records")
    assert (of_layer["before"], of_layer["after"]) == pytest.approx((0.6, 0.2))
    significant = of_layer["significant_before"], of_layer["significant_after"]
    assert (*significant, of_layer["pairs"]) == (1, 0, 2)
    assert of_mean["scope"] == "mean" and pd.isna(of_mean["layer"])
    assert (of_mean["before"], of_mean["after"]) == pytest.approx((1.2, 0.4))
