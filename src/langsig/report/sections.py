"""The sections of the page: numbers, sentences and figures, put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from langsig.figures import related_order, tree_layout
from langsig.morphology import ALL_WORDS
from langsig.profiling.tasks import TAGS_NAME
from langsig.report import sentences, specifications, statistics
from langsig.report.charts import Domains, Specification
from langsig.report.results import EXPERIMENTAL, Results
from langsig.schemas import Diagnostics, Trees, select_measure
from langsig.terms import AVERAGE_SIGNATURE


@dataclass(frozen=True)
class Figure:
    """A figure with its title and how to read it."""

    title: str
    caption: str
    spec: Specification
    families: bool = False
    """Whether the colours of families are explained above the figure."""


@dataclass(frozen=True)
class DataTable:
    """A table below the figures."""

    title: str
    data: str
    """Name of the data set of the section."""


@dataclass(frozen=True)
class Section:
    """A result, how certain it is, and what it cannot show."""

    key: str
    title: str
    result: str
    certainty: str
    limits: str
    data: Mapping[str, pd.DataFrame]
    """Data sets of figures and tables, by name."""
    figures: Sequence[Figure] = field(default_factory=list)
    tables: Sequence[DataTable] = field(default_factory=list)


_SIGNIFICANT_DOT = "A dot marks an adjusted p below .05; pale cells have too few languages."
_ASTERISK = "* The fit of this layer failed a check."
_DAGGER = " † The model of this language has not learnt."


def domains_of(results: Results) -> Domains:
    """What the axes and colours of all figures show."""
    return Domains(results.profiles["label"].tolist(), results.colours, results.categories)


def overview_section(results: Results) -> Section:
    """The languages, the main results, and whether models and fits can be relied on."""
    averages, trends = results.average_signatures, results.trends
    table = results.profiles[["language", "family", "genus"]]
    if results.has_controls and results.learning:
        learnt = pd.DataFrame(
            [(model, item.gain, item.learnt) for model, item in results.learning.items()],
            columns=["language", "gain", "learnt"],
        )
        table = table.merge(learnt, on="language", how="left")
    if results.treebanks:
        table = table.merge(results.treebanks.frame, on="language", how="left")
    levels = None
    words = averages.select(category=ALL_WORDS) if averages else None
    if words:
        levels = statistics.levels(words, results)
        means = words.frame.groupby("language")["average_signature"].mean()
        table = table.merge(means.reset_index(), on="language", how="left")
    trends = trends.select(category=ALL_WORDS) if trends else None
    fits = results.factorizations
    return Section(
        key="overview",
        title="Overview",
        result=sentences.joined(
            sentences.overview(
                levels, statistics.trend_statistics(trends, results) if trends else None
            ),
            ""
            if results.has_controls
            else sentences.compared_with(results.reference, results.checkpoint),
        ),
        certainty=sentences.joined(
            sentences.overview_certainty(
                statistics.learning_statistics(results),
                statistics.fit_statistics(fits) if fits else None,
            ),
            sentences.caveats(statistics.caveats(results)),
        ),
        limits=sentences.overview_limits(len(table)),
        data={"overview": table},
        tables=[DataTable("Languages", "overview")],
    )


def learning_section(results: Results) -> Section | None:
    """What the models gained over token frequencies during training."""
    curves = results.learning_curves
    if not curves or not results.learning:
        return None
    table = curves.frame.rename(columns={"model": "language"})
    table["gain"] = table["unigram_cross_entropy"] - table["masked_cross_entropy"]
    table["share"] = table["step"] / table.groupby("language")["step"].transform("max")
    numbers = statistics.learning_statistics(results)
    return Section(
        key="learning",
        title="What the models learnt",
        result=sentences.learning(numbers),
        certainty=sentences.learning_certainty(numbers),
        limits=sentences.LEARNING_LIMITS,
        data={"learning": table[["language", "step", "share", "gain"]]},
        figures=[
            Figure(
                "Gain over token frequencies during training",
                "How far the cross-entropy of masked tokens on held-out text is below that of "
                "token frequencies. The thick line is the multilingual model.",
                specifications.learning_curves(
                    curves, margin=results.margin, domains=domains_of(results)
                ),
                families=results.has_controls,
            )
        ],
    )


def signatures_section(results: Results) -> Section | None:
    """Average signatures by layer and language (paper, figure 2), with their intervals."""
    averages, estimates = results.average_signatures, results.intervals
    words = averages.select(category=ALL_WORDS) if averages else None
    if not averages or not words:
        return None
    domains = domains_of(results)
    data = {"average_signatures": averages.frame}
    figures = [
        Figure(
            "Distribution over languages",
            "Each dot is one language; the shape shows their density and the line their mean. "
            f"{_ASTERISK}{_DAGGER if results.has_controls else ''}",
            specifications.violins(averages, domains=domains),
            families=True,
        ),
        Figure(
            "All languages",
            "Languages are sorted by their mean over the layers.",
            specifications.heatmap(domains=domains),
        ),
    ]
    tables = [DataTable("Average signatures", "average_signatures")]
    if estimates:
        data["intervals"] = estimates.frame
        figures.append(
            Figure(
                "95 % intervals, all words",
                "Hollow dots are not distinguishable from unrelated vectors. The menus switch to "
                "equal word counts, untrained models, and hidden states scaled to unit variance.",
                specifications.intervals(estimates, domains=domains),
                families=True,
            )
        )
        tables.append(DataTable("Intervals, all words", "intervals"))
    return Section(
        key="signatures",
        title="Average signatures",
        result=sentences.levels(statistics.levels(words, results)),
        certainty=sentences.joined(
            sentences.levels_certainty(
                statistics.interval_statistics(estimates) if estimates else None
            ),
            sentences.caveats(statistics.caveats(results)),
        ),
        limits=sentences.levels_limits(statistics.agreement_with_scale(results.baseline_agreement)),
        data=data,
        figures=figures,
        tables=tables,
    )


def learned_section(results: Results) -> Section | None:
    """What both models share that neither had before training, with intervals."""
    if results.learned is None or not (results.learned or results.learned_notes):
        return None
    numbers = statistics.learned_statistics(results)
    if numbers is None:
        return Section(
            key="learned",
            title="Learned signatures",
            result=sentences.NO_LEARNED_LEVELS,
            certainty=results.learned_notes,
            limits=sentences.LEARNED_LIMITS,
            data={},
        )
    table = statistics.learned_frame(results.learned)
    figures = [
        Figure(
            "95 % intervals, all words",
            "Hollow dots are not distinguishable from unrelated models. The menu switches between "
            "the sum over components of signature times score, and the mean of the signature.",
            specifications.learned(table, domains=domains_of(results)),
            families=True,
        )
    ]
    data, tables = {"learned": table}, [DataTable("Learned signatures", "learned")]
    if results.learned_stability:
        data["learned_stability"] = results.learned_stability.frame
        tables.append(DataTable("Do rankings repeat?", "learned_stability"))
    return Section(
        key="learned",
        title="Learned signatures",
        result=sentences.learned(numbers),
        certainty=sentences.joined(
            sentences.learned_certainty(numbers),
            # The fits that were checked are those of the published signatures.
            sentences.caveats(replace(statistics.caveats(results), failed_layers=[])),
        ),
        limits=sentences.joined(sentences.LEARNED_LIMITS, results.learned_notes),
        data=data,
        figures=figures,
        tables=tables,
    )


def findings_section(results: Results) -> Section | None:
    """Whether the paper's findings hold in trained and untrained models (section 5.1)."""
    if not results.findings:
        return None
    published = results.findings.select(measure=AVERAGE_SIGNATURE)
    numbers = statistics.finding_statistics(published)
    main = statistics.main_findings(results.findings)
    return Section(
        key="findings",
        title="Do the published findings hold?",
        result=sentences.findings(numbers),
        certainty=sentences.joined(
            sentences.FINDINGS_CERTAINTY, sentences.caveats(statistics.caveats(results))
        ),
        limits=sentences.findings_limits(numbers),
        data={"findings": results.findings.frame},
        figures=[
            Figure(
                finding.name.capitalize(),
                "Each row is one variant, on a logarithmic scale. An interval below zero supports "
                "the finding. The last rows are of learned signatures.",
                specifications.finding(main.select(finding=finding.name)),
            )
            for finding in numbers
        ],
        tables=[DataTable("Findings, also by language", "findings")],
    )


