"""The numbers in the sentences of the page. They are of all words unless stated otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2

from langsig.analysis import SIGNIFICANCE, learned_averages
from langsig.analysis.corrections import with_adjusted
from langsig.analysis.findings import DECREASES
from langsig.factorization import MIN_AGREEMENT
from langsig.morphology import ALL_WORDS
from langsig.profiling import Profile
from langsig.report.results import EXPERIMENTAL, Results
from langsig.schemas import (
    AverageSignatures,
    BaselineAgreement,
    CategoryCounts,
    Correlations,
    Diagnostics,
    Distances,
    Findings,
    Intervals,
    LearnedSignatures,
    MeasureTests,
    RankRecommendations,
    RankSweep,
    ResidualReliability,
    ScoreCorrelations,
    Spread,
    TreeStatistics,
    Trends,
    VarianceTests,
)
from langsig.terms import MEASURES, SHARED

RELATEDNESS = ("same genus", "same family", "different families")
_OUTCOMES = ("transfer", "probe", "selectivity", "retrieval")
_FEW_LANGUAGES = 4  # a category in fewer languages says little


class Range(NamedTuple):
    """Smallest and largest of several values."""

    low: float
    high: float

    @classmethod
    def of(cls, values: pd.Series) -> "Range":
        return cls(float(values.min()), float(values.max()))


class Estimate(NamedTuple):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Share:
    """A number of cases out of all."""

    count: int
    total: int


def _significant(table: pd.DataFrame, column: str = "p_adjusted") -> pd.DataFrame:
    return table[table[column] < SIGNIFICANCE]


def _share_significant(table: pd.DataFrame) -> Share:
    return Share(len(_significant(table)), len(table))


def _too_few(table: pd.DataFrame) -> Share:
    return Share(int((~table["enough"]).sum()), len(table))


@dataclass(frozen=True)
class Extent:
    """What the run covers."""

    languages: int
    families: int
    layers: int
    categories: int


def extent(results: Results) -> Extent:
    """Numbers of languages, families, layers and categories; 0 where there are no signatures."""
    layers = categories = 0
    if results.average_signatures:
        table = results.average_signatures.frame
        layers, categories = table["layer"].nunique(), table["category"].nunique()
    profiles = results.profiles
    return Extent(len(profiles), profiles["family"].nunique(), layers, categories)


@dataclass(frozen=True)
class Caveats:
    """What limits all results: fits that fail a check, and models that have not learnt."""

    failed_layers: Sequence[int]
    """Layers whose fit of the section's category failed a check."""
    failed_fits: Share | None
    """Fits of all categories that failed a check, if the section is about all categories."""
    unlearnt: Sequence[str]
    """Names of the models that have not learnt."""


def caveats(results: Results, category: str | None = ALL_WORDS) -> Caveats:
    """Caveats of one category, or of all categories if it is ``None``."""
    failed = Share(sum(map(len, results.failed_layers.values())), len(results.factorizations or ()))
    return Caveats(
        results.failed_layers.get(category, []) if category else [],
        failed if category is None else None,
        [results.name(model) for model in results.unlearnt],
    )


@dataclass(frozen=True)
class Levels:
    """Average signatures over languages and over layers."""

    languages: int
    first_layer: int
    first_mean: float
    last_layer: int
    last_mean: float
    highest: str
    """Name of the language with the highest mean over the layers."""
    highest_mean: float
    lowest: str
    lowest_mean: float


def levels(averages: AverageSignatures, results: Results) -> Levels:
    """Statistics of the average signatures of one category."""
    table = averages.frame
    layers = table.groupby("layer")["average_signature"].mean()
    means = table.groupby("language")["average_signature"].mean()
    highest, lowest = str(means.idxmax()), str(means.idxmin())
    return Levels(
        languages=len(means),
        first_layer=int(layers.index[0]),
        first_mean=float(layers.iloc[0]),
        last_layer=int(layers.index[-1]),
        last_mean=float(layers.iloc[-1]),
        highest=results.name(highest),
        highest_mean=float(means[highest]),
        lowest=results.name(lowest),
        lowest_mean=float(means[lowest]),
    )


@dataclass(frozen=True)
class IntervalStatistics:
    """How precise the average signatures of the trained models are."""

    half_width: float
    """Median half-width of the 95 % intervals, as a share of the estimate."""
    distinguishable: Share
    """Signatures that are distinguishable from those of unrelated vectors."""


