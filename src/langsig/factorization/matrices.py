"""Signatures from matrices, for covariances that were computed elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from langsig.arrays import Array
from langsig.errors import InputError, check_by_language
from langsig.factorization.layers import Factorization, factorize_layers
from langsig.factorization.scaling import common_exponent, divided, multiplied
from langsig.factorization.solver import Solver, as_slice
from langsig.languages import check_distinct
from langsig.morphology import ALL_WORDS
from langsig.schemas import Signatures


def factorize(
    slices: Mapping[str, Array | Sequence[Array]],
    *,
    rank: int,
    category: str = ALL_WORDS,
    method: str = "als",
    ridge: float = 0.2,
    max_iterations: int = 500,
    tolerance: float = 1e-6,
    starts: int = 1,
    seed: int = 0,
    device: str = "cpu",
) -> Factorization:
    r"""Factorise the cross-covariances of several languages into signatures.

    The slices of one layer, one per language :math:`l`, are factorised jointly (paper, section 2,
    equation 2):

    .. math:: \Omega_l \approx P_l B \, \mathrm{diag}(s_l) \, V^T.

    The signature of a language is :math:`s_l`. Layers are factorised separately.

    Parameters
    ----------
    slices
        By language: one matrix ``[dim_control, dim_experimental]``, or one per layer. The number
        of layers and ``dim_experimental`` must be the same for all languages.
    rank
        Number of components, at most the smallest dimension of any matrix.
    category
        Category of the words behind the matrices, for the tables (default: all words).
    method, ridge, max_iterations, tolerance, device
        Settings of the :class:`Solver`.
    starts
        Number of fits per layer, all but the first from random directions. The fit of the lowest
        loss gives the signatures, and the diagnostics say whether the next best fit agrees.
    seed
        Seed of the random starts.

    Returns
    -------
    Factorization
        Signatures, diagnostics and the other factors.

    Warns
    -----
    ConvergenceWarning
        If the fit of one or more layers did not converge.

    Raises
    ------
    InputError
        If an argument is out of range, or the matrices do not fit together; the message names
        the language and the layer.

    Examples
    --------
    Two languages whose models share two directions, with different strengths:

    >>> import numpy as np
    >>> import langsig
    >>> slices = {"de": np.diag([4.0, 1.0, 0.0]), "fi": np.diag([2.0, 3.0, 0.0])}
    >>> result = langsig.factorize(slices, rank=2, ridge=0)
    >>> result.signatures.frame.round(2)
             category  layer language  component  value
    0  Part of Speech      0       de          0    4.0
    1  Part of Speech      0       de          1    1.0
    2  Part of Speech      0       fi          0    2.0
    3  Part of Speech      0       fi          1    3.0
    >>> langsig.factorize({"de": np.eye(3)}, rank=2)
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: slices must have at least two languages, got 1
    """
    check_by_language("slices", slices)
    check_distinct("slices", slices)
    if len(slices) < 2:
        raise InputError(f"slices must have at least two languages, got {len(slices)}")
    layers = {language: _layers(language, matrices) for language, matrices in slices.items()}
    exponents = _exponents(list(layers.values()))
    if any(exponents):
        layers = {language: list(map(divided, layers[language], exponents)) for language in layers}
    result = factorize_layers(
        layers,
        category=category,
        solver=Solver(rank, method, ridge, max_iterations, tolerance, device),
        starts=starts,
        seed=seed,
    )
    return _multiplied(result, exponents) if any(exponents) else result


def _exponents(languages: Sequence[Sequence[Array]]) -> list[int]:
    """The power of two that the slices of each layer are to be divided by.

    The list is empty if languages have different numbers of layers, which is an error later.
    """
    if len({len(layers) for layers in languages}) > 1:
        return []
    return [common_exponent(problem) for problem in zip(*languages, strict=True)]


def _multiplied(result: Factorization, exponents: Sequence[int]) -> Factorization:
    """The factorisation of slices that were divided by powers of two, one per layer."""
    frame = result.signatures.frame
    values = frame["value"].to_numpy(np.float64)
    of_rows = np.array(exponents, np.int64)[frame["layer"].to_numpy(np.int64)]
    signatures = Signatures(frame.assign(value=multiplied(values, of_rows)))
    return replace(result, signatures=signatures)


def _layers(language: str, matrices: Array | Sequence[Array]) -> list[Array]:
    """The matrices of one language, one per layer."""
    by_layer: Iterable[object] = matrices
    if getattr(matrices, "ndim", 3) < 3 or not isinstance(matrices, Iterable):
        by_layer = [matrices]
    layers = [
        as_slice(matrix, f"{language}, layer {layer}") for layer, matrix in enumerate(by_layer)
    ]
    if not layers:
        raise InputError(f"{language}: no matrix; give one per layer")
    return layers
