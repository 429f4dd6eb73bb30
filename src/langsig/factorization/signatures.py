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

from langsig.factorization.diagnostics import (
    Agreement,
    agreement,
    cancellation,
    congruence,
    flags,
)
from langsig.factorization.parafac2 import Parafac2Result, parafac2

Array = NDArray[np.floating[Any]]
_DIAGNOSTICS = [
    "category", "layer", "languages", "rank", "relative_error", "iterations", "converged",
    "blueprint_condition", "congruence", "cancellation", "starts", *Agreement._fields, "flags",
]  # fmt: skip


@dataclass(frozen=True)
class LayeredSignatures:
    """A factorisation a layer, of one category."""

    signatures: pd.DataFrame
    """Columns ``category``, ``layer``, ``language``, ``component``, ``value``."""
    diagnostics: pd.DataFrame
    """A row a layer: ``category``, ``layer``, ``languages``, ``rank``, ``relative_error``,
    ``iterations``, ``converged``, ``blueprint_condition``; of
    :mod:`langsig.factorization.diagnostics`, ``congruence``, ``cancellation``, the fields of
    :class:`Agreement` for so many ``starts``, and ``flags``, one after another, separated by
    semicolons."""
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
    slices: Mapping[str, Sequence[Array]],
    *,
    category: str,
    starts: int = 1,
    workers: int = 1,
    **options: Any,
) -> LayeredSignatures:
    """Factorise the slices of all languages, layer by layer.

    Parameters
    ----------
    slices
        By language, a cross-covariance ``[dim_control, dim_experimental]`` a layer. With fewer
        than two languages there is nothing to compare, and the tables are empty.
    starts
        Fits of every layer: the first, whose signatures these are, from singular vectors, the
        others from random directions, to see whether they agree.
    workers
        Processes to share out the layers among; one is this process.
    options
        Of :func:`parafac2`.
    """
    languages = sorted(slices)
    layers = len(next(iter(slices.values()))) if len(slices) > 1 else 0
    tables, rows, factors = [], [], {}
    problems = [[slices[language][layer] for language in languages] for layer in range(layers)]
    with processes(workers) or nullcontext() as pool:
        fits = (pool.map if pool else map)(partial(_fits, starts=starts, **options), problems)
        bar = tqdm(fits, f"factorize {category}", layers, mininterval=1, disable=None)
        results = list(bar)
    for layer, (result, others) in enumerate(results):
        tables.append(signature_table(result, languages).assign(layer=layer))
        rows.append({"category": category, "layer": layer, "languages": len(languages), **others})
        factors[f"{layer:02d}.blueprint"] = result.blueprint
        factors[f"{layer:02d}.experimental_directions"] = result.experimental_directions
        for language, projection in zip(languages, result.projections, strict=True):
            factors[f"{layer:02d}.projections.{language}"] = projection
    empty = pd.DataFrame(
        {"language": pd.Series(dtype="string"), "component": pd.Series(dtype="int64"),
         "value": pd.Series(dtype="float64"), "layer": pd.Series(dtype="int64")}
    )  # fmt: skip
    table = pd.concat(tables or [empty], ignore_index=True).assign(category=category)
    diagnostics = pd.DataFrame(rows, columns=_DIAGNOSTICS)
    columns = ["category", "layer", "language", "component", "value"]
    return LayeredSignatures(table[columns], diagnostics, factors)


def fits_from_starts(
    slices: Sequence[Array], *, starts: int, seed: int = 0, **options: Any
) -> list[Parafac2Result]:
    """Fits of the same slices, the first from singular vectors, the others from random starts.

    Options are those of :func:`parafac2`.
    """
    others = [
        parafac2(slices, seed=seed + number, init="random", **options)
        for number in range(1, starts)
    ]
    return [parafac2(slices, seed=seed, **options), *others]


def _fits(
    slices: Sequence[Array], *, starts: int, seed: int = 0, **options: Any
) -> tuple[Parafac2Result, dict[str, Any]]:
    """The fit from singular vectors, and its diagnostics."""
    fits = fits_from_starts(slices, starts=starts, seed=seed, **options)
    fit, agreed = fits[0], agreement(fits)
    checks = {"congruence": congruence(fit), "cancellation": cancellation(fit)}
    raised = flags(converged=fit.converged, agreement=agreed.rank_correlation, **checks)
    return fit, {
        "rank": fit.signatures.shape[1],
        "relative_error": fit.relative_error,
        "iterations": fit.iterations,
        "converged": fit.converged,
        "blueprint_condition": fit.blueprint_condition,
        **checks,
        "starts": starts,
        **agreed._asdict(),
        "flags": "; ".join(raised),
    }


def processes(workers: int) -> ProcessPoolExecutor | None:
    """So many processes, of one thread each; none where one is enough."""
    if workers < 2:
        return None
    import torch  # noqa: F401  # once: processes that are forked from this one have it

    return ProcessPoolExecutor(workers, initializer=_single_thread)


def _single_thread() -> None:
    import torch

    torch.set_num_threads(1)
