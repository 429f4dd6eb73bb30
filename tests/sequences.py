"""Sequences of tokens, made from lists."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from langsig.corpora import Sequences


def of_rows(
    rows: Sequence[Sequence[int] | NDArray[np.integer]],
    fingerprints: Sequence[Sequence[int]] | None = None,
) -> Sequences:
    """Sequences with the given tokens and fingerprints (default: no fingerprints)."""
    if fingerprints is None:
        fingerprints = [[]] * len(rows)
    return Sequences(
        np.array([token for row in rows for token in row], np.int32),
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.array([value for row in fingerprints for value in row], np.uint64),
        np.cumsum([0, *map(len, fingerprints)], dtype=np.int64),
    )
