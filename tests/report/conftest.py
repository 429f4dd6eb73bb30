"""Results that several tests of the page share."""

from collections.abc import Callable

import pytest

from langsig.report import Results
from tests.report.tables import results_of


@pytest.fixture(scope="session")
def inputs() -> Callable[..., Results]:
    """Results of an invented run, by number of languages."""
    return results_of
