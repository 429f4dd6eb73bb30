"""Factorisations as tidy tables and named arrays."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from langsig.factorization.parafac2 import Parafac2Result, parafac2

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class LayeredSignatures:
    """A factorisation a layer, of one category."""

    signatures: pd.DataFrame
    """Columns ``category``, ``layer``, ``language``, ``component``, ``value``."""
    diagnostics: pd.DataFrame
    """A row a layer: ``category``, ``layer``, ``languages``, ``rank``, ``relative_error``,
    ``iterations``, ``converged``, ``blueprint_condition``."""
    factors: dict[str, Array]
    """``LAYER.blueprint``, ``LAYER.experimental_directions``, ``LAYER.projections.LANGUAGE``."""


def signature_table(result: Parafac2Result, languages: Sequence[str]) -> pd.DataFrame:
    """Signatures of one factorisation: columns ``language``, ``component``, ``value``."""
    components = result.signatures.shape[1]
    return pd.DataFrame(
        {
            "language": np.repeat(np.array(languages, object), components),
            "component": np.tile(np.arange(components), len(languages)),
            "value": result.signatures.ravel(),
        }
    )


def factorize_layers(
    slices: Mapping[str, Sequence[Array]], *, category: str, workers: int = 1, **options: Any
) -> LayeredSignatures:
    """Factorise the slices of all languages, layer by layer.

    Parameters
    ----------
    slices
        By language, a cross-covariance ``[dim_control, dim_experimental]`` a layer. With fewer
        than two languages there is nothing to compare, and the tables are empty.
    workers
        Processes to share out the layers among; one is this process.
    options
        Of :func:`parafac2`.
    """
    languages = sorted(slices)
    layers = len(next(iter(slices.values()))) if len(slices) > 1 else 0
    tables, rows, factors = [], [], {}
    problems = [[slices[language][layer] for language in languages] for layer in range(layers)]
    shared = ProcessPoolExecutor(workers, initializer=_single_thread) if workers > 1 else None
    with shared or nullcontext() as pool:
        fits = (pool.map if pool else map)(partial(parafac2, **options), problems)
        bar = tqdm(fits, f"factorize {category}", layers, mininterval=1, disable=None)
        results = list(bar)
    for layer, result in enumerate(results):
        tables.append(signature_table(result, languages).assign(layer=layer))
        rank = result.signatures.shape[1]
        condition = result.blueprint_condition
        fit = (result.relative_error, result.iterations, result.converged, condition)
        rows.append((category, layer, len(languages), rank, *fit))
        factors[f"{layer:02d}.blueprint"] = result.blueprint
        factors[f"{layer:02d}.experimental_directions"] = result.experimental_directions
        for language, projection in zip(languages, result.projections, strict=True):
            factors[f"{layer:02d}.projections.{language}"] = projection
    empty = pd.DataFrame(
        {"language": pd.Series(dtype="string"), "component": pd.Series(dtype="int64"),
         "value": pd.Series(dtype="float64"), "layer": pd.Series(dtype="int64")}
    )  # fmt: skip
    table = pd.concat(tables or [empty], ignore_index=True).assign(category=category)
    diagnostics = pd.DataFrame(
        rows,
        columns=[
            "category", "layer", "languages", "rank", "relative_error", "iterations", "converged",
            "blueprint_condition",
        ],
    )  # fmt: skip
    columns = ["category", "layer", "language", "component", "value"]
    return LayeredSignatures(table[columns], diagnostics, factors)


def _single_thread() -> None:
    """Processes that share the processors need no threads that do."""
    import torch

    torch.set_num_threads(1)
