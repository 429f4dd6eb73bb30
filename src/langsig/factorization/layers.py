"""Factorisations of one category, layer by layer."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tqdm import tqdm

from langsig.arrays import Array
from langsig.errors import ConvergenceWarning, InputError, check_count
from langsig.factorization.diagnostics import diagnostics_of
from langsig.factorization.model import Parafac2Result
from langsig.factorization.solver import Solver
from langsig.factorization.workers import worker_pool
from langsig.schemas import Diagnostics, Signatures

if TYPE_CHECKING:
    from langsig.representations import CategoryStatistics


@dataclass(frozen=True, eq=False)
class Factorization:
    r"""One factorisation per layer, of the words of one category.

    In every layer, the slices of all languages are factorised jointly (paper, section 2,
    equation 2): :math:`\Omega_l \approx P_l B \, \mathrm{diag}(s_l) \, V^T`.

    Examples
    --------
    >>> import numpy as np
    >>> import langsig
    >>> slices = {"de": np.diag([4.0, 1.0, 0.0]), "fi": np.diag([2.0, 3.0, 0.0])}
    >>> result = langsig.factorize(slices, rank=2, ridge=0)
    >>> len(result.signatures), result.diagnostics.frame["converged"].tolist()
    (4, [True])
    >>> sorted(result.factors)
    ['00.blueprint', '00.experimental_directions', '00.projections.de', '00.projections.fi']
    >>> np.allclose(result.model(0).reconstruct(1), slices["fi"], atol=1e-3)
    True
    """

    signatures: Signatures
    """Signatures of all languages in all layers."""
    diagnostics: Diagnostics
    """One row per layer: whether its signatures can be relied on."""
    factors: Mapping[str, Array] = field(repr=False)
    """The other factors of each layer, named ``LAYER.blueprint`` ``[components, components]``,
    ``LAYER.experimental_directions`` ``[dim_experimental, components]`` and
    ``LAYER.projections.LANGUAGE`` ``[dim_control, components]``, with layers of two digits."""

    def model(self, layer: int) -> Parafac2Result:
        """The model of one layer, its slices in alphabetical order of the languages.

        Raises
        ------
        InputError
            If the layer was not factorised.
        """
        rows = self.signatures.select(layer=layer).frame
        fits = self.diagnostics.select(layer=layer).frame.to_dict("records")
        if not fits:
            known = ", ".join(map(str, self.diagnostics.frame["layer"])) or "none"
            raise InputError(f"layer must be one of {known}, got {layer!r}")
        wide = rows.pivot(index="language", columns="component", values="value")
        return Parafac2Result(
            signatures=wide.to_numpy(),
            blueprint=self.factors[f"{layer:02d}.blueprint"],
            experimental_directions=self.factors[f"{layer:02d}.experimental_directions"],
            projections=[self.factors[f"{layer:02d}.projections.{name}"] for name in wide.index],
            relative_error=fits[0]["relative_error"],
            loss=fits[0]["loss"],
            iterations=fits[0]["iterations"],
            converged=fits[0]["converged"],
        )

    def save(self, directory: str | Path) -> None:
        """Write ``signatures.parquet``, ``diagnostics.csv`` and ``factors.safetensors``.

        Parameters
        ----------
        directory
            Folder, which is created if it is missing.
        """
        self.signatures.save(Path(directory, "signatures.parquet"))
        self.diagnostics.save(Path(directory, "diagnostics.csv"))
        factors = {name: np.ascontiguousarray(factor) for name, factor in self.factors.items()}
        save_file(factors, Path(directory, "factors.safetensors"))

    @classmethod
    def load(cls, directory: str | Path) -> "Factorization":
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If a file is missing or holds something else.
        """
        path = Path(directory, "factors.safetensors")
        try:
            factors = load_file(path)
        except (OSError, SafetensorError, AttributeError, TypeError) as error:
            raise InputError(f"{path}: cannot read factors: {error}") from error
        signatures = Signatures.load(Path(directory, "signatures.parquet"))
        diagnostics = Diagnostics.load(Path(directory, "diagnostics.csv"))
        names = ["blueprint", "experimental_directions"]
        names += [f"projections.{name}" for name in signatures.frame["language"].unique()]
        for layer in diagnostics.frame["layer"]:
            missing = [name for name in names if f"{layer:02d}.{name}" not in factors]
            if missing:
                raise InputError(f"{path}: layer {layer} has no {missing[0]}; factorise again")
        return cls(signatures, diagnostics, factors)


