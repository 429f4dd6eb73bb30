"""Orders of languages for permutation tests: all of them, or a random sample."""

import itertools
import math

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
        Indices of languages, ``[permutations, languages]``.
    exact
        Whether these are all permutations.
    """
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    total = math.prod(math.factorial(len(group)) for group in members)
    order = np.tile(np.arange(len(groups)), (min(total, number), 1))
    if total <= number:
        every = itertools.product(*(itertools.permutations(group) for group in members))
        order[:, np.concatenate(members)] = [np.concatenate(parts) for parts in every]
        return order, True
    rng = np.random.default_rng(seed)
    for group in members:
        order[:, group] = rng.permuted(order[:, group], axis=1)
    return order, False