def interval_statistics(intervals: Intervals) -> IntervalStatistics | None:
    """Statistics of the trained models without normalisation; ``None`` if there are none."""
    table = intervals.select(source="trained", normalise="none").frame
    return None if table.empty else _precision(table)


def _precision(table: pd.DataFrame) -> IntervalStatistics:
    half_widths = (table["high"] - table["low"]) / 2 / table["average_signature"]
    return IntervalStatistics(float(half_widths.median()), _share_significant(table))


@dataclass(frozen=True)
class LearnedStatistics:
    """The measure `shared` of learned signatures."""

    levels: Levels
    intervals: IntervalStatistics
    repeats: Mapping[str, float]
    """By what differs, ``sentences`` or ``start``: median over the layers of the correlation of the
    languages' ranks."""


def learned_frame(learned: LearnedSignatures) -> pd.DataFrame:
    """Measures that are analysed, with levels and with p adjusted over the languages."""
    table = learned.frame[learned.frame["measure"].isin(MEASURES)].dropna(subset="value")
    table = table.rename(columns={"value": "average_signature"})
    return with_adjusted(table, ["measure", "layer"])


def learned_statistics(results: Results) -> LearnedStatistics | None:
    """Statistics of learned signatures; ``None`` if there are none, or no levels."""
    averages = learned_averages(results.learned) if results.learned else {}
    if results.learned is None or SHARED not in averages:
        return None
    table = learned_frame(results.learned)
    repeats: dict[str, float] = {}
    if results.learned_stability:
        stable = results.learned_stability.select(measure=SHARED).frame
        medians = stable.groupby("varied")["rank_correlation"].median().dropna()
        repeats = {str(varied): float(value) for varied, value in medians.items()}
    return LearnedStatistics(
        levels(averages[SHARED], results), _precision(table[table["measure"] == SHARED]), repeats
    )


def agreement_with_scale(agreement: BaselineAgreement | None) -> float | None:
    """Median over the layers of the correlation with the variance of the hidden states."""
    if not agreement:
        return None
    table = agreement.select(category=ALL_WORDS, measure="experimental_variance").frame
    return None if table.empty else float(table["spearman"].median())


@dataclass(frozen=True)
class LearningStatistics:
    """What the models learnt."""

    models: Share
    """Models that have learnt, of those that were trained in this run."""
    experimental_gain: float | None
    checkpoint: str | None
    """Name of the multilingual model if it was not trained in this run."""
    lowest: tuple[str, float] | None
    """Name and gain of the control model with the lowest gain."""
    highest: tuple[str, float] | None
    unlearnt: Sequence[str]
    margin: float | None


def learning_statistics(results: Results) -> LearningStatistics:
    """Statistics of the gains of all models."""
    gains = {
        model: result.gain for model, result in results.learning.items() if model != EXPERIMENTAL
    }
    experimental = results.learning.get(EXPERIMENTAL)
    lowest = min(gains, key=gains.__getitem__) if gains else None
    highest = max(gains, key=gains.__getitem__) if gains else None
    return LearningStatistics(
        models=Share(len(results.learning) - len(results.unlearnt), len(results.learning)),
        experimental_gain=experimental.gain if experimental else None,
        checkpoint=results.checkpoint,
        lowest=(results.name(lowest), gains[lowest]) if lowest else None,
        highest=(results.name(highest), gains[highest]) if highest else None,
        unlearnt=[results.name(model) for model in results.unlearnt],
        margin=results.margin,
    )


@dataclass(frozen=True)
class FindingStatistics:
    """In how many variants a finding holds."""

    name: str
    holds: Share
    trained: Estimate | None
    """Estimate from the trained models without normalisation."""
    untrained: bool | None
    """Whether it holds in some variant of untrained models; ``None`` if there is none."""


def main_findings(findings: Findings) -> Findings:
    """Rows that state a finding: of all languages, or of a language compared with another."""
    table = findings.frame
    return Findings(table[(table["scope"] == "all") | table["opponent"].notna()])


