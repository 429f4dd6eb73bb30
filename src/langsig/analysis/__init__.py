"""What signatures say about languages and layers."""

from langsig.analysis.averages import average_signatures, spread
from langsig.analysis.baselines import baseline_agreement, baseline_metrics, beyond_svd
from langsig.analysis.corrections import with_adjusted
from langsig.analysis.coverage import Coverage, coverage, coverage_markdown
from langsig.analysis.distances import COMBINED, combined_distances, cosine_distances
from langsig.analysis.findings import findings, findings_markdown
from langsig.analysis.sets import variance_tests
from langsig.analysis.summary import ALL_WORDS, report, summary, warnings
from langsig.analysis.trees import Trees, reference_tree, trees
from langsig.analysis.trends import trends

__all__ = [
    "ALL_WORDS",
    "COMBINED",
    "Coverage",
    "Trees",
    "average_signatures",
    "baseline_agreement",
    "baseline_metrics",
    "beyond_svd",
    "combined_distances",
    "cosine_distances",
    "coverage",
    "coverage_markdown",
    "findings",
    "findings_markdown",
    "reference_tree",
    "report",
    "spread",
    "summary",
    "trees",
    "trends",
    "variance_tests",
    "warnings",
    "with_adjusted",
]
