"""Orders of languages for permutation tests: all of them, or a random sample."""

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def orders(groups: NDArray[np.generic], number: int, seed: int) -> tuple[NDArray[np.intp], bool]:
    """Permute languages within groups.

    Parameters
    ----------
    groups
        Group of each language, ``[languages]``. Only languages of the same group change places.
    number
        Number of random permutations. If there are no more permutations than that, the result
        has each of them once, beginning with the identity.
    seed
        Seed of the random permutations.

    Returns
    -------
    order
        Indices of languages, ``[permutations, languages]``; read-only.
    exact
        Whether these are all permutations.
    """
    return _orders(tuple(np.unique(groups, return_inverse=True)[1].tolist()), number, seed)


@lru_cache(maxsize=16)  # many series of the same languages are permuted alike
def _orders(groups: tuple[int, ...], number: int, seed: int) -> tuple[NDArray[np.intp], bool]:
    """Permutations of languages within groups, which are numbered; see :func:`orders`."""
    members = [np.flatnonzero(np.equal(groups, group)) for group in range(max(groups) + 1)]
    total = math.prod(math.factorial(len(group)) for group in members)
    order = np.tile(np.arange(len(groups)), (min(total, number), 1))
    exact = total <= number
    if exact:
        every = itertools.product(*(itertools.permutations(group) for group in members))
        order[:, np.concatenate(members)] = [np.concatenate(parts) for parts in every]
    else:
        rng = np.random.default_rng(seed)
        for group in members:
            order[:, group] = rng.permuted(order[:, group], axis=1)
    order.flags.writeable = False
    return order, exact