def finding_statistics(findings: Findings) -> list[FindingStatistics]:
    """Statistics of each finding."""
    statistics = []
    for name, rows in main_findings(findings).frame.groupby("finding", sort=False):
        main = rows[(rows["source"] == "trained") & (rows["normalise"] == "none")]
        untrained = rows[rows["source"] == "untrained"]
        statistics.append(
            FindingStatistics(
                name=str(name),
                holds=Share(int((rows["holds"] == "yes").sum()), len(rows)),
                trained=_estimate(main.iloc[0]) if len(main) else None,
                untrained=bool((untrained["holds"] == "yes").any()) if len(untrained) else None,
            )
        )
    return statistics


def _estimate(row: pd.Series, name: str = "estimate") -> Estimate:
    return Estimate(float(row[name]), float(row["low"]), float(row["high"]))


@dataclass(frozen=True)
class TrendStatistics:
    """How many languages decrease or increase over the layers."""

    languages: int
    decreasing: int
    increasing: int
    significantly_decreasing: Sequence[str]
    significantly_increasing: Sequence[str]
    hamed_rao: int
    """Number of languages that are significant with Hamed and Rao's correction."""
    layers: Range


def trend_statistics(trends: Trends, results: Results) -> TrendStatistics:
    """Statistics of the trends of one category."""
    table = trends.frame
    significant = _significant(table)
    signs = {
        sign: [results.name(code) for code in rows["language"]]
        for sign, rows in significant.groupby(np.sign(significant["tau"]))
    }
    return TrendStatistics(
        languages=len(table),
        decreasing=int((table["tau"] < 0).sum()),
        increasing=int((table["tau"] > 0).sum()),
        significantly_decreasing=signs.get(-1.0, []),
        significantly_increasing=signs.get(1.0, []),
        hamed_rao=len(_significant(table, "hamed_rao_p_adjusted")),
        layers=Range.of(table["layers"]),
    )


class UntrainedTrend(NamedTuple):
    """Slope over the layers of the untrained models, on a logarithmic scale."""

    holds: str
    """Whether it is negative: yes, no, or undecided."""
    slope: Estimate


def untrained_trend(findings: Findings | None) -> UntrainedTrend | None:
    """The trend of all languages in untrained models without normalisation, if it was measured."""
    if not findings:
        return None
    rows = findings.select(
        finding=DECREASES, scope="all", source="untrained", normalise="none"
    ).frame
    return UntrainedTrend(rows.iloc[0]["holds"], _estimate(rows.iloc[0])) if len(rows) else None


@dataclass(frozen=True)
class SpreadStatistics:
    """In which layers languages are most alike and most different."""

    languages: int
    smallest_layer: int
    smallest: float
    largest_layer: int
    largest: float
    factors: Range
    """Ends of the 95 % interval of a variance, as multiples of its estimate."""


def spread_statistics(spread: Spread) -> SpreadStatistics | None:
    """Statistics of the variances of one category; ``None`` if there are none.

    The interval is that of the variance of a normal sample.
    """
    table = spread.frame.dropna(subset="variance").sort_values("variance")
    if table.empty:
        return None
    smallest, largest = table.iloc[0], table.iloc[-1]
    languages = int(table["languages"].min())
    freedom = languages - 1
    low, high = (freedom / chi2.ppf(quantile, freedom) for quantile in (0.975, 0.025))
    return SpreadStatistics(
        languages=languages,
        smallest_layer=int(smallest["layer"]),
        smallest=float(smallest["variance"]),
        largest_layer=int(largest["layer"]),
        largest=float(largest["variance"]),
        factors=Range(float(low), float(high)),
    )


class Strongest(NamedTuple):
    """The strongest correlation of a table."""

    names: Sequence[str]
    """Names of the property and category, or of the task, metric and model."""
    layer: int | None
    """``None`` for the mean over the layers."""
    languages: int
    pearson: Estimate


@dataclass(frozen=True)
class CorrelationStatistics:
    """How many correlations are significant."""

    significant: Share
    """Significant correlations, out of those with enough languages."""
    within_genera: int
    """Number of significant correlations that also hold within genera, by permutation."""
    strongest: Strongest | None
    languages: Range
    too_few: Share


