from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from langsig.analysis import Associations, InferenceOptions, LanguageFacts, associations
from langsig.errors import InputError
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    Baselines,
    Estimates,
    Languages,
    LearnedComponents,
    LearnedSignatures,
    Properties,
    Scores,
    SetAverages,
    Signatures,
    Table,
    select_measure,
)

LANGUAGES = ["de", "en", "es", "fr", "nan", "pt"]
GERMANIC = ["de", "en"]
Complete = Callable[[type[Table], pd.DataFrame], Table]


@pytest.fixture(scope="module")
def inputs(complete: Complete) -> dict[str, object]:
    """Arguments of :func:`associations`; one language is called ``nan``, and lacks Case.

    Learned signatures have the numbers of the published ones.
    """
    rng = np.random.default_rng(3)
    index = pd.MultiIndex.from_product(
        [["Case", ALL_WORDS], range(3), LANGUAGES, range(4)],
        names=["category", "layer", "language", "component"],
    )
    signatures = pd.Series(rng.gamma(2, size=len(index)), index, name="value").reset_index()
    lacking = (signatures["category"] == "Case") & (signatures["language"] == "nan")
    averages = Signatures(signatures[~lacking]).average().frame
    genera = ["West Germanic" if name in GERMANIC else "Romance" for name in LANGUAGES]
    facts = pd.DataFrame({"language": LANGUAGES, "name": LANGUAGES, "genus": genera})
    values = pd.DataFrame({"language": LANGUAGES, "value": np.arange(6.0)})
    return {
        "signatures": Signatures(signatures[~lacking]),
        "separate": SetAverages(
            pd.concat(
                averages[averages["language"].isin(members)].assign(set=name)
                for name, members in {"diverse": LANGUAGES[:4], "Late": LANGUAGES[3:]}.items()
            )
        ),
        "baselines": Baselines(
            averages.rename(columns={"average_signature": "value"}).assign(measure="svd")
        ),
        "estimates": complete(
            Estimates, averages[averages["category"] == ALL_WORDS].drop(columns="category")
        ),
        "learned": LearnedSignatures(
            averages[averages["category"] == ALL_WORDS]
            .rename(columns={"average_signature": "value"})
            .drop(columns="category")
            .assign(
                measure="shared", low=0.0, high=1.0, p=0.5, words=9, partial=True, own_start=True
            )
        ),
        "components": LearnedComponents(
            signatures[signatures["category"] == ALL_WORDS]
            .rename(columns={"value": "score"})
            .drop(columns="category")
            .assign(signature=1.0)
        ),
        "properties": Properties(values.assign(property="size", category=None)),
        "facts": LanguageFacts(
            Languages(facts.assign(family="Indo-European")), None, complete(Scores, values)
        ),
        "layers": [0, 2],
        "diverse": LANGUAGES[:4],
        "related": {"Late": LANGUAGES[3:]},
        "options": InferenceOptions(min_languages=3, permutations=99, seed=0),
    }


@pytest.fixture(scope="module")
def result(inputs: dict[str, object]) -> Associations:
    return associations(**inputs)  # type: ignore[arg-type]


def test_trees_are_of_categories_of_all_combined_and_of_absences(result: Associations) -> None:
    published = select_measure(result, "average_signature")
    for table in (published.trees.frame, published.tree_statistics.frame):
        scopes = table[["scope", "category"]].drop_duplicates().fillna("-").to_numpy().tolist()
        assert scopes == [
            ["category", "Case"],
            ["category", ALL_WORDS],
            ["combined", "-"],
            ["absences", "-"],
        ]
    assert set(result.distances.frame["scope"]) == {"category", "combined"}


def test_sets_are_compared_in_joint_and_separate_fits(result: Associations) -> None:
    tests = result.variance_tests.frame
    assert set(zip(tests["fit"], tests["layer"], strict=True)) == {
        ("joint", 0),
        ("joint", 2),
        ("separate", 0),
        ("separate", 2),
    }


def test_correlations_are_of_average_signatures(
    inputs: dict[str, object], result: Associations
) -> None:
    signatures = inputs["signatures"]
    assert isinstance(signatures, Signatures)
    averages = signatures.average().select(category=ALL_WORDS).frame
    means = averages.groupby("language")["average_signature"].mean()
    expected = np.corrcoef(means, np.arange(6))[0, 1]
    all_words = result.correlations.select(category=ALL_WORDS, scope="mean").frame
    assert all_words["pearson"].tolist() == pytest.approx([expected] * 2), "of two measures"
    assert result.benchmarks is not None
    of_scores = result.benchmarks.select(scope="mean").frame["pearson"]
    assert of_scores.tolist() == pytest.approx([expected] * 2), "scores are the same numbers"


def test_learned_signatures_go_through_the_same_analyses(result: Associations) -> None:
    published, learned = (select_measure(result, name) for name in ("average_signature", "shared"))
    for name in ("correlations", "distances", "trees", "tree_statistics"):
        frames = [
            getattr(tables, name).select(category=ALL_WORDS).frame.drop(columns="measure")
            for tables in (published, learned)
        ]
        corrected = [column for column in frames[0] if column == "p_adjusted"]  # other families
        frames = [frame.drop(columns=corrected) for frame in frames]
        pd.testing.assert_frame_equal(*frames)
        assert set(getattr(learned, name).frame["category"]) == {ALL_WORDS}
    assert set(learned.variance_tests.frame["fit"]) == {"joint"}
    of_measure = result.measure_tests.select(measure="shared").frame
    assert set(of_measure["test"]) == {"trend", "property", "score"}


def test_tables_are_the_same_after_saving_and_loading(result: Associations, tmp_path: Path) -> None:
    result.save(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {
        "benchmarks",
        "correlations",
        "distances",
        "languages",
        "measure_tests",
        "properties",
        "tree_statistics",
        "trees",
        "variance_tests",
    }
    assert Associations.load(tmp_path) == result


@pytest.mark.slow
def test_without_scores_there_are_no_benchmarks(inputs: dict[str, object], tmp_path: Path) -> None:
    facts = inputs["facts"]
    assert isinstance(facts, LanguageFacts)
    result = associations(**inputs | {"facts": LanguageFacts(facts.languages, None, None)})  # type: ignore[arg-type]
    assert result.benchmarks is None
    assert set(result.measure_tests.frame["test"]) == {"trend", "property"}
    result.save(tmp_path)
    assert not (tmp_path / "benchmarks.csv").exists()
    assert Associations.load(tmp_path) == result
    (tmp_path / "trees.csv").unlink()
    with pytest.raises(InputError, match=r"trees\.csv"):
        Associations.load(tmp_path)
