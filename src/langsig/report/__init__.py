"""One page with all results of a run, which opens from a file and needs no network."""

from langsig.report.bundle import vega_script
from langsig.report.document import report_page
from langsig.report.profile_page import difference_page, profile_page
from langsig.report.results import ModelLearning, Results

__all__ = [
    "ModelLearning",
    "Results",
    "difference_page",
    "profile_page",
    "report_page",
    "vega_script",
]
