"""The PARAFAC2 model of cross-covariances (Harshman 1972; paper, section 2 and equation 2)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.errors import InputError

if TYPE_CHECKING:
    from tensorly.parafac2_tensor import Parafac2Tensor

OVERFLOW = "the factors overflow; start from smaller factors (init) or raise ridge"
"""Message for factors that leave the range of floating-point numbers."""
LEAST_ERROR = 1e-3
"""Squared error, relative to that of the slices, that the ridge counts with in addition to the
actual one. So there is a ridge even where the model fits exactly."""


def objective(error: float, components: float, ridge: float) -> float:
    r"""What a fit minimises: the squared error, raised by the norms of the components.

    With the relative squared error E, the squared norms of all components over that of all slices
    R, the weight of the ridge :math:`\lambda` and :data:`LEAST_ERROR` :math:`\epsilon`, it is

    .. math:: (E + \epsilon)\, e^{\lambda R} - \epsilon \approx E + \lambda (E + \epsilon) R.

    Its logarithm is, up to constants, that of a posterior density: normal errors of unknown
    variance, and components with a normal prior. The ridge thus weighs as much as the noise in the
    data allows, as in the square-root lasso (Belloni, Chernozhukov and Wang 2011). A model that
    fits well is hardly shrunk, whatever its units.

    Parameters
    ----------
    error
        Squared norm of the residuals over that of the slices.
    components
        Squared norms of all components of all slices, s_lj^2 |b_j|^2 |v_j|^2, over that of the
        slices.
    ridge
        Weight of the ridge.

    Examples
    --------
    >>> objective(0.2, 0.9, ridge=0)
    0.2
    >>> round(objective(0.2, 0.9, ridge=0.1), 4)
    0.2189
    """
    if not ridge:
        return error
    try:
        return (error + LEAST_ERROR) * math.exp(ridge * components) - LEAST_ERROR
    except OverflowError:
        return math.inf


@dataclass(frozen=True, eq=False)
class Parafac2Result:
    r"""A PARAFAC2 model of the cross-covariances of several languages.

    The slice of language l is approximated by (paper, section 2, equation 2)

    .. math:: \Omega_l \approx U_l \,\mathrm{diag}(s_l)\, V^T, \qquad U_l = P_l B,
              \quad P_l^T P_l = I, \quad s_l \ge 0.

    The experimental directions V and the blueprint B are the same for all languages. So the
    signatures s_l of different languages can be compared component by component.

    Examples
    --------
    >>> import numpy as np
    >>> from langsig.factorization import parafac2
    >>> slices = [np.diag([4.0, 1.0, 0.0]), np.diag([2.0, 3.0, 0.0])]
    >>> fit = parafac2(slices, rank=2, ridge=0)
    >>> fit.signatures.round(2)
    array([[4., 1.],
           [2., 3.]])
    >>> fit.average_signatures.round(2)
    array([2.5, 2.5])
    >>> np.allclose(fit.reconstruct(0), slices[0], atol=1e-3)
    True
    """

    signatures: Array
    """Pseudo-singular values s_l, not negative, ``[slices, components]``."""
    blueprint: Array
    """B, columns of unit norm in canonical form, ``[components, components]``."""
    experimental_directions: Array
    """V, columns of unit norm in canonical form, ``[dim_experimental, components]``."""
    projections: list[Array]
    """P_l for each slice, orthonormal columns, ``[dim_control_l, components]``."""
    relative_error: float
    """Squared norm of all residuals over that of all slices, in float64."""
    loss: float
    """What was minimised, see :func:`objective`; without a ridge it is the relative error."""
    iterations: int
    """Number of iterations."""
    converged: bool
    """Whether the iterations ended because the loss had stopped falling."""

    @classmethod
    def from_factors(
        cls,
        slices: Sequence[Array],
        *,
        signatures: Array,
        blueprint: Array,
        experimental_directions: Array,
        projections: list[Array],
        iterations: int,
        converged: bool,
        ridge: float = 0.0,
    ) -> "Parafac2Result":
        """A model in canonical form, with its error and loss on the slices it was fitted to.

        A model whose error is not finite has not converged, whatever `converged` says.

        Parameters
        ----------
        slices
            Matrices that the model was fitted to, each ``[dim_control_l, dim_experimental]``.
        signatures, blueprint, experimental_directions, projections
            Factors with any scale, order and signs; shapes as in the class.
        iterations, converged
            How the fit ended.
        ridge
            Weight of the ridge that it was fitted with (default: 0).
        """
        reconstructions = (
            _reconstruction(projection, blueprint, signature, experimental_directions)
            for projection, signature in zip(projections, signatures, strict=True)
        )
        error = _relative_error(slices, reconstructions)
        factors = (signatures, blueprint, experimental_directions)
        squares = np.prod([np.sum(np.square(factor), axis=0) for factor in factors], axis=0)
        components = float(squares.sum()) / _squared_norm(slices)
        return cls(
            signatures=signatures,
            blueprint=blueprint,
            experimental_directions=experimental_directions,
            projections=projections,
            relative_error=error,
            loss=objective(error, components, ridge),
            iterations=iterations,
            converged=converged and bool(np.isfinite(error)),
        ).canonical()

    @property
    def average_signatures(self) -> Array:
        """Mean of each signature (paper, section 3), ``[slices]``."""
        averages: Array = self.signatures.mean(1)
        return averages

    @property
    def blueprint_condition(self) -> float:
        """Condition number of B.

        If it is in the hundreds, components nearly cancel each other, and signatures grow with
        every iteration instead of settling.
        """
        return float(np.linalg.cond(self.blueprint))

    def control_directions(self, index: int) -> Array:
        """U_l of one slice, ``[dim_control_l, components]``; unit columns in canonical form."""
        return self.projections[index] @ self.blueprint

    def reconstruct(self, index: int) -> Array:
        """The approximation of one slice, ``[dim_control_l, dim_experimental]``."""
        return _reconstruction(
            self.projections[index],
            self.blueprint,
            self.signatures[index],
            self.experimental_directions,
        )

    def error_of(self, slices: Sequence[Array]) -> float:
        """Squared norm of the residuals of these slices over that of the slices, in float64.

        Parameters
        ----------
        slices
            One matrix ``[dim_control_l, dim_experimental]`` per slice of the model. They may be
            other data than the model was fitted to, such as held-out sentences.
        """
        return _relative_error(slices, (self.reconstruct(index) for index in range(len(slices))))

    def shares_explained(self, slices: Sequence[Array]) -> NDArray[np.float64]:
        """Share of the squared norm of each slice that the model explains, ``[slices]``.

        For canonical slices, the share says how well a language *fits* the directions that all
        languages have in common. It may be negative for slices that the model was not fitted to.

        Parameters
        ----------
        slices
            One matrix ``[dim_control_l, dim_experimental]`` per slice of the model, none of them
            zero throughout.
        """
        errors = [
            _relative_error([matrix], [self.reconstruct(index)])
            for index, matrix in enumerate(slices)
        ]
        return 1 - np.array(errors)

    def to_tensorly(self) -> "Parafac2Tensor":
        """The same model for TensorLy: weights of one, factors (s, B, V), projections P."""
        from tensorly.parafac2_tensor import Parafac2Tensor

        factors = [self.signatures, self.blueprint, self.experimental_directions]
        return Parafac2Tensor((np.ones(self.signatures.shape[1]), factors, self.projections))

    @classmethod
    def from_tensorly(cls, tensor: "Parafac2Tensor", slices: Sequence[Array]) -> "Parafac2Result":
        """A model that TensorLy fitted to these slices, in canonical form.

        TensorLy's tensor does not say how it was fitted: the result has 0 iterations and counts
        as not converged.

        Parameters
        ----------
        tensor
            Weights, factors (s, B, V) and projections.
        slices
            Matrices that it was fitted to, each ``[dim_control_l, dim_experimental]``.

        Raises
        ------
        InputError
            If a component has both positive and negative signatures, which no choice of signs
            turns into pseudo-singular values.
        """
        weights, (signatures, blueprint, directions), projections = tensor
        signatures = np.asarray(signatures * (1 if weights is None else weights))
        signs = np.where(signatures.sum(0) < 0, -1, 1)
        mixed = np.flatnonzero((signatures * signs < 0).any(0))
        if len(mixed):
            raise InputError(
                f"tensor: component {mixed[0]} has positive and negative signatures; "
                "fit with nn_modes=[0], which keeps them from being negative"
            )
        return cls.from_factors(
            slices,
            signatures=signatures * signs,
            blueprint=np.asarray(blueprint) * signs,
            experimental_directions=np.asarray(directions),
            projections=list(projections),
            iterations=0,
            converged=False,
        )

    def canonical(self) -> "Parafac2Result":
        """The same model with scale, order and signs fixed.

        Columns of V and B get unit norm, so that all scale is in the signatures. Components are
        sorted by descending mean signature. The entry of each column of V with the largest
        absolute value is positive. Without this, the average signature would depend on how scale
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
            blueprint=(b * signs)[:, order],
            experimental_directions=(v * signs)[:, order],
        )


def _reconstruction(
    projection: Array, blueprint: Array, signature: Array, directions: Array
) -> Array:
    """P B diag(s) V^T, ``[dim_control_l, dim_experimental]``."""
    model: Array = (projection @ blueprint * signature) @ directions.T
    return model


def _relative_error(slices: Sequence[Array], models: Iterable[Array]) -> float:
    """Squared norm of the differences of slices and models, over that of the slices."""
    residual = sum(
        float(np.sum((omega - model) ** 2, dtype=np.float64))
        for omega, model in zip(slices, models, strict=True)
    )
    return residual / _squared_norm(slices)


def _squared_norm(slices: Sequence[Array]) -> float:
    return sum(float(np.sum(omega**2, dtype=np.float64)) for omega in slices)
