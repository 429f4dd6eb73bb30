"""Results of invented experiments, to be compared."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import default_rng

from langsig.analysis.changes import Sampled
from langsig.analysis.difference import ExperimentResults
from langsig.morphology import ALL_WORDS
from langsig.schemas import AverageSignatures, Correlations, Estimates, Replicates, Trees

LANGUAGES = ("de", "fi", "zh")
LAYERS = (0, 1)
NEWICK = "((de:1,fi:1):1,zh:2);"


def results(
    name: str = "one", factors: Mapping[str, float] | None = None, *, seed: int = 0
) -> ExperimentResults:
    """Complete results of one experiment; average signatures are scaled by language."""
    scale = np.array([(factors or {}).get(language, 1.0) for language in LANGUAGES])
    noise = default_rng(seed)
    values = scale * np.array([[1.0, 2.0, 4.0], [2.0, 3.0, 5.0]])  # [layers, languages]
    replicates = values * np.exp(noise.normal(0, 0.01, (20, *values.shape)))
    return ExperimentResults(
        name,
        sampled=Sampled(_estimates(values), _replicates(replicates)),
        averages=AverageSignatures(
            pd.concat(
                _cells(category, factor * values, "average_signature")
                for category, factor in ((ALL_WORDS, 1.0), ("Case", 0.5))
            )
        ),
        trees=_trees(),
        correlations=_correlations(),
        learned={
            "shared": Sampled(_estimates(values), _replicates(replicates, drawn="block")),
        },
        gains={(model, code): 1.0 for model in ("control", "experimental") for code in LANGUAGES},
    )


def _cells(category: str, values: np.ndarray, name: str) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = [
        (category, layer, language, values[n, m])
        for n, layer in enumerate(LAYERS)
        for m, language in enumerate(LANGUAGES)
    ]
    return pd.DataFrame(rows, columns=["category", "layer", "language", name])


def _estimates(values: np.ndarray) -> Estimates:
    table = _cells(ALL_WORDS, values, "average_signature").drop(columns="category")
    return Estimates(
        table.assign(
            source="trained",
            normalise="none",
            words=1000,
            blocks=10,
            low=table["average_signature"] * 0.9,
            high=table["average_signature"] * 1.1,
            p=0.01,
        )
    )


def _replicates(values: np.ndarray, drawn: str = "sentences") -> Replicates:
    tables = [
        _cells(ALL_WORDS, cells, "average_signature")
        .drop(columns="category")
        .assign(source="trained", normalise="none", varied=varied, replicate=number)
        for varied, count in ((drawn, len(values)), ("start", 2))
        for number, cells in enumerate(values[:count])
    ]
    return Replicates(pd.concat(tables, ignore_index=True))


def _trees() -> Trees:
    rows = [
        (scope, category, layer, NEWICK)
        for scope, category in (("category", ALL_WORDS), ("combined", None))
        for layer in LAYERS
    ]
    return Trees(pd.DataFrame(rows, columns=["scope", "category", "layer", "newick"]))


def _correlations() -> Correlations:
    values: dict[str, Any] = dict.fromkeys(Correlations.columns, 0.5)
    values |= {
        "measure": "average_signature",
        "property": "data_size",
        "category": ALL_WORDS,
        "n": 3,
        "enough": True,
    }
    rows = [
        values | {"scope": "layer", "layer": layer, "pearson": 0.25 * (layer + 1)}
        for layer in LAYERS
    ]
    return Correlations(pd.DataFrame(rows))
