"""PARAFAC2 by alternating least squares with extrapolation (Kiers, ten Berge and Bro 1999).

The loss is the sum over slices of |Omega_l - P_l B diag(s_l) V^T|^2, plus an optional ridge. One
iteration has two steps (Kiers et al. 1999, section 3):

1. With B, s and V fixed, the best P_l is the orthonormal polar factor of Omega_l V diag(s_l) B^T.
2. With P_l fixed, the projected slices T_l = P_l^T Omega_l ``[components, dim_experimental]``
   follow an ordinary trilinear model. A few sweeps fit s, B and V in turn by least squares.

The factors are then extrapolated along their last step (Ang and Gillis 2019). An extrapolation
that raises the loss is undone. Large arrays are in float32 as long as that precision resolves the
descent, and are multiplied over all slices at once. Matrices of components by components are in
float64, which ill-conditioned blueprints need.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.factorization.model import OVERFLOW, Parafac2Result

# Sweeps over the factors per projection. With few components a sweep costs little.
_SWEEPS, _SWEEPS_OF_FEW_COMPONENTS = 4, 6
# Extrapolation: first share of the last step, and how the share and its ceiling change.
_START, _GROWTH, _SHRINKAGE, _EASE = 0.5, 1.05, 1.2, 1.02
# Weight of the previous projection, relative to the norm of the matrix whose polar factor is the
# new one. It keeps directions that the data leave open. Projections by matrix products need a
# larger weight, since they need singular values that are not tiny. Steps are then smaller and end
# at the same points.
_PROXIMITY, _QUICK_PROXIMITY = 1e-6, 1.5e-3
_PRODUCTS = 256  # number of components up to which products are faster than decompositions
_CACHED = 2**16  # entries of projections processed at a time, so that they stay in the cache
_ORTHONORMAL = 2e-3  # root mean square distance from which one last step is enough
_STILL = 3  # iterations in a row with little change until the loss counts as settled
_RESOLUTION = {torch.float32: 1e-7, torch.float64: 1e-15}  # of the loss, by precision
_CORRECTIONS = 2  # passes over a signature with entries that would be negative


class Factors(NamedTuple):
    """Signatures, blueprint and experimental directions, float64."""

    signatures: Tensor
    """``[slices, components]``."""
    blueprint: Tensor
    """``[components, components]``."""
    directions: Tensor
    """``[dim_experimental, components]``."""

    @classmethod
    def from_arrays(
        cls, signatures: Array, blueprint: Array, directions: Array, device: str | torch.device
    ) -> "Factors":
        """The factors of arrays with the shapes above, on a device of torch."""
        return cls(
            torch.from_numpy(signatures).to(device, torch.float64),
            torch.from_numpy(blueprint).to(device, torch.float64),
            torch.from_numpy(directions).to(device, torch.float64),
        )

    def inner_square(self, ridge: float) -> float:
        """Squared norm of the model over all slices, plus `ridge` times the sum of the squared
        norms of its components."""
        product = _gram(self.signatures) * _gram(self.blueprint) * _gram(self.directions)
        return float(_ridged(product, ridge).sum())

    def extrapolated(self, before: "Factors", share: float) -> "Factors":
        """These factors, moved further along the step from `before` by a share of that step."""
        signatures = self.signatures + share * (self.signatures - before.signatures)
        return Factors(
            signatures.clamp_min(0),
            self.blueprint + share * (self.blueprint - before.blueprint),
            self.directions + share * (self.directions - before.directions),
        )


class Fit(NamedTuple):
    """Factors at the end of the iterations, and how the iterations went."""

    factors: Factors
    projections: Tensor
    """``[slices, rows, components]``, columns orthonormal in the precision of the iterations."""
    losses: list[float]
    """Loss after each iteration, over the squared norm of all slices, in the precision of the
    iterations. It includes the ridge."""
    converged: bool
    """Whether the loss ended finite and fell by less than the tolerance."""

    @property
    def iterations(self) -> int:
        """Number of iterations, including those whose extrapolation was undone."""
        return len(self.losses)


class SliceStack:
    """Slices of one problem, scaled to a mean squared norm of one, in one tensor.

    Shorter slices are padded with rows of zeros, in which the projections are zero too. Slices
    that are taller than wide are replaced by the triangular factor of their QR decomposition,
    which changes neither the loss nor the factors.

    Parameters
    ----------
    slices
        Matrices ``[dim_control_l, dim_experimental]``.
    device
        Device of torch for the tensor ``[slices, rows, dim_experimental]``.
    """

    def __init__(self, slices: Sequence[Array], device: str | torch.device = "cpu") -> None:
        self.scale = float(np.sqrt(np.mean([np.sum(np.square(omega)) for omega in slices])))
        self._bases: list[Array | None] = []
        cores = []
        for omega in slices:
            basis, core = np.linalg.qr(omega) if len(omega) > omega.shape[1] else (None, omega)
            self._bases.append(basis)
            cores.append(core / self.scale)
        self.rows = [len(core) for core in cores]
        shape = (len(slices), max(self.rows), slices[0].shape[1])
        self.tensor = torch.zeros(shape, dtype=torch.float32, device=device)
        for target, core in zip(self.tensor, cores, strict=True):
            target[: len(core)] = torch.from_numpy(np.ascontiguousarray(core, np.float32))

    def unpack(self, projections: Tensor) -> list[Array]:
        """Projections of the original slices, each ``[dim_control_l, components]``, orthonormal
        in float64."""
        exact = projections.double()
        # A step of Newton and Schulz squares the distance to orthonormal columns.
        exact = 1.5 * exact - 0.5 * exact @ (exact.mT @ exact)
        unpacked = []
        for rows, basis, projection in zip(
            self.rows, self._bases, exact.cpu().numpy(), strict=True
        ):
            inner = projection[:rows]
            unpacked.append(inner if basis is None else basis @ inner)
        return unpacked


def svd_start(stack: SliceStack, rank: int) -> Factors:
    """Start from the leading right singular vectors of all slices stacked vertically.

    Signatures are one, and the blueprint is the identity.
    """
    gram = torch.zeros(stack.tensor.shape[2:] * 2, device=stack.tensor.device)
    for omega in stack.tensor:
        gram.addmm_(omega.mT, omega)
    directions = torch.linalg.eigh(gram.double()).eigenvectors[:, -rank:].flip(1)
    return _unit_start(stack, directions)


def random_start(stack: SliceStack, rank: int, seed: int) -> Factors:
    """Start from random orthonormal directions; signatures are one, the blueprint the identity."""
    generator = torch.Generator().manual_seed(seed)
    width = stack.tensor.shape[2]
    noise = torch.randn(width, rank, generator=generator, dtype=torch.float64)
    return _unit_start(stack, torch.linalg.qr(noise).Q.to(stack.tensor.device))


def _unit_start(stack: SliceStack, directions: Tensor) -> Factors:
    rank = directions.shape[1]
    return Factors(
        torch.ones(len(stack.tensor), rank, dtype=torch.float64, device=directions.device),
        torch.eye(rank, dtype=torch.float64, device=directions.device),
        directions,
    )


def solve(
    slices: Sequence[Array],
    rank: int,
    *,
    init: str | Parafac2Result,
    ridge: float,
    max_iterations: int,
    tolerance: float,
    seed: int,
    device: str,
) -> Parafac2Result:
    """Fit the model to slices that have been validated; arguments as in :func:`parafac2`.

    Raises
    ------
    InputError
        If torch has no such device on this machine, or the factors overflow.
    """
    try:
        stack = SliceStack(slices, torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device must be a device of torch on this machine, such as cpu; got {device!r}: "
            f"{error}"
        ) from error
    if isinstance(init, Parafac2Result):
        start = Factors.from_arrays(
            init.signatures / stack.scale, init.blueprint, init.experimental_directions, device
        )
    elif init == "svd":
        start = svd_start(stack, rank)
    else:
        start = random_start(stack, rank, seed)
    try:
        result = fit(stack, start, max_iterations=max_iterations, tolerance=tolerance, ridge=ridge)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise InputError(f"{OVERFLOW}: {error}") from error
    return Parafac2Result.from_factors(
        slices,
        signatures=result.factors.signatures.cpu().numpy() * stack.scale,
        blueprint=result.factors.blueprint.cpu().numpy(),
        experimental_directions=result.factors.directions.cpu().numpy(),
        projections=stack.unpack(result.projections),
        iterations=result.iterations,
        converged=result.converged,
    )


def fit(
    stack: SliceStack,
    start: Factors,
    *,
    max_iterations: int,
    tolerance: float,
    ridge: float = 0.0,
    sweeps: int | None = None,
    extrapolate: bool = True,
) -> Fit:
    """Iterate until the loss has settled, or up to a number of iterations.

    The iterations run in float32 until that precision no longer resolves how the loss falls, and
    in float64 from there on.

    Parameters
    ----------
    stack
        Slices of the problem.
    start
        Factors to start from.
    max_iterations
        Number of iterations at most, in both precisions together.
    tolerance
        The iterations end when the loss falls by less than this share of itself three times in a
        row.
    ridge
        Weight of the squared norms of all components of all slices, s_lj^2 |b_j|^2 |v_j|^2, in
        the loss. Components that nearly cancel each other then cost more than they save. The
        term does not depend on how scale is shared among the factors.
    sweeps
        Number of sweeps over signatures, blueprint and directions per projection (default: six;
        four where components are more than half the experimental dimensions).
    extrapolate
        Whether to extrapolate the factors. If not, this is plain alternating least squares, with
        projections from singular value decompositions.
    """
    count, rows, width = stack.tensor.shape
    rank = start.directions.shape[1]
    if sweeps is None:
        sweeps = _SWEEPS_OF_FEW_COMPONENTS if 2 * rank <= width else _SWEEPS
    corner = torch.eye(rows, rank, device=stack.tensor.device)
    rough = _iterate(
        stack.tensor,
        start,
        corner.repeat(count, 1, 1),
        max_iterations=max_iterations,
        tolerance=tolerance,
        ridge=ridge,
        sweeps=sweeps,
        extrapolate=extrapolate,
    )
    remaining = max_iterations - rough.iterations
    if rough.converged or remaining < 1:
        return rough
    fine = _iterate(
        stack.tensor.double(),
        rough.factors,
        rough.projections.double(),
        max_iterations=remaining,
        tolerance=tolerance,
        ridge=ridge,
        sweeps=sweeps,
        extrapolate=extrapolate,
    )
    return fine._replace(losses=rough.losses + fine.losses)


def fit_signatures(
    stack: SliceStack, blueprint: Tensor, directions: Tensor, *, ridge: float, steps: int
) -> Tensor:
    """Signatures of slices in given directions, ``[slices, components]``, float64.

    Each slice is fitted separately: its projection and its signature in turn, from ones.

    Parameters
    ----------
    stack
        Slices to fit.
    blueprint
        Fixed blueprint B, ``[components, components]``.
    directions
        Fixed experimental directions V, ``[dim_experimental, components]``.
    ridge
        Weight of the ridge, as in :func:`fit`.
    steps
        Number of times that projections and signatures are fitted.
    """
    factors = _unit_start(stack, directions)._replace(blueprint=blueprint)
    count, rows, _ = stack.tensor.shape
    corner = torch.eye(rows, directions.shape[1], device=stack.tensor.device)
    projections = corner.repeat(count, 1, 1)
    gram = _ridged(_gram(blueprint) * _gram(directions), ridge)
    for step in range(steps):
        quick = step > 0 and directions.shape[1] <= _PRODUCTS
        projections, projected = _project(stack.tensor, factors, projections, quick)
        spread = projected @ directions.to(projected)
        target = (spread * blueprint.to(spread)).sum(1)
        signatures = _non_negative(gram, target.double(), factors.signatures)
        factors = factors._replace(signatures=signatures)
    return factors.signatures


def _iterate(
    omega: Tensor,
    start: Factors,
    projections: Tensor,
    *,
    max_iterations: int,
    tolerance: float,
    ridge: float,
    sweeps: int,
    extrapolate: bool,
) -> Fit:
    """Iterate until the loss settles or the precision of `omega` is used up.

    Parameters
    ----------
    omega
        Slices, ``[slices, rows, dim_experimental]``.
    projections
        Projections to stay near to, ``[slices, rows, components]``.
    """
    best = start  # with the lowest loss so far
    factors = start  # whose loss is computed next
    solution: Factors | None = None  # the last one by least squares
    extrapolated = False  # whether factors are not that solution
    share, ceiling, slow, stuck = _START, 1.0, 0, 0
    losses: list[float] = []
    quick = extrapolate and omega.dtype == torch.float32 and start.blueprint.shape[1] <= _PRODUCTS
    while len(losses) < max_iterations and max(slow, stuck) < _STILL:
        # The first projections depend on no earlier ones, so rotations of a slice do not matter.
        trial, projected = _project(omega, factors, projections, quick and bool(losses))
        spread = projected @ factors.directions.to(projected)
        loss = _loss(spread, factors, ridge)
        if extrapolated and solution is not None and not loss < losses[-1]:
            factors, extrapolated = solution, False
            ceiling, share = share, share / _SHRINKAGE
            losses.append(losses[-1])
            continue
        if not math.isfinite(loss):
            return Fit(best, projections, losses, converged=False)
        if losses and not loss < losses[-1]:
            losses.append(losses[-1])
            stuck = _STILL  # least squares never raise the loss: these are rounding errors
            continue
        if extrapolated:
            ceiling = min(1.0, ceiling * _EASE)
            share = min(ceiling, share * _GROWTH)
        if losses:
            fall = losses[-1] - loss
            stuck = stuck + 1 if fall < _RESOLUTION[omega.dtype] else 0
            slow = slow + 1 if not stuck and fall < tolerance * loss else 0
        losses.append(loss)
        best, projections = factors, trial
        previous = solution
        solution = _least_squares(projected, spread, factors, ridge, sweeps)
        if extrapolate and previous is not None:
            factors, extrapolated = solution.extrapolated(previous, share), True
        else:
            factors, extrapolated = solution, False
    exhausted = omega.dtype == torch.float64 and stuck >= _STILL
    return Fit(best, projections, losses, slow >= _STILL or exhausted)


def _project(omega: Tensor, factors: Factors, before: Tensor, quick: bool) -> tuple[Tensor, Tensor]:
    """The projections that minimise the loss, and the projected slices.

    Where the data leave a direction open, the projections stay near the previous ones. If they
    are computed by matrix products, the pull towards the previous ones is stronger.

    Parameters
    ----------
    omega
        Slices, ``[slices, rows, dim_experimental]``.
    factors
        Signatures, blueprint and directions.
    before
        Previous projections, ``[slices, rows, components]``.
    quick
        Whether to use matrix products instead of decompositions.

    Returns
    -------
    tuple
        Projections ``[slices, rows, components]`` with orthonormal columns, and projected slices
        ``[slices, components, dim_experimental]``.
    """
    signatures = factors.signatures.to(omega.dtype)
    blueprint = factors.blueprint.to(omega.dtype)
    directions = factors.directions.to(omega.dtype)
    near = _QUICK_PROXIMITY if quick else _PROXIMITY
    projections = torch.empty_like(before)
    projected = omega.new_empty(len(omega), *directions.mT.shape)
    step = max(1, _CACHED // before[0].numel())
    for first in range(0, len(omega), step):
        part = slice(first, first + step)
        # [part, rows, components]
        aligned = (omega[part] @ directions * signatures[part, None, :]) @ blueprint.T
        norms = torch.linalg.matrix_norm(aligned, keepdim=True)
        aligned.addcmul_(norms, before[part], value=near)
        projections[part] = _quick_polar(aligned, near) if quick else _polar(aligned)
        torch.bmm(projections[part].mT, omega[part], out=projected[part])
    return projections, projected


def _polar(matrices: Tensor) -> Tensor:
    """The nearest matrices with orthonormal columns, ``[slices, rows, components]``."""
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    nearest: Tensor = left @ right
    return nearest


def _quick_polar(matrices: Tensor, least: float) -> Tensor:
    """The nearest matrices with orthonormal columns, by matrix products.

    Matrices with a singular value below about `least` times a bound of the largest one are
    decomposed instead.
    """
    gram = matrices.mT @ matrices
    bound = torch.linalg.matrix_norm(gram, keepdim=True).sqrt() + torch.finfo(gram.dtype).tiny
    nearest: Tensor = matrices / bound
    gram = gram / bound**2
    for step, (linear, cubic) in enumerate(_cubics(least)):
        if step:
            gram = nearest.mT @ nearest
        nearest = torch.baddbmm(nearest, nearest, gram, beta=linear, alpha=cubic)
    gram.diagonal(dim1=1, dim2=2).sub_(1)
    # Distance of the squared singular values from one, before the last step, which squares it.
    distance = torch.linalg.matrix_norm(gram) / matrices.shape[2] ** 0.5
    missed = ~(distance < _ORTHONORMAL)
    if missed.any():
        nearest[missed] = _polar(matrices[missed])
    return nearest


@cache
def _cubics(least: float) -> list[tuple[float, float]]:
    """Coefficients of x and x^3 of cubics that map the interval [least, 1] close to one in turn.

    Each is the cubic that brings the whole interval as close to one as possible (Chen and Chow
    2014). This takes far fewer steps than the iteration of Newton and Schulz, which the last
    cubics approach.
    """
    low, high = least, 1.0
    steps: list[tuple[float, float]] = []
    while not steps or high - low > 1e-6:
        scale = (3 / (low * low + low * high + high * high)) ** 0.5
        linear, cubic = 1.5 * scale, -0.5 * scale**3
        centre = 2 / (1 + linear * low + cubic * low**3)
        steps.append((centre * linear, centre * cubic))
        low, high = 2 - centre, centre
    return steps


def _loss(spread: Tensor, factors: Factors, ridge: float) -> float:
    """The loss with the ridge, over the squared norm of all slices.

    |Omega - M|^2 = |Omega|^2 - 2 <Omega, M> + |M|^2, summed over slices; the squared norm of all
    scaled slices is their number.

    Parameters
    ----------
    spread
        Projected slices times the directions, ``[slices, components, components]``.
    """
    signatures, blueprint = factors.signatures.to(spread), factors.blueprint.to(spread)
    inner = float(((spread * blueprint).sum(1) * signatures).sum(dtype=torch.float64))
    return (len(spread) - 2 * inner + factors.inner_square(ridge)) / len(spread)


def _least_squares(
    projected: Tensor, spread: Tensor, factors: Factors, ridge: float, sweeps: int
) -> Factors:
    """Fit the factors to the projected slices in turn, for a number of sweeps.

    Parameters
    ----------
    projected
        Projected slices, ``[slices, components, dim_experimental]``.
    spread
        Projected slices times the directions, ``[slices, components, components]``; overwritten.
    """
    signatures, blueprint, directions = factors
    flat = projected.flatten(0, 1)  # [slices * components, dim_experimental]
    work = torch.empty_like(spread)
    for sweep in range(sweeps):
        if sweep:
            torch.mm(flat, directions.to(flat), out=spread.flatten(0, 1))
        weights = _gram(directions)
        target = torch.mul(spread, blueprint.to(flat), out=work).sum(1)
        signatures = _non_negative(
            _ridged(_gram(blueprint) * weights, ridge), target.double(), signatures
        )
        scale = signatures.to(flat)[:, None, :]
        target = torch.mul(spread, scale, out=work).sum(0)
        blueprint = _solve(_ridged(_gram(signatures) * weights, ridge), target.double())
        torch.mul(blueprint.to(flat), scale, out=work)
        weights = _ridged(_gram(signatures) * _gram(blueprint), ridge)
        directions = _solve(weights, (flat.mT @ work.flatten(0, 1)).double())
    return Factors(signatures, blueprint, directions)


def _gram(matrix: Tensor) -> Tensor:
    return matrix.mT @ matrix


def _ridged(gram: Tensor, ridge: float) -> Tensor:
    return gram + ridge * gram.diagonal().diag()


def _solve(gram: Tensor, target: Tensor) -> Tensor:
    """Solve X gram = target for X, with a symmetric positive semidefinite gram matrix."""
    ridge = 1e-13 * gram.diagonal().mean() + torch.finfo(gram.dtype).tiny
    shifted = gram + ridge * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    solution: Tensor = torch.linalg.solve(shifted, target.mT).mT
    return solution


def _non_negative(gram: Tensor, target: Tensor, before: Tensor) -> Tensor:
    """Rows s >= 0 that lower s gram s^T / 2 - s target^T.

    A row that least squares leaves non-negative is the minimum. The other rows start from the
    better of the previous row and least squares cut off at zero, and then minimise over one entry
    at a time, so that no row gets worse.

    Parameters
    ----------
    gram
        ``[components, components]``, symmetric positive semidefinite.
    target, before
        Targets and previous rows, ``[slices, components]``.
    """
    free = _solve(gram, target)
    bound = (free < 0).any(1)
    if not bound.any():
        return free
    weights = gram.cpu().numpy()
    goal = target[bound].cpu().numpy()
    old = before[bound].cpu().numpy()
    new = free[bound].clamp_min(0).cpu().numpy()
    worse = _objective(new, weights, goal) > _objective(old, weights, goal)
    rows = np.where(worse[:, None], old, new)
    slope = rows @ weights - goal
    for entry in list(range(len(weights))) * _CORRECTIONS:
        if weights[entry, entry] > 0:
            step = np.maximum(-slope[:, entry] / weights[entry, entry], -rows[:, entry])
            rows[:, entry] += step
            slope += step[:, None] * weights[entry]
    free[bound] = torch.from_numpy(rows).to(free.device)
    return free


def _objective(rows: Array, gram: Array, target: Array) -> Array:
    values: Array = ((rows @ gram / 2 - target) * rows).sum(1)
    return values
