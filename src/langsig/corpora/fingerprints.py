"""Hashes that recognise a sentence whatever its case, spacing and punctuation.

Treebanks separate words by spaces and split punctuation off, running text does not; two
sentences are taken to be the same when their letters and digits are.
"""

import hashlib
import re
import unicodedata

# Armenian, Arabic, Urdu, Devanagari, Myanmar and Ethiopic have marks of their own.
_SENTENCE_END = re.compile(r"(?<=[.!?…։؟۔।॥။።፧])[\"'”’»›)\]]*\s+|(?<=[。！？｡])")
_RUN = 3  # a treebank's sentence may hold an abbreviation or a quotation, which end in a stop too


def fingerprint(sentence: str) -> int:
    """64-bit hash of the letters and digits of a sentence, compatibility forms and case folded.

    Returns 0 for a sentence without letters and digits, which no other sentence has.
    """
    folded = unicodedata.normalize("NFKC", sentence).casefold()
    letters = "".join(filter(str.isalnum, folded))
    if not letters:
        return 0
    digest = hashlib.blake2b(letters.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


def fingerprints_of_line(line: str) -> list[int]:
    """Fingerprints of a line of text and of each sentence in it, sorted, without repetition.

    A line of a corpus may hold a whole paragraph, so a sentence must be recognised in it too.
    Where one ends is a guess, so up to three neighbouring pieces are also taken as one.
    """
    pieces = _SENTENCE_END.split(line)
    runs = {
        " ".join(pieces[start:end])
        for start in range(len(pieces))
        for end in range(start + 1, min(start + _RUN, len(pieces)) + 1)
    }
    return sorted({fingerprint(run) for run in (line, *runs)} - {0})
