"""Associations of signatures with facts about the languages: properties, relatives and scores."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from langsig.analysis.benchmarks import score_correlations
from langsig.analysis.correlations import correlations
from langsig.analysis.distances import absence_distances, combined_distances
from langsig.analysis.facts import LanguageFacts
from langsig.analysis.learned import learned_averages, learned_distances, of_measures
from langsig.analysis.measure_tests import measure_tests, measures
from langsig.analysis.options import InferenceOptions
from langsig.analysis.sets import separate_variance_tests, variance_tests
from langsig.analysis.trees import trees
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    Baselines,
    Correlations,
    Distances,
    Estimates,
    Languages,
    LearnedComponents,
    LearnedSignatures,
    MeasureTests,
    Properties,
    ScoreCorrelations,
    SetAverages,
    Signatures,
    Trees,
    TreeStatistics,
    VarianceTests,
)
from langsig.terms import AVERAGE_SIGNATURE


@dataclass(frozen=True)
class Associations:
    """How signatures are associated with facts about the languages.

    Tables have the column ``measure``: the published signatures, or the learned ones.

    Attributes
    ----------
    languages
        Names and relations of the languages.
    properties
        Properties of the languages.
    correlations
        Correlations of average signatures with properties.
    distances
        Distances between signatures, of single categories and of all categories combined.
    trees
        Trees of these distances, and of the absences of categories.
    tree_statistics
        How well the trees agree with known relations.
    variance_tests
        Comparison of diverse with related languages, factorised jointly and separately.
    measure_tests
        Trends and correlations of other measures than the average signature.
    benchmarks
        Correlations of average signatures of all words with benchmark scores, if there are any.
    """

    languages: Languages
    properties: Properties
    correlations: Correlations
    distances: Distances
    trees: Trees
    tree_statistics: TreeStatistics
    variance_tests: VarianceTests
    measure_tests: MeasureTests
    benchmarks: ScoreCorrelations | None

    def save(self, folder: str | Path) -> None:
        """Write each table to a CSV file that is named after the attribute."""
        for field in fields(self):
            table = getattr(self, field.name)
            if table is not None:
                table.save(Path(folder, f"{field.name}.csv"))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read the tables that :meth:`save` wrote.

        Raises
        ------
        InputError
            If a table other than ``benchmarks.csv`` is missing, or a table is malformed.
        """

        def path(name: str) -> Path:
            return Path(folder, f"{name}.csv")

        return cls(
            languages=Languages.load(path("languages")),
            properties=Properties.load(path("properties")),
            correlations=Correlations.load(path("correlations")),
            distances=Distances.load(path("distances")),
            trees=Trees.load(path("trees")),
            tree_statistics=TreeStatistics.load(path("tree_statistics")),
            variance_tests=VarianceTests.load(path("variance_tests")),
            measure_tests=MeasureTests.load(path("measure_tests")),
            benchmarks=(
                ScoreCorrelations.load(path("benchmarks")) if path("benchmarks").is_file() else None
            ),
        )


def associations(
    signatures: Signatures,
    *,
    separate: SetAverages,
    baselines: Baselines,
    estimates: Estimates,
    learned: LearnedSignatures,
    components: LearnedComponents,
    properties: Properties,
    facts: LanguageFacts,
    layers: Collection[int],
    diverse: Collection[str],
    related: Mapping[str, Collection[str]],
    options: InferenceOptions,
) -> Associations:
    """Test how signatures are associated with facts about the languages.

    Parameters
    ----------
    signatures
        Signatures of all categories.
    separate
        Average signatures of the sets `diverse` and `related`, each factorised separately.
    baselines
        Plainer measures than the average signature.
    estimates
        Average signatures of all words, from all sources and normalisations.
    learned
        Learned signatures. They have all words only, and are not fitted to sets of languages.
    components
        Their components, from whose scores distances are computed.
    properties
        Properties of the languages, see :func:`langsig.analysis.language_properties`.
    facts
        Names, relations and benchmark scores.
    layers, diverse, related
        Layers and sets of languages whose variance is tested, see
        :func:`langsig.analysis.variance_tests`.
    options
        Options of all tests.
    """
    published = signatures.average()
    averages = {AVERAGE_SIGNATURE: published, **learned_averages(learned)}
    all_words = {name: table.select(category=ALL_WORDS) for name, table in averages.items()}
    languages = facts.languages.frame["language"]
    categories = published.frame["category"].unique()
    of_categories = signatures.distances()
    combined = combined_distances(of_categories, languages=languages, categories=categories)
    absences = absence_distances(of_categories, languages=languages, categories=categories)
    of_learned = learned_distances(components)
    compared = {
        name: trees(table, facts.languages, reference=facts.tree, options=options)
        for name, table in {
            AVERAGE_SIGNATURE: Distances.concat([of_categories, combined, absences]),
            **of_learned,
        }.items()
    }
    joint_tests = of_measures(
        lambda table: variance_tests(
            table, diverse=diverse, related=related, layers=layers, options=options
        ),
        averages,
        VarianceTests,
    )
    separate_tests = separate_variance_tests(
        separate, diverse=diverse, related=related, layers=layers, options=options
    )
    genera, scores = facts.genera, facts.scores
    return Associations(
        languages=facts.languages,
        properties=properties,
        correlations=of_measures(
            lambda table: correlations(table, properties, genera=genera, options=options),
            averages,
            Correlations,
        ),
        distances=of_measures(
            lambda table: table,
            {AVERAGE_SIGNATURE: Distances.concat([of_categories, combined]), **of_learned},
            Distances,
        ),
        trees=of_measures(lambda result: result.trees, compared, Trees),
        tree_statistics=of_measures(lambda result: result.statistics, compared, TreeStatistics),
        variance_tests=VarianceTests.concat([joint_tests, separate_tests]),
        measure_tests=measure_tests(
            measures(averages, baselines, estimates),
            properties,
            scores,
            genera=genera,
            options=options,
        ),
        benchmarks=of_measures(
            lambda table: score_correlations(table, scores, genera=genera, options=options),
            all_words,
            ScoreCorrelations,
        )
        if scores is not None
        else None,
    )