def trends_section(results: Results) -> Section | None:
    """Whether average signatures decrease or increase over the layers (paper, section 5.1)."""
    trends = results.trends
    words = trends.select(category=ALL_WORDS) if trends else None
    if not trends or not words:
        return None
    numbers = statistics.trend_statistics(words, results)
    domains = domains_of(results)
    return Section(
        key="trends",
        title="Trends over the layers",
        result=sentences.trends(numbers),
        certainty=sentences.joined(
            sentences.trends_certainty(numbers),
            sentences.caveats(statistics.caveats(results, None)),
        ),
        limits=sentences.trends_limits(statistics.untrained_trend(results.findings)),
        data={"trends": trends.frame},
        figures=[
            Figure(
                "Kendall's tau by language and category",
                "Blue cells decrease over the layers, orange-red cells increase. A dot marks an "
                "adjusted p below .05. * Some fit of this category failed a check.",
                specifications.trend_grid(domains=domains),
            ),
            Figure(
                "Sen's slope in the chosen category",
                "Change of the average signature per layer, with its 95 % interval.",
                specifications.slopes(domains=domains),
                families=True,
            ),
        ],
        tables=[DataTable("Trends", "trends")],
    )


def spread_section(results: Results) -> Section | None:
    """How different languages are in each layer (paper, section 5.1)."""
    spread = results.spread
    numbers = statistics.spread_statistics(spread.select(category=ALL_WORDS)) if spread else None
    if not spread or not numbers:
        return None
    return Section(
        key="spread",
        title="Spread of the languages",
        result=sentences.spread(numbers),
        certainty=sentences.joined(
            sentences.spread_certainty(numbers), sentences.caveats(statistics.caveats(results))
        ),
        limits=sentences.SPREAD_LIMITS,
        data={"spread": spread.frame},
        figures=[
            Figure(
                "Variance over languages",
                f"Variance of the average signatures in each layer. {_ASTERISK}",
                specifications.spread(spread),
            )
        ],
        tables=[DataTable("Spread", "spread")],
    )


