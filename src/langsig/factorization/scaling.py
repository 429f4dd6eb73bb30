"""Slices so large or so small that their squares leave the range of floating-point numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from langsig.arrays import Array
from langsig.errors import InputError

_FARTHEST = 300  # exponents of 2 up to which sums of squares neither overflow nor underflow


def common_exponent(slices: Sequence[Array]) -> int:
    """The power of two by which slices have to be divided before they are factorised.

    Dividing by a power of two changes no digit. It is 2**0 = 1 unless the largest value of all
    slices is beyond 2**300 or below 2**-300, about 1e90 and 1e-90.

    Parameters
    ----------
    slices
        Matrices of real numbers.

    Returns
    -------
    int
        The exponent of that power.
    """
    with np.errstate(invalid="ignore"):
        largest = max((float(np.max(np.abs(omega))) for omega in slices), default=0.0)
    if not largest or not np.isfinite(largest):
        return 0
    exponent = int(np.frexp(largest)[1])
    return exponent if abs(exponent) > _FARTHEST else 0


def divided(omega: Array, exponent: int) -> Array:
    """An array divided by 2**exponent, in float64; the array itself if the exponent is 0."""
    if not exponent:
        return omega
    quotient: Array = np.ldexp(np.asarray(omega, np.float64), -exponent)
    return quotient


def multiplied(signatures: Array, exponent: int | NDArray[np.int64]) -> Array:
    """Signatures of slices that were divided by 2**exponent, in the units of the slices.

    Parameters
    ----------
    signatures
        Values of the signatures.
    exponent
        The exponent, or one for each value.

    Raises
    ------
    InputError
        If a signature exceeds the largest floating-point number.
    """
    with np.errstate(over="ignore"):
        product: Array = np.ldexp(signatures, exponent)
    if not np.isfinite(product).all():
        raise InputError(
            "the signatures of these slices exceed the largest floating-point number, 1.8e308; "
            "multiply all slices by a common factor, such as 1e-10"
        )
    return product
