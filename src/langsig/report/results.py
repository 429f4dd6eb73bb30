"""The results of a run that the page shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

import pandas as pd

from langsig.figures import family_marks, related_order
from langsig.figures.palette import FAMILY_COLOURS, GREY
from langsig.morphology import ALL_WORDS
from langsig.profiling import Profile
from langsig.schemas import (
    AverageSignatures,
    BaselineAgreement,
    CategoryCounts,
    Correlations,
    Diagnostics,
    Distances,
    Findings,
    Intervals,
    Languages,
    LearnedSignatures,
    LearnedStability,
    LearningCurves,
    MeasureTests,
    RankRecommendations,
    RankSweep,
    ResidualReliability,
    ScoreCorrelations,
    Spread,
    Table,
    TreebankSizes,
    Trees,
    TreeStatistics,
    Trends,
    VarianceTests,
)
from langsig.terms import MODEL

EXPERIMENTAL = "experimental"
"""Name of the multilingual model among the models."""
DAGGER = "†"
"""Marks languages whose model has not learnt."""
OTHER_FAMILIES = "other families"
"""Group of the languages whose family has no colour, or is unknown."""


@dataclass(frozen=True)
class ModelLearning:
    """What one model has learnt."""

    gain: float
    """Gain over token frequencies on held-out text, in nats per token."""
    learnt: bool
    """Whether the gain reaches the margin."""


@dataclass(frozen=True)
class Results:
    """The results of one run. Sections whose tables are absent or empty are left out."""

    languages: Languages = field(default_factory=Languages.empty)
    """Names and relations of the languages; others go by their codes."""
    reference: str = MODEL
    """What the states of the multilingual model are compared with, one of `WORD_REFERENCES`."""
    learning: Mapping[str, ModelLearning] = field(default_factory=dict)
    """By model that was trained in this run."""
    checkpoint: str | None = None
    """Name of the multilingual model if it was not trained in this run."""
    margin: float | None = None
    """Smallest gain, in nats per token, at which a model counts as learnt."""
    learning_curves: LearningCurves | None = None
    average_signatures: AverageSignatures | None = None
    spread: Spread | None = None
    intervals: Intervals | None = None
    findings: Findings | None = None
    trends: Trends | None = None
    factorizations: Diagnostics | None = None
    baseline_agreement: BaselineAgreement | None = None
    residual_reliability: ResidualReliability | None = None
    treebanks: TreebankSizes | None = None
    coverage: CategoryCounts | None = None
    correlations: Correlations | None = None
    benchmarks: ScoreCorrelations | None = None
    distances: Distances | None = None
    trees: Trees | None = None
    tree_statistics: TreeStatistics | None = None
    variance_tests: VarianceTests | None = None
    measure_tests: MeasureTests | None = None
    ranks: RankSweep | None = None
    recommendations: RankRecommendations | None = None
    learned: LearnedSignatures | None = None
    learned_stability: LearnedStability | None = None
    learned_notes: str = ""
    """Why learned signatures of languages, or their levels, are missing."""
    profile: Profile | None = None
    """What the multilingual model does in each language."""

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """One row per language, in the order of :func:`langsig.figures.related_order`.

        Columns ``language``; ``name`` (the code if there is none) and ``label`` (the code), both
        with a dagger if the model of the language has not learnt; ``family``, ``genus`` (missing
        where unknown); ``group``: the family, or ``other families`` if it has no colour.
        """
        known = self.languages.frame.set_index("language")
        order = related_order(self.languages, self._codes())
        table = known.reindex(pd.Index(order, name="language", dtype="str")).reset_index()
        daggers = table["language"].map(lambda code: DAGGER if code in self.unlearnt else "")
        table["name"] = table["name"].fillna(table["language"]) + daggers
        table["label"] = table["language"] + daggers
        coloured = [
            family
            for family, mark in family_marks(self.languages).items()
            if mark.colour in FAMILY_COLOURS
        ]
        table["group"] = table["family"].where(table["family"].isin(coloured), OTHER_FAMILIES)
        return table

    @cached_property
    def colours(self) -> dict[str, str]:
        """The colour of each ``group`` of :attr:`profiles`, in their order."""
        marks = family_marks(self.languages)
        groups = [str(group) for group in self.profiles["group"].unique()]
        colours = {group: marks[group].colour for group in groups if group != OTHER_FAMILIES}
        if OTHER_FAMILIES in groups:
            colours[OTHER_FAMILIES] = GREY if colours else FAMILY_COLOURS[0]
        return colours

    @property
    def has_controls(self) -> bool:
        """Whether the multilingual model is compared with a monolingual model per language."""
        return self.reference == MODEL

    @cached_property
    def unlearnt(self) -> list[str]:
        """Models that have not learnt."""
        return sorted(model for model, result in self.learning.items() if not result.learnt)

    @cached_property
    def failed_layers(self) -> dict[str, list[int]]:
        """By category: layers whose factorisation failed a check."""
        return self.factorizations.failed_layers() if self.factorizations else {}

    @cached_property
    def categories(self) -> list[str]:
        """All words first, then the other categories by name."""
        names: set[str] = set()
        for table in self._tables():
            if "category" in table.columns:
                names |= set(table.frame["category"].dropna())
        return sorted(names, key=lambda name: (name != ALL_WORDS, name))

    def name(self, model: str) -> str:
        """The name of a language, with a dagger if its model has not learnt."""
        if model == EXPERIMENTAL:
            return "the multilingual model" + (DAGGER if model in self.unlearnt else "")
        return self._names[model]

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(zip(self.profiles["language"], self.profiles["name"], strict=True))

    def _tables(self) -> Iterator[Table]:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Table):
                yield value

    def _codes(self) -> set[str]:
        codes = set(self.learning) - {EXPERIMENTAL}
        for table in self._tables():
            if table is not self.languages:
                for column in ("language", "other"):
                    if column in table.columns:
                        codes |= set(table.frame[column].dropna())
        return codes
