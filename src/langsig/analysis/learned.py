"""Measures that are analysed: the published average signature, and those of learned signatures.

An analysis takes average signatures of one measure. Values of another one take their place in the
tables that it reads; in the table that it returns, the column ``measure`` names it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from langsig.analysis.changes import Sampled
from langsig.analysis.findings import findings
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    AverageSignatures,
    Distances,
    Estimates,
    Findings,
    LearnedComponents,
    LearnedReplicates,
    LearnedSignatures,
    Replicates,
    Signatures,
    Table,
)
from langsig.terms import AVERAGE_SIGNATURE, MEASURES, SHARED

LEARNED = tuple(measure for measure in MEASURES if measure != AVERAGE_SIGNATURE)
"""The measures of learned signatures that are analysed."""
_Input = TypeVar("_Input")
_Result = TypeVar("_Result", bound=Table)


def of_measures(
    analyse: Callable[[_Input], _Result], inputs: Mapping[str, _Input], kind: type[_Result]
) -> _Result:
    """Analyse several measures one after another, and put the results into one table.

    Parameters
    ----------
    analyse
        The analysis of one measure.
    inputs
        What it reads, by measure.
    kind
        The class of the result, which has the column ``measure``.
    """
    results = [
        kind(analyse(tables).frame.assign(measure=measure)) for measure, tables in inputs.items()
    ]
    return kind.concat(results)


def learned_averages(learned: LearnedSignatures) -> dict[str, AverageSignatures]:
    """Measures of learned signatures in the place of average signatures of all words.

    Measures without levels are left out.
    """
    tables = {}
    for measure in LEARNED:
        frame = learned.select(measure=measure).frame.dropna(subset="value")
        frame = frame.rename(columns={"value": "average_signature"}).assign(category=ALL_WORDS)
        if len(frame):
            tables[measure] = AverageSignatures(frame[list(AverageSignatures.columns)])
    return tables


def learned_distances(components: LearnedComponents) -> dict[str, Distances]:
    """Cosine distances of the scores of learned signatures, as those of the measure ``shared``.

    There is no entry if levels are withheld.
    """
    frame = components.frame.rename(columns={"score": "value"}).assign(category=ALL_WORDS)
    signatures = Signatures(frame[list(Signatures.columns)])
    return {SHARED: signatures.distances()} if len(signatures) else {}


def learned_sampled(
    learned: LearnedSignatures, replicates: LearnedReplicates
) -> dict[str, Sampled]:
    """Measures of learned signatures with their replicates, as of the trained models.

    Estimates are those of the best start, even where levels are withheld: changes between two
    models are computed from them.
    """
    variant = {"source": "trained", "normalise": "none"}
    sampled = {}
    for measure in LEARNED:
        drawn = replicates.select(measure=measure).frame.rename(
            columns={"value": "average_signature"}
        )
        if drawn.empty:
            continue
        varied = drawn["varied"].replace("sentences", "block")
        blocks = drawn.loc[varied == "block", "replicate"].nunique()
        best = drawn[(varied == "start") & (drawn["replicate"] == 0)]
        tested = learned.select(measure=measure).frame
        estimates = tested.merge(best[["layer", "language", "average_signature"]])
        sampled[measure] = Sampled(
            Estimates(estimates.assign(blocks=blocks, **variant)[list(Estimates.columns)]),
            Replicates(drawn.assign(varied=varied, **variant)[list(Replicates.columns)]),
        )
    return sampled


def findings_of_measures(
    sampled: Mapping[str, Sampled], *, logographic: Collection[str] = ()
) -> Findings:
    """The paper's findings under several measures, see :func:`langsig.analysis.findings`.

    Parameters
    ----------
    sampled
        Estimates and replicates, by measure.
    logographic
        Languages with a logographic script.
    """
    return of_measures(
        lambda of_measure: findings(
            of_measure.estimates, of_measure.replicates, logographic=logographic
        ),
        sampled,
        Findings,
    )
