"""Revisions of a repository, read and compared."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langsig.analysis import learned_sampled
from langsig.analysis.changes import Sampled
from langsig.analysis.difference import Difference, ExperimentResults, difference
from langsig.errors import InputError
from langsig.repository.revisions import WORKSPACE, Revision, changed_parameters
from langsig.schemas import (
    AverageSignatures,
    Correlations,
    Estimates,
    LearnedReplicates,
    LearnedSignatures,
    Replicates,
    Trees,
)
from langsig.terms import MODEL


def diff(
    before: str | Sequence[str],
    after: str | Sequence[str] = WORKSPACE,
    *,
    repository: str | Path = ".",
) -> Difference:
    """Compare the results of two revisions of a repository, or of several pairs of revisions.

    Parameters
    ----------
    before
        Name of a revision: a commit, branch, tag, experiment, or ``workspace``. Several names
        are experiments that differ in their seeds only.
    after
        The same number of revisions, in the same order of seeds (default: the workspace).
    repository
        A folder in the repository.

    Returns
    -------
    Difference
        Tables of changes.

    Raises
    ------
    InputError
        If the numbers of revisions differ, a revision does not exist, or nothing in the revisions
        can be compared.

    Examples
    --------
    In this repository, the signatures of ``qab`` doubled between the tag ``first`` and now:

    >>> import langsig
    >>> result = langsig.diff("first", "HEAD", repository=repository)
    >>> result.parameters.changed
    {'seed': (0, 1)}
    >>> result.categories.select(layer=0).frame[["language", "before", "after", "change"]]
      language  before  after    change
    0      qaa    0.75   0.75  0.000000
    1      qab    1.50   3.00  0.693147
    2      qac    2.25   2.25  0.000000
    >>> langsig.diff("no-such-branch", repository=repository)
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: no-such-branch: no such revision: ...
    """
    names_before, names_after = _names(before), _names(after)
    if len(names_before) != len(names_after) or not names_before:
        raise InputError(
            "before and after must name the same number of revisions, at least one; "
            f"got {len(names_before)} and {len(names_after)}"
        )
    names = dict.fromkeys([*names_before, *names_after])
    revisions = {name: Revision(name, repository) for name in names}
    results = {name: read_results(revision) for name, revision in revisions.items()}
    return difference(
        [(results[old], results[new]) for old, new in zip(names_before, names_after, strict=True)],
        changed_parameters(revisions[names_before[0]], revisions[names_after[0]]),
    )


def read_results(revision: Revision) -> ExperimentResults:
    """Read the tables of a revision; tables that are missing or out of date are left out."""
    readers: dict[str, Callable[[Revision], Any]] = {
        "sampled": _sampled,
        "learned": lambda revision: learned_sampled(
            LearnedSignatures(revision.table("artifacts/learned/signatures.csv")),
            LearnedReplicates(revision.table("artifacts/learned/replicates.csv")),
        ),
        "averages": lambda revision: AverageSignatures(
            revision.table("artifacts/tables/average_signatures.csv")
        ),
        "trees": lambda revision: Trees(revision.table("artifacts/relations/trees.csv")),
        "correlations": lambda revision: Correlations(
            revision.table("artifacts/relations/correlations.csv")
        ),
        "gains": _gains,
    }
    tables: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, reader in readers.items():
        try:
            tables[name] = reader(revision)
        except InputError as error:
            missing[name] = str(error)
    return ExperimentResults(revision.name, **tables, missing=missing)


def _names(revisions: str | Sequence[str]) -> list[str]:
    return [revisions] if isinstance(revisions, str) else list(revisions)


def _sampled(revision: Revision) -> Sampled:
    """Estimates and replicates of all sources whose stage has run with these parameters."""
    estimates, replicates, errors = [], [], []
    for source in revision.parameter("uncertainty", "sources"):
        folder = f"artifacts/uncertainty/{source}"
        try:
            both = (
                Estimates(revision.table(f"{folder}/estimates.csv")),
                Replicates(revision.table(f"{folder}/replicates.parquet")),
            )
        except InputError as error:
            errors.append(error)
            continue
        estimates.append(both[0])
        replicates.append(both[1])
    if not estimates:
        raise errors[0] if errors else InputError(f"{revision.name}: no uncertainty.sources")
    return Sampled(Estimates.concat(estimates), Replicates.concat(replicates))


def _gains(revision: Revision) -> dict[tuple[str, str], float]:
    """Gains over token frequencies on held-out text, by model and language."""
    gains = {}
    has_controls = revision.params.get("reference", MODEL) == MODEL
    controls = revision.parameter("languages") if has_controls else ()
    for model in (*controls, "experimental"):
        learning = revision.json(f"artifacts/learning/{model}/learning.json")
        for language, gain in learning.get("gain_by_language", {}).items():
            kind = "experimental" if model == "experimental" else "control"
            gains[kind, language] = gain
    return gains
