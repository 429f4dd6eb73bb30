"""Which categories each treebank has, and with which values."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from langsig.morphology import CATEGORIES, Words


class Coverage(NamedTuple):
    """What there is to analyse, as tidy tables."""

    treebanks: pd.DataFrame
    """Columns ``language``, ``sentences``, ``words``."""
    categories: pd.DataFrame
    """Columns ``language``, ``category``, ``words`` that bear it, ``enough``: whether they are as
    many as a slice needs. A row for every category, also where there is no such word."""
    attributes: pd.DataFrame
    """Columns ``language``, ``category``, ``value``, ``words``, ``share`` of the words that bear
    the category. Values that occur only."""


def coverage(treebanks: Iterable[tuple[str, Words]], *, min_instances: int) -> Coverage:
    """Count the words of each language by category and by value (paper, appendix A).

    Parameters
    ----------
    treebanks
        Pairs of language and words, taken one at a time: not all need be in memory.
    min_instances
        Words that a slice must have.
    """
    totals, categories, attributes = [], [], []
    for language, words in treebanks:
        totals.append((language, len(words.sentences), len(words.table)))
        table = words.category_counts().reset_index()
        table["enough"] = table["words"] >= max(1, min_instances)
        categories.append(_of(language, table))
        values = words.value_counts()
        bearing = values.groupby("category")["words"].transform("sum")
        values["share"] = values["words"] / bearing
        attributes.append(_of(language, values))
    return Coverage(
        pd.DataFrame(totals, columns=["language", "sentences", "words"]),
        pd.concat(categories, ignore_index=True),
        pd.concat(attributes, ignore_index=True),
    )


def _of(language: str, table: pd.DataFrame) -> pd.DataFrame:
    table.insert(0, "language", language)
    return table


def coverage_markdown(found: Coverage) -> str:
    """The counts as a Markdown table: a row a language, a column a category.

    Categories with too few words for a slice are in brackets, absent ones are empty.
    """
    cells = found.categories.assign(cell=found.categories.apply(_cell, axis="columns"))
    wide = cells.pivot(index="language", columns="category", values="cell")[list(CATEGORIES)]
    lines = [
        _line(["Language", "Sentences", "Words", *CATEGORIES]),
        _line(["---", *["---:"] * (len(CATEGORIES) + 2)]),
    ]
    for language, sentences, words in found.treebanks.itertuples(index=False):
        lines.append(_line([language, f"{sentences:,}", f"{words:,}", *wide.loc[language]]))
    return "\n".join(lines) + "\n"


def _cell(row: pd.Series) -> str:
    if not row["words"]:
        return ""
    return f"{row['words']:,}" if row["enough"] else f"({row['words']:,})"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
