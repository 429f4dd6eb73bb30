"""PARAFAC2 by alternating least squares with extrapolation (Kiers, ten Berge and Bro 1999).

One iteration finds the projections P_l for the factors at hand, projects the slices to
T_l = P_l^T Omega_l ``[components, dim_experimental]``, and goes a few times over signatures,
blueprint and experimental directions, each by least squares with the others fixed. The factors
then go on along the way they came (Ang and Gillis 2019), and are taken back where that raised
the loss. What is large is in float32 as long as that resolves the descent, and made of matrix
products over all slices at once; what is components by components is in float64, where
ill-conditioned blueprints need it.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.floating[Any]]

_SWEEPS = 4, 6  # over the factors, for every projection; more where components are few
_START, _GROWTH, _SHRINKAGE, _EASE = 0.5, 1.05, 1.2, 1.02  # of the extrapolation
# Of the norm of what is projected: keeps directions that the data leave open; for projections by
# matrix products more, as they need singular values that are not tiny. Steps are smaller then, and
# end at the same points.
_PROXIMITY, _QUICK_PROXIMITY = 1e-6, 1.5e-3
_PRODUCTS = 256  # components up to which matrix products are faster than decompositions
_CACHED = 2**16  # entries of projections that are worked on at a time, so as to stay in the cache
_ORTHONORMAL = 2e-3  # root mean square distance up to which a last step makes columns orthonormal
_STILL = 3  # iterations in a row with little change, until it counts as none
_RESOLUTION = {torch.float32: 1e-7, torch.float64: 1e-15}  # of the squared norm of all slices
_CORRECTIONS = 2  # passes over the components of a signature with entries that would be negative


class Factors(NamedTuple):
    """Signatures, blueprint and experimental directions, float64."""

    signatures: Tensor
    """``[slices, components]``."""
    blueprint: Tensor
    """``[components, components]``."""
    directions: Tensor
    """``[dim_experimental, components]``."""

    @classmethod
    def of(cls, *factors: Array, device: str | torch.device) -> "Factors":
        """From arrays in the order above."""
        return cls(*(torch.from_numpy(f).to(device, torch.float64) for f in factors))

    def inner_square(self, ridge: float) -> float:
        """Squared norm of all slices of the model together, and `ridge` times that of all its
        components one by one."""
        signatures, blueprint, directions = (_gram(factor) for factor in self)
        return float(_ridged(signatures * blueprint * directions, ridge).sum())

    def beyond(self, before: "Factors", share: float) -> "Factors":
        """As far beyond these as a share of the way from those before."""
        signatures, blueprint, directions = (
            new + share * (new - old) for new, old in zip(self, before, strict=True)
        )
        return Factors(signatures.clamp_min(0), blueprint, directions)


class Fit(NamedTuple):
    """Where the iterations ended."""

    factors: Factors
    projections: Tensor
    """``[slices, rows, components]``, columns orthonormal in the precision of the iterations."""
    losses: list[float]
    """Share of the squared norm of all slices that is left after each iteration, in the precision
    of the iterations; with a ridge, including what that adds."""
    converged: bool
    """Whether the loss no longer fell by the tolerance."""

    @property
    def iterations(self) -> int:
        """Including those that were taken back."""
        return len(self.losses)


class SliceStack:
    """Slices of one problem, scaled to a mean squared norm of one, as one tensor.

    Slices with fewer rows than others end in rows of zeros, in which the projections are zero
    too. Taller ones than wide are replaced by the triangular factor of their QR decomposition,
    which changes neither loss nor factors.
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
        """Projections of the slices as they were given, orthonormal in float64."""
        exact = projections.double()
        # A step of Newton and Schulz, which squares the distance to orthonormal columns.
        exact = 1.5 * exact - 0.5 * exact @ (exact.mT @ exact)
        unpacked = []
        for rows, basis, projection in zip(
            self.rows, self._bases, exact.cpu().numpy(), strict=True
        ):
            inner = projection[:rows]
            unpacked.append(inner if basis is None else basis @ inner)
        return unpacked


