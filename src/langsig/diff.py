"""Two experiments compared: what changed in signatures, trees, correlations, and learning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from langsig.analysis.changes import (
    Sampled,
    category_changes,
    correlation_changes,
    signature_changes,
    tree_changes,
)
from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS
from langsig.repository.revisions import WORKSPACE, Revision, changed_parameters
from langsig.schemas import (
    AverageSignatures,
    CategoryChanges,
    Correlations,
    Estimates,
    Replicates,
    SignatureChanges,
    Table,
    Trees,
)

_TABLES = ("signatures", "categories", "trees", "correlations", "learning")
_MOST_CATEGORIES = 10  # languages and categories in the table for the terminal


@dataclass(frozen=True)
class Difference:
    """What :func:`diff` found, as tidy tables."""

    before: list[str]
    """Names of revisions."""
    after: list[str]
    parameters: dict[str, tuple[Any, Any]]
    """By full name: before and after, in the first pair."""
    signatures: pd.DataFrame
    """See :func:`langsig.analysis.changes.signature_changes`."""
    categories: pd.DataFrame
    """See :func:`langsig.analysis.changes.category_changes`."""
    trees: pd.DataFrame
    """See :func:`langsig.analysis.changes.tree_changes`."""
    correlations: pd.DataFrame
    """See :func:`langsig.analysis.changes.correlation_changes`."""
    learning: pd.DataFrame
    """Columns ``model`` (the control of a language, or experimental), ``language``, ``before``,
    ``after``: nat below token frequencies on held-out text, means over the pairs."""
    missing: list[str]
    """What could not be compared, and why."""

    def movers(self, source: str, normalise: str) -> list[str]:
        """Languages by how much they changed, on average over the layers; the largest first."""
        rows = self._of(source, normalise, "change")
        means = rows[rows["layer"].isna()].set_index("language")["estimate"]
        return [str(name) for name in means.abs().sort_values(ascending=False).index]

    def report(self, source: str = "trained", normalise: str = "none") -> str:
        """Tables for the terminal."""
        number = f" ({len(self.before)} pairs)" if len(self.before) > 1 else ""
        lines = [f"before: {', '.join(self.before)}", f"after:  {', '.join(self.after)}{number}"]
        lines += [f"  {name}: {one} -> {two}" for name, (one, two) in self.parameters.items()]
        lines += ["", *self._signatures(source, normalise), *self._learning()]
        lines += [*self._categories(), *self._trees(), *self._correlations()]
        lines += [f"not compared: {what}" for what in self.missing]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, what is missing as None."""
        return {
            "before": self.before,
            "after": self.after,
            "parameters": {name: [*values] for name, values in self.parameters.items()},
            **{name: _records(getattr(self, name)) for name in _TABLES},
            "missing": self.missing,
        }

    def save(self, folder: str | Path) -> None:
        """Write a CSV a table, and pictures as SVG and PDF, to a folder, which is replaced.

        Tables of what could not be compared are left out.
        """
        from langsig.figures import before_and_after, changes, save_figure
        from langsig.figures.labels import NORMALISATIONS, SOURCES

        pictures = {}
        if not self.categories.empty:
            words = self.categories[self.categories["category"] == ALL_WORDS]
            pictures["before_and_after"] = before_and_after(
                CategoryChanges(words), titles=("before", "after")
            )
        for (source, normalise), rows in self.signatures.groupby(
            ["source", "normalise"], sort=False
        ):
            name = f"changes_{source}_{normalise}"
            pictures[name] = changes(
                SignatureChanges(rows),
                title=f"Change: {SOURCES[source]}, {NORMALISATIONS[normalise]}",
            )
        with atomic_directory(Path(folder)) as output:
            tables = {name: getattr(self, name) for name in _TABLES}
            for name, table in tables.items():
                if not table.empty:
                    table.to_csv(output / f"{name}.csv", index=False)
            for name, figure in pictures.items():
                save_figure(figure, output, name)

    def _of(self, source: str, normalise: str, kind: str) -> pd.DataFrame:
        table = self.signatures
        rows = table[
            (table["source"] == source)
            & (table["normalise"] == normalise)
            & (table["kind"] == kind)
        ]
        if rows.empty and kind == "change":
            known = sorted({*zip(table["source"], table["normalise"], strict=True)})
            raise InputError(f"no signatures of {source}, {normalise}; there are {known}")
        return rows

    def _signatures(self, source: str, normalise: str) -> list[str]:
        if self.signatures.empty:
            return []
        change = self._of(source, normalise, "change")
        layers = sorted(change["layer"].dropna().unique())
        lines = [
            f"Average signature of all words ({source}, normalise: {normalise}): change in %, "
            "largest first",
            f"{'layer':8}"
            + "".join(f"{int(layer):>8}" for layer in layers)
            + f"{'mean (95 %)':>24}{'beyond the others':>24}",
        ]
        by_layer = _rows(change.dropna(subset="layer"), "layer", "language")
        means = change[change["layer"].isna()]
        relative = self._of(source, normalise, "relative")
        wide = [_rows(means, "language"), _rows(relative[relative["layer"].isna()], "language")]
        for language in self.movers(source, normalise):
            cells = "".join(_marked(by_layer[layer, language], 8) for layer in layers)
            cells += "".join(
                _with_interval(rows[(language,)], 24) for rows in wide if (language,) in rows
            )
            lines.append(f"{language:8}{cells}")
        lines.append("*: the 95 % interval excludes no change.")
        if len(self.before) > 1:
            seeds, sentences = (
                100 * float(np.expm1(means[f"half_width_{part}"].mean()))
                for part in ("seeds", "sentences")
            )
            lines.append(
                f"Of the intervals of the means, seeds alone would reach {seeds:.0f} % to either "
                f"side, sentences alone {sentences:.0f} %."
            )
        else:
            lines.append("One pair: what another seed would change is not known.")
        return [*lines, ""]

    def _learning(self) -> list[str]:
        if self.learning.empty:
            return []
        table = self.learning.dropna()
        moved = table[(table["after"] - table["before"]).abs() >= 0.005]
        if moved.empty:
            return []
        lines = ["Nat below token frequencies on held-out text, where it changed"]
        for row in moved.to_dict("records"):
            name = f"{row['model']}, {row['language']}"
            lines.append(f"{name:24}{row['before']:>8.2f} -> {row['after']:.2f}")
        return [*lines, ""]

    def _categories(self) -> list[str]:
        if self.categories.empty:
            return []
        table = self.categories[self.categories["category"] != ALL_WORDS]
        if table.empty:
            return []
        means = table.groupby(["category", "language"])["change"].mean()
        largest = means.loc[means.abs().sort_values(ascending=False).index[:_MOST_CATEGORIES]]
        lines = ["Categories, mean change over layers in %, largest first"]
        lines += [
            f"{category:20}{language:8}{_percent(change):>8}"
            for (category, language), change in zip(largest.index, largest, strict=True)
        ]
        return [*lines, ""]

    def _trees(self) -> list[str]:
        if self.trees.empty:
            return []
        lines = ["Trees: share of clades that only one has; correlation of distances within both"]
        scopes = {
            ALL_WORDS: self.trees["category"] == ALL_WORDS,
            "all categories": self.trees["scope"] == "combined",
        }
        for category, selected in scopes.items():
            rows = self.trees[selected]
            cells = (
                f"{row['layer']}: {row['robinson_foulds']:.2f} {row['cophenetic_correlation']:+.2f}"
                for row in rows.to_dict("records")
            )
            lines.append(f"{category:24}" + "   ".join(cells))
        return [*lines, ""]

    def _correlations(self) -> list[str]:
        table = self.correlations
        if table.empty:
            return []
        table = table[(table["category"] == ALL_WORDS) & table["layer"].notna()]
        if table.empty:
            return []
        lines = ["Pearson's correlation of all words, by layer, before -> after"]
        for name, rows in table.groupby("property", sort=False):
            cells = (
                f"{one:+.2f} -> {two:+.2f}"
                for one, two in zip(rows["before"], rows["after"], strict=True)
            )
            lines.append(f"{name:24}" + "   ".join(cells))
        return [*lines, ""]