def correlations_section(results: Results) -> Section | None:
    """Correlations with properties of languages (paper, figures 3 and 4)."""
    correlations = results.correlations
    if not correlations:
        return None
    numbers = statistics.correlation_statistics(correlations, ["property", "category"])
    return Section(
        key="correlations",
        title="Properties of languages",
        result=sentences.correlations(numbers),
        certainty=sentences.joined(
            sentences.correlations_certainty(numbers),
            sentences.caveats(statistics.caveats(results, None)),
        ),
        limits=sentences.CORRELATIONS_LIMITS,
        data={"correlations": correlations.frame},
        figures=[
            Figure(
                "Averaged over the layers, by category",
                f"Correlation of properties with the average over the layers. {_SIGNIFICANT_DOT}",
                specifications.correlations_by_category(correlations, domains=domains_of(results)),
            ),
            Figure(
                "In each layer, chosen category",
                f"Correlation of properties with the average signature. {_SIGNIFICANT_DOT}",
                specifications.correlations_by_layer(correlations),
            ),
        ],
        tables=[DataTable("Correlations", "correlations")],
    )


def benchmarks_section(results: Results) -> Section | None:
    """Correlations with benchmark scores of other models (paper, section 5.3)."""
    benchmarks = results.benchmarks
    if not benchmarks:
        return None
    numbers = statistics.correlation_statistics(benchmarks, ["task", "metric", "model"])
    return Section(
        key="benchmarks",
        title="Benchmark scores",
        result=sentences.benchmarks(numbers),
        certainty=sentences.joined(
            sentences.benchmarks_certainty(numbers), sentences.caveats(statistics.caveats(results))
        ),
        limits=sentences.BENCHMARKS_LIMITS,
        data={"benchmarks": benchmarks.frame},
        figures=[
            Figure(
                "By task and layer, all words",
                f"Correlation of scores with the average signature. {_SIGNIFICANT_DOT}",
                specifications.benchmarks(benchmarks),
            )
        ],
        tables=[DataTable("Correlations with scores", "benchmarks")],
    )