def factorize_layers(
    slices: Mapping[str, Sequence[Array]],
    *,
    category: str,
    solver: Solver,
    layer_pairs: Sequence[tuple[int | None, int | None]] | None = None,
    starts: int = 1,
    seed: int = 0,
    workers: int = 1,
) -> Factorization:
    """Factorise the slices of all languages, one layer at a time.

    Parameters
    ----------
    slices
        For each language, one cross-covariance ``[dim_control, dim_experimental]`` per layer.
        With fewer than two languages there is nothing to compare, and the result is empty.
    category
        Category of the words, for the tables.
    solver
        Settings of each factorisation.
    layer_pairs
        For each layer, the layers of the control and of the experimental model that were paired,
        for the diagnostics; None where a layer differs between languages or is not known.
    starts
        Number of fits per layer, the first from singular vectors, the others from random
        directions. The fit of the lowest loss gives the signatures, and the diagnostics say
        whether the next best fit agrees.
    seed
        Seed of the random starts.
    workers
        Number of processes that share the layers.

    Warns
    -----
    ConvergenceWarning
        If the fits that give the signatures of one or more layers did not converge.

    Raises
    ------
    InputError
        If an argument is out of range, or a slice cannot be factorised; the message names the
        language and the layer.
    """
    check_count("starts", starts)
    languages = sorted(slices)
    layers = _number_of_layers(slices) if len(languages) > 1 else 0
    pairs = [(None, None)] * layers if layer_pairs is None else layer_pairs
    problems = [[slices[language][layer] for language in languages] for layer in range(layers)]
    for layer, problem in enumerate(problems):
        solver.validate(problem, [f"{language}, layer {layer}" for language in languages])
    with worker_pool(workers) as pool:
        fit = partial(_fit_layer, solver=solver, starts=starts, seed=seed)
        fits = (pool.map if pool else map)(fit, problems)
        bar = tqdm(fits, f"factorize {category}", layers, mininterval=1, disable=None)
        results = list(bar)
    tables, rows, factors = [], [], {}
    for layer, (result, checks) in enumerate(results):
        tables.append(_signatures(result, category=category, layer=layer, languages=languages))
        control_layer, experimental_layer = pairs[layer]
        rows.append(
            {
                "category": category,
                "layer": layer,
                "control_layer": control_layer,
                "experimental_layer": experimental_layer,
                "languages": len(languages),
                **checks,
            }
        )
        factors[f"{layer:02d}.blueprint"] = result.blueprint
        factors[f"{layer:02d}.experimental_directions"] = result.experimental_directions
        for language, projection in zip(languages, result.projections, strict=True):
            factors[f"{layer:02d}.projections.{language}"] = projection
    diagnostics = pd.DataFrame(rows, columns=list(Diagnostics.columns))
    unsettled = [str(row["layer"]) for row in rows if not row["converged"]]
    if unsettled:
        warnings.warn(
            f"{category}: PARAFAC2 did not converge within {solver.max_iterations} iterations in "
            f"layer {', '.join(unsettled)}; signatures may still change: raise max_iterations "
            f"({solver.max_iterations}) or tolerance ({solver.tolerance:g})",
            ConvergenceWarning,
            stacklevel=2,
        )
    return Factorization(Signatures.concat(tables), Diagnostics(diagnostics), factors)


