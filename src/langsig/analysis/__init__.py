"""What signatures say about languages and layers."""

from langsig.analysis.averages import average_signatures, spread
from langsig.analysis.summary import ALL_WORDS, report, summary
from langsig.analysis.trends import trends

__all__ = ["ALL_WORDS", "average_signatures", "report", "spread", "summary", "trends"]