def diff(
    before: Sequence[str], after: Sequence[str] = (WORKSPACE,), *, repository: str | Path = "."
) -> Difference:
    """Compare revisions, pair by pair.

    Parameters
    ----------
    before, after
        Names of revisions, as many of the one as of the other: commits, branches, tags,
        experiments, or ``workspace``. Several are seeds of the same experiment, in the same order.
    repository
        A folder in it.

    Raises
    ------
    InputError
        If the numbers differ, a revision is not known, or nothing of the two can be compared.
    """
    if len(before) != len(after) or not before:
        raise InputError(
            f"{len(before)} revisions before and {len(after)} after; a comparison is pair by pair"
        )
    names = dict.fromkeys([*before, *after])
    revisions = {name: Revision(name, repository) for name in names}
    pairs = [(revisions[one], revisions[two]) for one, two in zip(before, after, strict=True)]
    missing: list[str] = []

    def compared(
        what: str, change: Callable[[Any], Table | pd.DataFrame], read: Callable[[Revision], Any]
    ) -> pd.DataFrame:
        try:
            result = change([(read(one), read(two)) for one, two in pairs])
            return result.to_frame() if isinstance(result, Table) else result
        except InputError as error:
            missing.append(f"{what}: {error}")
            return pd.DataFrame()

    found = Difference(
        before=[*before],
        after=[*after],
        parameters=changed_parameters(*pairs[0]),
        signatures=compared("intervals", signature_changes, _sampled),
        categories=compared(
            "categories",
            category_changes,
            lambda revision: AverageSignatures(
                revision.table("artifacts/tables/average_signatures.csv")
            ),
        ),
        trees=compared(
            "trees",
            tree_changes,
            lambda revision: Trees(revision.table("artifacts/relations/trees.csv")),
        ),
        correlations=compared(
            "correlations",
            correlation_changes,
            lambda revision: Correlations(revision.table("artifacts/relations/correlations.csv")),
        ),
        learning=compared("learning", _learning_changes, _gains),
        missing=missing,
    )
    if found.signatures.empty and found.categories.empty:
        raise InputError(missing[0] if missing else "no languages and layers in common")
    return found