def factorize_category(
    statistics: Sequence["CategoryStatistics"],
    *,
    solver: Solver,
    normalise: str = "none",
    starts: int = 1,
    seed: int = 0,
    workers: int = 1,
) -> Factorization:
    """Factorise the covariances of one category, one layer at a time.

    Parameters
    ----------
    statistics
        Covariances of one category, one entry per language. Languages with too few words, which
        have no covariances, are left out.
    normalise
        Normalisation of the hidden states, see
        :func:`langsig.representations.normalising_factors`.
    solver, starts, seed, workers
        As in :func:`factorize_layers`.

    Raises
    ------
    InputError
        As :func:`factorize_layers`; also if there are no statistics, or they are of several
        categories.
    """
    category = category_of(statistics)
    slices = {
        entry.language: [layer.normalised(normalise).cross for layer in entry.layers]
        for entry in statistics
        if entry.layers
    }
    return factorize_layers(
        slices,
        category=category,
        solver=solver,
        layer_pairs=statistics[0].layer_pairs,
        starts=starts,
        seed=seed,
        workers=workers,
    )


def category_of(statistics: Sequence["CategoryStatistics"]) -> str:
    """The category of the statistics, which must be the same for all of them.

    Raises
    ------
    InputError
        If there are no statistics, or they are of several categories.
    """
    categories = sorted({entry.category for entry in statistics})
    if len(categories) != 1:
        raise InputError(
            f"statistics must be of one category, got {', '.join(categories) or 'no statistics'}"
        )
    return categories[0]


def fits_from_starts(
    slices: Sequence[Array], *, solver: Solver, starts: int, seed: int = 0
) -> list[Parafac2Result]:
    """Fits of the same slices from several starts, by ascending loss.

    The first start is from singular vectors, the others are random.

    Parameters
    ----------
    slices
        Matrices ``[dim_control_l, dim_experimental]``.
    solver
        Settings of each fit.
    starts
        Number of fits.
    seed
        Base seed: random start number n has the seed `seed` + n.
    """
    fits = solver.fit_all(
        [slices] * starts,
        inits=kinds_of_starts(starts),
        seeds=range(seed, seed + starts),
    )
    return by_loss(fits)


def kinds_of_starts(starts: int) -> list[str]:
    """The kind of each start: singular vectors once, otherwise random directions."""
    return ["svd", *["random"] * (starts - 1)]


def by_loss(fits: Sequence[Parafac2Result]) -> list[Parafac2Result]:
    """Fits by ascending loss; those whose loss is not finite come last."""
    return sorted(fits, key=lambda fit: fit.loss if np.isfinite(fit.loss) else np.inf)


def _signatures(
    result: Parafac2Result, *, category: str, layer: int, languages: Sequence[str]
) -> Signatures:
    components = result.signatures.shape[1]
    return Signatures(
        pd.DataFrame(
            {
                "category": category,
                "layer": layer,
                "language": np.repeat(np.array(languages, object), components),
                "component": np.tile(np.arange(components), len(languages)),
                "value": result.signatures.ravel(),
            }
        )
    )


def _fit_layer(
    slices: Sequence[Array], *, solver: Solver, starts: int, seed: int
) -> tuple[Parafac2Result, dict[str, Any]]:
    """The fit of the lowest loss, and its diagnostics."""
    fits = fits_from_starts(slices, solver=solver, starts=starts, seed=seed)
    return fits[0], diagnostics_of(fits)


def _number_of_layers(slices: Mapping[str, Sequence[Array]]) -> int:
    """Number of layers, which all languages must have.

    Raises
    ------
    InputError
        If languages have different numbers of layers.
    """
    first, *others = slices
    layers = len(slices[first])
    for language in others:
        if len(slices[language]) != layers:
            raise InputError(
                f"all languages must have the same number of layers; {language} has "
                f"{len(slices[language])} and {first} has {layers}"
            )
    return layers
