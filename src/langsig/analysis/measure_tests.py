"""The same questions put to other measures than average signatures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from langsig.analysis.corrections import with_adjusted
from langsig.analysis.correlations import as_table, by_layer
from langsig.analysis.trends import trends
from langsig.morphology import ALL_WORDS

AVERAGE_SIGNATURE = "average signature"
_TREND = "decrease over layers (share of languages)"


def measures(
    averages: pd.DataFrame, baselines: pd.DataFrame, estimates: pd.DataFrame
) -> pd.DataFrame:
    """All that says something of all words of a language in a layer, in one form.

    Parameters
    ----------
    averages
        Columns ``category``, ``layer``, ``language``, ``average_signature``.
    baselines
        Columns ``category``, ``layer``, ``language``, ``measure``, ``value``.
    estimates
        Columns ``source``, ``normalise``, ``layer``, ``language``, ``average_signature``.

    Returns
    -------
    DataFrame
        Columns ``measure``, ``layer``, ``language``, ``average_signature``: the measure, whatever
        it is. Those of the estimates are named by source and normalisation.
    """
    parts = [
        averages[averages["category"] == ALL_WORDS].assign(measure=AVERAGE_SIGNATURE),
        baselines[baselines["category"] == ALL_WORDS].rename(
            columns={"value": "average_signature"}
        ),
        estimates.assign(measure=estimates["source"] + ", " + estimates["normalise"]),
    ]
    columns = ["measure", "layer", "language", "average_signature"]
    return pd.concat([part[columns] for part in parts], ignore_index=True)


def measure_tests(
    measures: pd.DataFrame,
    properties: pd.DataFrame,
    scores: pd.DataFrame | None,
    *,
    genera: Mapping[str, str],
    min_languages: int,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """What each measure says of trends, properties of languages and benchmark scores.

    Where a plainer measure, or an untrained model, gives the same answer as the average
    signature, that answer is not one about what the model has learnt of a language.

    Parameters
    ----------
    measures
        What :func:`measures` returns.
    properties, scores, genera, min_languages, permutations, seed
        As in :func:`langsig.analysis.correlations` and
        :func:`langsig.analysis.score_correlations`; of the properties, those of all words.

    Returns
    -------
    DataFrame
        Columns ``measure``, ``analysis``, ``estimate``, ``low``, ``high``, ``n``, ``p``,
        ``p_adjusted``, ``enough``. Of trends, the estimate is the share of languages that decrease
        from the lower to the upper layers (negative tau), without p; else Pearson's correlation
        with the mean over the layers. All p-values of an analysis are one family.
    """
    questions = _questions(properties, scores)
    options: dict[str, Any] = {"genera": genera, "permutations": permutations, "seed": seed}
    shares, rows = [], []
    for measure, table in measures.groupby("measure", sort=False):
        tau = trends(table.assign(category=ALL_WORDS))["tau"].dropna()
        share = float((tau < 0).mean()) if len(tau) else np.nan
        shares.append((measure, _TREND, share, len(tau), len(tau) >= min_languages))
        rows += [
            (measure, question, *by_layer(table, values, **options)[-1])
            for question, values in questions.items()
        ]
    found = as_table(rows, ["measure", "analysis"], min_languages=min_languages)
    trend = pd.DataFrame(shares, columns=["measure", "analysis", "estimate", "n", "enough"])
    columns = ["measure", "analysis", "estimate", "low", "high", "n", "p", "p_adjusted", "enough"]
    adjusted = with_adjusted(found.rename(columns={"pearson": "estimate"}), ["analysis"])
    return pd.concat([trend, adjusted], ignore_index=True).reindex(columns=columns)


def _questions(properties: pd.DataFrame, scores: pd.DataFrame | None) -> dict[str, pd.Series]:
    """By name, values by language."""
    own = properties[properties["category"].fillna(ALL_WORDS) == ALL_WORDS]
    named = {
        f"correlation with {name}": facts.set_index("language")["value"]
        for name, facts in own.groupby("property", sort=False)
    }
    if scores is not None:
        for key, group in scores.groupby(["task", "metric", "model"], sort=False):
            named[f"correlation with {', '.join(map(str, key))}"] = group.set_index("language")[
                "value"
            ]
    return named
