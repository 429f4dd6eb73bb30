"""PARAFAC2 by alternating least squares with extrapolation (Kiers, ten Berge and Bro 1999).

The squared error is the sum over slices of |Omega_l - P_l B diag(s_l) V^T|^2. One iteration has
two steps (Kiers et al. 1999, section 3):

1. With B, s and V fixed, the best P_l is the orthonormal polar factor of Omega_l V diag(s_l) B^T.
2. With P_l fixed, the projected slices T_l = P_l^T Omega_l ``[components, dim_experimental]``
   follow an ordinary trilinear model. A few sweeps fit s, B and V in turn by least squares.

The factors are then extrapolated along their last step (Ang and Gillis 2019). An extrapolation
that raises the loss is undone. Large arrays are in float32 as long as that precision resolves the
descent, and are multiplied over all slices at once. Matrices of components by components are in
float64, which ill-conditioned blueprints need.

With a ridge, the loss is :func:`langsig.factorization.model.objective`. Step 2 then minimises the
squared error plus a multiple of the squared norms of the components. The multiple follows the
error of the factors before the step. This never raises the loss, because a logarithm lies below
its tangents (Hunter and Lange 2004).

Problems of equal shape are solved at the same time: the first axis of all tensors is that of the
problems. Small problems spend most of their time in the overhead of operations, which they then
share. Each problem ends separately.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.factorization.model import LEAST_ERROR, OVERFLOW, Parafac2Result, objective
from langsig.factorization.solver import batches

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
    """Signatures, blueprint and experimental directions of each problem, float64."""

    signatures: Tensor
    """``[problems, slices, components]``."""
    blueprint: Tensor
    """``[problems, components, components]``."""
    directions: Tensor
    """``[problems, dim_experimental, components]``."""

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

    def inner_products(self) -> Tensor:
        """Sums over slices of the inner products of two components, ``[problems, components,
        components]``."""
        return _gram(self.signatures) * _gram(self.blueprint) * _gram(self.directions)

    def of(self, problems: slice | list[int]) -> "Factors":
        """The factors of some problems."""
        return Factors(*(factor[problems] for factor in self))

    def with_part(self, problems: slice | list[int], part: "Factors") -> "Factors":
        """The factors, with those of some problems exchanged."""
        return Factors(
            *(_with_part(whole, problems, other) for whole, other in zip(self, part, strict=True))
        )

    def extrapolated(self, before: "Factors", share: Tensor) -> "Factors":
        """These factors, moved further along the step from `before` by a share of that step.

        Parameters
        ----------
        before
            Factors before the step.
        share
            The share, ``[problems]``.
        """
        share = share[:, None, None]
        signatures = self.signatures + share * (self.signatures - before.signatures)
        return Factors(
            signatures.clamp_min(0),
            self.blueprint + share * (self.blueprint - before.blueprint),
            self.directions + share * (self.directions - before.directions),
        )


class Fit(NamedTuple):
    """Factors of one problem at the end of the iterations, and how the iterations went."""

    factors: Factors
    """With a first axis of length one."""
    projections: Tensor
    """``[1, slices, rows, components]``, columns orthonormal in the precision of the iterations."""
    losses: list[float]
    """Loss after each iteration, in the precision of the iterations. It includes the ridge."""
    converged: bool
    """Whether the loss ended finite and fell by less than the tolerance."""

    @property
    def iterations(self) -> int:
        """Number of iterations, including those whose extrapolation was undone."""
        return len(self.losses)


class SliceStack:
    """Slices of problems of equal shape in one tensor, each problem scaled to a mean squared norm
    of one.

    Shorter slices are padded with rows of zeros, in which the projections are zero too. Slices
    that are taller than wide are replaced by the triangular factor of their QR decomposition,
    which changes neither the loss nor the factors.

    Parameters
    ----------
    problems
        For each problem its slices, matrices ``[dim_control_l, dim_experimental]``. Problems have
        the same number of slices and the same experimental dimension.
    device
        Device of torch for the tensor ``[problems, slices, rows, dim_experimental]``.
    """

    def __init__(
        self, problems: Sequence[Sequence[Array]], device: str | torch.device = "cpu"
    ) -> None:
        squares = [[np.sum(np.square(omega)) for omega in slices] for slices in problems]
        self.scales = np.sqrt(np.mean(squares, axis=1))
        """``[problems]``."""
        self._bases: list[list[Array | None]] = []
        cores = []
        for slices, scale in zip(problems, self.scales, strict=True):
            bases = []
            for omega in slices:
                tall = len(omega) > omega.shape[1]
                basis, core = np.linalg.qr(omega) if tall else (None, omega)
                bases.append(basis)
                cores.append(core / scale)
            self._bases.append(bases)
        self._rows = [len(core) for core in cores]
        shape = (len(problems), len(problems[0]), max(self._rows), problems[0][0].shape[1])
        self.tensor = torch.zeros(shape, dtype=torch.float32, device=device)
        for target, core in zip(self.tensor.flatten(0, 1), cores, strict=True):
            target[: len(core)] = torch.from_numpy(np.ascontiguousarray(core, np.float32))

    def unpack(self, problem: int, projections: Tensor) -> list[Array]:
        """Projections of the original slices of one problem, each ``[dim_control_l,
        components]``, orthonormal in float64.

        Parameters
        ----------
        problem
            Position of the problem.
        projections
            ``[slices, rows, components]``.
        """
        exact = projections.double()
        # A step of Newton and Schulz squares the distance to orthonormal columns.
        exact = 1.5 * exact - 0.5 * exact @ (exact.mT @ exact)
        first = problem * len(exact)
        unpacked = []
        for rows, basis, projection in zip(
            self._rows[first : first + len(exact)],
            self._bases[problem],
            exact.cpu().numpy(),
            strict=True,
        ):
            inner = projection[:rows]
            unpacked.append(inner if basis is None else basis @ inner)
        return unpacked


def svd_start(stack: SliceStack, rank: int) -> Factors:
    """Start from the leading right singular vectors of all slices stacked vertically.

    Signatures are one, and the blueprint is the identity.
    """
    problems, _, _, width = stack.tensor.shape
    gram = torch.zeros(problems, width, width, device=stack.tensor.device)
    for omega in stack.tensor.unbind(1):
        gram.baddbmm_(omega.mT, omega)
    directions = torch.linalg.eigh(gram.double()).eigenvectors[:, :, -rank:].flip(2)
    return _unit_start(stack, directions)


def random_start(stack: SliceStack, rank: int, seeds: Sequence[int]) -> Factors:
    """Start from random orthonormal directions; signatures are one, the blueprint the identity.

    Parameters
    ----------
    stack
        Slices of the problems.
    rank
        Number of components.
    seeds
        Seed of each problem.
    """
    width = stack.tensor.shape[3]
    noise = [
        torch.randn(width, rank, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        for seed in seeds
    ]
    return _unit_start(stack, torch.linalg.qr(torch.stack(noise)).Q.to(stack.tensor.device))


def _unit_start(stack: SliceStack, directions: Tensor) -> Factors:
    problems, count = stack.tensor.shape[:2]
    rank = directions.shape[2]
    unit = torch.eye(rank, dtype=torch.float64, device=directions.device)
    return Factors(
        torch.ones(problems, count, rank, dtype=torch.float64, device=directions.device),
        unit.repeat(problems, 1, 1),
        directions,
    )


def solve(
    problems: Sequence[Sequence[Array]],
    rank: int,
    *,
    inits: Sequence[str | Parafac2Result],
    ridge: float,
    max_iterations: int,
    tolerance: float,
    seeds: Sequence[int],
    device: str,
) -> list[Parafac2Result]:
    """Fit the model to each of several problems, whose slices have been validated.

    Parameters
    ----------
    problems
        For each problem its slices. Problems have the same number of slices and the same
        experimental dimension.
    inits, seeds
        Start and seed of each problem, as in :func:`parafac2`.
    rank, ridge, max_iterations, tolerance, device
        As in :func:`parafac2`.

    Raises
    ------
    InputError
        If torch has no such device on this machine, or the factors overflow.
    """
    results = []
    for part in batches(len(problems), _entries(problems)):
        try:
            stack = SliceStack(problems[part], torch.device(device))
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                f"device must be a device of torch on this machine, such as cpu; got {device!r}: "
                f"{error}"
            ) from error
        start = _start(stack, rank, inits[part], seeds[part])
        try:
            fits = fit(
                stack, start, max_iterations=max_iterations, tolerance=tolerance, ridge=ridge
            )
        except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
            raise InputError(f"{OVERFLOW}: {error}") from error
        for number, (slices, fitted) in enumerate(zip(problems[part], fits, strict=True)):
            signatures, blueprint, directions = (
                factor[0].cpu().numpy() for factor in fitted.factors
            )
            result = Parafac2Result.from_factors(
                slices,
                signatures=signatures * stack.scales[number],
                blueprint=blueprint,
                experimental_directions=directions,
                projections=stack.unpack(number, fitted.projections[0]),
                iterations=fitted.iterations,
                converged=fitted.converged,
                ridge=ridge,
            )
            results.append(result)
    return results


def _entries(problems: Sequence[Sequence[Array]]) -> int:
    return max(sum(omega.size for omega in slices) for slices in problems)


def _start(
    stack: SliceStack, rank: int, inits: Sequence[str | Parafac2Result], seeds: Sequence[int]
) -> Factors:
    """Factors to start from, with one kind of start for each problem."""
    starts = {}
    if "svd" in inits:
        starts["svd"] = svd_start(stack, rank)
    if "random" in inits:
        starts["random"] = random_start(stack, rank, seeds)
    chosen = []
    for problem, init in enumerate(inits):
        if isinstance(init, Parafac2Result):
            factors = (
                init.signatures[None] / stack.scales[problem],
                init.blueprint[None],
                init.experimental_directions[None],
            )
            chosen.append(Factors.from_arrays(*factors, stack.tensor.device))
        else:
            chosen.append(starts[init].of(slice(problem, problem + 1)))
    return Factors(*(torch.cat(factors) for factors in zip(*chosen, strict=True)))


def fit(
    stack: SliceStack,
    start: Factors,
    *,
    max_iterations: int,
    tolerance: float,
    ridge: float = 0.0,
    sweeps: int | None = None,
    extrapolate: bool = True,
) -> list[Fit]:
    """Iterate until the loss of each problem has settled, or up to a number of iterations.

    The iterations of a problem run in float32 until that precision no longer resolves how its
    loss falls, and in float64 from there on.

    Parameters
    ----------
    stack
        Slices of the problems.
    start
        Factors to start from.
    max_iterations
        Number of iterations at most, in both precisions together.
    tolerance
        The iterations end when the loss falls by less than this share of itself three times in a
        row.
    ridge
        Weight of the squared norms of all components of all slices, s_lj^2 |b_j|^2 |v_j|^2,
        relative to the squared error. Components that nearly cancel each other then cost more
        than they save. The term does not depend on how scale is shared among the factors.
    sweeps
        Number of sweeps over signatures, blueprint and directions per projection (default: six;
        four where components are more than half the experimental dimensions).
    extrapolate
        Whether to extrapolate the factors. If not, this is plain alternating least squares, with
        projections from singular value decompositions.

    Returns
    -------
    list
        One fit per problem.
    """
    problems, count, rows, width = stack.tensor.shape
    rank = start.directions.shape[2]
    if sweeps is None:
        sweeps = _SWEEPS_OF_FEW_COMPONENTS if 2 * rank <= width else _SWEEPS
    corner = torch.eye(rows, rank, device=stack.tensor.device)
    fits = _iterate(
        stack.tensor,
        start,
        corner.repeat(problems, count, 1, 1),
        most=[max_iterations] * problems,
        tolerance=tolerance,
        ridge=ridge,
        sweeps=sweeps,
        extrapolate=extrapolate,
    )
    unsettled = [
        problem
        for problem, rough in enumerate(fits)
        if not rough.converged and rough.iterations < max_iterations
    ]
    if unsettled:
        again = [fits[problem] for problem in unsettled]
        fine = _iterate(
            stack.tensor[unsettled].double(),
            Factors(*(torch.cat(part) for part in zip(*(f.factors for f in again), strict=True))),
            torch.cat([rough.projections for rough in again]).double(),
            most=[max_iterations - rough.iterations for rough in again],
            tolerance=tolerance,
            ridge=ridge,
            sweeps=sweeps,
            extrapolate=extrapolate,
        )
        for problem, rough, result in zip(unsettled, again, fine, strict=True):
            fits[problem] = result._replace(losses=rough.losses + result.losses)
    return fits


def signatures_under(
    models: Sequence[Parafac2Result],
    problems: Sequence[Sequence[Array]],
    *,
    ridge: float,
    steps: int,
) -> list[Array]:
    """Signatures of slices in the directions of models, ``[slices, components]`` per problem.

    Each slice is fitted separately: its projection and its signature in turn, from ones. The
    ridge is weighted by the error of the model, as in the fit of the model.

    Parameters
    ----------
    models
        The model of each problem.
    problems
        For each problem its slices. Problems have the same number of slices, and models the same
        experimental dimension and rank.
    ridge
        Weight of the ridge, as in :func:`fit`.
    steps
        Number of times that projections and signatures are fitted.
    """
    results: list[Array] = []
    for part in batches(len(problems), _entries(problems)):
        stack = SliceStack(problems[part])
        blueprint = torch.from_numpy(np.stack([model.blueprint for model in models[part]]))
        directions = torch.from_numpy(
            np.stack([model.experimental_directions for model in models[part]])
        )
        errors = torch.tensor([model.relative_error for model in models[part]]).double()
        blueprint, directions = blueprint.double(), directions.double()
        factors = _unit_start(stack, directions)._replace(blueprint=blueprint)
        count, slices, rows, _ = stack.tensor.shape
        corner = torch.eye(rows, directions.shape[2])
        projections = corner.repeat(count, slices, 1, 1)
        gram = _ridged(_gram(blueprint) * _gram(directions), _weights(ridge, errors))
        for step in range(steps):
            quick = step > 0 and directions.shape[2] <= _PRODUCTS
            projections, projected = _project(stack.tensor, factors, projections, quick)
            target = (_spread(projected, directions) * blueprint.to(projected)[:, None]).sum(2)
            signatures = _non_negative(gram, target.double(), factors.signatures)
            factors = factors._replace(signatures=signatures)
        results += list(factors.signatures.numpy() * stack.scales[:, None, None])
    return results


class _Progress:
    """How the loss of one problem falls, and how far its factors are extrapolated."""

    def __init__(self, most: int, tolerance: float, dtype: torch.dtype) -> None:
        self._most, self._tolerance, self._dtype = most, tolerance, dtype
        self._losses: list[float] = []
        self._finite = True
        self._extrapolated = False  # whether the factors whose loss comes next are extrapolated
        self._share, self._ceiling = _START, 1.0  # of the last step, by which to extrapolate
        self._slow, self._stuck = 0, 0

    @property
    def ended(self) -> bool:
        settled = max(self._slow, self._stuck) >= _STILL
        return settled or not self._finite or len(self._losses) >= self._most

    def fit(self, factors: Factors, projections: Tensor) -> Fit:
        """The fit that has ended, with its factors and projections."""
        exhausted = self._dtype == torch.float64 and self._stuck >= _STILL
        converged = self._finite and (self._slow >= _STILL or exhausted)
        return Fit(factors, projections, self._losses, converged)

    def next_share(self, accepted: bool) -> float:
        """Share of the last step by which to extrapolate now; 0 if that step was undone."""
        self._extrapolated = accepted
        return self._share if accepted else 0.0

    def accepts(self, loss: float) -> bool:
        """Note the loss of the next factors, and say whether they are kept.

        Factors that are not kept were extrapolated too far, if the iterations have not ended.
        """
        fell = not self._losses or loss < self._losses[-1]
        if self._extrapolated and not fell:
            self._extrapolated = False
            self._ceiling, self._share = self._share, self._share / _SHRINKAGE
            self._losses.append(self._losses[-1])
            return False
        if not math.isfinite(loss):
            self._finite = False
            return False
        if not fell:
            self._losses.append(self._losses[-1])
            self._stuck = _STILL  # least squares never raise the loss: these are rounding errors
            return False
        if self._extrapolated:
            self._ceiling = min(1.0, self._ceiling * _EASE)
            self._share = min(self._ceiling, self._share * _GROWTH)
        if self._losses:
            fall = self._losses[-1] - loss
            self._stuck = self._stuck + 1 if fall < _RESOLUTION[self._dtype] else 0
            little = fall < self._tolerance * loss
            self._slow = self._slow + 1 if not self._stuck and little else 0
        self._losses.append(loss)
        return True


def _iterate(
    omega: Tensor,
    start: Factors,
    projections: Tensor,
    *,
    most: Sequence[int],
    tolerance: float,
    ridge: float,
    sweeps: int,
    extrapolate: bool,
) -> list[Fit]:
    """Iterate until the loss of each problem settles or the precision of `omega` is used up.

    Parameters
    ----------
    omega
        Slices, ``[problems, slices, rows, dim_experimental]``.
    start
        Factors to start from.
    projections
        Projections to stay near to, ``[problems, slices, rows, components]``.
    most
        Number of iterations of each problem at most.
    tolerance, ridge, sweeps, extrapolate
        As in :func:`fit`.
    """
    progress = [_Progress(number, tolerance, omega.dtype) for number in most]
    running = list(range(len(most)))  # problems that have not ended, in the order of the tensors
    fits: dict[int, Fit] = {}
    best = start  # with the lowest loss so far
    factors = start  # whose loss is computed next
    solution: Factors | None = None  # the last one by least squares
    products = extrapolate and omega.dtype == torch.float32
    products = products and start.blueprint.shape[2] <= _PRODUCTS
    while True:
        # The first projections depend on no earlier ones, so rotations of a slice do not matter.
        trial, projected = _project(omega, factors, projections, products and solution is not None)
        spread = _spread(projected, factors.directions)
        errors, components = _errors(spread, factors)
        losses = map(objective, errors.tolist(), components.tolist(), [ridge] * len(running))
        accepted = [
            progress[problem].accepts(loss) for problem, loss in zip(running, losses, strict=True)
        ]
        kept = _positions(accepted)
        best = best.with_part(kept, factors.of(kept))
        projections = _with_part(projections, kept, trial[kept])
        del trial
        for position, problem in enumerate(running):
            if progress[problem].ended:
                one = slice(position, position + 1)
                fits[problem] = progress[problem].fit(best.of(one), projections[one])
        still = [
            position for position, problem in enumerate(running) if not progress[problem].ended
        ]
        if not still:
            return [fits[problem] for problem in range(len(most))]
        if len(still) < len(running):
            running = [running[position] for position in still]
            accepted = [accepted[position] for position in still]
            kept = _positions(accepted)
            omega, projections, projected, spread, errors = (
                tensor[still] for tensor in (omega, projections, projected, spread, errors)
            )
            best, factors = best.of(still), factors.of(still)
            solution = None if solution is None else solution.of(still)
        if solution is not None and not any(accepted):
            factors = solution
            continue
        improved = _least_squares(
            projected[kept], spread[kept], factors.of(kept), _weights(ridge, errors[kept]), sweeps
        )
        if solution is None:
            factors = solution = improved
            continue
        previous, solution = solution, solution.with_part(kept, improved)
        if not extrapolate:
            factors = solution
            continue
        # A problem whose extrapolation was not accepted goes back to its solution: a share of 0.
        shares = [
            progress[problem].next_share(accept)
            for problem, accept in zip(running, accepted, strict=True)
        ]
        factors = solution.extrapolated(previous, torch.tensor(shares).to(errors))


def _positions(chosen: Sequence[bool]) -> slice | list[int]:
    """Positions that are chosen, as an index; a slice, which copies nothing, if all are."""
    if all(chosen):
        return slice(None)
    return [position for position, is_chosen in enumerate(chosen) if is_chosen]


def _with_part(whole: Tensor, positions: slice | list[int], part: Tensor) -> Tensor:
    """A tensor with other entries at some positions of its first axis."""
    if isinstance(positions, slice):
        return part
    changed = whole.clone()
    changed[positions] = part
    return changed


def _project(omega: Tensor, factors: Factors, before: Tensor, quick: bool) -> tuple[Tensor, Tensor]:
    """The projections that minimise the loss, and the projected slices.

    Where the data leave a direction open, the projections stay near the previous ones. If they
    are computed by matrix products, the pull towards the previous ones is stronger.

    Parameters
    ----------
    omega
        Slices, ``[problems, slices, rows, dim_experimental]``.
    factors
        Signatures, blueprint and directions.
    before
        Previous projections, ``[problems, slices, rows, components]``.
    quick
        Whether to use matrix products instead of decompositions.

    Returns
    -------
    tuple
        Projections ``[problems, slices, rows, components]`` with orthonormal columns, and projected
        slices ``[problems, slices, components, dim_experimental]``.
    """
    signatures = factors.signatures.to(omega.dtype)[:, :, None]
    blueprint = factors.blueprint.to(omega.dtype)
    directions = factors.directions.to(omega.dtype)
    near = _QUICK_PROXIMITY if quick else _PROXIMITY
    projections = torch.empty_like(before)
    problems, count = omega.shape[:2]
    projected = omega.new_empty(problems, count, *directions.mT.shape[1:])
    at_once = max(1, _CACHED // before[0, 0].numel())  # slices
    several = max(1, at_once // count)  # problems
    for problem, first in product(range(0, problems, several), range(0, count, at_once)):
        of, part = slice(problem, problem + several), slice(first, first + at_once)
        # [several, slices, rows, components]
        aligned = _times(omega[of, part], directions[of])
        aligned = _times(aligned.mul_(signatures[of, part]), blueprint[of].mT)
        norms = torch.linalg.matrix_norm(aligned, keepdim=True)
        aligned.addcmul_(norms, before[of, part], value=near)
        flat = aligned.flatten(0, 1)
        nearest = _quick_polar(flat, near) if quick else _polar(flat)
        projections[of, part] = nearest.view_as(aligned)
        into = projected[of, part].flatten(0, 1)
        torch.bmm(nearest.mT, omega[of, part].flatten(0, 1), out=into)
    return projections, projected


def _times(stacked: Tensor, matrices: Tensor) -> Tensor:
    """The matrices of each problem, ``[problems, slices, rows, m]``, times a common one
    ``[problems, m, n]``, in one product per problem."""
    products = torch.bmm(stacked.flatten(1, 2), matrices)
    return products.view(*stacked.shape[:3], matrices.shape[2])


def _spread(projected: Tensor, directions: Tensor) -> Tensor:
    """Projected slices times the directions, ``[problems, slices, components, components]``."""
    return _times(projected, directions.to(projected))


def _polar(matrices: Tensor) -> Tensor:
    """The nearest matrices with orthonormal columns, ``[matrices, rows, components]``."""
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


def _errors(spread: Tensor, factors: Factors) -> tuple[Tensor, Tensor]:
    """The squared error and the squared norms of all components, over the squared norm of all
    slices, ``[problems]`` each.

    |Omega - M|^2 = |Omega|^2 - 2 <Omega, M> + |M|^2, summed over slices; the squared norm of all
    scaled slices is their number.

    Parameters
    ----------
    spread
        Projected slices times the directions, ``[problems, slices, components, components]``.
    """
    count = spread.shape[1]
    signatures, blueprint = factors.signatures.to(spread), factors.blueprint.to(spread)
    inner = (spread * blueprint[:, None]).sum(2).mul_(signatures).sum((1, 2), dtype=torch.float64)
    products = factors.inner_products()
    errors = (count - 2 * inner + products.sum((1, 2))) / count
    return errors, products.diagonal(dim1=1, dim2=2).sum(1) / count


def _weights(ridge: float, errors: Tensor) -> Tensor:
    """Weights of the squared norms of the components next to the squared error, ``[problems, 1,
    1]``: the derivative of the objective by them over that by the error."""
    return ridge * (errors.clamp_min(0) + LEAST_ERROR)[:, None, None]


def _least_squares(
    projected: Tensor, spread: Tensor, factors: Factors, weights: Tensor, sweeps: int
) -> Factors:
    """Fit the factors to the projected slices in turn, for a number of sweeps.

    Parameters
    ----------
    projected
        Projected slices, ``[problems, slices, components, dim_experimental]``.
    spread
        Projected slices times the directions, ``[problems, slices, components, components]``;
        overwritten.
    factors
        Factors to start from.
    weights
        Weights of the ridge, ``[problems, 1, 1]``.
    sweeps
        Number of sweeps.
    """
    signatures, blueprint, directions = factors
    flat = projected.flatten(1, 2)  # [problems, slices * components, dim_experimental]
    work = torch.empty_like(spread)
    for sweep in range(sweeps):
        if sweep:
            torch.bmm(flat, directions.to(flat), out=spread.flatten(1, 2))
        gram = _gram(directions)
        target = torch.mul(spread, blueprint.to(flat)[:, None], out=work).sum(2)
        signatures = _non_negative(
            _ridged(_gram(blueprint) * gram, weights), target.double(), signatures
        )
        scale = signatures.to(flat)[:, :, None]
        target = torch.mul(spread, scale, out=work).sum(1)
        blueprint = _solve(_ridged(_gram(signatures) * gram, weights), target.double())
        torch.mul(blueprint.to(flat)[:, None], scale, out=work)
        gram = _ridged(_gram(signatures) * _gram(blueprint), weights)
        directions = _solve(gram, torch.bmm(flat.mT, work.flatten(1, 2)).double())
    return Factors(signatures, blueprint, directions)


def _gram(matrices: Tensor) -> Tensor:
    return matrices.mT @ matrices


def _ridged(gram: Tensor, weights: Tensor) -> Tensor:
    return gram + weights * gram.diagonal(dim1=1, dim2=2).diag_embed()


def _solve(gram: Tensor, target: Tensor) -> Tensor:
    """Solve X gram = target for X, with symmetric positive semidefinite gram matrices.

    Parameters
    ----------
    gram
        ``[problems, components, components]``.
    target
        ``[problems, rows, components]``.
    """
    diagonal = gram.diagonal(dim1=1, dim2=2)
    shift = 1e-13 * diagonal.mean(1, keepdim=True) + torch.finfo(gram.dtype).tiny
    shifted = gram.clone()
    shifted.diagonal(dim1=1, dim2=2).add_(shift)
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
        ``[problems, components, components]``, symmetric positive semidefinite.
    target, before
        Targets and previous rows, ``[problems, slices, components]``.
    """
    free = _solve(gram, target)
    bound = (free < 0).any(2)
    if not bound.any():
        return free
    weights = gram.cpu().numpy()  # one matrix for all rows, or one matrix per row
    if len(weights) > 1:
        weights = weights[bound.nonzero()[:, 0].cpu().numpy()]
    goal = target[bound].cpu().numpy()
    old = before[bound].cpu().numpy()
    new = free[bound].clamp_min(0).cpu().numpy()
    worse = _objective(new, weights, goal) > _objective(old, weights, goal)
    rows = np.where(worse[:, None], old, new)
    slope = _row_products(rows, weights) - goal
    curvature = np.diagonal(weights, axis1=1, axis2=2)
    curvature = np.where(curvature > 0, curvature, np.inf)  # an entry that does not matter stays
    for entry in list(range(rows.shape[1])) * _CORRECTIONS:
        step = np.maximum(-slope[:, entry] / curvature[:, entry], -rows[:, entry])
        rows[:, entry] += step
        slope += step[:, None] * weights[:, entry]
    free[bound] = torch.from_numpy(rows).to(free.device)
    return free


def _objective(rows: Array, gram: Array, target: Array) -> Array:
    values: Array = ((_row_products(rows, gram) / 2 - target) * rows).sum(1)
    return values


def _row_products(rows: Array, matrices: Array) -> Array:
    """Each row times its matrix, or all rows times the same matrix."""
    products: Array = rows @ matrices[0] if len(matrices) == 1 else (rows[:, None] @ matrices)[:, 0]
    return products
