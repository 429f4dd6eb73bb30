"""PARAFAC2 of cross-covariances (paper, section 2 and equation 2; Harshman 1972).

Slices Omega_l ``[dim_control_l, dim_experimental]`` are approximated by U_l diag(s_l) V^T with
U_l = P_l B, P_l^T P_l = I, s_l >= 0 and one V for all.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from langsig.errors import InputError

if TYPE_CHECKING:
    from tensorly.parafac2_tensor import Parafac2Tensor

Array = NDArray[np.floating[Any]]
METHODS = ("als", "tensorly")
STARTS = ("svd", "random")
_FACTORS = ("signatures", "blueprint", "experimental_directions")
_ENDED = ("relative_error", "iterations", "converged")


@dataclass(frozen=True)
class Parafac2Result:
    """A fitted model; in canonical form if it comes from :func:`parafac2`."""

    signatures: Array
    """``[slices, components]``, the pseudo-singular values s_l, not negative."""
    blueprint: Array
    """``[components, components]``, B, columns of unit norm."""
    experimental_directions: Array
    """``[dim_experimental, components]``, V, columns of unit norm."""
    projections: list[Array]
    """A matrix P_l ``[dim_control_l, components]`` a slice, columns orthonormal."""
    relative_error: float
    """Squared norm of all residuals over that of all slices, in float64."""
    iterations: int
    converged: bool
    """Whether the iterations ended because the error no longer changed."""

    @property
    def average_signatures(self) -> Array:
        """``[slices]``, mean of each signature (paper, section 3)."""
        averages: Array = self.signatures.mean(1)
        return averages

    @property
    def blueprint_condition(self) -> float:
        """Condition number of B. In the hundreds, components nearly cancel, and signatures grow
        with every iteration instead of settling."""
        return float(np.linalg.cond(self.blueprint))

    def control_directions(self, index: int) -> Array:
        """U_l ``[dim_control_l, components]``, columns of unit norm."""
        return self.projections[index] @ self.blueprint

    def reconstruct(self, index: int) -> Array:
        """The model's approximation of one slice, ``[dim_control_l, dim_experimental]``."""
        scaled = self.control_directions(index) * self.signatures[index]
        return scaled @ self.experimental_directions.T  # type: ignore[no-any-return]

    def error_of(self, slices: Sequence[Array]) -> float:
        """Squared norm of what the model leaves of these slices, over theirs, in float64."""
        residual = sum(
            float(np.sum((omega - self.reconstruct(index)) ** 2, dtype=np.float64))
            for index, omega in enumerate(slices)
        )
        return residual / sum(float(np.sum(omega**2, dtype=np.float64)) for omega in slices)

    def to_tensorly(self) -> "Parafac2Tensor":
        """The same model for TensorLy: weights of one, factors (s, B, V), projections P."""
        from tensorly.parafac2_tensor import Parafac2Tensor

        factors = [self.signatures, self.blueprint, self.experimental_directions]
        return Parafac2Tensor((np.ones(self.signatures.shape[1]), factors, self.projections))

    @classmethod
    def from_tensorly(cls, tensor: "Parafac2Tensor", slices: Sequence[Array]) -> "Parafac2Result":
        """A model that TensorLy fitted to these slices, in canonical form.

        How it was fitted is not known: it has no iterations, and has not converged.

        Raises
        ------
        InputError
            If a component has signatures of both signs, which no scaling makes pseudo-singular
            values.
        """
        weights, (signatures, blueprint, directions), projections = tensor
        signatures = np.asarray(signatures * (1 if weights is None else weights))
        signs = np.where(signatures.sum(0) < 0, -1, 1)
        if (signatures * signs < 0).any():
            raise InputError("signatures of both signs in one component")
        blueprint, directions = np.asarray(blueprint) * signs, np.asarray(directions)
        factors = (signatures * signs, blueprint, directions, list(projections))
        result = cls(*factors, relative_error=np.nan, iterations=0, converged=False)
        return replace(result, relative_error=result.error_of(slices)).canonical()

    def save(self, path: Path) -> None:
        """Write to a safetensors file: ``signatures``, ``blueprint``,
        ``experimental_directions``, ``projections.0``, ..."""
        tensors = {name: getattr(self, name) for name in _FACTORS}
        tensors |= {f"projections.{index}": p for index, p in enumerate(self.projections)}
        tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
        # Under one key, as several would come in another order each time.
        ended = json.dumps({name: getattr(self, name) for name in _ENDED})
        save_file(tensors, path, {"ended": ended})

    @classmethod
    def load(cls, path: Path) -> "Parafac2Result":
        """Read what :meth:`save` wrote."""
        with safe_open(path, "numpy") as file:
            ended = json.loads(file.metadata()["ended"])
            factors = {name: file.get_tensor(name) for name in _FACTORS}
            count = len(factors["signatures"])
            projections = [file.get_tensor(f"projections.{index}") for index in range(count)]
        return cls(**factors, projections=projections, **ended)

    def canonical(self) -> "Parafac2Result":
        """The same model with scale, order and signs fixed.

        Columns of V and B get unit norm, so that all scale is in the signatures; components
        come by descending mean signature; the entry of each column of V that is largest in
        absolute value is positive. Without this the average signature depends on how scale
        happens to be shared among the factors.
        """
        v_norms = np.linalg.norm(self.experimental_directions, axis=0)
        b_norms = np.linalg.norm(self.blueprint, axis=0)
        signatures = self.signatures * v_norms * b_norms
        v = self.experimental_directions / np.where(v_norms > 0, v_norms, 1)
        b = self.blueprint / np.where(b_norms > 0, b_norms, 1)
        signs = np.sign(v[np.abs(v).argmax(0), np.arange(v.shape[1])])
        signs[signs == 0] = 1
        order = np.argsort(-signatures.mean(0), kind="stable")
        return replace(
            self,
            signatures=signatures[:, order],
            experimental_directions=(v * signs)[:, order],
            blueprint=(b * signs)[:, order],
        )


