"""Tables of the analysis: trends, findings, correlations, trees and tests."""

from typing import ClassVar

from langsig.schemas.columns import (
    CATEGORY,
    DISTANCE_SCOPE,
    ENOUGH,
    HIGH,
    LANGUAGE,
    LANGUAGES,
    LAYER,
    LAYER_SCOPE,
    LOW,
    MEASURE,
    METRIC,
    NORMALISE,
    OPTIONAL_CATEGORY,
    OPTIONAL_LAYER,
    P_ADJUSTED,
    SCORED_MODEL,
    SOURCE,
    TASK,
    P,
)
from langsig.schemas.table import Column, Table
from langsig.terms import NORMALISATIONS, SOURCES

_CORRELATION = {
    "scope": LAYER_SCOPE,
    "layer": OPTIONAL_LAYER,
    "n": LANGUAGES,
    "pearson": Column("number", "Pearson's r"),
    "low": LOW,
    "high": HIGH,
    "p": Column("number", "Two-sided p of Pearson's r"),
    "spearman": Column("number", "Spearman's rank correlation"),
    "spearman_p": Column("number", "Two-sided p of Spearman's correlation, by permutation"),
    "genus_p": Column("number", "Two-sided p of Pearson's r, by permutation within genera"),
    "mean_pearson": Column(
        "number", "Mean over the layers of Pearson's r; missing unless scope is mean"
    ),
    "enough": ENOUGH,
    "p_adjusted": P_ADJUSTED,
}


class Spread(Table):
    """Variance over languages of the average signature (paper, section 5.1)."""

    columns: ClassVar = {
        "measure": MEASURE,
        "category": CATEGORY,
        "layer": LAYER,
        "languages": LANGUAGES,
        "mean": Column("number", "Mean over languages"),
        "variance": Column("number", "Sample variance over languages"),
    }
    keys: ClassVar = ("measure", "category", "layer")


class Trends(Table):
    """Mann-Kendall trends of average signatures over layers."""

    columns: ClassVar = {
        "measure": MEASURE,
        "category": CATEGORY,
        "language": LANGUAGE,
        "layers": Column("integer", "Number of layers"),
        "tau": Column("number", "Kendall's tau with the layer"),
        "p": P,
        "hamed_rao_p": Column("number", "p corrected for autocorrelation (Hamed and Rao)"),
        "slope": Column("number", "Sen's slope per layer"),
        "low": LOW,
        "high": HIGH,
        "p_adjusted": P_ADJUSTED,
        "hamed_rao_p_adjusted": Column("number", "Hamed and Rao's p after Benjamini and Hochberg"),
    }
    keys: ClassVar = ("measure", "category", "language")


class CategoryTrends(Table):
    """How many languages decrease over the layers, per category."""

    columns: ClassVar = {
        "measure": MEASURE,
        "category": CATEGORY,
        "languages": Column("integer", "Number of languages with enough layers for a test"),
        "decreasing": Column("integer", "Number with a negative tau"),
        "significantly_decreasing": Column("integer", "Number with an adjusted p below .05"),
        "hamed_rao_decreasing": Column(
            "integer", "Number with an adjusted p of Hamed and Rao below .05"
        ),
        "median_tau": Column("number", "Median of tau over languages"),
        "share_decreasing": Column("number", "Share of the languages with a negative tau"),
        "share_significantly_decreasing": Column("number", "Share with an adjusted p below .05"),
    }
    keys: ClassVar = ("measure", "category")


class Findings(Table):
    """The paper's findings on all words, with intervals."""

    columns: ClassVar = {
        "measure": MEASURE,
        "finding": Column("text", "Name of the finding"),
        "scope": Column(
            "text", "language: of one language; all: of all languages", allowed=("language", "all")
        ),
        "language": Column("text", "Code of the language; missing where scope is all", True),
        "opponent": Column("text", "Code of the language that it is compared with, if any", True),
        "source": SOURCE,
        "normalise": NORMALISE,
        "estimate": Column(
            "number", "Estimate on a logarithmic scale; negative where the finding holds"
        ),
        "low": LOW,
        "high": HIGH,
        "holds": Column(
            "text",
            "yes: the whole interval is negative; no: it is positive; undecided: it contains 0",
            allowed=("yes", "no", "undecided"),
        ),
    }
    keys: ClassVar = ("measure", "finding", "scope", "language", "source", "normalise")


