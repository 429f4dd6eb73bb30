"""Two experiments compared: what changed in signatures, trees, correlations and learning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import pandas as pd

from langsig.analysis.changes import (
    Sampled,
    category_changes,
    correlation_changes,
    signature_changes,
    tree_changes,
)
from langsig.analysis.learned import of_measures
from langsig.errors import InputError
from langsig.files import atomic_directory, check_output
from langsig.schemas import (
    AverageSignatures,
    CategoryChanges,
    CorrelationChanges,
    Correlations,
    LearningChanges,
    SignatureChanges,
    Table,
    TreeChanges,
    Trees,
)
from langsig.terms import AVERAGE_SIGNATURE

Gains = Mapping[tuple[str, str], float]
"""By model (``control`` or ``experimental``) and language: gain over token frequencies, in nats per
token."""
_Input = TypeVar("_Input")
_Changes = TypeVar("_Changes", bound=Table)


@dataclass(frozen=True)
class ExperimentResults:
    """Results of one experiment, as far as they are available."""

    name: str
    sampled: Sampled | None = None
    learned: Mapping[str, Sampled] | None = None
    """By measure of learned signatures."""
    averages: AverageSignatures | None = None
    trees: Trees | None = None
    correlations: Correlations | None = None
    gains: Gains | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    """By the name of an attribute that is None: why it is missing."""


class ParameterChanges(NamedTuple):
    """How the parameters of two experiments differ, by keys such as ``factorize.rank``."""

    changed: Mapping[str, tuple[Any, Any]]
    """Values before and after."""
    removed: Mapping[str, Any] = {}
    """Values of parameters that there are only before."""
    added: Mapping[str, Any] = {}
    """Values of parameters that there are only after."""


@dataclass(frozen=True)
class Difference:
    r"""What changed between two experiments, or between several pairs of experiments.

    Pairs are the same two experiments with different seeds. The change of a language in a layer
    is the logarithm of a ratio of average signatures,

    .. math:: \Delta_l = \frac{1}{n} \sum_{i=1}^n
              \ln (\bar s_{l,i}^{\,after} / \bar s_{l,i}^{\,before}),

    averaged over the n pairs; its interval is described in
    :func:`langsig.analysis.changes.signature_changes`.

    Attributes
    ----------
    before, after
        Names of the revisions, pair by pair.
    parameters
        How parameters differ in the first pair.
    signatures
        Changes of the average signatures of all words, and of learned signatures.
    categories
        Changes of the average signatures of every category.
    trees
        Differences of the trees.
    correlations
        Correlations with properties of languages, before and after.
    learning
        What the models learnt of each language, before and after.
    missing
        Which comparisons were not possible, and why.

    Examples
    --------
    >>> import langsig
    >>> result = langsig.diff("first", "HEAD", repository=repository)
    >>> type(result).__name__, result.before, result.after
    ('Difference', ('first',), ('HEAD',))
    >>> len(result.categories), len(result.trees)
    (9, 0)
    >>> result.missing[2]
    'trees: first: artifacts/relations/trees.csv: the stage that writes it has not run'
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    parameters: ParameterChanges
    signatures: SignatureChanges
    categories: CategoryChanges
    trees: TreeChanges
    correlations: CorrelationChanges
    learning: LearningChanges
    missing: tuple[str, ...] = ()

    tables: ClassVar = ("signatures", "categories", "trees", "correlations", "learning")
    """Names of the attributes that are tables."""

    def movers(self, source: str = "trained", normalise: str = "none") -> list[str]:
        """Languages by the mean change of their average signature, largest first.

        Raises
        ------
        InputError
            If there are no signatures of this source and normalisation.
        """
        published = self.signatures.select(measure=AVERAGE_SIGNATURE)
        rows = published.select(source=source, normalise=normalise, kind="change")
        if not len(rows):
            known = published.frame[["source", "normalise"]].drop_duplicates()
            pairs = "; ".join(", ".join(pair) for pair in known.itertuples(index=False))
            raise InputError(
                f"source and normalise must be one of ({pairs}), got ({source}, {normalise})"
            )
        return rows.languages_by_change()

    def to_dict(self) -> dict[str, Any]:
        """The difference as plain values for JSON; missing values are None."""
        return {
            "before": list(self.before),
            "after": list(self.after),
            "parameters": {kind: dict(keys) for kind, keys in self.parameters._asdict().items()},
            **{name: _records(getattr(self, name)) for name in self.tables},
            "missing": list(self.missing),
        }

    def save(self, folder: str | Path) -> None:
        """Write one CSV file per table that has rows to a folder, which must be new or empty."""
        check_output(folder, directory=True, empty=True)
        with atomic_directory(folder) as output:
            for name in self.tables:
                table: Table = getattr(self, name)
                if len(table):
                    table.save(output / f"{name}.csv")


