import json
import math
from collections.abc import Callable
from functools import cache
from itertools import combinations, permutations
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.stats import spearmanr
from skbio.tree import TreeNode

from langsig.analysis import InferenceOptions, TreeComparison, reference_tree, trees
from langsig.errors import InputError
from langsig.sample_world.concepts import make_concepts
from langsig.sample_world.lexicon import make_languages
from langsig.schemas import Distances, Languages, Signatures

Array = NDArray[np.float64]
COLUMNS = ["category", "layer", "language", "other", "distance"]
CLADES, QUARTETS, COPHENETIC, PURITY = STATISTICS = [
    "clades",
    "quartets",
    "cophenetic correlation",
    "genus purity",
]
FACTS = pd.DataFrame(
    {
        "language": ["aa", "ab", "ac", "ba", "bb", "ca", "da"],
        "family": ["A", "A", "A", "A", "A", "C", None],
        "genus": ["Aa", "Aa", "Aa", "Ab", "Ab", None, None],
    }
)
NAMES = FACTS["language"].tolist()
# Of FACTS: Aa (three languages), Ab (two), A (five of seven).
NEWICK = "(((aa,ab,ac)Aa,(ba,bb)Ab)A,(ca)C,da);"


def table(condensed: Array, names: list[str] = NAMES, category: str = "Case") -> pd.DataFrame:
    """From the upper triangle of distances; pairs and their order are turned at random."""
    rng = default_rng(0)
    rows = [
        (category, 0, *(pair if rng.random() < 0.5 else pair[::-1]), distance)
        for pair, distance in zip(combinations(names, 2), condensed, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS).assign(scope="category")
    return frame.sample(frac=1, random_state=0)


def random_distances(seed: int, languages: int = len(NAMES)) -> Array:
    return default_rng(seed).uniform(0.1, 1, math.comb(languages, 2))


def languages(facts: pd.DataFrame) -> Languages:
    return Languages(facts.assign(name=facts["language"]))


def compared(
    distances: pd.DataFrame,
    facts: pd.DataFrame = FACTS,
    *,
    reference: str | None = None,
    **changes: int,
) -> TreeComparison:
    options = InferenceOptions(**({"min_languages": 4, "permutations": 99, "seed": 0} | changes))
    return trees(Distances(distances), languages(facts), reference=reference, options=options)


def statistics_of(*arguments: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    return compared(*arguments, **changes).statistics.frame


def statistics(*arguments: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    return statistics_of(*arguments, **changes).set_index("statistic")


def tree(newick: str) -> TreeNode:
    return TreeNode.read([newick], convert_underscores=False)


# The reference


def test_reference_resolves_what_the_facts_say_and_no_more() -> None:
    result = tree(reference_tree(languages(FACTS)))
    assert result.subsets() == tree(NEWICK).subsets()
    assert {tip.name for tip in result.tips()} == set(NAMES)


def test_reference_of_real_facts(samples: Path) -> None:
    facts = pd.read_csv(samples / "facts" / "languages.csv")
    clades = {frozenset(clade) for clade in tree(reference_tree(languages(facts))).subsets()}
    expected = ["qaa qab", "qac qad", "qae qaf", "qaa qab qac qad qae qaf"]
    assert clades == {frozenset(clade.split()) for clade in expected}


def test_genera_of_the_same_name_are_apart_in_two_families() -> None:
    facts = pd.DataFrame(
        {"language": ["a_1", "b_1", "a_2"], "family": ["A", "B", "A"], "genus": ["West"] * 3}
    )
    assert tree(reference_tree(languages(facts))).subsets() == {frozenset({"a_1", "a_2"})}
    distances = table(np.array([0.9, 0.1, 0.5]), ["a_1", "a_2", "b_1"])
    # a_1 lies with b_1, and has its genus with a_2 in all three only.
    assert statistics(distances, facts).loc[PURITY, "value"] == pytest.approx(2 / 3)


# The trees


def test_trees_are_those_of_average_linkage() -> None:
    distances = random_distances(1)
    (row,) = compared(table(distances)).trees.frame.to_dict("records")
    assert (row["category"], row["layer"]) == ("Case", 0)
    result = tree(row["newick"]).cophenet()
    heights = cophenet(linkage(distances, "average"))
    for (first, second), height in zip(combinations(NAMES, 2), heights, strict=True):
        assert result[first, second] == pytest.approx(height)


def test_each_category_and_layer_has_its_tree() -> None:
    first, second = table(random_distances(1)), table(random_distances(2), category="Voice")
    result = compared(pd.concat([first, first.assign(layer=3), second]))
    assert result.trees.frame[["category", "layer"]].to_numpy().tolist() == [
        ["Case", 0],
        ["Case", 3],
        ["Voice", 0],
    ]
    assert result.statistics.frame["statistic"].tolist() == STATISTICS * 3
    assert (result.statistics.frame["n"] == 7).all()


# The statistics


def height(newick: TreeNode, first: str, second: str) -> float:
    return float(newick.find(first).distance(newick.lca([first, second])))


def quartet(newick: TreeNode, four: tuple[str, ...]) -> frozenset[frozenset[str]] | None:
    """How the tree parts four of its leaves, from what is below each of its nodes."""
    for clade in newick.subsets():
        inside = clade & {*four}
        if len(inside) == 2:
            return frozenset([inside, frozenset(four) - inside])
    return None


@pytest.mark.slow
@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_statistics_are_those_counted_on_the_trees_themselves(seed: int) -> None:
    result = compared(table(random_distances(seed)), permutations=1)
    upgma = tree(result.trees.frame["newick"].item())
    value = result.statistics.frame.set_index("statistic")["value"]
    reference = tree(NEWICK)

    clades = reference.subsets()
    assert len(clades) == 3
    assert value[CLADES] == pytest.approx(len(clades & upgma.subsets()) / 3)

    parted = [four for four in combinations(NAMES, 4) if quartet(reference, four)]
    alike = [quartet(reference, four) == quartet(upgma, four) for four in parted]
    assert value[QUARTETS] == pytest.approx(np.mean(alike))

    pairs = [*combinations(NAMES, 2)]
    heights = [round(height(upgma, *pair), 9) for pair in pairs]
    depths = [len(reference.lca([*pair]).ancestors()) for pair in pairs]
    assert value[COPHENETIC] == pytest.approx(spearmanr(heights, np.negative(depths)).statistic)

    shares = []
    for genus in ({"aa", "ab", "ac"}, {"ba", "bb"}):
        for pair in combinations(sorted(genus), 2):
            below = {tip.name for tip in upgma.lca([*pair]).tips()}
            shares.append(len(below & genus) / len(below))
    assert value[PURITY] == pytest.approx(np.mean(shares))


@pytest.mark.slow
def test_share_of_clades_agrees_with_another_count() -> None:
    # Of two resolved trees, scikit-bio's distance is the share of clades that are not in both.
    names = [f"q{n}" for n in range(7)]
    facts = pd.DataFrame({"language": names, "family": "Q", "genus": None})
    for seed in range(20):
        first, second = (
            compared(table(random_distances(number), names), facts).trees.frame["newick"].item()
            for number in (seed, seed + 100)
        )
        result = statistics(table(random_distances(seed), names), facts, reference=second)
        distance = tree(first).compare_subsets(tree(second))
        assert result.loc[CLADES, "value"] == pytest.approx(1 - distance)
        assert np.isnan(result.loc[PURITY, "value"]), "unknown genera are not one genus"


def test_relatives_together_have_all_at_best() -> None:
    depths = {pair: len(tree(NEWICK).lca([*pair]).ancestors()) for pair in combinations(NAMES, 2)}
    plain = np.array([1 - depth / 4 for depth in depths.values()])
    result = statistics(table(plain))
    np.testing.assert_allclose(result["value"], 1)
    noisy = statistics(table(plain + random_distances(0) / 100))
    np.testing.assert_allclose(noisy["value"], noisy["best"])
    np.testing.assert_allclose(noisy.drop(COPHENETIC)["best"], 1)
    assert 0.8 < noisy.loc[COPHENETIC, "best"] < 1, "nodes that the reference does not have"


@pytest.mark.slow
def test_best_is_what_distances_allow_where_relatives_are_apart() -> None:
    for seed in range(20):
        result = statistics(table(random_distances(seed)))
        assert (result["value"] <= result["best"] + 1e-9).all()
        np.testing.assert_allclose(result.drop(COPHENETIC)["best"], 1)


def test_ties_are_not_resolved() -> None:
    rounding = random_distances(0) / 10**15
    result = statistics(table(1 + rounding))["value"]
    assert (result[CLADES], result[QUARTETS]) == (0, 0)
    assert np.isnan(result[COPHENETIC])
    assert result[PURITY] == pytest.approx((3 * 3 + 2) / 4 / 7)


@pytest.mark.slow
@given(st.integers(0, 10**6), st.permutations(range(7)))
@settings(max_examples=20, deadline=None)
def test_names_of_languages_do_not_matter(seed: int, order: list[int]) -> None:
    distances = table(random_distances(seed))
    renamed = dict(zip(NAMES, [f"x{n}" for n in order], strict=True))
    second = distances.replace({"language": renamed, "other": renamed})
    facts = FACTS.assign(language=FACTS["language"].map(renamed))
    first, same = statistics(distances), statistics(second, facts)
    np.testing.assert_allclose(first["value"], same["value"])
    np.testing.assert_allclose(first["best"], same["best"])


# Reference given as a tree


def test_languages_that_the_reference_lacks_have_no_relatives() -> None:
    distances = table(random_distances(3))
    short = statistics(distances, reference="((aa,ab,ac),(ba,bb));")
    pd.testing.assert_frame_equal(short, statistics(distances, reference=NEWICK))


def test_languages_without_distances_stay_in_the_reference_only() -> None:
    distances = table(random_distances(3))
    longer = NEWICK.replace("da", "((zz,zy),da)")
    result = statistics(distances, reference=longer)
    pd.testing.assert_frame_equal(result, statistics(distances, reference=NEWICK))


def test_codes_of_the_reference_may_be_written_otherwise() -> None:
    distances = table(random_distances(3))
    result = statistics(distances, reference=NEWICK.replace("aa", "AAR").replace("ba", "bak"))
    pd.testing.assert_frame_equal(result, statistics(distances, reference=NEWICK))


@pytest.mark.parametrize("newick", ["", "((aa,ab)", "((xx,xy),xz);"])
def test_bad_references_are_named(newick: str) -> None:
    with pytest.raises(InputError, match="reference"):
        compared(table(random_distances(0)), reference=newick)


# Permutations


@pytest.mark.slow
def test_few_permutations_are_all_gone_through() -> None:
    names = NAMES[:5]
    distances = random_distances(7, 5)
    result = statistics(table(distances, names), permutations=120)
    square = pd.DataFrame(1.0, names, names)
    for (first, second), distance in zip(combinations(names, 2), distances, strict=True):
        square.loc[first, second] = square.loc[second, first] = distance
    moved = []
    for index, order in enumerate(permutations(names)):
        condensed = [square.loc[first, second] for first, second in combinations(order, 2)]
        moved.append(table(np.array(condensed), names, f"c{index:03d}"))
    single = statistics_of(pd.concat(moved), permutations=0)
    exact = single.pivot(index="category", columns="statistic", values="value")[STATISTICS]
    assert len(exact) == 120
    np.testing.assert_allclose(result["expected"], exact.mean(), atol=1e-12)
    np.testing.assert_allclose(result["p"], (exact >= result["value"] - 1e-9).mean())


def test_permutations_are_drawn_where_there_are_more() -> None:
    distances = table(random_distances(7, 5), NAMES[:5])
    result = statistics(distances, permutations=100)  # of 120
    np.testing.assert_allclose((result["p"] * 101 + 0.5) % 1, 0.5, atol=1e-6)


def test_permutations_are_drawn_by_the_seed() -> None:
    distances = table(random_distances(8))
    first, same, second = (statistics(distances, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, same)
    assert (first["expected"] != second["expected"]).all()
    np.testing.assert_allclose((first["p"] * 100 + 0.5) % 1, 0.5, atol=1e-6)


def random_signatures(rng: Generator, names: list[str], category: str) -> pd.DataFrame:
    values = rng.random((len(names), 16))
    rows = [(category, 0, names[n], k, values[n, k]) for n, k in np.ndindex(values.shape)]
    return pd.DataFrame(rows, columns=["category", "layer", "language", "component", "value"])


@pytest.mark.slow
def test_unrelated_signatures_are_rejected_as_often_as_they_should_be(samples: Path) -> None:
    facts = pd.read_csv(samples / "facts" / "languages.csv")
    rng, names = default_rng(0), facts["language"].tolist()
    drawn = [random_signatures(rng, names, f"c{n:03d}") for n in range(300)]
    distances = Signatures(pd.concat(drawn)).distances().frame
    result = statistics_of(distances, facts, permutations=199)
    for level in (0.05, 0.2):
        rates = (result["p"] <= level).groupby(result["statistic"]).mean()
        assert (rates < level + 3 * np.sqrt(level * (1 - level) / 300)).all()
        assert rates[COPHENETIC] > level - 3 * np.sqrt(level * (1 - level) / 300)
    assert result.loc[result["statistic"] == COPHENETIC, "p"].mean() == pytest.approx(0.5, abs=0.05)
    # Few clades can be recovered: their test has few values, and rejects less often.
    expected = result.groupby("statistic")["expected"].mean()
    assert expected[QUARTETS] == pytest.approx(1 / 3, abs=0.02)


# Too little to compare


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["aa", "ab"], [CLADES, QUARTETS, COPHENETIC]),
        (["aa", "ca"], [*STATISTICS]),
        (["aa", "ab", "ca"], [QUARTETS]),
        (["aa", "ca", "da"], [*STATISTICS]),
        (["aa", "ba", "ca", "da"], [PURITY]),
    ],
)
def test_statistics_with_nothing_to_compare_are_missing(
    names: list[str], missing: list[str]
) -> None:
    distances = random_distances(0, len(names))
    result = statistics(table(distances, names), permutations=999)
    numbers = result[["value", "expected", "best", "p"]]
    assert numbers.loc[missing].isna().all(axis=None)
    assert numbers.drop(missing).notna().all(axis=None)
    assert (result["n"] == len(names)).all()


def test_few_languages_are_not_counted() -> None:
    full = [table(random_distances(n), category=f"c{n}") for n in range(3)]
    few = table(random_distances(5, 3), NAMES[:3], "few")
    separate = statistics_of(pd.concat(full))
    together = statistics_of(pd.concat([*full, few]))
    counted = together["category"] != "few"
    pd.testing.assert_frame_equal(together[counted].reset_index(drop=True), separate)
    small = together[~counted]
    assert not small["enough"].any() and small["p_adjusted"].isna().all()
    rows = separate[separate["statistic"] == COPHENETIC].sort_values("p")
    step = rows["p"].to_numpy() * 3 / np.arange(1, 4)
    np.testing.assert_allclose(rows["p_adjusted"], np.minimum.accumulate(step[::-1])[::-1])


def test_languages_without_known_distances_are_left_out() -> None:
    distances = table(random_distances(0))
    unknown = (distances[["language", "other"]] == "da").any(axis=1)
    result = compared(distances.assign(distance=distances["distance"].mask(unknown)))
    assert (result.statistics.frame["n"] == 6).all()
    assert "da" not in result.trees.frame["newick"].item()
    nothing = compared(distances.assign(distance=np.nan))
    assert len(nothing.trees) == len(nothing.statistics) == 0
    assert len(compared(distances.iloc[:0]).statistics) == 0


def test_a_distance_that_is_missing_alone_is_named() -> None:
    distances = table(random_distances(0))
    present = ~distances[["language", "other"]].isin(["aa", "da"]).all(axis=1)
    with pytest.raises(InputError, match=r"category Case, layer 0: .* of aa, da are missing"):
        compared(distances[present])


def test_languages_without_facts_are_named() -> None:
    with pytest.raises(InputError, match="languages: no row for bb"):
        compared(table(random_distances(0)), FACTS.query("language != 'bb'"))


# Planted trees


@cache
def sample_tree() -> str:
    truth = Path(__file__).parents[2] / "samples" / "truth.json"
    return str(json.loads(truth.read_text(encoding="utf-8"))["tree"])


def sample_facts() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).parents[2] / "samples" / "facts" / "languages.csv")