def distances_section(results: Results) -> Section | None:
    """Distances between signatures (paper, figure 5)."""
    distances = statistics.known_distances(results.distances) if results.distances else None
    if not distances:
        return None
    means = statistics.mean_distances_by_relatedness(distances, results)
    numbers = statistics.distance_statistics(distances, means, results)
    if numbers is None:
        return None
    data = {"distances": distances.frame}
    figures = [
        Figure(
            "Distance matrix",
            "Bright cells are close. Related languages are next to each other.",
            specifications.distance_matrix(distances, domains=domains_of(results)),
        )
    ]
    if len(means):
        data["relatedness"] = means
        figures.append(
            Figure(
                "Distance by relatedness",
                f"Mean over the pairs of languages. {_ASTERISK}",
                specifications.relatedness(distances),
            )
        )
    return Section(
        key="distances",
        title="Distances between languages",
        result=sentences.distances(numbers),
        certainty=sentences.joined(
            sentences.distances_certainty(numbers), sentences.caveats(statistics.caveats(results))
        ),
        limits=sentences.DISTANCES_LIMITS,
        data=data,
        figures=figures,
    )


def tree_section(results: Results) -> Section | None:
    """Trees of languages built from the distances (paper, appendix E.1)."""
    trees, tree_statistics = results.trees, results.tree_statistics
    if not trees:
        return None
    data = _tree_data(trees, results)
    figures = [
        Figure(
            "UPGMA tree",
            "Languages are joined at the mean distance of their clusters: the further to the right "
            "they join, the closer they are.",
            specifications.tree(trees, domains=domains_of(results)),
            families=True,
        )
    ]
    tables = []
    agreement = None
    if tree_statistics:
        agreement = statistics.tree_agreement(tree_statistics)
        data["tree_statistics"] = tree_statistics.frame
        figures.append(
            Figure(
                "Agreement with known families",
                "Solid lines are observed, dashed lines are expected by chance. Large dots mark an "
                f"adjusted p below .05; pale dots have too few languages. {_ASTERISK}",
                specifications.tree_statistics(tree_statistics),
            )
        )
        tables.append(DataTable("Agreement with known families", "tree_statistics"))
    return Section(
        key="trees",
        title="Trees of languages",
        result=sentences.trees(len(trees), agreement),
        certainty=sentences.joined(
            sentences.trees_certainty(agreement),
            sentences.caveats(statistics.caveats(results, None)),
        ),
        limits=sentences.TREES_LIMITS,
        data=data,
        figures=figures,
        tables=tables,
    )


def _tree_data(trees: Trees, results: Results) -> dict[str, pd.DataFrame]:
    """Lines and leaves of all trees."""
    named = results.languages.frame["language"]
    order = related_order(results.languages, {*named, *results.profiles["language"]})
    lines, leaves = [], []
    for row in trees.frame.to_dict("records"):
        tree = {name: row[name] for name in ("scope", "category", "layer")}
        layout = tree_layout(row["newick"], order)
        lines.append(layout.lines.assign(**tree))
        leaves.append(layout.leaves.assign(**tree))
    return {
        "tree_lines": pd.concat(lines, ignore_index=True),
        "tree_leaves": pd.concat(leaves, ignore_index=True),
    }