def parafac2(
    slices: Sequence[Array],
    *,
    rank: int,
    method: str = "als",
    init: str | Parafac2Result = "svd",
    ridge: float = 1e-2,
    max_iterations: int = 500,
    tolerance: float = 1e-6,
    seed: int = 0,
    device: str = "cpu",
) -> Parafac2Result:
    """Factorise slices jointly; the result is in canonical form.

    Parameters
    ----------
    slices
        A matrix ``[dim_control_l, dim_experimental]`` a language.
    rank
        Number of components, at most the smallest dimension of any slice.
    method
        ``als``: alternating least squares with extrapolation, in float32 where that is enough
        (:mod:`langsig.factorization.als`). ``tensorly``: that of TensorLy, with line search.
    init
        ``svd``: right singular vectors of all slices; ``random``: random orthonormal experimental
        directions; or a result to go on from, which may be of other slices of these shapes.
    ridge
        Of ``als``: weight of the squared norms of all components one by one in the loss, which
        keeps components from growing while they cancel one another; 0 is the plain model.
    max_iterations, tolerance
        ``als`` ends when the squared norm of all residuals falls by less than this share of
        itself, three times in a row; ``tensorly`` when their norm, as a share of that of all
        slices, changes by less than `tolerance`.
    seed
        Of a random start.
    device
        Of torch, for ``als``.

    Raises
    ------
    InputError
        If a parameter is out of range, shapes do not fit, or a slice is not finite or is zero.
    """
    _validate(slices, rank, method, init, ridge, max_iterations, tolerance)
    data = [np.asarray(omega, np.float64) for omega in slices]
    limits: dict[str, Any] = {"max_iterations": max_iterations, "tolerance": tolerance}
    if method == "als":
        result = _fit_als(data, rank, init, seed, device, ridge=ridge, **limits)
    else:
        result = _fit_tensorly(data, rank, init, seed, **limits)
    return replace(result, relative_error=result.error_of(data)).canonical()


def signatures_under(
    model: Parafac2Result, slices: Sequence[Array], *, ridge: float = 1e-2, steps: int = 15
) -> Array:
    """Signatures that slices get in the directions of a model of others, ``[slices, components]``.

    V and B stay as they are; each slice has its own projection and signature, found in turn by
    least squares with the ridge of :func:`parafac2`, each slice by itself.

    Parameters
    ----------
    slices
        ``[dim_control, dim_experimental]``, with at least as many rows as components.
    steps
        Of projection and signature.
    """
    import torch

    from langsig.factorization import als

    stack = als.SliceStack([np.asarray(omega, np.float64) for omega in slices])
    blueprint, directions = (
        torch.from_numpy(np.ascontiguousarray(factor, np.float64))
        for factor in (model.blueprint, model.experimental_directions)
    )
    signatures = als.fit_signatures(stack, blueprint, directions, ridge=ridge, steps=steps)
    return signatures.numpy() * stack.scale


