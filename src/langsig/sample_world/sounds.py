"""Phonemes, regular sound changes and the shapes of roots.

A phoneme is one character: besides the obvious, ``S`` as in *she*, ``Z`` as in
*pleasure*, ``C`` as in *church*, ``T`` as in *thin*, ``x`` as in *loch*, ``y`` as in
French *lune*.
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
    """Phonemes that become others wherever the condition holds, without exception."""

    name: str
    before: str
    after: str
    condition: str = "{}"

    def __call__(self, phonemes: str) -> str:
        """Change a word."""
        pattern = self.condition.replace("{}", f"([{self.before}])")
        return re.sub(
            pattern,
            lambda match: self.after[self.before.index(match[1])] if self.after else "",
            phonemes,
        )


def evolve(phonemes: str, changes: Iterable[SoundChange]) -> str:
    """Run a word through the sound changes; of two vowels that meet the second stays."""
    word = re.sub(rf"{ANY_VOWEL}(?={ANY_VOWEL})", "", phonemes)
    for change in changes:
        word = change(word)
    return word


def draw_shape(rng: Random, shape: str) -> str:
    """Draw phonemes for a shape of C (consonant) and V (vowel)."""
    return "".join(rng.choice(CONSONANTS if slot == "C" else VOWELS) for slot in shape)


def draw_unique(rng: Random, shape: str, taken: set[str]) -> str:
    """Draw phonemes that are not yet taken, and take them."""
    for _ in range(10_000):
        drawn = draw_shape(rng, shape)
        if drawn not in taken:
            taken.add(drawn)
            return drawn
    raise ValueError(f"no free form of the shape {shape!r} is left: lengthen it")