def variances_section(results: Results) -> Section | None:
    """Whether diverse languages differ more than related ones (paper, section 5.2)."""
    tests = results.variance_tests
    if not tests:
        return None
    numbers = statistics.variance_statistics(tests)
    return Section(
        key="variance",
        title="Diverse and related languages",
        result=sentences.variances(numbers),
        certainty=sentences.joined(
            sentences.variances_certainty(numbers),
            sentences.caveats(statistics.caveats(results, None)),
        ),
        limits=sentences.VARIANCES_LIMITS,
        data={"variance_tests": tests.frame},
        figures=[
            Figure(
                "Ratio of variances",
                "Right of the dashed line, diverse languages vary more. Pale dots have too few "
                "languages.",
                specifications.variance_ratios(tests),
            )
        ],
        tables=[DataTable("Tests", "variance_tests")],
    )


def baselines_section(results: Results) -> Section | None:
    """Whether simpler measures rank the languages alike."""
    agreement, reliability = results.baseline_agreement, results.residual_reliability
    words = agreement.select(category=ALL_WORDS) if agreement else None
    if not agreement or not words:
        return None
    numbers = statistics.baseline_statistics(words, reliability)
    data = {"baseline_agreement": agreement.frame}
    tables = [DataTable("Agreement", "baseline_agreement")]
    if reliability:
        data["residual_reliability"] = reliability.frame
        tables.append(DataTable("Reliability of the residuals", "residual_reliability"))
    return Section(
        key="baselines",
        title="Simpler measures",
        result=sentences.baselines(numbers),
        certainty=sentences.joined(
            sentences.baselines_certainty(numbers), sentences.caveats(statistics.caveats(results))
        ),
        limits=sentences.baselines_limits(numbers),
        data=data,
        figures=[
            Figure(
                "Agreement with the average signature",
                f"Spearman's correlation over languages, by measure and layer. {_ASTERISK}",
                specifications.baseline_agreement(agreement),
            )
        ],
        tables=tables,
    )


def measures_section(results: Results) -> Section | None:
    """The same tests on other measures than the average signature."""
    tests = results.measure_tests
    if not tests:
        return None
    numbers = statistics.measure_statistics(tests)
    return Section(
        key="measures",
        title="The same tests on other measures",
        result=sentences.measures(numbers),
        certainty=sentences.joined(
            sentences.measures_certainty(numbers), sentences.caveats(statistics.caveats(results))
        ),
        limits=sentences.MEASURES_LIMITS,
        data={"measure_tests": tests.frame},
        tables=[DataTable("Tests by measure", "measure_tests")],
    )


def ranks_section(results: Results) -> Section | None:
    """How well other numbers of components fit."""
    ranks, recommendations = results.ranks, results.recommendations
    if not ranks:
        return None
    numbers = statistics.rank_statistics(ranks, recommendations)
    data = {"ranks": ranks.frame}
    tables = [DataTable("Ranks", "ranks")]
    if recommendations:
        data["recommendations"] = recommendations.frame
        tables.append(DataTable("Recommended ranks", "recommendations"))
    return Section(
        key="ranks",
        title="Number of components",
        result=sentences.ranks(numbers),
        certainty=sentences.ranks_certainty(numbers),
        limits=sentences.RANKS_LIMITS,
        data=data,
        figures=[
            Figure(
                "Errors and agreement of starts",
                "Relative squared error of all and of held-out sentences, and Spearman's "
                "correlation of the two starts of the lowest losses. The dashed line marks the "
                "rank in use.",
                specifications.ranks(ranks),
            )
        ],
        tables=tables,
    )


def factorisations_section(results: Results) -> Section | None:
    """Whether the factorisations passed their checks."""
    factorizations = results.factorizations
    if not factorizations or not factorizations.select(category=ALL_WORDS):
        return None
    numbers = statistics.fit_statistics(factorizations)
    rows = factorizations.frame.to_dict("records")
    failed_checks = pd.Series([", ".join(Diagnostics.warnings_of(row)) or None for row in rows])
    return Section(
        key="factorisations",
        title="Factorisations",
        result=sentences.factorisations(numbers),
        certainty=sentences.factorisations_certainty(numbers),
        limits=sentences.FACTORISATIONS_LIMITS,
        data={"factorizations": factorizations.frame.assign(failed_checks=failed_checks)},
        figures=[
            Figure(
                "Relative error by category and layer",
                "A dot marks a fit that failed a check.",
                specifications.factorisation_errors(factorizations, domains=domains_of(results)),
            )
        ],
        tables=[DataTable("Checks", "factorizations")],
    )


