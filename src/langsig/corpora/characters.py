"""Which characters a language is written in."""

from collections import Counter
from collections.abc import Iterable

import numpy as np


def unique_characters(lines: Iterable[str]) -> int:
    """Number of characters that make up 99.9 % of all occurrences in a text.

    The most frequent are counted first, so that what occurs very few times is left out (paper,
    footnote 5). White space is not counted; case, accents and signs are, as they stand.

    Parameters
    ----------
    lines
        Of the training text, taken one at a time.
    """
    occurrences: Counter[str] = Counter()
    for line in lines:
        occurrences.update(line)
    counts = [count for character, count in occurrences.items() if not character.isspace()]
    if not counts:
        return 0
    covered = np.cumsum(sorted(counts, reverse=True))
    return int(np.searchsorted(1000 * covered, 999 * covered[-1])) + 1