def _sampled(revision: Revision) -> Sampled:
    """From all sources whose stage has run with the parameters of the revision."""
    sources, reasons = [], {}
    for source in revision.params["uncertainty"]["sources"]:
        folder = f"artifacts/uncertainty/{source}"
        try:
            estimates = revision.table(f"{folder}/estimates.csv")
            sources.append((estimates, revision.table(f"{folder}/replicates.parquet")))
        except InputError as error:
            reasons[source] = error
    if not sources:
        raise next(iter(reasons.values()), InputError(f"{revision.name}: no uncertainty.sources"))
    return Sampled(
        Estimates.concat(Estimates(estimates) for estimates, _ in sources),
        Replicates.concat(Replicates(replicates) for _, replicates in sources),
    )


def _gains(revision: Revision) -> pd.Series:
    """Nat below token frequencies, by model and language."""
    gains = {}
    for model in (*revision.params["languages"], "experimental"):
        learning = revision.json(f"artifacts/learning/{model}/learning.json")
        for language, gain in learning.get("gain_by_language", {}).items():
            name = "experimental" if model == "experimental" else "control"
            gains[name, language] = gain
    return pd.Series(gains, dtype=float)


def _learning_changes(pairs: Sequence[tuple[pd.Series, pd.Series]]) -> pd.DataFrame:
    sides = [pd.concat(side, axis=1).mean(axis=1) for side in zip(*pairs, strict=True)]
    table = pd.DataFrame({"before": sides[0], "after": sides[1]})
    return table.rename_axis(["model", "language"]).reset_index()


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def _rows(table: pd.DataFrame, *keys: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows by these columns."""
    return {tuple(row[key] for key in keys): row for row in _records(table)}


def _percent(change: float) -> str:
    return f"{100 * np.expm1(change):+.0f}"


def _marked(row: dict[str, Any], width: int) -> str:
    mark = " " if row["low"] <= 0 <= row["high"] else "*"
    return f"{_percent(row['estimate']):>{width - 1}}{mark}"


def _with_interval(row: dict[str, Any], width: int) -> str:
    low, high = _percent(row["low"]), _percent(row["high"])
    return f"{_percent(row['estimate'])} ({low} to {high})".rjust(width)