def evolved(seed: int, noise: float, components: int = 256) -> pd.DataFrame:
    """Signatures by Brownian motion along the sample's tree, and of two unrelated languages.

    The tree has a stem of length .3: without it, its first two branches have nothing in common.
    """
    rng = default_rng(seed)
    root = tree(sample_tree())
    values = {root: rng.normal(size=components) * np.sqrt(0.3)}
    for node in root.preorder(include_self=False):
        values[node] = values[node.parent] + rng.normal(size=components) * np.sqrt(node.length)
    tips = {tip.name: values[tip] for tip in root.tips()}
    tips |= {name: rng.normal(size=components) * np.sqrt(0.8) for name in ("qag", "qah")}
    rows = [
        ("Case", 0, name, k, number + noise * rng.normal())
        for name, vector in tips.items()
        for k, number in enumerate(vector)
    ]
    return pd.DataFrame(rows, columns=["category", "layer", "language", "component", "value"])


@pytest.mark.parametrize("seed", range(5))
def test_signatures_that_evolved_along_a_tree_give_it_back(seed: int) -> None:
    distances = Signatures(evolved(seed, noise=0.1)).distances().frame
    result = statistics(distances, sample_facts(), reference=sample_tree(), permutations=199)
    assert result["value"].drop(COPHENETIC).tolist() == [1, 1, 1]
    assert result.loc[COPHENETIC, "value"] > 0.8
    assert (result["p"] <= 0.02).all()


