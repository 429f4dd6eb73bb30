"""Analysis of signatures: trends, findings, distances, associations with facts, and changes."""

from langsig.analysis.associations import Associations, associations
from langsig.analysis.averages import spread
from langsig.analysis.baselines import baseline_agreement, residual_reliability
from langsig.analysis.benchmarks import score_correlations
from langsig.analysis.confounds import confounds
from langsig.analysis.corrections import SIGNIFICANCE, adjust_estimates
from langsig.analysis.correlations import Correlation, correlate, correlations
from langsig.analysis.coverage import Coverage, coverage, coverage_markdown
from langsig.analysis.distances import absence_distances, combined_distances
from langsig.analysis.facts import LanguageFacts, read_facts
from langsig.analysis.findings import findings, findings_markdown
from langsig.analysis.learned import (
    findings_of_measures,
    learned_averages,
    learned_distances,
    learned_sampled,
    of_measures,
)
from langsig.analysis.measure_tests import measure_tests, measures
from langsig.analysis.options import InferenceOptions
from langsig.analysis.predictors import predictors
from langsig.analysis.properties import language_properties, type_token_ratio
from langsig.analysis.sets import separate_variance_tests, variance_tests
from langsig.analysis.summary import (
    failed_checks_of,
    language_metrics,
    layer_number,
    summary,
)
from langsig.analysis.trees import TreeComparison, reference_tree, trees
from langsig.analysis.trends import trends, trends_by_category

__all__ = [
    "SIGNIFICANCE",
    "Associations",
    "Correlation",
    "Coverage",
    "InferenceOptions",
    "LanguageFacts",
    "TreeComparison",
    "absence_distances",
    "adjust_estimates",
    "associations",
    "baseline_agreement",
    "combined_distances",
    "confounds",
    "correlate",
    "correlations",
    "coverage",
    "coverage_markdown",
    "failed_checks_of",
    "findings",
    "findings_markdown",
    "findings_of_measures",
    "language_metrics",
    "language_properties",
    "layer_number",
    "learned_averages",
    "learned_distances",
    "learned_sampled",
    "measure_tests",
    "measures",
    "of_measures",
    "predictors",
    "read_facts",
    "reference_tree",
    "residual_reliability",
    "score_correlations",
    "separate_variance_tests",
    "spread",
    "summary",
    "trees",
    "trends",
    "trends_by_category",
    "type_token_ratio",
    "variance_tests",
]
