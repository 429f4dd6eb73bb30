"""Phonemes, regular sound changes, and the shapes of roots.

Each phoneme is one character. Some are not obvious: ``S`` as in *she*, ``Z`` as in *pleasure*,
``C`` as in *church*, ``T`` as in *thin*, ``x`` as in *loch*, ``y`` as in French *lune*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

VOWELS = "aeiou"
CONSONANTS = "ptkbdgmnslrwh"
ANY_VOWEL = "[aeiouy]"
BETWEEN_VOWELS = rf"(?<={ANY_VOWEL}){{}}(?={ANY_VOWEL})"


@dataclass(frozen=True)
class SoundChange:
    """Phonemes that become others wherever a condition holds, without exception."""

    name: str
    before: str
    """Phonemes that change."""
    after: str
    """What each of them becomes, in the same order; empty if they are lost."""
    condition: str = "{}"
    """Regular expression with ``{}`` in the position of the phoneme."""

    def __call__(self, phonemes: str) -> str:
        """Apply the change to a word."""
        pattern = self.condition.replace("{}", f"([{self.before}])")
        return re.sub(
            pattern,
            lambda match: self.after[self.before.index(match[1])] if self.after else "",
            phonemes,
        )


def evolve(phonemes: str, changes: Iterable[SoundChange]) -> str:
    """Apply sound changes to a word, after dropping the first of any two adjacent vowels."""
    word = re.sub(rf"{ANY_VOWEL}(?={ANY_VOWEL})", "", phonemes)
    for change in changes:
        word = change(word)
    return word


def draw_shape(rng: Random, shape: str) -> str:
    """Draw phonemes for a shape of ``C`` (consonant) and ``V`` (vowel)."""
    return "".join(rng.choice(CONSONANTS if slot == "C" else VOWELS) for slot in shape)


def draw_unique(rng: Random, shape: str, taken: set[str]) -> str:
    """Draw phonemes that are not in ``taken``, and add them to it."""
    for _ in range(10_000):
        drawn = draw_shape(rng, shape)
        if drawn not in taken:
            taken.add(drawn)
            return drawn
    raise ValueError(f"all forms of the shape {shape!r} are taken; use a longer shape")