@pytest.mark.slow
def test_noise_drowns_the_tree() -> None:
    little, much = (
        np.mean(
            [
                statistics(Signatures(evolved(seed, noise)).distances().frame, sample_facts()).loc[
                    CLADES, "value"
                ]
                for seed in range(10)
            ]
        )
        for noise in (0.3, 3.0)
    )
    assert little > 0.9 > 0.6 > much


def lexical_distances(
    edit_distance: Callable[[str, str], float], seed: int, concepts: int
) -> pd.DataFrame:
    """Mean edit distance of the words for a number of concepts, in a world with this seed."""
    named = make_concepts(Random(seed))
    spoken = make_languages(Random(seed + 1), named)
    chosen = sorted(named.content)[:: max(1, len(named.content) // concepts)][:concepts]
    words = {
        code: [language.phonemes(concept) for concept in chosen]
        for code, language in sorted(spoken.items())
    }
    distances = [
        np.mean([edit_distance(*pair) for pair in zip(first, second, strict=True)])
        for first, second in combinations(words.values(), 2)
    ]
    return table(np.array(distances), [*words])


@pytest.mark.slow
def test_words_of_the_sample_give_its_tree_back(
    edit_distance: Callable[[str, str], float],
) -> None:
    whole = []
    for seed in range(5):
        distances = lexical_distances(edit_distance, seed, concepts=100)
        result = statistics(distances, sample_facts(), reference=sample_tree(), permutations=199)
        whole.append(result.loc[CLADES, "value"] == 1 and result.loc[QUARTETS, "value"] == 1)
        assert (result["p"] <= 0.05).all()
    assert sum(whole) >= 4
