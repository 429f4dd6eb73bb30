"""PARAFAC2 by TensorLy (Kossaifi et al. 2019), for comparison: plain model, no ridge."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from langsig.arrays import Array
from langsig.errors import InputError
from langsig.factorization.model import OVERFLOW, Parafac2Result


def solve(
    slices: Sequence[Array],
    rank: int,
    *,
    init: str | Parafac2Result,
    max_iterations: int,
    tolerance: float,
    seed: int,
) -> Parafac2Result:
    """Fit the model to slices that have been validated; arguments as in :func:`parafac2`.

    Raises
    ------
    InputError
        If the factors overflow.
    """
    import tensorly
    from tensorly.decomposition import parafac2 as tensorly_parafac2

    tensorly.set_backend("numpy")
    # TensorLy's stopping rule compares errors of unscaled data. With slices of norm 1 on average,
    # neither the rule nor its internal tolerances depend on the units of the hidden states.
    scale = np.sqrt(np.mean([np.sum(omega**2) for omega in slices]))
    start: Any = init
    if isinstance(init, Parafac2Result):
        factors = (init.signatures / scale, init.blueprint, init.experimental_directions)
        start = (None, factors, init.projections)
    try:
        tensor, errors = tensorly_parafac2(
            [omega / scale for omega in slices],
            rank=rank,
            n_iter_max=max_iterations,
            init=start,
            tol=tolerance,
            nn_modes=[0],
            random_state=seed,
            return_errors=True,
        )
    except np.linalg.LinAlgError as error:
        raise InputError(f"{OVERFLOW}: {error}") from error
    _, (signatures, blueprint, directions), projections = tensor
    # The condition on which TensorLy stops. It records no error for iterations 7, 9, 11, ..., so
    # fewer errors than iterations do not mean that it stopped early.
    converged = len(errors) > 1 and bool(abs(errors[-2] - errors[-1]) < tolerance)
    return Parafac2Result.from_factors(
        slices,
        signatures=signatures * scale,
        blueprint=blueprint,
        experimental_directions=directions,
        projections=list(projections),
        iterations=max(len(errors), 2 * len(errors) - 6) if converged else max_iterations,
        converged=converged,
    )
