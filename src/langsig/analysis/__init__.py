"""What signatures say about languages and layers."""

from langsig.analysis.averages import spread
from langsig.analysis.baselines import baseline_agreement, baseline_metrics, residual_reliability
from langsig.analysis.benchmarks import read_scores, score_correlations
from langsig.analysis.corrections import with_adjusted
from langsig.analysis.correlations import Correlation, correlate, correlations
from langsig.analysis.coverage import Coverage, coverage, coverage_markdown
from langsig.analysis.distances import COMBINED, combined_distances
from langsig.analysis.facts import LanguageFacts, languages_related, read_facts
from langsig.analysis.findings import findings, findings_markdown
from langsig.analysis.measure_tests import measure_tests, measures
from langsig.analysis.properties import (
    language_properties,
    type_token_ratio,
    type_token_ratio_at,
)
from langsig.analysis.relations import ABSENCES, relation_metrics, relations
from langsig.analysis.sets import variance_tests, variance_tests_alone
from langsig.analysis.summary import by_language, failed_checks_of, layer_number, summary
from langsig.analysis.trees import Trees, reference_tree, trees
from langsig.analysis.trends import trends, trends_by_category

__all__ = [
    "ABSENCES",
    "COMBINED",
    "Correlation",
    "Coverage",
    "LanguageFacts",
    "Trees",
    "baseline_agreement",
    "baseline_metrics",
    "by_language",
    "combined_distances",
    "correlate",
    "correlations",
    "coverage",
    "coverage_markdown",
    "failed_checks_of",
    "findings",
    "findings_markdown",
    "language_properties",
    "languages_related",
    "layer_number",
    "measure_tests",
    "measures",
    "read_facts",
    "read_scores",
    "reference_tree",
    "relation_metrics",
    "relations",
    "residual_reliability",
    "score_correlations",
    "spread",
    "summary",
    "trees",
    "trends",
    "trends_by_category",
    "type_token_ratio",
    "type_token_ratio_at",
    "variance_tests",
    "variance_tests_alone",
    "with_adjusted",
]