def svd_start(stack: SliceStack, rank: int) -> Factors:
    """Leading right singular vectors of all slices on top of each other, and ones."""
    gram = torch.zeros(stack.tensor.shape[2:] * 2, device=stack.tensor.device)
    for omega in stack.tensor:
        gram.addmm_(omega.mT, omega)
    directions = torch.linalg.eigh(gram.double()).eigenvectors[:, -rank:].flip(1)
    return _unit_start(stack, directions)


def random_start(stack: SliceStack, rank: int, seed: int) -> Factors:
    """Random orthonormal experimental directions, and ones."""
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
    """Iterate until the loss changes by less than a share of itself, or a number of times.

    In float32 until that no longer resolves how the loss falls, in float64 from there on.

    Parameters
    ----------
    tolerance
        Share of the loss; the iterations end when it fell by less three times in a row.
    ridge
        Weight of the squared norms of all components of all slices, s_lj^2 |b_j|^2 |v_j|^2, which
        are added to the loss: components that nearly cancel one another cost more than they save.
        It does not depend on how scale is shared among the factors.
    sweeps
        Over signatures, blueprint and directions, for every projection. By default six, and four
        where components are more than half the experimental dimensions.
    extrapolate
        Whether to go beyond the least-squares solutions. Without, it is plain alternating least
        squares, with projections from singular value decompositions.
    """
    width, rank = start.directions.shape
    if sweeps is None:
        sweeps = _SWEEPS[2 * rank <= width]
    options: dict[str, Any] = {
        "tolerance": tolerance, "ridge": ridge, "sweeps": sweeps, "extrapolate": extrapolate
    }  # fmt: skip
    count, rows, _ = stack.tensor.shape
    corner = torch.eye(rows, rank, device=stack.tensor.device)
    rough = _iterate(
        stack.tensor, start, corner.repeat(count, 1, 1), max_iterations=max_iterations, **options
    )
    left = max_iterations - rough.iterations
    if rough.converged or left < 1:
        return rough
    fine = _iterate(
        stack.tensor.double(),
        rough.factors,
        rough.projections.double(),
        max_iterations=left,
        **options,
    )
    return fine._replace(losses=rough.losses + fine.losses)


