"""What signatures say about languages and layers."""

from langsig.analysis.averages import average_signatures, spread
from langsig.analysis.baselines import baseline_agreement, baseline_metrics, beyond_svd
from langsig.analysis.corrections import with_adjusted
from langsig.analysis.coverage import Coverage, coverage, coverage_markdown
from langsig.analysis.findings import findings, findings_markdown
from langsig.analysis.summary import ALL_WORDS, report, summary, warnings
from langsig.analysis.trends import trends

__all__ = [
    "ALL_WORDS",
    "Coverage",
    "average_signatures",
    "baseline_agreement",
    "baseline_metrics",
    "beyond_svd",
    "coverage",
    "coverage_markdown",
    "findings",
    "findings_markdown",
    "report",
    "spread",
    "summary",
    "trends",
    "warnings",
    "with_adjusted",
]
