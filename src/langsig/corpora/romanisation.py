"""Latin transcription of logographic scripts (paper, section 5.1)."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

from langsig.errors import InputError

_TABLES = resources.files("langsig.corpora") / "romanisation"


def romaniser(language: str) -> Callable[[str], str]:
    """Function from a text of the language to its transcription, units joined by spaces.

    Chinese is written in pinyin without tone marks (pypinyin's ``lazy_pinyin``), Japanese in
    Hepburn (pykakasi), as in the paper; any other language needs a table
    ``romanisation/LANGUAGE.tsv`` with a character and its transcription a line.

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
            f"languages.{language}.romanise: no romanisation is known for {language!r}; "
            "set it to false, or add a table of characters to langsig/corpora/romanisation"
        )
    return lambda text: _join(table.get(character, character) for character in text)


def has_romanisation(language: str) -> bool:
    """Whether :func:`romaniser` knows the language."""
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
    """Whether pykakasi writes a character; in place of others it repeats what went before."""
    return bool(_kakasi().convert(character))


def _hepburn(text: str) -> str:
    units: list[str] = []
    for known, run in groupby(text, _in_kakasi):
        units += (item["hepburn"] for item in _kakasi().convert("".join(run))) if known else run
    return _join(units)