def difference(
    pairs: Sequence[tuple[ExperimentResults, ExperimentResults]],
    parameters: ParameterChanges,
) -> Difference:
    """Compare the results of experiments, pair by pair.

    Parameters
    ----------
    pairs
        Results before and after, for every seed.
    parameters
        How their parameters differ.

    Raises
    ------
    InputError
        If neither signatures nor averages can be compared.
    """
    missing: list[str] = []

    def compared(
        name: str,
        attribute: str,
        changes: Callable[[list[tuple[_Input, _Input]]], _Changes],
        kind: type[_Changes],
    ) -> _Changes:
        for results in (side for pair in pairs for side in pair):
            if getattr(results, attribute) is None:
                missing.append(f"{name}: {results.missing[attribute]}")
                return kind.empty()
        try:
            return changes(
                [(getattr(old, attribute), getattr(new, attribute)) for old, new in pairs]
            )
        except InputError as error:
            missing.append(f"{name}: {error}")
            return kind.empty()

    published = compared("intervals", "sampled", signature_changes, SignatureChanges)
    learned = compared("learned signatures", "learned", _learned_changes, SignatureChanges)
    result = Difference(
        before=tuple(before.name for before, _ in pairs),
        after=tuple(after.name for _, after in pairs),
        parameters=parameters,
        signatures=SignatureChanges.concat([published, learned]),
        categories=compared("categories", "averages", category_changes, CategoryChanges),
        trees=compared("trees", "trees", tree_changes, TreeChanges),
        correlations=compared(
            "correlations", "correlations", correlation_changes, CorrelationChanges
        ),
        learning=compared("learning", "gains", _learning_changes, LearningChanges),
        missing=tuple(missing),
    )
    if not len(result.signatures) and not len(result.categories):
        reason = missing[0] if missing else "no language and layer in common"
        raise InputError(f"nothing to compare: {reason}")
    return result


def _learned_changes(
    pairs: Sequence[tuple[Mapping[str, Sampled], Mapping[str, Sampled]]],
) -> SignatureChanges:
    """Changes of the measures that all experiments have.

    Raises
    ------
    InputError
        If their numbers of blocks of sentences differ.
    """
    sides = [side for pair in pairs for side in pair]
    blocks = {
        int(number)
        for side in sides
        for sampled in side.values()
        for number in sampled.estimates.frame["blocks"].unique()
    }
    if len(blocks) > 1:
        numbers = ", ".join(map(str, sorted(blocks)))
        raise InputError(f"the number of blocks of sentences must be the same, got {numbers}")
    common = [name for name in sides[0] if all(name in side for side in sides)]
    of_measure = {name: [(old[name], new[name]) for old, new in pairs] for name in common}
    return of_measures(signature_changes, of_measure, SignatureChanges)


def _learning_changes(pairs: Sequence[tuple[Gains, Gains]]) -> LearningChanges:
    before, after = (
        pd.concat([pd.Series(dict(gains), dtype=float) for gains in side], axis=1).mean(axis=1)
        for side in zip(*pairs, strict=True)
    )
    table = pd.DataFrame({"before": before, "after": after})
    return LearningChanges(table.rename_axis(["model", "language"]).reset_index())


def _records(table: Table) -> list[dict[str, Any]]:
    plain = table.frame.astype(object).where(table.frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]