def correlation_statistics(
    correlations: Correlations | ScoreCorrelations, names: Sequence[str]
) -> CorrelationStatistics:
    """Statistics of all correlations of a table.

    Parameters
    ----------
    names
        Columns that name what is correlated.
    """
    table = correlations.frame
    enough = table[table["enough"]]
    significant = _significant(enough)
    known = enough.dropna(subset="pearson").sort_values("pearson", key=abs)
    strongest = None
    if len(known):
        row = known.iloc[-1]
        strongest = Strongest(
            [str(row[name]) for name in names],
            int(row["layer"]) if row["scope"] == "layer" else None,
            int(row["n"]),
            _estimate(row, "pearson"),
        )
    return CorrelationStatistics(
        significant=Share(len(significant), len(enough)),
        within_genera=int((significant["genus_p"] < SIGNIFICANCE).sum()),
        strongest=strongest,
        languages=Range.of(table["n"]),
        too_few=_too_few(table),
    )


def known_distances(distances: Distances) -> Distances:
    """Rows that have a distance."""
    return Distances(distances.frame.dropna(subset="distance"))


def mean_distances_by_relatedness(distances: Distances, results: Results) -> pd.DataFrame:
    """Mean distance by how closely the languages of a pair are related.

    Pairs with a language of unknown family are left out. Columns ``scope``, ``category``,
    ``layer``, ``related``, ``distance``, ``pairs`` (number of pairs).
    """
    table = distances.frame
    profiles = results.profiles.set_index("language")[["family", "genus"]]
    left = profiles.reindex(table["language"]).reset_index(drop=True)
    right = profiles.reindex(table["other"]).reset_index(drop=True)
    known = (left["family"].notna() & right["family"].notna()).to_numpy(bool)
    same_family = (left["family"] == right["family"]).to_numpy(bool, na_value=False)
    same_genus = (left["genus"] == right["genus"]).to_numpy(bool, na_value=False)
    related = np.select(
        [same_family & same_genus, same_family], [*RELATEDNESS[:2]], default=RELATEDNESS[2]
    )
    keys = ["scope", "category", "layer", "related"]
    groups = table.assign(related=related)[known].groupby(keys, dropna=False)
    return groups["distance"].agg(distance="mean", pairs="count").reset_index()


class Pair(NamedTuple):
    """Two languages and their distance."""

    languages: tuple[str, str]
    distance: float


@dataclass(frozen=True)
class DistanceStatistics:
    """The closest and the most distant languages in the last layer."""

    layer: int
    pairs: int
    closest: Pair
    farthest: Pair
    means: Mapping[str, float]
    """Mean distance by relatedness."""


def distance_statistics(
    distances: Distances, means: pd.DataFrame, results: Results
) -> DistanceStatistics | None:
    """Statistics of all words in the last layer; ``None`` if it has no distances.

    Parameters
    ----------
    means
        Mean distances, from :func:`mean_distances_by_relatedness`.
    """
    layer = int(distances.frame["layer"].max())
    table = distances.select(scope="category", category=ALL_WORDS, layer=layer).frame
    if table.empty:
        return None
    ranked = table.sort_values("distance")
    shown = means[(means["category"] == ALL_WORDS) & (means["layer"] == layer)]
    mean = shown.set_index("related")["distance"]

    def pair(row: pd.Series) -> Pair:
        names = results.name(row["language"]), results.name(row["other"])
        return Pair(names, float(row["distance"]))

    return DistanceStatistics(
        layer,
        len(table),
        pair(ranked.iloc[0]),
        pair(ranked.iloc[-1]),
        {name: float(mean[name]) for name in RELATEDNESS if name in mean},
    )


class Observed(NamedTuple):
    """A statistic of a tree and its value by chance."""

    name: str
    value: float
    expected: float


@dataclass(frozen=True)
class TreeAgreement:
    """How well the trees agree with known families."""

    layer: int | None
    """Last layer of all words; ``None`` if there is no tree of all words."""
    observed: Sequence[Observed]
    """Statistics of all words in that layer."""
    significant: Share
    """Statistics of all trees that are better than chance."""
    languages: Range
    too_few: Share


def tree_agreement(statistics: TreeStatistics) -> TreeAgreement:
    """Statistics of all trees."""
    table = statistics.frame
    words = statistics.select(scope="category", category=ALL_WORDS).frame
    last = words[words["layer"] == words["layer"].max()]
    return TreeAgreement(
        layer=int(last["layer"].iloc[0]) if len(last) else None,
        observed=[
            Observed(row["statistic"], row["value"], row["expected"])
            for row in last.to_dict("records")
        ],
        significant=_share_significant(table[table["enough"]]),
        languages=Range.of(table["n"]),
        too_few=_too_few(table),
    )