def _fit_als(
    slices: Sequence[Array],
    rank: int,
    init: str | Parafac2Result,
    seed: int,
    device: str,
    **options: Any,
) -> Parafac2Result:
    from langsig.factorization import als  # brings torch, which takes seconds

    stack = als.SliceStack(slices, device)
    if isinstance(init, Parafac2Result):
        start = als.Factors.of(
            init.signatures / stack.scale,
            init.blueprint,
            init.experimental_directions,
            device=device,
        )
    elif init == "svd":
        start = als.svd_start(stack, rank)
    else:
        start = als.random_start(stack, rank, seed)
    fit = als.fit(stack, start, **options)
    signatures, blueprint, directions = (factor.cpu().numpy() for factor in fit.factors)
    return Parafac2Result(
        signatures=signatures * stack.scale,
        blueprint=blueprint,
        experimental_directions=directions,
        projections=stack.unpack(fit.projections),
        relative_error=float("nan"),
        iterations=fit.iterations,
        converged=fit.converged,
    )


def _fit_tensorly(
    slices: Sequence[Array],
    rank: int,
    init: str | Parafac2Result,
    seed: int,
    *,
    max_iterations: int,
    tolerance: float,
) -> Parafac2Result:
    import tensorly
    from tensorly.decomposition import parafac2 as tensorly_parafac2

    tensorly.set_backend("numpy")
    # Its stopping rule compares errors of unscaled data; with slices of norm 1 on average,
    # neither that nor its internal tolerances depend on the units of the hidden states.
    scale = np.sqrt(np.mean([np.sum(omega**2) for omega in slices]))
    start: Any = init
    if isinstance(init, Parafac2Result):
        factors = (init.signatures / scale, init.blueprint, init.experimental_directions)
        start = (None, factors, init.projections)
    (_, (signatures, blueprint, v), projections), errors = tensorly_parafac2(
        [omega / scale for omega in slices],
        rank=rank,
        n_iter_max=max_iterations,
        init=start,
        tol=tolerance,
        nn_modes=[0],
        random_state=seed,
        return_errors=True,
    )
    # The condition on which TensorLy stops. Of iterations 7, 9, 11, ... it records no error of
    # their own, so that fewer errors than iterations do not mean that it stopped early.
    converged = len(errors) > 1 and bool(abs(errors[-2] - errors[-1]) < tolerance)
    return Parafac2Result(
        signatures=signatures * scale,
        blueprint=blueprint,
        experimental_directions=v,
        projections=list(projections),
        relative_error=float("nan"),
        iterations=max(len(errors), 2 * len(errors) - 6) if converged else max_iterations,
        converged=converged,
    )


def _validate(
    slices: Sequence[Array],
    rank: int,
    method: str,
    init: str | Parafac2Result,
    ridge: float,
    max_iterations: int,
    tolerance: float,
) -> None:
    if method not in METHODS:
        raise InputError(f"factorize.method: {method!r} is none of {METHODS}")
    if not (0 <= ridge < float("inf")):
        raise InputError(f"factorize.ridge: {ridge} is negative or not finite")
    if ridge and method == "tensorly":
        raise InputError(f"factorize.ridge: {ridge}: tensorly has the plain model only; give 0")
    if max_iterations < 1:
        raise InputError(f"factorize.max_iterations: {max_iterations} is not positive")
    if not tolerance > 0:
        raise InputError(f"factorize.tolerance: {tolerance} is not positive")
    if len(slices) < 2:
        raise InputError(f"{len(slices)} slices: a joint factorisation needs at least two")
    widths = {omega.shape[1] for omega in slices}
    if len(widths) > 1:
        raise InputError(f"slices have different experimental dimensions: {sorted(widths)}")
    largest = min(min(omega.shape) for omega in slices)
    if not 1 <= rank <= largest:
        raise InputError(f"factorize.rank: {rank} is not between 1 and {largest}")
    if isinstance(init, Parafac2Result):
        shapes = [projection.shape for projection in init.projections]
        if (
            shapes != [(len(omega), rank) for omega in slices]
            or len(init.experimental_directions) != slices[0].shape[1]
        ):
            raise InputError(f"init: a result of rank {shapes[0][1]} for other slices than these")
    elif init not in STARTS:
        raise InputError(f"init: {init!r} is none of {STARTS}, and no result")
    for index, omega in enumerate(slices):
        if not np.isfinite(omega).all():
            raise InputError(f"slice {index} holds values that are not finite")
        if not omega.any():
            raise InputError(f"slice {index} is zero throughout")
