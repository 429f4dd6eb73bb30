"""What a report is made of: the tables of a run, and what must be said beside each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from langsig.morphology import ALL_WORDS

EXPERIMENTAL = "experimental"
OTHER_FAMILIES = "other families"
# Okabe and Ito (2008), without black, which the page has for ink, and yellow, which is too pale
# on white; grey for what is left.
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7"]
_GREY = "#8C8C8C"


@dataclass(frozen=True)
class Results:
    """One run, as read from its files."""

    tables: Mapping[str, pd.DataFrame]
    """By name, see :func:`langsig.report.report_page`."""
    metrics: Mapping[str, Any]
    """What :func:`langsig.analysis.summary` returns; ``learning`` may be missing."""
    facts: pd.DataFrame
    """Columns ``language``, ``name``, ``family``, ``genus``; languages may be missing."""
    margin: float | None
    """Nat over token frequencies at which a model counts as learnt; ``None`` if unknown."""

    def has(self, *names: str) -> bool:
        """Whether all these tables are there and have rows."""
        return all(name in self.tables and not self.tables[name].empty for name in names)

    def has_all_words(self, name: str) -> bool:
        """Whether this table has rows of all words, which the sentences are about."""
        return self.has(name) and not self.of(name).empty

    def of(self, name: str, category: str = ALL_WORDS) -> pd.DataFrame:
        """The rows of a table that are of one category."""
        table = self.tables[name]
        return table[table["category"] == category]

    @cached_property
    def languages(self) -> pd.DataFrame:
        """One row a language, relatives together, large families first.

        Columns ``language``; ``name`` (the code where none is known) and ``label`` (the code),
        both with a dagger if its model has not learnt; ``family``, ``genus`` (missing where
        unknown); ``group``, the family, or what all are called that get no colour of their own.
        """
        known = self.facts[["language", "name", "family", "genus"]].drop_duplicates("language")
        table = pd.DataFrame({"language": self._codes()}, dtype=str)
        table = table.merge(known, on="language", how="left")
        dagger = table["language"].isin(self.unlearnt).map({True: "†", False: ""})
        table["name"] = table["name"].fillna(table["language"]) + dagger
        table["label"] = table["language"] + dagger
        sizes = table["family"].value_counts()
        families = sorted(sizes.index, key=lambda family: (-sizes[family], family))
        coloured = table["family"].isin(families[: len(_COLOURS)])
        table["group"] = table["family"].where(coloured, OTHER_FAMILIES)
        place = table["family"].map({family: place for place, family in enumerate(families)})
        order = table.assign(place=place).sort_values(["place", "genus", "language"]).index
        return table.loc[order].reset_index(drop=True)

    def _codes(self) -> list[str]:
        tables = [table for table in self.tables.values() if "language" in table]
        named = {str(code) for table in tables for code in table["language"].dropna()}
        return sorted(named | (set(self.learning) - {EXPERIMENTAL}))

    @cached_property
    def colours(self) -> dict[str, str]:
        """A colour for each ``group`` of :attr:`languages`, in their order."""
        groups = self.languages["group"].unique()
        named = [group for group in groups if group != OTHER_FAMILIES]
        colours = dict(zip(named, _COLOURS, strict=False))
        if len(named) < len(groups):
            colours[OTHER_FAMILIES] = _GREY if named else _COLOURS[0]
        return colours

    @property
    def learning(self) -> Mapping[str, Mapping[str, Any]]:
        """By model that was trained here: ``gain`` (nat), ``learnt``."""
        found: Mapping[str, Mapping[str, Any]] = self.metrics.get("learning", {})
        return {model: result for model, result in found.items() if "learnt" in result}

    @property
    def checkpoint(self) -> str | None:
        """Name of the experimental model, if it was not trained here."""
        model = self.metrics.get("learning", {}).get(EXPERIMENTAL, {})
        name: str | None = model.get("checkpoint")
        return name

    @cached_property
    def unlearnt(self) -> list[str]:
        """Models that have not learnt."""
        return sorted(model for model, result in self.learning.items() if not result["learnt"])

    @cached_property
    def flagged(self) -> dict[str, list[int]]:
        """By category: layers whose factorisation fails its own checks."""
        if not self.has("factorizations"):
            return {}
        failed = self.tables["factorizations"].dropna(subset="flags")
        groups = failed.groupby("category")["layer"]
        return {str(category): sorted(map(int, layers)) for category, layers in groups}

    @cached_property
    def categories(self) -> list[str]:
        """All words first, then by name."""
        tables = [table for table in self.tables.values() if "category" in table]
        named = {str(name) for table in tables for name in table["category"].dropna()}
        return sorted(named, key=lambda name: (name != ALL_WORDS, name))

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(zip(self.languages["language"], self.languages["name"], strict=True))

    def name(self, language: Any) -> str:
        """The name of a language, with a dagger if its model has not learnt."""
        return self._names.get(language) or f"{language}{'†' if language in self.unlearnt else ''}"

    def doubts(self, category: str | None = ALL_WORDS) -> str:
        """On failed fits of a category (``None``: of any), and on models that have not learnt.

        Empty where there are none.
        """
        layers = self.flagged.get(category, []) if category else []
        failed = sum(map(len, self.flagged.values())) if category is None else 0
        unlearnt = listed([self.name(model) for model in self.unlearnt])
        said = [
            f"the {_layers(layers)} fail their checks (*)" if layers else "",
            f"{failed} of {len(self.tables['factorizations'])} fits fail their checks (*)"
            if failed
            else "",
            f"not learnt: {unlearnt}" if unlearnt else "",
        ]
        found = "; ".join(part for part in said if part)
        return f"Marked throughout: {found}." if found else ""


def _layers(layers: Sequence[int]) -> str:
    return f"fits of {'layer' if len(layers) == 1 else 'layers'} {listed(map(str, layers))}"


def listed(names: Any, most: int = 8) -> str:
    """Names as a person would list them; of many, the first few and how many more."""
    names = list(names)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
