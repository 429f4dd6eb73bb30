"""Correlation of average signatures with benchmark scores."""

from collections.abc import Mapping

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.correlations import as_frame, by_layer
from langsig.analysis.options import InferenceOptions
from langsig.schemas import AverageSignatures, ScoreCorrelations, Scores

_KEYS = ["task", "metric", "model"]


def score_correlations(
    averages: AverageSignatures,
    scores: Scores,
    *,
    genera: Mapping[str, str],
    options: InferenceOptions,
) -> ScoreCorrelations:
    """Correlate average signatures with benchmark scores over languages.

    These are the correlations of the paper's tables 1 and 4 to 7. The p-values of the whole table
    are one family for the correction of the false discovery rate.

    Parameters
    ----------
    averages
        Average signatures of one category; in the paper, of all words.
    scores
        Scores of models. Languages without signatures are left out.
    genera, options
        As in :func:`langsig.analysis.correlations`.
    """
    rows = []
    for key, group in scores.frame.groupby(_KEYS, sort=False):
        values = group.set_index("language")["value"]
        results = by_layer(averages.frame, values, genera=genera, options=options)
        rows += [(*key, *row) for row in results]
    frame = as_frame(rows, _KEYS, min_languages=options.min_languages)
    return ScoreCorrelations(with_adjusted(frame, []))
