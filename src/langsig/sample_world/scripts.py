"""The scripts of the languages: letters of phonemes, and ideographs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from langsig.sample_world.sounds import CONSONANTS, VOWELS

FIRST_IDEOGRAPH = 0x4E00


@dataclass(frozen=True)
class Script:
    """The script of a language."""

    name: str
    letters: Mapping[str, str] = field(default_factory=dict)
    """Spelling of each phoneme; empty if the script is logographic."""
    full_stop: str = "."
    exclamation: str = "!"
    comma: str = ","
    capitals: bool = True
    """Whether sentences and names begin with a capital letter."""
    spaces: bool = True
    """Whether words are separated by spaces."""

    def spell(self, phonemes: str) -> str:
        """Spell a word."""
        word = "".join(self.letters[phoneme] for phoneme in phonemes)
        # Greek has a separate letter for sigma at the end of a word.
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
    """Assign one or two ideographs to each concept, and a syllable to each ideograph.

    Parameters
    ----------
    rng
        Random generator for the syllables.
    short
        Concepts that are written with one ideograph.
    groups
        Concepts that are written with two ideographs, by group. All concepts of a group have the
        same first ideograph. The second ones are the same in all groups.

    Returns
    -------
    writing
        Ideographs of each concept.
    romanisation
        Syllable of each ideograph.
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
