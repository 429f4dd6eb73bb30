"""The number of characters that a language uses."""

from collections import Counter
from collections.abc import Iterable

import numpy as np


def unique_characters(lines: Iterable[str]) -> int:
    """Count the distinct characters that make up 99.9 % of a text.

    The most frequent characters are counted first, so that very rare ones are left out (paper,
    footnote 5). White space does not count. Case and diacritics are distinguished.

    Parameters
    ----------
    lines
        Lines of the training text; read once, one at a time.
    """
    occurrences: Counter[str] = Counter()
    for line in lines:
        occurrences.update(line)
    counts = [count for character, count in occurrences.items() if not character.isspace()]
    if not counts:
        return 0
    covered = np.cumsum(sorted(counts, reverse=True))
    return int(np.searchsorted(1000 * covered, 999 * covered[-1])) + 1
