"""Which categories each treebank has, and with which values."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from langsig.morphology import CATEGORIES, Words
from langsig.schemas import CategoryCounts, TreebankSizes, ValueCounts


@dataclass(frozen=True)
class Coverage:
    """The number of words that can be analysed.

    Attributes
    ----------
    treebanks
        Number of sentences and words of each language.
    categories
        Number of words that bear each category, and whether there are enough for a slice. There
        is a row for every category, including those that a language lacks.
    attributes
        Number of words that bear each value of a category. There are rows only for values that
        occur.
    """

    treebanks: TreebankSizes
    categories: CategoryCounts
    attributes: ValueCounts


def coverage(treebanks: Iterable[tuple[str, Words]], *, min_instances: int) -> Coverage:
    """Count the words of each language by category and by value (paper, appendix A).

    Parameters
    ----------
    treebanks
        Pairs of a language and its words. If this is a generator, only one treebank at a time is
        in memory.
    min_instances
        Number of words that a slice must have.
    """
    sizes: list[tuple[str, int, int]] = []
    categories, attributes = [], []
    for language, words in treebanks:
        sizes.append((language, len(words.sentences), len(words)))
        counts = words.category_counts().reset_index().assign(language=language)
        counts["enough"] = counts["words"] >= max(1, min_instances)
        categories.append(CategoryCounts(counts))
        values = words.value_counts().assign(language=language)
        bearing = values.groupby("category")["words"].transform("sum")
        attributes.append(ValueCounts(values.assign(share=values["words"] / bearing)))
    return Coverage(
        TreebankSizes(pd.DataFrame(sizes, columns=list(TreebankSizes.columns))),
        CategoryCounts.concat(categories),
        ValueCounts.concat(attributes),
    )


def coverage_markdown(coverage: Coverage) -> str:
    """The counts as a Markdown table, with one row per language and one column per category.

    Categories with too few words for a slice are in brackets; absent ones are empty.
    """
    counts = coverage.categories.frame
    cells = counts.assign(cell=counts.apply(_cell, axis="columns"))
    wide = cells.pivot(index="language", columns="category", values="cell")[list(CATEGORIES)]
    lines = [
        _line(["Language", "Sentences", "Words", *CATEGORIES]),
        _line(["---", *["---:"] * (len(CATEGORIES) + 2)]),
    ]
    for language, sentences, words in coverage.treebanks.frame.itertuples(index=False):
        lines.append(_line([language, f"{sentences:,}", f"{words:,}", *wide.loc[language]]))
    return "\n".join(lines) + "\n"


def _cell(row: pd.Series) -> str:
    if not row["words"]:
        return ""
    return f"{row['words']:,}" if row["enough"] else f"({row['words']:,})"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
