"""Rows of one measure, in tables that have several."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

from langsig.schemas.columns import MEASURE
from langsig.schemas.table import Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Tables = TypeVar("_Tables", bound="DataclassInstance")


def select_measure(tables: _Tables, measure: str) -> _Tables:
    """The rows of one measure, in all tables of a dataclass that have several.

    Parameters
    ----------
    tables
        A dataclass with tables as attributes.
    measure
        One of :data:`langsig.terms.MEASURES`.
    """
    chosen = {}
    for field in fields(tables):
        table = getattr(tables, field.name)
        if isinstance(table, Table) and table.columns.get("measure") is MEASURE:
            chosen[field.name] = table.select(measure=measure)
    return replace(tables, **chosen)
