"""Associations of signatures with facts about the languages: properties, relatives and scores."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from langsig.analysis.benchmarks import score_correlations
from langsig.analysis.correlations import correlations
from langsig.analysis.distances import absence_distances, combined_distances
from langsig.analysis.facts import LanguageFacts
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
    MeasureTests,
    Properties,
    ScoreCorrelations,
    SetAverages,
    Signatures,
    Trees,
    TreeStatistics,
    VarianceTests,
)


@dataclass(frozen=True)
class Associations:
    """How signatures are associated with facts about the languages.

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
    averages = signatures.average()
    distances = signatures.distances()
    languages = facts.languages.frame["language"]
    categories = averages.frame["category"].unique()
    combined = combined_distances(distances, languages=languages, categories=categories)
    absences = absence_distances(distances, languages=languages, categories=categories)
    compared = trees(
        Distances.concat([distances, combined, absences]),
        facts.languages,
        reference=facts.tree,
        options=options,
    )
    joint_tests = variance_tests(
        averages, diverse=diverse, related=related, layers=layers, options=options
    )
    separate_tests = separate_variance_tests(
        separate, diverse=diverse, related=related, layers=layers, options=options
    )
    benchmarks = None
    if facts.scores is not None:
        benchmarks = score_correlations(
            averages.select(category=ALL_WORDS), facts.scores, genera=facts.genera, options=options
        )
    return Associations(
        languages=facts.languages,
        properties=properties,
        correlations=correlations(averages, properties, genera=facts.genera, options=options),
        distances=Distances.concat([distances, combined]),
        trees=compared.trees,
        tree_statistics=compared.statistics,
        variance_tests=VarianceTests.concat([joint_tests, separate_tests]),
        measure_tests=measure_tests(
            measures(averages, baselines, estimates),
            properties,
            facts.scores,
            genera=facts.genera,
            options=options,
        ),
        benchmarks=benchmarks,
    )
