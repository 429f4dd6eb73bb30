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
    tree_distances,
)

LANGUAGES = ["cs", "de", "fi", "zh"]
LAYERS = [0, 1, 2]


def estimates(values: np.ndarray) -> pd.DataFrame:
    """From ``[layers, languages]``."""
    return replicates(values[None]).drop(columns="replicate")


def replicates(values: np.ndarray) -> pd.DataFrame:
    """From ``[replicates, layers, languages]``."""
    names = ["replicate", "layer", "language"]
    index = pd.MultiIndex.from_product([range(len(values)), LAYERS, LANGUAGES], names=names)
    table = pd.DataFrame({"average_signature": values.ravel()}, index=index).reset_index()
    return table.assign(source="trained", normalise="none")


def sampled(values: np.ndarray, sentences: np.ndarray, starts: np.ndarray) -> Sampled:
    """From ``[layers, languages]``, and the same of replicates and of starts."""
    varied = (replicates(sentences).assign(varied="sentences"), replicates(starts))
    return Sampled(estimates(values), pd.concat(varied).fillna({"varied": "start"}))


def experiment(seed: int, *, noise: float = 0.05, starts: float = 0.0) -> Sampled:
    rng = default_rng(seed)
    values = np.exp(rng.normal(size=(3, 4)))
    vary = (np.exp(s * rng.normal(size=(n, 3, 4))) * values for s, n in ((noise, 40), (starts, 5)))
    return sampled(values, *vary)


def scaled(one: Sampled, language: str, factor: float) -> Sampled:
    def scale(table: pd.DataFrame) -> pd.DataFrame:
        factors = np.where(table["language"] == language, factor, 1.0)
        return table.assign(average_signature=table["average_signature"] * factors)

    return Sampled(*map(scale, one))


def pick(table: pd.DataFrame, kind: str, language: str, layer: float = np.nan) -> pd.Series:
    of_layer = table["layer"].isna() if np.isnan(layer) else table["layer"] == layer
    (row,) = table[(table["kind"] == kind) & (table["language"] == language) & of_layer].itertuples(
        index=False
    )
    return pd.Series(row._asdict())


def test_what_resampling_does_to_both_alike_is_no_change() -> None:
    one = experiment(1)
    table = signature_changes([(one, scaled(one, "fi", 0.5))])
    own = pick(table, "change", "fi", 1)
    assert own[["estimate", "low", "high"]].tolist() == pytest.approx([np.log(0.5)] * 3)
    assert pick(table, "change", "de")["estimate"] == pytest.approx(0)
    assert pick(table, "relative", "fi")["estimate"] == pytest.approx(np.log(0.5))
    assert pick(table, "relative", "de")["estimate"] == pytest.approx(-np.log(0.5) / 3)
    assert len(table) == 2 * (len(LAYERS) + 1) * len(LANGUAGES)


def test_interval_of_one_pair_is_students_with_the_variance_of_paired_replicates() -> None:
    before, after = experiment(1), experiment(2)
    row = pick(signature_changes([(before, after)]), "change", "zh", 2)
    draws = [
        np.log(
            table.query("varied == 'sentences' and layer == 2 and language == 'zh'")
            .sort_values("replicate")["average_signature"]
            .to_numpy()
        )
        for table in (before.replicates, after.replicates)
    ]
    change = draws[1] - draws[0]
    reach = stats.t.ppf(0.975, 39) * change.std(ddof=1)
    assert row["high"] - row["estimate"] == pytest.approx(reach)
    assert row["half_width_sentences"] == pytest.approx(reach)
    assert np.isnan(row["half_width_seeds"]) and row["pairs"] == 1


def test_starts_that_differ_widen_the_interval() -> None:
    settled, unsettled = experiment(1), experiment(1, starts=0.3)
    after = experiment(2)
    rows = [pick(signature_changes([(one, after)]), "change", "de") for one in (settled, unsettled)]
    assert rows[1]["high"] - rows[1]["low"] > 1.2 * (rows[0]["high"] - rows[0]["low"])


def test_interval_of_seeds_alone_is_that_of_a_paired_t_test() -> None:
    pairs = [(experiment(n, noise=0), experiment(n + 100, noise=0)) for n in range(5)]
    row = pick(signature_changes(pairs), "relative", "cs")

    def relative(table: pd.DataFrame) -> float:
        wide = np.log(table.pivot(index="layer", columns="language", values="average_signature"))
        return float((wide["cs"] - wide.drop(columns="cs").mean(axis=1)).mean())

    values = [relative(after.estimates) - relative(before.estimates) for before, after in pairs]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))
    assert row["high"] - row["estimate"] == pytest.approx(row["half_width_seeds"])
    assert row["half_width_sentences"] == pytest.approx(0)


def test_more_seeds_do_not_make_the_part_of_the_sentences_smaller() -> None:
    pairs = [(experiment(n), experiment(n + 100)) for n in range(20)]
    one, all_of_them = (
        pick(signature_changes(chosen), "change", "de") for chosen in (pairs[:1], pairs)
    )
    assert all_of_them["half_width_sentences"] == pytest.approx(
        one["half_width_sentences"], rel=0.3
    )
    assert all_of_them["high"] - all_of_them["estimate"] > all_of_them["half_width_sentences"]