class BaselineAgreement(Table):
    """Rank correlation of each plainer measure with the average signature."""

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "measure": Column("text", "Name of the measure"),
        "languages": LANGUAGES,
        "spearman": Column("number", "Spearman's correlation over languages"),
    }
    keys: ClassVar = ("category", "layer", "measure")


class ResidualReliability(Table):
    """Whether average signatures hold something repeatable beyond singular values."""

    columns: ClassVar = {
        "layer": LAYER,
        "languages": LANGUAGES,
        "explained": Column(
            "number", "Share of the variance of log average signatures that singular values explain"
        ),
        "between_starts": Column(
            "number", "Correlation of the residuals of two starts, mean over pairs"
        ),
        "correlation": Column("number", "Correlation of the residuals of two halves of sentences"),
        "p": Column("number", "One-sided p of `correlation`, by permutation"),
    }
    keys: ClassVar = ("layer",)


class Properties(Table):
    """Properties of languages (paper, section 5.1)."""

    columns: ClassVar = {
        "property": Column("text", "Name of the property"),
        "category": Column("text", "Category; missing where it is the same for all", True),
        "language": LANGUAGE,
        "value": Column("number", "Value of the property"),
    }
    keys: ClassVar = ("property", "category", "language")


class Correlations(Table):
    """Correlations over languages of average signatures with properties."""

    columns: ClassVar = {
        "measure": MEASURE,
        "property": Column("text", "Name of the property"),
        "category": CATEGORY,
        **_CORRELATION,
    }
    keys: ClassVar = ("measure", "property", "category", "scope", "layer")


class ScoreCorrelations(Table):
    """Correlations over languages of average signatures with benchmark scores."""

    columns: ClassVar = {
        "measure": MEASURE,
        "task": TASK,
        "metric": METRIC,
        "model": SCORED_MODEL,
        **_CORRELATION,
    }
    keys: ClassVar = ("measure", "task", "metric", "model", "scope", "layer")


_MEASURE = {
    "measure": Column("text", "One of MEASURES, or the name of a plainer measure"),
    "source": Column(
        "text",
        SOURCE.description + "; missing for measures of the factorisation in use",
        True,
        SOURCES,
    ),
    "normalise": Column(
        "text", NORMALISE.description + "; missing where source is", True, NORMALISATIONS
    ),
}


class Measures(Table):
    """The average signature of all words, and the measures that it is compared with."""

    columns: ClassVar = {
        **_MEASURE,
        "layer": LAYER,
        "language": LANGUAGE,
        "value": Column("number", "Value of the measure"),
    }
    keys: ClassVar = (*_MEASURE, "layer", "language")


class MeasureTests(Table):
    """The same tests for the average signature, plainer measures and other sources."""

    columns: ClassVar = {
        **_MEASURE,
        "test": Column(
            "text",
            "trend: over the layers; property: correlation with a property of languages; score: "
            "correlation with a benchmark score",
            allowed=("trend", "property", "score"),
        ),
        "property": Column("text", "Name of the property; missing unless test is property", True),
        "task": Column("text", "Benchmark task; missing unless test is score", True),
        "metric": Column("text", "Metric of the task; missing unless test is score", True),
        "model": Column("text", "Model that was scored; missing unless test is score", True),
        "estimate": Column("number", "Share of languages that decrease, or Pearson's r"),
        "low": LOW,
        "high": HIGH,
        "n": LANGUAGES,
        "p": P,
        "p_adjusted": P_ADJUSTED,
        "enough": ENOUGH,
    }
    keys: ClassVar = (*_MEASURE, "test", "property", "task", "metric", "model")


