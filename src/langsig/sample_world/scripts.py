"""From phonemes to letters."""

# Letters that look like others are the point here.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from langsig.sample_world.sounds import CONSONANTS, VOWELS

FIRST_IDEOGRAPH = 0x4E00


@dataclass(frozen=True)
class Script:
    """How a language is written."""

    name: str
    letters: Mapping[str, str] = field(default_factory=dict)
    full_stop: str = "."
    exclamation: str = "!"
    comma: str = ","
    capitals: bool = True
    spaces: bool = True

    def spell(self, phonemes: str) -> str:
        """Write a word."""
        word = "".join(self.letters[phoneme] for phoneme in phonemes)
        # Greek writes another sigma at the end of a word.
        return word[:-1] + "ς" if word.endswith("σ") else word


def _letters(phonemes: str, letters: str) -> dict[str, str]:
    return dict(zip(phonemes, letters.split(), strict=True))


PHONEMES = "aeiouyptkbdgmnslrwhfvxzSZCT"

SCRIPTS: Mapping[str, Script] = {
    "qaa": Script(
        "Latin", _letters(PHONEMES, "a e i o u ü p t k b d g m n s l r w h f v x z š ž č þ")
    ),
    "qab": Script(
        "Latin", _letters(PHONEMES, "a é i o ou u p t qu b d g m n s l r w h f v x z ch j tch th")
    ),
    "qac": Script(
        "Cyrillic", _letters(PHONEMES, "а е и о у ю п т к б д г м н с л р ў һ ф в х з ш ж ч ц")
    ),
    "qad": Script(
        "Cyrillic", _letters(PHONEMES, "а є і о у ӱ п т к б д ґ м н с л р ў г ф в х з щ џ ћ ѳ")
    ),
    "qae": Script(
        "Greek", _letters(PHONEMES, "α ε ι ο ω υ π τ κ β δ γ μ ν σ λ ρ ϝ ͱ φ β χ ζ ξ ψ η θ")
    ),
    "qaf": Script(
        "Armenian",
        _letters(PHONEMES, "ա ե ի ո օ ը պ տ կ բ դ գ մ ն ս լ ր ւ հ ֆ վ խ զ շ ժ չ թ"),
        full_stop="։",
    ),
    "qag": Script(
        "Georgian",
        _letters(PHONEMES, "ა ე ი ო უ ჳ პ ტ კ ბ დ გ მ ნ ს ლ რ წ ჰ ფ ვ ხ ზ შ ჟ ჩ თ"),
        capitals=False,
    ),
    "qah": Script(
        "Han", full_stop="。", exclamation="！", comma="，", capitals=False, spaces=False
    ),
}


def draw_ideographs(
    rng: Random, short: Iterable[str], groups: Mapping[str, Iterable[str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Give every concept one or two ideographs, and every ideograph a syllable.

    Parameters
    ----------
    rng
        Chooses the syllables.
    short
        The concepts written with one ideograph.
    groups
        The concepts written with two: the name of the group stands for the first,
        which they share; the second ones are shared between groups.

    Returns
    -------
    writing, romanisation
        Concept to ideographs; ideograph to syllable.
    """
    code_points = iter(range(FIRST_IDEOGRAPH, FIRST_IDEOGRAPH + 2_000))
    writing = {concept: chr(next(code_points)) for concept in short}
    second: list[str] = []
    for concepts in groups.values():
        first = chr(next(code_points))
        for position, concept in enumerate(concepts):
            if position == len(second):
                second.append(chr(next(code_points)))
            writing[concept] = first + second[position]
    ideographs = sorted({ideograph for word in writing.values() for ideograph in word})
    syllables = [
        onset + vowel + coda for onset in CONSONANTS for vowel in VOWELS for coda in ("", "n", "ng")
    ]
    rng.shuffle(syllables)
    return writing, dict(zip(ideographs, syllables, strict=False))
