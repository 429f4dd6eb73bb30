"""What a section of the report consists of, and how numbers read in its sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from langsig.report.charts import SIGNIFICANT, Spec


@dataclass(frozen=True)
class Figure:
    """A picture with what it shows."""

    title: str
    caption: str
    spec: Spec
    key: bool = False
    """Whether the colours of families are explained above it."""


@dataclass(frozen=True)
class Table:
    """A table of the page: `data` is the name of a data set of its section."""

    title: str
    data: str


@dataclass(frozen=True)
class Section:
    """A result, and beside it what it says, how sure that is, and what it cannot say."""

    key: str
    title: str
    says: str
    sure: str
    limits: str
    data: Mapping[str, pd.DataFrame]
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def number(value: Any, form: str = ".3g") -> str:
    """Three significant digits, if not said otherwise, and a true minus sign."""
    return "–" if pd.isna(value) else format(value, form).replace("-", "−")


def interval(row: Mapping[Any, Any]) -> str:
    """An ``estimate`` and the interval in ``low`` and ``high``."""
    return f"{number(row['estimate'])} ({number(row['low'])} to {number(row['high'])})"


def readable(name: Any) -> str:
    """The name of a column or measure as words."""
    return str(name).replace("_", " ")


def counted(count: int, noun: str) -> str:
    """``1 language``, ``2 languages``."""
    if count != 1:
        endings = {"y": "ies", "is": "es"}
        end = next((end for end in endings if noun.endswith(end)), "")
        noun = noun.removesuffix(end) + endings.get(end, "s")
    return f"{count:,} {noun}"


def significant(table: pd.DataFrame, column: str = "p_adjusted") -> pd.DataFrame:
    """Rows whose adjusted p is at most .05."""
    return table[table[column] <= SIGNIFICANT]


def too_few(table: pd.DataFrame) -> str:
    """How many rows rest on fewer languages than asked for, as a sentence; empty if none."""
    few = int((~table["enough"].astype(bool)).sum())
    return (
        f" {few:,} of {len(table):,} rest on too few languages: they are grey, and not in the "
        "correction."
        if few
        else ""
    )


def range_of(values: pd.Series, form: str = ".3g") -> str:
    """``8`` or ``3 to 8``."""
    low, high = number(values.min(), form), number(values.max(), form)
    return low if low == high else f"{low} to {high}"