class VarianceTests(Table):
    """Variance of average signatures in a diverse set of languages and in related ones."""

    columns: ClassVar = {
        "measure": MEASURE,
        "fit": Column(
            "text",
            "joint: one factorisation of all languages; separate: one factorisation per set",
            allowed=("joint", "separate"),
        ),
        "category": CATEGORY,
        "layer": LAYER,
        "related": Column("text", "Name of the set of related languages"),
        "test": Column("text", "Name of the test"),
        "diverse_languages": Column("integer", "Number of diverse languages"),
        "related_languages": Column("integer", "Number of related languages"),
        "diverse_variance": Column("number", "Sample variance of the diverse languages"),
        "related_variance": Column("number", "Sample variance of the related languages"),
        "ratio": Column("number", "Diverse over related variance"),
        "statistic": Column("number", "Test statistic"),
        "p": P,
        "p_adjusted": P_ADJUSTED,
        "enough": ENOUGH,
    }
    keys: ClassVar = ("measure", "fit", "category", "layer", "related", "test")


class Trees(Table):
    """One UPGMA tree per category and layer, in Newick format."""

    columns: ClassVar = {
        "measure": MEASURE,
        "scope": DISTANCE_SCOPE,
        "category": OPTIONAL_CATEGORY,
        "layer": LAYER,
        "newick": Column(
            "text",
            "Rooted tree; the path between two leaves is as long as the distance at which they "
            "join, so that a branch is half the difference between the heights of its ends",
        ),
    }
    keys: ClassVar = ("measure", "scope", "category", "layer")


class TreeStatistics(Table):
    """How well each tree agrees with the known relations of the languages."""

    columns: ClassVar = {
        "measure": MEASURE,
        "scope": DISTANCE_SCOPE,
        "category": OPTIONAL_CATEGORY,
        "layer": LAYER,
        "statistic": Column("text", "Name of the statistic"),
        "value": Column("number", "Value of the statistic"),
        "expected": Column("number", "Mean over permutations of the languages"),
        "best": Column("number", "Value of a tree that agrees with the reference"),
        "n": LANGUAGES,
        "p": Column("number", "One-sided p, by permutation"),
        "p_adjusted": P_ADJUSTED,
        "enough": ENOUGH,
    }
    keys: ClassVar = ("measure", "scope", "category", "layer", "statistic")


class Languages(Table):
    """Names and relations of languages."""

    columns: ClassVar = {
        "language": LANGUAGE,
        "name": Column("text", "English name"),
        "family": Column("text", "Family; missing where unknown", True),
        "genus": Column("text", "Genus; missing where unknown", True),
    }
    keys: ClassVar = ("language",)


class Scores(Table):
    """Benchmark scores of models."""

    columns: ClassVar = {
        "task": TASK,
        "metric": METRIC,
        "model": SCORED_MODEL,
        "language": LANGUAGE,
        "value": Column("number", "Score, in the unit of the metric"),
        "source": Column("text", "Where the score was published"),
    }
    keys: ClassVar = ("task", "metric", "model", "language")


class Covariates(Table):
    """What else differs between languages, such as the genres of their texts."""

    columns: ClassVar = {
        "covariate": Column("text", "Name of the covariate"),
        "language": LANGUAGE,
        "value": Column("number", "Value of the covariate"),
        "source": Column("text", "Where the value is from"),
    }
    keys: ClassVar = ("covariate", "language")


class TreebankSizes(Table):
    """Sizes of the treebanks."""

    columns: ClassVar = {
        "language": LANGUAGE,
        "sentences": Column("integer", "Number of sentences"),
        "words": Column("integer", "Number of words"),
    }
    keys: ClassVar = ("language",)


class CategoryCounts(Table):
    """The number of words that bear each category."""

    columns: ClassVar = {
        "language": LANGUAGE,
        "category": CATEGORY,
        "words": Column("integer", "Number of words that bear the category"),
        "enough": Column("boolean", "Whether that number is enough for a slice"),
    }
    keys: ClassVar = ("language", "category")


class ValueCounts(Table):
    """The number of words that bear each value of a category."""

    columns: ClassVar = {
        "language": LANGUAGE,
        "category": CATEGORY,
        "value": Column("text", "Value of the category"),
        "words": Column("integer", "Number of words"),
        "share": Column("number", "Share of the words that bear the category"),
    }
    keys: ClassVar = ("language", "category", "value")