_LAYERED = ("fit", "probe", "probe_untrained", "transfer", "retrieval")


def outcomes_section(results: Results) -> Section | None:
    """What the multilingual model does in each language, and what predicts it."""
    profile = results.profile
    if not profile:
        return None
    numbers = statistics.outcome_statistics(profile)
    by_layer = profile.outcomes.frame
    by_layer = by_layer[by_layer["category"].isna() | (by_layer["category"] == TAGS_NAME)]
    fits = profile.fits.frame.rename(columns={"fit": "value"}).assign(outcome="fit")
    columns = ["outcome", "layer", "value"]
    layers = pd.concat([fits[columns], by_layer[columns]]).dropna(subset="layer")
    layers = layers[layers["outcome"].isin(_LAYERED)]
    layers = layers.groupby(["outcome", "layer"], sort=False)["value"].mean().reset_index()
    return Section(
        key="outcomes",
        title="What the multilingual model does",
        result=sentences.outcomes(numbers),
        certainty=sentences.joined(
            sentences.outcomes_certainty(numbers),
            "The model has not learnt." if EXPERIMENTAL in results.unlearnt else "",
        ),
        limits=sentences.OUTCOMES_LIMITS,
        data={
            "outcomes": profile.summary().rename_axis("language").reset_index(),
            "outcome_layers": layers.astype({"layer": int}),
            "predictors": profile.predictors.frame,
        },
        figures=[
            Figure(
                "Fit by language",
                "How much of a language the directions explain that all languages share, with 95 % "
                "intervals.",
                specifications.fits(domains=domains_of(results)),
                families=True,
            ),
            Figure(
                "By layer",
                "Means over the languages. Transfer: parts of speech learnt on all other "
                "languages; probe: within the language; retrieval: parallel sentences.",
                specifications.outcome_layers(layers),
            ),
        ],
        tables=[
            DataTable("Outcomes by language", "outcomes"),
            DataTable("What predicts what", "predictors"),
        ],
    )


def coverage_section(results: Results) -> Section | None:
    """Which categories each treebank has (paper, appendix A)."""
    coverage = results.coverage
    if not coverage:
        return None
    numbers = statistics.coverage_statistics(coverage)
    return Section(
        key="coverage",
        title="Treebanks and categories",
        result=sentences.coverage(numbers),
        certainty=sentences.coverage_certainty(numbers),
        limits=sentences.COVERAGE_LIMITS,
        data={"coverage": coverage.frame[coverage.frame["words"] > 0]},
        figures=[
            Figure(
                "Words by language and category",
                "On a logarithmic scale; pale cells have too few words for a slice.",
                specifications.coverage(domains=domains_of(results)),
            )
        ],
        tables=[DataTable("Words", "coverage")],
    )


BUILDERS: Sequence[Callable[[Results], Section | None]] = (
    overview_section,
    learning_section,
    outcomes_section,
    signatures_section,
    learned_section,
    findings_section,
    trends_section,
    spread_section,
    correlations_section,
    benchmarks_section,
    distances_section,
    tree_section,
    variances_section,
    baselines_section,
    measures_section,
    ranks_section,
    factorisations_section,
    coverage_section,
)
"""All sections in the order of the page. A section without its tables is left out."""


WITH_LEARNED = (learned_section, findings_section)
"""Sections that show learned signatures, too."""


def sections_of(results: Results) -> list[Section]:
    """The sections for which there are results.

    They are about published signatures, except for those of `WITH_LEARNED`.
    """
    published = select_measure(results, AVERAGE_SIGNATURE)
    built = [build(results if build in WITH_LEARNED else published) for build in BUILDERS]
    return [section for section in built if section is not None]
