"""The tests of average signatures, repeated with other measures."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.correlations import Correlation, correlate, mean_over_layers
from langsig.analysis.options import InferenceOptions
from langsig.analysis.trends import mann_kendall_tau
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    AverageSignatures,
    Baselines,
    Estimates,
    Measures,
    MeasureTests,
    Properties,
    Scores,
)
from langsig.terms import AVERAGE_SIGNATURE

_MEASURE = ["measure", "source", "normalise"]
_TEST = ["test", "property", "task", "metric", "model"]


def measures(
    averages: Mapping[str, AverageSignatures], baselines: Baselines, estimates: Estimates
) -> Measures:
    """Collect all measures of all words: signatures, plainer measures, and estimates.

    Parameters
    ----------
    averages
        By measure: average signatures of the factorisation in use, and values of learned
        signatures (:func:`langsig.analysis.learned.learned_averages`). They have neither source
        nor normalisation.
    baselines
        Plainer measures, which have neither, either.
    estimates
        Average signatures with source and normalisation.
    """
    plainer = baselines.select(category=ALL_WORDS).frame
    parts = [
        *(
            table.select(category=ALL_WORDS)
            .frame.rename(columns={AVERAGE_SIGNATURE: "value"})
            .assign(measure=measure, source=None, normalise=None)
            for measure, table in averages.items()
        ),
        plainer.assign(source=None, normalise=None),
        estimates.frame.rename(columns={AVERAGE_SIGNATURE: "value"}).assign(
            measure=AVERAGE_SIGNATURE
        ),
    ]
    columns = list(Measures.columns)
    return Measures.concat(Measures(part[columns]) for part in parts)


def measure_tests(
    measures: Measures,
    properties: Properties,
    scores: Scores | None,
    *,
    genera: Mapping[str, str],
    options: InferenceOptions,
) -> MeasureTests:
    """Test each measure for trends, and correlate it with properties and benchmark scores.

    If a plainer measure, or an untrained model, gives the same result as the average signature,
    that result does not show what the model has learnt of a language.

    Parameters
    ----------
    measures
        Measures of all words, from :func:`measures`.
    properties
        Properties of languages. Those of single categories other than all words are left out.
    scores
        Benchmark scores, if there are any.
    genera, options
        As in :func:`langsig.analysis.correlations`.

    Returns
    -------
    MeasureTests
        The estimate of a trend is the share of languages that decrease from the lower to the
        upper layers (negative tau); it has no p. The estimate of a correlation is Pearson's r
        with the mean over the layers. All p-values of a property or score are one family for the
        correction of the false discovery rate.
    """
    variables = [*_property_values(properties), *_score_values(scores)]
    trend_rows, rows = [], []
    for measure, group in measures.frame.groupby(_MEASURE, sort=False, dropna=False):
        frame = group.rename(columns={"value": AVERAGE_SIGNATURE})
        trend_rows.append((*measure, "trend", *_decreasing(frame, options)))
        means = mean_over_layers(frame)
        for variable in variables:
            result = correlate(means, variable.values, genera=genera, options=options)
            rows.append((*measure, *variable.key, *result))
    correlated = pd.DataFrame(rows, columns=[*_MEASURE, *_TEST, *Correlation._fields])
    correlated = correlated.astype(dict.fromkeys(Correlation._fields, "float64") | {"n": "int64"})
    correlated["enough"] = correlated["n"] >= options.min_languages
    adjusted = with_adjusted(correlated.rename(columns={"pearson": "estimate"}), _TEST)
    trend = pd.DataFrame(trend_rows, columns=[*_MEASURE, "test", "estimate", "n", "enough"])
    columns = list(MeasureTests.columns)
    tables = [MeasureTests(table.reindex(columns=columns)) for table in (trend, adjusted)]
    return MeasureTests.concat(tables)


def _decreasing(frame: pd.DataFrame, options: InferenceOptions) -> tuple[float, int, bool]:
    """Share of languages that decrease, number of languages, and whether there are enough."""
    by_language = frame.sort_values("layer").groupby("language")[AVERAGE_SIGNATURE]
    tau = np.array([mann_kendall_tau(series.to_numpy()) for _, series in by_language])
    tau = tau[~np.isnan(tau)]
    share = float((tau < 0).mean()) if len(tau) else np.nan
    return share, len(tau), len(tau) >= options.min_languages


class _Variable(NamedTuple):
    """A property or a score with which measures are correlated."""

    key: tuple[str | None, ...]
    """Test, property, task, metric and model."""
    values: pd.Series
    """Values indexed by language."""


def _property_values(properties: Properties) -> Iterator[_Variable]:
    frame = properties.frame
    chosen = frame[frame["category"].fillna(ALL_WORDS) == ALL_WORDS]
    for name, group in chosen.groupby("property", sort=False):
        key = ("property", str(name), None, None, None)
        yield _Variable(key, group.set_index("language")["value"])


def _score_values(scores: Scores | None) -> Iterator[_Variable]:
    if scores is None:
        return
    groups = scores.frame.groupby(["task", "metric", "model"], sort=False)
    for (task, metric, model), group in groups:
        key = ("score", None, str(task), str(metric), str(model))
        yield _Variable(key, group.set_index("language")["value"])
