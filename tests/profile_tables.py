"""A small invented profile, for figures and pages."""

from collections.abc import Collection
from itertools import permutations

import numpy as np
import pandas as pd

from langsig.profiling import Profile
from langsig.schemas import FitReplicates, Fits, LanguageMeasures, Outcomes, Predictors

LAYERS, BLOCKS, THRESHOLD = 5, 4, 0.5
PARTIALS = {"transfer": 0.71, "probe": -0.12, "selectivity": 0.3, "retrieval": 0.62}
"""Partial correlation of the fit with each outcome; that with transfer alone is beyond."""


def codes(count: int) -> list[str]:
    return [f"q{chr(97 + n)}{chr(97 + n)}" for n in range(count)]


def profile_of(
    count: int, *, without_retrieval: Collection[str] = (), correlations: bool = True
) -> Profile:
    """A profile of some languages with random values.

    Parameters
    ----------
    count
        Number of languages.
    without_retrieval
        Languages without parallel sentences.
    correlations
        Whether there are enough languages for correlations.
    """
    rng = np.random.default_rng(count)
    languages = codes(count)
    cells = pd.MultiIndex.from_product([languages, range(LAYERS)], names=["language", "layer"])
    fit = rng.uniform(0.3, 0.8, len(cells))
    fits = pd.DataFrame(
        {
            "fit": fit,
            "low": fit - 0.1,
            "high": fit + 0.1,
            "null": rng.uniform(0.2, 0.5, len(cells)),
            "untrained": rng.uniform(0.1, 0.3, len(cells)),
        },
        cells,
    )
    replicates = pd.concat(
        [
            fits[["fit"]].add(rng.normal(0, 0.002, (len(cells), 1))).assign(block=block)
            for block in range(BLOCKS)
        ]
    )
    parts = [
        pd.DataFrame({"outcome": name, "value": rng.uniform(0.2, 0.9, len(cells))}, cells)
        .reset_index()
        .assign(category=None if name == "retrieval" else "UPOS", source=None)
        for name in ("transfer", "probe", "probe_untrained", "selectivity", "retrieval")
    ]
    parts += [
        pd.DataFrame({"language": target, "source": source, "layer": range(LAYERS)}).assign(
            outcome="transfer_single", category="UPOS", value=rng.uniform(0.1, 0.6, LAYERS)
        )
        for target, source in permutations(languages, 2)
    ]
    outcomes = pd.concat(parts, ignore_index=True).assign(sd=0.02, draws=3)
    gone = (outcomes["outcome"] == "retrieval") & outcomes["language"].isin(without_retrieval)
    measures = pd.DataFrame(
        {
            "measure": "fertility",
            "language": languages,
            "layer": None,
            "value": rng.uniform(1, 3, count),
        }
    )
    return Profile(
        Fits(fits.reset_index()),
        FitReplicates(replicates.reset_index()),
        Outcomes(outcomes[~gone]),
        LanguageMeasures(measures),
        predictors_of(count, correlations=correlations),
    )


def predictors_of(count: int, *, correlations: bool = True) -> Predictors:
    """Correlations of the fit, which predicts transfer only, and of sub-words per word."""
    rows = []
    for measure in ("fit", "fertility"):
        for outcome, value in PARTIALS.items():
            partial = value if measure == "fit" and correlations else np.nan
            beyond = bool(abs(partial) > THRESHOLD and outcome == "transfer")
            ends = {"low": partial - 0.2, "high": partial + 0.2}
            rows.append(
                {
                    "measure": measure,
                    "outcome": outcome,
                    "languages": count,
                    "spearman": partial + 0.1,
                    "spearman_low": partial,
                    "spearman_high": partial + 0.2,
                    "partial": partial,
                    **ends,
                    **{f"genus_{end}": value for end, value in ends.items()},
                    "base_r2": 0.25,
                    "r2": 0.5,
                    "threshold": THRESHOLD,
                    "beyond": beyond,
                }
            )
    return Predictors(pd.DataFrame(rows))
