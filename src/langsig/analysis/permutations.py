"""Orders of languages for tests by permutation: all of them, or some at random."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray


def orders(groups: NDArray[np.generic], number: int, seed: int) -> tuple[NDArray[np.intp], bool]:
    """Permutations within the groups ``[permutations, languages]``, and whether they are all.

    Parameters
    ----------
    groups
        ``[languages]``: those with the same entry change places with one another only.
    number
        Of random ones; if there are no more in all, each is there once, what was there first.
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