def fit_signatures(
    stack: SliceStack, blueprint: Tensor, directions: Tensor, *, ridge: float, steps: int
) -> Tensor:
    """Signatures of slices in given directions, ``[slices, components]``, float64.

    Every slice by itself: its projection and its signature in turn, starting from ones.
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
    """Until convergence, or until the precision of `omega` is used up."""
    share, ceiling, slow, stuck = _START, 1.0, 0, 0
    best = factors = solution = start
    losses: list[float] = []
    quick = extrapolate and omega.dtype == torch.float32 and factors.blueprint.shape[1] <= _PRODUCTS
    while len(losses) < max_iterations and max(slow, stuck) < _STILL:
        # The first projections depend on none before, so that rotations of a slice do not matter.
        trial, projected = _project(omega, factors, projections, quick and bool(losses))
        spread = projected @ factors.directions.to(projected)
        loss = _loss(spread, factors, ridge)
        extrapolated = factors is not solution
        if losses and not loss < losses[-1]:
            if not extrapolated:
                stuck = _STILL  # least squares never raise the loss: these are rounding errors
            factors, ceiling, share = solution, share, share / _SHRINKAGE
            losses.append(losses[-1])
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
        before, solution = solution, _least_squares(projected, spread, factors, ridge, sweeps)
        factors = solution
        if extrapolate and before is not start:
            factors = solution.beyond(before, share)
    exhausted = omega.dtype == torch.float64 and stuck >= _STILL
    return Fit(best, projections, losses, slow >= _STILL or exhausted)


def _project(omega: Tensor, factors: Factors, before: Tensor, quick: bool) -> tuple[Tensor, Tensor]:
    """Matrices with orthonormal columns that make the loss least, ``[slices, rows, components]``,
    and the slices projected by them, ``[slices, components, dim_experimental]``.

    Where the data say nothing, they stay near those before; somewhat nearer than that, and where
    the data say little, if they are to be found by matrix products.
    """
    signatures, blueprint, directions = (factor.to(omega.dtype) for factor in factors)
    near = _QUICK_PROXIMITY if quick else _PROXIMITY
    projections = torch.empty_like(before)
    projected = omega.new_empty(len(omega), *directions.mT.shape)
    step = max(1, _CACHED // before[0].numel())
    for some in (slice(first, first + step) for first in range(0, len(omega), step)):
        aligned = (omega[some] @ directions * signatures[some, None, :]) @ blueprint.T
        norms = torch.linalg.matrix_norm(aligned, keepdim=True)
        aligned.addcmul_(norms, before[some], value=near)
        projections[some] = _quick_polar(aligned, near) if quick else _polar(aligned)
        torch.bmm(projections[some].mT, omega[some], out=projected[some])
    return projections, projected


def _polar(matrices: Tensor) -> Tensor:
    """The nearest matrices with orthonormal columns."""
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    nearest: Tensor = left @ right
    return nearest


def _quick_polar(matrices: Tensor, least: float) -> Tensor:
    """The same by matrix products alone, where no singular value is below about `least` times a
    bound of the largest; elsewhere by decomposition."""
    gram = matrices.mT @ matrices
    bound = torch.linalg.matrix_norm(gram, keepdim=True).sqrt() + torch.finfo(gram.dtype).tiny
    nearest: Tensor = matrices / bound
    gram = gram / bound**2
    for step, (linear, cubic) in enumerate(_cubics(least)):
        if step:
            gram = nearest.mT @ nearest
        nearest = torch.baddbmm(nearest, nearest, gram, beta=linear, alpha=cubic)
    gram.diagonal(dim1=1, dim2=2).sub_(1)
    # Of the squared singular values from one, before the last step, which squares it.
    distance = torch.linalg.matrix_norm(gram) / matrices.shape[2] ** 0.5
    missed = ~(distance < _ORTHONORMAL)
    if missed.any():
        nearest[missed] = _polar(matrices[missed])
    return nearest


@cache
def _cubics(least: float) -> list[tuple[float, float]]:
    """Coefficients of x and x^3 that one after another bring [least, 1] near to one.

    Each is the cubic that brings all of the interval as near to one as possible (Chen and Chow
    2014): many times fewer than steps of Newton and Schulz, which they become in the end.
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
    """Share of the squared norm of all slices that the model leaves, and what the ridge adds.

    From the inner product of slices and model, for slices projected and times the directions; the
    squared norm of all slices is their number.
    """
    signatures, blueprint = factors.signatures.to(spread), factors.blueprint.to(spread)
    inner = float(((spread * blueprint).sum(1) * signatures).sum(dtype=torch.float64))
    return (len(spread) - 2 * inner + factors.inner_square(ridge)) / len(spread)


def _least_squares(
    projected: Tensor, spread: Tensor, factors: Factors, ridge: float, sweeps: int
) -> Factors:
    """Go over the factors so many times, each fitted to the projected slices in turn.

    `spread`, the projected slices times the directions, is overwritten.
    """
    signatures, blueprint, directions = factors
    flat, work = projected.flatten(0, 1), torch.empty_like(spread)
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
    """X with X gram = target, for symmetric positive semidefinite gram."""
    ridge = 1e-13 * gram.diagonal().mean() + torch.finfo(gram.dtype).tiny
    shifted = gram + ridge * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    solution: Tensor = torch.linalg.solve(shifted, target.mT).mT
    return solution


def _non_negative(gram: Tensor, target: Tensor, before: Tensor) -> Tensor:
    """Rows s >= 0 that lower s gram s^T / 2 - s target^T, to its least where none is bound.

    Rows with entries that least squares would make negative go over their entries one by one,
    from the better of what they were and least squares cut off at zero: exact for each entry,
    so that no row gets worse.
    """
    free = _solve(gram, target)
    bound = (free < 0).any(1)
    if not bound.any():
        return free
    weights, goal = gram.cpu().numpy(), target[bound].cpu().numpy()
    old, new = before[bound].cpu().numpy(), free[bound].clamp_min(0).cpu().numpy()
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
