"""Hashes of sentences that ignore case, spacing and punctuation.

Treebanks separate words by spaces and split off punctuation, and running text does not. Two
sentences are therefore considered the same if their letters and digits are the same.
"""

import hashlib
import re
import unicodedata

# The marks after .!?… are Armenian, Arabic, Urdu, Devanagari, Myanmar and Ethiopic.
_SENTENCE_END = re.compile(r"(?<=[.!?…։؟۔।॥။።፧])[\"'”’»›)\]]*\s+|(?<=[。！？｡])")
_MAX_PIECES = 3  # abbreviations and quotations inside a sentence also end in a stop


def fingerprint(sentence: str) -> int:
    """Hash the letters and digits of a sentence, with case and compatibility forms folded.

    Returns
    -------
    int
        Hash of 64 bits. It is 0 if and only if the sentence has neither letters nor digits.
    """
    folded = unicodedata.normalize("NFKC", sentence).casefold()
    letters = "".join(filter(str.isalnum, folded))
    if not letters:
        return 0
    digest = hashlib.blake2b(letters.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


def fingerprints_of_line(line: str) -> list[int]:
    """Fingerprints of a line of text and of each sentence in it.

    A line of a corpus may be a whole paragraph, in which each sentence must be recognised. As the
    ends of sentences can only be guessed, up to three neighbouring pieces are also hashed as one.

    Returns
    -------
    list
        Distinct fingerprints in ascending order.
    """
    pieces = _SENTENCE_END.split(line)
    runs = {
        " ".join(pieces[start:end])
        for start in range(len(pieces))
        for end in range(start + 1, min(start + _MAX_PIECES, len(pieces)) + 1)
    }
    return sorted({fingerprint(run) for run in (line, *runs)} - {0})