@dataclass(frozen=True)
class VarianceStatistics:
    """In how many comparisons diverse languages vary more than related ones."""

    larger: Share
    by_test: Mapping[str, Share]
    """Significant results of each test."""
    diverse_languages: Range
    related_languages: Range
    too_few: Share


def variance_statistics(tests: VarianceTests) -> VarianceStatistics:
    """Statistics of all comparisons."""
    table = tests.frame
    enough = table[table["enough"]]
    comparisons = enough.drop_duplicates(["fit", "category", "layer", "related"])
    return VarianceStatistics(
        larger=Share(int((comparisons["ratio"] > 1).sum()), len(comparisons)),
        by_test={str(name): _share_significant(rows) for name, rows in enough.groupby("test")},
        diverse_languages=Range.of(table["diverse_languages"]),
        related_languages=Range.of(table["related_languages"]),
        too_few=_too_few(table),
    )


@dataclass(frozen=True)
class CoverageStatistics:
    """Which categories the treebanks have."""

    enough: int
    """Pairs of language and category with enough words."""
    too_few: int
    """Pairs with some words, but too few."""
    categories: int
    complete: int
    """Categories in the largest number of languages."""
    complete_languages: int
    rare: int
    """Categories in fewer than four languages."""
    words: Range
    """Words per language."""


def coverage_statistics(coverage: CategoryCounts) -> CoverageStatistics:
    """Statistics of the categories that occur."""
    present = coverage.frame[coverage.frame["words"] > 0]
    enough = present[present["enough"]]
    counts = enough.groupby("category")["language"].count()
    most = int(counts.max()) if len(counts) else 0
    return CoverageStatistics(
        enough=len(enough),
        too_few=len(present) - len(enough),
        categories=len(counts),
        complete=int((counts == most).sum()),
        complete_languages=most,
        rare=int((counts < _FEW_LANGUAGES).sum()),
        words=Range.of(coverage.select(category=ALL_WORDS).frame["words"]),
    )


@dataclass(frozen=True)
class BaselineStatistics:
    """How well simpler measures agree with the average signature."""

    medians: Mapping[str, float]
    """Median correlation over the layers by measure, highest first."""
    languages: Range
    explained: Range | None
    """Share of the variance of log signatures that singular values explain."""


def baseline_statistics(
    agreement: BaselineAgreement, reliability: ResidualReliability | None
) -> BaselineStatistics:
    """Statistics of the agreement in one category."""
    table = agreement.frame
    medians = table.groupby("measure")["spearman"].median().dropna()
    return BaselineStatistics(
        medians={
            str(name): float(value) for name, value in medians.sort_values(ascending=False).items()
        },
        languages=Range.of(table["languages"]),
        explained=Range.of(reliability.frame["explained"]) if reliability else None,
    )


@dataclass(frozen=True)
class MeasureStatistics:
    """The same tests on several measures."""

    measures: int
    tests: int
    rows: int
    tested: int
    """Rows with a p-value."""
    by_measure: Mapping[tuple[str, str | None, str | None], Share]
    """Significant results, by measure, source and normalisation."""


def measure_statistics(tests: MeasureTests) -> MeasureStatistics:
    """Statistics of all tests."""
    table = tests.frame
    tested = table[table["p_adjusted"].notna()]
    test_keys = ["test", "property", "task", "metric", "model"]
    measure_keys = ["measure", "source", "normalise"]
    by_measure = {}
    for (measure, *variant), rows in tested.groupby(measure_keys, dropna=False, sort=False):
        source, normalise = (value if isinstance(value, str) else None for value in variant)
        by_measure[str(measure), source, normalise] = _share_significant(rows)
    return MeasureStatistics(
        measures=len(table[measure_keys].drop_duplicates()),
        tests=len(table[test_keys].drop_duplicates()),
        rows=len(table),
        tested=len(tested),
        by_measure=by_measure,
    )