@pytest.mark.parametrize("seeds", [1, 5])
def test_interval_holds_what_is_true_as_often_as_it_says(seeds: int) -> None:
    """Seeds, sentences and starts vary; what is true is the mean over seeds, of all sentences."""
    rng = default_rng(7)
    hits: list[bool] = []
    for _ in range(30):
        shift = rng.normal(scale=0.2, size=(3, 4))  # by the sentences at hand, in all seeds
        pairs = []
        for _ in range(seeds):
            sides = []
            for side in (0.0, 1.0):
                truth = side + (rng.normal(scale=0.1, size=(3, 4)) if seeds > 1 else 0)
                at_hand = truth + side * shift
                sentences = at_hand + side * rng.normal(scale=0.2, size=(40, 3, 4))
                starts = np.repeat(at_hand[None], 3, axis=0)
                sides.append(sampled(*map(np.exp, (at_hand, sentences, starts))))
            pairs.append((sides[0], sides[1]))
        rows = signature_changes(pairs).query("kind == 'change' and layer.notna()")
        hits += rows["low"].le(1).mul(rows["high"].ge(1)).tolist()
    assert len(hits) == 360
    assert 0.91 < np.mean(hits) < 0.99


def test_what_not_all_have_is_left_out() -> None:
    before, after = experiment(1), experiment(2)
    fewer = Sampled(*(table.query("language != 'zh' and layer < 2") for table in after))
    table = signature_changes([(before, fewer)])
    assert set(table["language"]) == {"cs", "de", "fi"}
    assert sorted(table["layer"].dropna().unique()) == [0, 1]
    other = Sampled(*(table.assign(normalise="variance") for table in after))
    assert signature_changes([(before, other)]).empty


def test_two_languages_that_change_alike_do_not_change_relatively() -> None:
    one = Sampled(*(table.query("language in ['cs', 'de']") for table in experiment(1)))
    table = signature_changes([(one, scaled(scaled(one, "cs", 2), "de", 2))])
    assert table.query("kind == 'relative'")["estimate"].abs().max() == pytest.approx(0)


def test_no_pairs_are_an_error() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        signature_changes([])


def test_categories_have_an_interval_over_seeds_only() -> None:
    rng = default_rng(3)
    pairs = []
    for _ in range(4):
        sides = [
            estimates(np.exp(rng.normal(size=(3, 4)))).assign(category="Number") for _ in range(2)
        ]
        pairs.append((sides[0], sides[1]))
    (row,) = category_changes(pairs).query("language == 'fi' and layer == 1").to_dict("records")
    changes = [
        float(np.log(after - 0).iloc[0] - np.log(before).iloc[0])
        for before, after in (
            tuple(
                side.query("language == 'fi' and layer == 1")["average_signature"] for side in pair
            )
            for pair in pairs
        )
    ]
    expected = stats.ttest_1samp(changes, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))
    assert row["change"] == pytest.approx(np.mean(changes))
    assert np.log(row["after"] / row["before"]) == pytest.approx(row["change"])
    alone = category_changes(pairs[:1])
    assert alone["low"].isna().all() and len(alone) == 12


TREE = "((cs:1,de:1):1,(fi:1,zh:1):1);"
OTHER = "((cs:1,fi:1):1,(de:1,zh:1):1);"


def tree(newick: str) -> pd.DataFrame:
    return pd.DataFrame({"category": ["Number"], "layer": [0], "newick": [newick]})


def test_distance_of_trees() -> None:
    (same,) = tree_distances([(tree(TREE), tree(TREE))]).to_dict("records")
    assert (same["robinson_foulds"], same["cophenetic_correlation"]) == pytest.approx((0, 1))
    (other,) = tree_distances([(tree(TREE), tree(OTHER))]).to_dict("records")
    assert other["robinson_foulds"] == 1
    # Distances of cs-de, cs-fi, cs-zh, de-fi, de-zh, fi-zh in the two.
    expected = np.corrcoef([2, 4, 4, 4, 4, 2], [4, 2, 4, 4, 2, 4])[0, 1]
    assert other["cophenetic_correlation"] == pytest.approx(expected)
    (mean,) = tree_distances([(tree(TREE), tree(TREE)), (tree(TREE), tree(OTHER))]).to_dict(
        "records"
    )
    assert mean["robinson_foulds"] == 0.5 and mean["pairs"] == 2


def test_trees_are_compared_on_the_languages_of_both() -> None:
    fewer = "((cs:1,de:1):1,fi:2);"
    (row,) = tree_distances([(tree(TREE), tree(fewer))]).to_dict("records")
    assert row["languages"] == 3 and row["robinson_foulds"] == 0
    assert tree_distances([(tree(TREE), tree("(cs:1,de:1);"))]).empty


def test_correlations_are_averaged_and_findings_counted() -> None:
    def table(pearson: float, p: float) -> pd.DataFrame:
        place = {"property": "data_size", "category": "Number", "layer": [0, 1]}
        return pd.DataFrame({**place, "pearson": [pearson, np.nan], "p_adjusted": [p, np.nan]})

    pairs = [(table(0.5, 0.01), table(0.1, 0.6)), (table(0.7, 0.2), table(0.3, 0.6))]
    (row,) = correlation_changes(pairs).to_dict("records")
    assert (row["before"], row["after"]) == pytest.approx((0.6, 0.2))
    assert (row["found_before"], row["found_after"], row["pairs"]) == (1, 0, 2)
