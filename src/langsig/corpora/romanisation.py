"""Transcription of logographic scripts into the Latin alphabet (paper, section 5.1)."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

from langsig.errors import InputError

_TABLES = resources.files("langsig.corpora") / "romanisation"


def romaniser(language: str) -> Callable[[str], str]:
    """Get the function that romanises texts of a language.

    Chinese is transcribed into pinyin without tone marks (``lazy_pinyin`` of pypinyin) and Japanese
    into Hepburn (pykakasi), as in the paper. Any other language needs a table
    ``romanisation/LANGUAGE.tsv`` in this package, with one character and its transcription per
    line.

    Parameters
    ----------
    language
        ISO 639-1 code.

    Returns
    -------
    Callable
        Function from a text to its transcription, with units separated by spaces.

    Raises
    ------
    InputError
        If there is no romanisation for the language.
    """
    if language == "zh":
        return _pinyin
    if language == "ja":
        return _hepburn
    table = _table(language)
    if not table:
        raise InputError(
            f"there is no romanisation of {language!r}; do not romanise it, or add a table of "
            f"characters as langsig/corpora/romanisation/{language}.tsv"
        )
    return lambda text: _join(table.get(character, character) for character in text)


def has_romanisation(language: str) -> bool:
    """Whether :func:`romaniser` supports a language."""
    return language in ("zh", "ja") or bool(_table(language))


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


@cache
def _in_kakasi(character: str) -> bool:
    """Whether pykakasi can transcribe a character; otherwise it would repeat the previous one."""
    return bool(_kakasi().convert(character))


def _hepburn(text: str) -> str:
    units: list[str] = []
    for known, run in groupby(text, _in_kakasi):
        units += (item["hepburn"] for item in _kakasi().convert("".join(run))) if known else run
    return _join(units)