@dataclass(frozen=True)
class OutcomeStatistics:
    """What the multilingual model does in each language. Numbers are means over inner layers."""

    languages: int
    layers: Sequence[int]
    """The inner layers."""
    fit: Range
    above_null: int
    """Languages whose whole interval of the fit lies above the null."""
    above_untrained: int
    """Languages whose whole interval lies above the fit of random weights."""
    outcomes: Mapping[str, Range]
    """By outcome that was measured."""
    predicted: Sequence[tuple[str, str]]
    """Pairs of a measure and an outcome that it predicts beyond the covariates."""
    threshold: float | None
    """Family-wise threshold of partial correlations; None if there are too few languages."""


def outcome_statistics(profile: Profile) -> OutcomeStatistics:
    """Statistics of a profile."""
    summary = profile.summary()
    predictors = profile.predictors.frame
    beyond = predictors[predictors["beyond"]]
    known = predictors["threshold"].dropna()
    return OutcomeStatistics(
        languages=len(summary),
        layers=profile.inner_layers,
        fit=Range.of(summary["fit"]),
        above_null=int((summary["low"] > summary["null"]).sum()),
        above_untrained=int((summary["low"] > summary["untrained"]).sum()),
        outcomes={
            name: Range.of(summary[name])
            for name in _OUTCOMES
            if name in summary and summary[name].notna().any()
        },
        predicted=[*zip(beyond["measure"], beyond["outcome"], strict=True)],
        threshold=None if known.empty else float(known.iloc[0]),
    )


class Recommendation(NamedTuple):
    """The recommended rank of one layer, or of all."""

    layer: int | None
    """``None`` for all layers together."""
    rank: int | None
    """``None`` if no candidate is stable in the layer."""
    decided_by: str


@dataclass(frozen=True)
class RankStatistics:
    """The rank in use, and the recommended ranks."""

    ranks: Range
    errors: Range
    """Share of the squared norm that the components leave unexplained."""
    agreement: Range
    threshold: float
    """Agreement of the two best starts below which a rank counts as unstable."""
    unstable_layers: Sequence[int]
    recommendations: Sequence[Recommendation]


def rank_statistics(
    sweep: RankSweep, recommendations: RankRecommendations | None
) -> RankStatistics:
    """Statistics of the rank in use."""
    used = sweep.select(in_use=True).frame
    unstable = used[(used["agreement"] < MIN_AGREEMENT) | ~used["converged"]]
    rows = recommendations.frame.to_dict("records") if recommendations else []
    return RankStatistics(
        ranks=Range.of(used["rank"]),
        errors=Range.of(used["relative_error"]),
        agreement=Range.of(used["agreement"]),
        threshold=MIN_AGREEMENT,
        unstable_layers=sorted(int(layer) for layer in unstable["layer"]),
        recommendations=[
            Recommendation(
                None if row["scope"] == "all" else int(row["layer"]),
                None if pd.isna(row["rank"]) else int(row["rank"]),
                row["decided_by"],
            )
            for row in rows
        ],
    )


@dataclass(frozen=True)
class FitStatistics:
    """How many factorisations fail their checks."""

    failed: Share
    failed_all_words: int
    by_check: Mapping[str, int]
    errors: Range
    """Relative errors of all words."""
    agreement: Range
    """Agreement of the two best starts of all words."""
    starts_all_words: Range
    starts: Range
    matched_layers: Sequence[tuple[int, int]]
    """Layers of control and multilingual models that were paired, if these differ."""


def fit_statistics(factorizations: Diagnostics) -> FitStatistics:
    """Statistics of all factorisations."""
    table = factorizations.frame
    words = factorizations.select(category=ALL_WORDS).frame
    warnings = [Diagnostics.warnings_of(row) for row in table.to_dict("records")]
    checks = pd.Series([name for names in warnings for name in names], dtype="str")
    failed = factorizations.failed_layers()
    pairs = zip(words["control_layer"], words["experimental_layer"], strict=True)
    differ = bool((words["control_layer"] != words["experimental_layer"]).any())
    return FitStatistics(
        failed=Share(sum(map(bool, warnings)), len(table)),
        failed_all_words=len(failed.get(ALL_WORDS, [])),
        by_check={str(name): int(count) for name, count in checks.value_counts().items()},
        errors=Range.of(words["relative_error"]),
        agreement=Range.of(words["rank_correlation"].dropna()),
        starts_all_words=Range.of(words["starts"]),
        starts=Range.of(table["starts"]),
        matched_layers=[(int(control), int(layer)) for control, layer in pairs] if differ else [],
    )
