"""Transcription of logographic scripts into the Latin alphabet (paper, section 5.1)."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

from langsig.errors import InputError
from langsig.languages import primary_code

_TABLES = resources.files("langsig.corpora") / "romanisation"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_VARIATION = r"\ufe00-\ufe0f\U000e0100-\U000e01ef"
_WITH_VARIATION = re.compile(f"([{_HAN}])[{_VARIATION}]+")
_VOICED = re.compile("[ぁ-ヺ][\u3099\u309a]|[ｦ-ﾝ][ﾞﾟ]")
"""Kana and a separate voicing mark, in full or half width."""
_HAS_SOUND = "ぁ-ゖァ-ヶｦ-ﾝ\U0001b150-\U0001b152\U0001b164-\U0001b167"
_BREAK = re.compile(
    f"(?<=。)|(?<![{_HAS_SOUND}々{_HAN}ー―−])(?=[ー―−])"
    rf"|(?<=[々{_HAN}])(?=[―−])|(?=[―−]\d)"
)
"""After a sentence, and before a bar that does not prolong a sound, as in ``3−4``.

pykakasi would repeat the 3, and takes a time that grows with the square of the length.
"""
_LONGEST_COMPOUND = 15
"""Length of the longest word in the dictionary of pykakasi."""
_NAME = re.compile(r"\(\w{2,}\)")
"""What pykakasi calls a symbol without a reading, such as ``(kurikaesi)``."""


def romaniser(language: str) -> Callable[[str], str]:
    """Get the function that romanises texts of a language.

    Chinese is transcribed into pinyin without tone marks (``lazy_pinyin`` of pypinyin) and Japanese
    into Hepburn (pykakasi), as in the paper. Any other language needs a table
    ``romanisation/LANGUAGE.tsv`` in this package, with one character and its transcription per
    line. Characters without a reading stay as they are.

    Parameters
    ----------
    language
        Code as for :func:`langsig.languages.language_code`; subtags do not count.

    Returns
    -------
    Callable
        Function from a text to its transcription, with units separated by spaces.

    Raises
    ------
    InputError
        If there is no romanisation for the language.
    """
    code = primary_code(language)
    if code == "zh":
        return _pinyin
    if code == "ja":
        return _hepburn
    table = _table(code)
    if not table:
        raise InputError(
            f"there is no romanisation of {language!r}; do not romanise it, or add a table of "
            f"characters as langsig/corpora/romanisation/{code}.tsv"
        )
    return lambda text: _join(table.get(character, character) for character in text)


def has_romanisation(language: str) -> bool:
    """Whether :func:`romaniser` supports a language."""
    code = primary_code(language)
    return code in ("zh", "ja") or bool(_table(code))


@cache
def _table(language: str) -> dict[str, str]:
    path = _TABLES / f"{language}.tsv"
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def _join(units: Iterable[str]) -> str:
    return " ".join(" ".join(units).split())


def _pinyin(text: str) -> str:
    from pypinyin import lazy_pinyin

    return _join(lazy_pinyin(text))


@cache
def _kakasi() -> Any:
    from pykakasi import kakasi

    return kakasi()


def _hepburn(text: str) -> str:
    """Romanise Japanese. Characters that pykakasi cannot read stay as they are.

    Letters that stay are not separated from Latin letters next to them, so that words such as
    *Đoković* remain whole.
    """
    text = _VOICED.sub(lambda match: _composed(match[0]), text.replace("ｰ", "ー"))
    text = _WITH_VARIATION.sub(_without_variation, text)
    transcription = previous = ""
    for is_read, characters in groupby(text, _is_read):
        run = "".join(characters)
        whole = previous and _is_one_word(previous, run[0])
        transcription += ("" if whole else " ") + (_read(run) if is_read else _kept(run))
        previous = run[-1]
    return _join([transcription])


def _composed(kana: str) -> str:
    """Kana with its voicing mark as one character, if there is one."""
    composed = unicodedata.normalize("NFKC", kana)
    return composed if len(composed) == 1 else kana


def _without_variation(match: re.Match[str]) -> str:
    """A Han character without its variation selectors, if it has a reading."""
    return match[1] if _has_reading(match[1]) else match[0]


def _read(run: str) -> str:
    return " ".join(word for part in _BREAK.split(run) for word in _readings(part))


def _readings(run: str) -> Iterator[str]:
    """Readings of words by pykakasi.

    It leaves out or repeats what it cannot read, such as a Han character without a reading outside
    of a compound. Its words are therefore compared with the text: at the first difference, the next
    character is kept, and reading starts afresh.
    """
    start = 0
    while start < len(run):
        doubtful = (at for at in range(start, len(run)) if not _has_reading(run[at]))
        end = next(doubtful, len(run)) + 1
        position = start
        for word in _kakasi().convert(run[start : end + _LONGEST_COMPOUND]):
            known = word["hepburn"].strip() and run.startswith(word["orig"], position)
            if not known or position >= end:
                break
            yield word["orig"] if _NAME.match(word["hepburn"]) else word["hepburn"]
            position += len(word["orig"])
        if position == start:
            yield run[start]
            position += 1
        start = position


def _kept(run: str) -> str:
    """Characters without a reading: letters in one piece, others one by one."""
    return "".join(character if _is_letter(character) else f" {character} " for character in run)


@cache
def _is_read(character: str) -> bool:
    """Whether pykakasi can read a character, alone or in a compound."""
    if re.match(f"[{_HAN}]", character):
        return bool(_kakasi().convert(character))
    return _has_reading(character)


@cache
def _has_reading(character: str) -> bool:
    """Whether pykakasi can read a character alone."""
    if re.match(f"[{_VARIATION}]", character):  # for which pykakasi raises an error
        return False
    words = _kakasi().convert(character)
    return [word["orig"] for word in words] == [character] and bool(words[0]["hepburn"].strip())


@cache
def _is_letter(character: str) -> bool:
    """Whether a character is a letter, digit or combining mark, but not Han."""
    return unicodedata.category(character)[0] in "LMN" and not re.match(f"[{_HAN}]", character)


def _is_one_word(left: str, right: str) -> bool:
    """Whether neighbours, one of which is kept, are not separated: letters, and combining marks."""
    if unicodedata.category(right).startswith("M"):
        return not left.isspace()
    return all(
        _is_letter(letter) and (letter <= "ÿ" or not _is_read(letter)) for letter in (left, right)
    )
