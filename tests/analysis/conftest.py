"""What the tests of the analysis share."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from langsig.schemas import Table

Complete = Callable[[type[Table], pd.DataFrame], Any]
_DEFAULTS = {"text": "x", "integer": 0, "number": 0.5, "boolean": True}


@pytest.fixture(scope="session")
def complete() -> Complete:
    """Make a table of a frame that has only the columns that a test is about."""

    def completed(table: type[Table], frame: pd.DataFrame) -> Table:
        values = {
            name: None
            if column.optional
            else column.allowed[0]
            if column.allowed
            else _DEFAULTS[column.kind]
            for name, column in table.columns.items()
            if name not in frame and column.default is None
        }
        return table(frame.assign(**values))

    return completed
