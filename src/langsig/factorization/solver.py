"""How slices are factorised: settings, validation, and the call of a method."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, overload

import numpy as np

from langsig.arrays import Array
from langsig.errors import ConvergenceWarning, InputError, check_count
from langsig.factorization import tensorly
from langsig.factorization.model import Parafac2Result
from langsig.factorization.scaling import common_exponent, divided, multiplied

METHODS = ("als", "tensorly")
STARTS = ("svd", "random")
_ENTRIES_OF_BATCH = 2**20
LARGEST_RIDGE = 100  # with which hardly anything of the slices is left in the components
_LEAST_SHARE = 1e-100  # of the largest value; the squares of slices below it may underflow


@dataclass(frozen=True)
class Solver:
    """Settings of a PARAFAC2 factorisation; all functions that factorise take one.

    Parameters
    ----------
    rank
        Number of components, at most the smallest dimension of any slice.
    method
        ``als``: alternating least squares with extrapolation, in float32 where that is precise
        enough (:mod:`langsig.factorization.als`). ``tensorly``: TensorLy's method with line
        search, for the plain model only.
    ridge
        Weight of the squared norms of all components in the loss of ``als``, relative to the
        squared error; keeps components from growing while they cancel each other. 0 is the plain
        model.
    max_iterations
        Number of iterations at most.
    tolerance
        ``als`` ends when the loss falls by less than this share of itself three times in a row;
        ``tensorly`` when the norm of all residuals, over that of all slices, changes by less.
    device
        Device of torch for ``als``, such as ``cpu`` or ``cuda``.

    Raises
    ------
    InputError
        If a setting has the wrong type or is out of range.

    Examples
    --------
    >>> solver = Solver(rank=16)
    >>> solver.ridge, solver.max_iterations
    (0.2, 500)
    >>> Solver(rank=16, method="tensorly")
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: ridge must be 0 for method 'tensorly', got 0.2
    """

    rank: int
    method: str = "als"
    ridge: float = 0.2
    max_iterations: int = 500
    tolerance: float = 1e-6
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_count("rank", self.rank)
        if self.method not in METHODS:
            raise InputError(f"method must be one of {', '.join(METHODS)}, got {self.method!r}")
        if not _is_number(self.ridge) or not 0 <= self.ridge <= LARGEST_RIDGE:
            raise InputError(
                f"ridge must be a number from 0 to {LARGEST_RIDGE}; got {self.ridge!r}"
            )
        if self.ridge and self.method == "tensorly":
            raise InputError(f"ridge must be 0 for method 'tensorly', got {self.ridge}")
        check_count("max_iterations", self.max_iterations)
        if not _is_number(self.tolerance) or not 0 < self.tolerance < float("inf"):
            raise InputError(f"tolerance must be a finite positive number, got {self.tolerance!r}")
        if not isinstance(self.device, str):
            raise InputError(
                f"device must be the name of a device of torch, such as cpu or cuda; got "
                f"{self.device!r}"
            )

    def validate(self, slices: Sequence[Array], names: Sequence[str] | None = None) -> None:
        """Check that the slices can be factorised with these settings.

        Parameters
        ----------
        slices
            Matrices ``[dim_control_l, dim_experimental]``.
        names
            Name of each slice in messages, such as its language (default: slice 0, slice 1, ...).

        Raises
        ------
        InputError
            If there are fewer than two slices, their shapes do not fit, the rank exceeds a
            dimension, or a slice holds zeros only, or values that are not real, not finite, too
            small or too large.
        """
        if len(slices) < 2:
            raise InputError(f"a joint factorisation needs at least two slices, got {len(slices)}")
        labels = names if names is not None else [f"slice {i}" for i in range(len(slices))]
        slices = [as_slice(omega, label) for label, omega in zip(labels, slices, strict=True)]
        for label, omega in zip(labels, slices, strict=True):
            if omega.shape[1] != slices[0].shape[1]:
                raise InputError(
                    f"{label}: all slices must have the same experimental dimension; it has "
                    f"{omega.shape[1]} and {labels[0]} has {slices[0].shape[1]}"
                )
        largest = min(min(omega.shape) for omega in slices)
        if self.rank > largest:
            raise InputError(
                f"rank must be between 1 and {largest}, the smallest dimension of a slice; "
                f"got {self.rank}"
            )
        sizes = [float(np.abs(omega).max()) for omega in slices]
        for label, omega, size in zip(labels, slices, sizes, strict=True):
            if not np.isfinite(omega).all():
                raise InputError(f"{label}: the slice holds values that are not finite")
            with np.errstate(over="ignore", under="ignore"):
                square = float(np.sum(np.square(omega, dtype=np.float64)))
            if not np.any(omega):
                raise InputError(f"{label}: the slice is zero throughout; leave it out")
            if not square or not np.isfinite(square):
                share = size / max(sizes)
                if share < _LEAST_SHARE:
                    largest_of = labels[sizes.index(max(sizes))]
                    raise InputError(
                        f"{label}: the slice holds values of up to {share:.1e} of the largest one "
                        f"in {largest_of}; slices that differ that much cannot be factorised "
                        "together, so leave one of them out"
                    )
                raise InputError(
                    f"{label}: the slice holds values of up to {size:.1e}, whose squares "
                    f"{'overflow' if square else 'underflow'}; multiply all slices by a common "
                    "factor"
                )

    def fit(
        self, slices: Sequence[Array], *, init: str | Parafac2Result = "svd", seed: int = 0
    ) -> Parafac2Result:
        """Factorise slices jointly; the result is in canonical form.

        If the fit does not converge, only :attr:`Parafac2Result.converged` says so, because
        replicates are cut short on purpose. :func:`parafac2` warns.

        Parameters
        ----------
        slices, init, seed
            As in :func:`parafac2`.

        Raises
        ------
        InputError
            If slices or `init` do not fit these settings, see :meth:`validate`.
        """
        (result,) = self.fit_all([slices], inits=[init], seeds=[seed])
        return result

    def fit_all(
        self,
        problems: Sequence[Sequence[Array]],
        *,
        inits: Sequence[str | Parafac2Result],
        seeds: Sequence[int] | None = None,
    ) -> list[Parafac2Result]:
        """Factorise several problems of equal shape, with ``als`` at the same time.

        Each result is that of :meth:`fit` up to rounding errors. Many small problems take a
        fraction of the time that they take one by one.

        Parameters
        ----------
        problems
            For each problem its slices. All problems have the same number of slices and the same
            experimental dimension.
        inits
            Start of each problem, as in :func:`parafac2`.
        seeds
            Seed of each problem (default: 0 for all).

        Raises
        ------
        InputError
            If slices, `inits` or `seeds` do not fit these settings, see :meth:`validate`.
        """
        seeds = [0] * len(problems) if seeds is None else seeds
        if not len(problems) == len(inits) == len(seeds):
            raise InputError(
                f"inits and seeds must have one entry per problem, of which there are "
                f"{len(problems)}; got {len(inits)} and {len(seeds)}"
            )
        if not problems:
            return []
        data, starts, exponents = [], [], []
        for slices, init, seed in zip(problems, inits, seeds, strict=True):
            if isinstance(slices, Mapping) or not isinstance(slices, Iterable):
                raise InputError(
                    f"slices must be a sequence of matrices, got {type(slices).__name__}; "
                    "langsig.factorize takes matrices by language"
                )
            matrices = [as_slice(omega, f"slice {index}") for index, omega in enumerate(slices)]
            exponent = common_exponent(matrices)
            matrices = [divided(omega, exponent) for omega in matrices]
            self.validate(matrices)
            _check_start(init, matrices, self.rank)
            check_count("seed", seed, 0)
            data.append([np.asarray(omega, np.float64) for omega in matrices])
            starts.append(_multiplied(init, -exponent) if exponent else init)
            exponents.append(exponent)
        results = self._solve(data, starts, seeds)
        return [
            _multiplied(result, exponent) if exponent else result
            for result, exponent in zip(results, exponents, strict=True)
        ]

    def _solve(
        self,
        data: Sequence[Sequence[Array]],
        inits: Sequence[str | Parafac2Result],
        seeds: Sequence[int],
    ) -> list[Parafac2Result]:
        """Factorise problems that have been validated."""
        if self.method == "tensorly":
            return [
                tensorly.solve(
                    slices,
                    self.rank,
                    init=init,
                    max_iterations=self.max_iterations,
                    tolerance=self.tolerance,
                    seed=seed,
                )
                for slices, init, seed in zip(data, inits, seeds, strict=True)
            ]
        from langsig.factorization import als  # late: importing torch takes seconds

        return als.solve(
            data,
            self.rank,
            inits=inits,
            ridge=self.ridge,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            seeds=seeds,
            device=self.device,
        )


def parafac2(
    slices: Sequence[Array],
    *,
    rank: int,
    method: str = "als",
    init: str | Parafac2Result = "svd",
    ridge: float = 0.2,
    max_iterations: int = 500,
    tolerance: float = 1e-6,
    seed: int = 0,
    device: str = "cpu",
) -> Parafac2Result:
    r"""Factorise slices jointly by PARAFAC2; the result is in canonical form.

    Minimises the squared residuals of the model (paper, section 2, equation 2; Kiers, ten Berge
    and Bro 1999), with a ridge on the components. Over the squared norm of all slices, let E be
    the squared error, and R the squared norms of all components:

    .. math:: E = \frac{\sum_l \| \Omega_l - P_l B\, \mathrm{diag}(s_l) V^T \|^2}
              {\sum_l \|\Omega_l\|^2}, \qquad
              R = \frac{\sum_{l,j} s_{lj}^2 \|b_j\|^2 \|v_j\|^2}{\sum_l \|\Omega_l\|^2}.

    The fit minimises :math:`\log(E + \epsilon) + \lambda R`, which near a minimum is a ridge of
    weight :math:`\lambda (E + \epsilon)` (see
    :func:`langsig.factorization.model.objective`): strong where components do not describe the
    slices, and negligible where they do.

    Parameters
    ----------
    slices
        One matrix ``[dim_control_l, dim_experimental]`` per language.
    rank, method, ridge, max_iterations, tolerance, device
        Settings of the :class:`Solver`.
    init
        ``svd``: start from right singular vectors of all slices. ``random``: start from random
        orthonormal experimental directions. A result: resume from its factors; it may have been
        fitted to other slices of the same shapes.
    seed
        Seed of a random start, not negative.

    Returns
    -------
    Parafac2Result
        The fitted model.

    Warns
    -----
    ConvergenceWarning
        If the loss was still falling after the last iteration.

    Raises
    ------
    InputError
        If an argument is out of range, shapes do not fit, or a slice is not finite or is zero.

    Examples
    --------
    Two languages that share two experimental directions, with different strengths:

    >>> import numpy as np
    >>> slices = [np.diag([4.0, 1.0, 0.0]), np.diag([2.0, 3.0, 0.0])]
    >>> fit = parafac2(slices, rank=2, ridge=0)
    >>> fit.converged
    True
    >>> fit.signatures.round(2)
    array([[4., 1.],
           [2., 3.]])
    >>> parafac2(slices, rank=4)
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: rank must be between 1 and 3, the smallest dimension of a slice; ...
    """
    solver = Solver(rank, method, ridge, max_iterations, tolerance, device)
    result = solver.fit(slices, init=init, seed=seed)
    if not result.converged:
        warnings.warn(
            f"PARAFAC2 did not converge within {result.iterations} iterations; signatures may "
            f"still change: raise max_iterations ({max_iterations}) or tolerance ({tolerance:g})",
            ConvergenceWarning,
            stacklevel=2,
        )
    return result


def signatures_under(
    model: Parafac2Result, slices: Sequence[Array], *, ridge: float = 0.2, steps: int = 15
) -> Array:
    """Signatures of slices in the directions of a model of other slices.

    V and B stay fixed. Projection and signature of each slice are fitted in turn by least squares
    with the ridge of :func:`parafac2`, weighted by the error of the model; each slice separately.

    Parameters
    ----------
    model
        Model whose V and B to use.
    slices
        Matrices ``[dim_control_l, dim_experimental]`` with at least as many rows as the model has
        components.
    ridge
        Weight of the ridge (default: 0.2).
    steps
        Number of times that projections and signatures are fitted (default: 15).

    Returns
    -------
    ndarray
        Signatures, ``[slices, components]``.
    """
    return signatures_under_each([model], [slices], ridge=ridge, steps=steps)[0]


def signatures_under_each(
    models: Sequence[Parafac2Result],
    problems: Sequence[Sequence[Array]],
    *,
    ridge: float,
    steps: int,
) -> list[Array]:
    """Signatures of the slices of each problem in the directions of its model.

    Parameters
    ----------
    models
        Model of each problem, of equal rank.
    problems
        For each problem its slices, as in :func:`signatures_under`. All problems have the same
        number of slices.
    ridge, steps
        As in :func:`signatures_under`.

    Returns
    -------
    list
        Signatures ``[slices, components]`` of each problem.
    """
    from langsig.factorization import als

    data = [[np.asarray(omega, np.float64) for omega in slices] for slices in problems]
    return als.signatures_under(models, data, ridge=ridge, steps=steps)


def batches(problems: int, entries: int) -> list[slice]:
    """Runs of problems of equal shape that are worth solving at the same time.

    Small problems mostly wait for the overhead of operations, which a batch shares. Large ones do
    not gain, and would need more memory.

    Parameters
    ----------
    problems
        Number of problems.
    entries
        Number of entries of the slices of one problem.
    """
    step = max(1, _ENTRIES_OF_BATCH // entries)
    return [slice(first, first + step) for first in range(0, problems, step)]


def as_slice(values: object, name: str) -> Array:
    """A slice as an array ``[dim_control, dim_experimental]``, in the precision that it has.

    Numbers of more than 64 bits become float64.

    Parameters
    ----------
    values
        An array, or anything that NumPy can turn into one; or a tensor of torch, whatever its
        device. Types of floating-point numbers that NumPy lacks become float32.
    name
        Name of the slice in messages.

    Raises
    ------
    InputError
        If it is not a matrix of real numbers, or has no rows or no columns.
    """
    if np.ma.is_masked(values):
        raise InputError(f"{name}: a slice must have all its values, but some are masked")
    try:
        matrix = _tensor_as_array(values) if hasattr(values, "detach") else np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{name}: a slice must be a matrix of real numbers: {error}") from error
    if matrix.ndim != 2 or not matrix.size:
        raise InputError(
            f"{name}: a slice must be a matrix [dim_control, dim_experimental], "
            f"got shape {matrix.shape}"
        )
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"{name}: a slice must hold real numbers, got type {matrix.dtype}")
    with np.errstate(over="ignore"):  # which is an error later
        return matrix.astype(np.float64) if matrix.dtype.itemsize > 8 else matrix


def _tensor_as_array(tensor: Any) -> Array:
    """The values of a tensor of torch; bfloat16 and float8 become float32."""
    tensor = tensor.detach().cpu()
    try:
        array: Array = tensor.numpy()
    except (TypeError, RuntimeError):  # a type that NumPy lacks
        array = tensor.float().numpy()
    return array


@overload
def _multiplied(init: Parafac2Result, exponent: int) -> Parafac2Result: ...
@overload
def _multiplied(init: str | Parafac2Result, exponent: int) -> str | Parafac2Result: ...
def _multiplied(init: str | Parafac2Result, exponent: int) -> str | Parafac2Result:
    """A model of slices that are 2**exponent times as large; the name of a start as it is."""
    if isinstance(init, str):
        return init
    return replace(init, signatures=multiplied(init.signatures, exponent))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _check_start(init: str | Parafac2Result, slices: Sequence[Array], rank: int) -> None:
    if not isinstance(init, Parafac2Result):
        if not isinstance(init, str) or init not in STARTS:
            given = repr(init) if isinstance(init, str) else type(init).__name__
            raise InputError(f"init must be a result or one of {', '.join(STARTS)}, got {given}")
        return
    expected = [(len(omega), rank) for omega in slices]
    shapes = [projection.shape for projection in init.projections]
    width = len(init.experimental_directions)
    if shapes != expected or width != slices[0].shape[1]:
        raise InputError(
            f"init must be a result of rank {rank} for slices of these shapes; got one of rank "
            f"{init.signatures.shape[1]} for {len(init.projections)} slices with experimental "
            f"dimension {width}"
        )
    factors = (init.signatures, init.blueprint, init.experimental_directions)
    if not all(np.isfinite(factor).all() for factor in factors):
        raise InputError("init: the result has factors that are not finite")
