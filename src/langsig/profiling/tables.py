"""Tables of a profile: rows of outcomes and measures, and the fits of a layer."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from langsig.arrays import Array
from langsig.factorization import Solver
from langsig.profiling.fits import best_fit, fit_layer, jackknife_interval

Row = dict[str, object]


class LayerTables(NamedTuple):
    """Results of one layer, one row per language, or per language and block."""

    fits: pd.DataFrame
    replicates: pd.DataFrame
    measures: pd.DataFrame


def outcome_row(
    outcome: str, language: str, value: float, category: str | None, layer: int | None = None
) -> Row:
    """A row of the table of outcomes."""
    return {
        "outcome": outcome,
        "category": category,
        "language": language,
        "source": None,
        "layer": layer,
        "value": value,
    }


def measure_row(measure: str, language: str, layer: int | None, value: float) -> Row:
    """A row of the table of measures."""
    return {"measure": measure, "language": language, "layer": layer, "value": value}


def layer_tables(
    slices: Mapping[str, Mapping[str, Array]], layer: int, solver: Solver, seed: int
) -> LayerTables:
    """Fits of all languages in a layer, their replicates and other measures.

    Parameters
    ----------
    slices
        By language: the arrays of :meth:`langsig.profiling.slices.Slices.arrays`, and those of the
        untrained model (``untrained``), if there are any.
    layer
        Number of the layer.
    solver
        Settings of the factorisations.
    seed
        Seed of their random starts.
    """
    languages = list(slices)
    first = slices[languages[0]]
    by_name = {name: [of_language[name] for of_language in slices.values()] for name in first}
    fit = fit_layer(by_name["whole"], by_name["without"], by_name["flipped"], solver, seed)
    untrained = np.full(len(languages), np.nan)
    if "untrained" in by_name:
        best = best_fit(by_name["untrained"], solver, seed)
        untrained = best.shares_explained(by_name["untrained"])
    raw = best_fit(by_name["cross"], solver, seed)
    columns: dict[str, Iterable[float]] = {
        "canonical_average": fit.average,
        "canonical_norm": [float(np.sum(whole**2)) for whole in by_name["whole"]],
        "average": raw.average_signatures,
        "singular_values": [
            float(np.linalg.norm(cross, "nuc")) / min(cross.shape) for cross in by_name["cross"]
        ],
        **{name: np.concatenate(by_name[name]) for name in ("cka", "svcca", "variance")},
    }
    low, high = jackknife_interval(fit.fit, fit.without)
    blocks = len(fit.without)
    replicates = pd.DataFrame(
        {
            "language": np.tile(languages, blocks),
            "layer": layer,
            "block": np.repeat(np.arange(blocks), len(languages)),
            "fit": fit.without.ravel(),
        }
    )
    fits = pd.DataFrame(
        {
            "language": languages,
            "layer": layer,
            "fit": fit.fit,
            "low": np.clip(low, 0, 1),
            "high": np.clip(high, 0, 1),
            "null": fit.null,
            "untrained": untrained,
        }
    )
    measures = [
        measure_row(name, language, layer, float(value))
        for name, values in columns.items()
        for language, value in zip(languages, values, strict=True)
    ]
    return LayerTables(fits, replicates, pd.DataFrame(measures))
