"""Codes of languages in one spelling, however they were written."""

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

from langsig.errors import InputError

_SAME = 1  # largest distance of two codes of one language: no and nb
_ANY = 999  # distance of two codes; a larger one stands for languages that do not match
_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


@cache
def language_code(language: str) -> str:
    """The usual spelling of the code of a language.

    Parameters
    ----------
    language
        Code of two or three letters (ISO 639), in upper or lower case, with subtags such as
        ``-Hant`` or ``_DK`` where needed.

    Returns
    -------
    str
        The shortest code, of two letters if there is one, with its subtags as in BCP 47.

    Raises
    ------
    InputError
        If it is not a code.

    Examples
    --------
    >>> [language_code(code) for code in ("DA", "dan", "da_DK", "cmn", "qaa")]
    ['da', 'da', 'da-DK', 'zh', 'qaa']
    """
    # Late, as it takes a tenth of a second.
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    try:
        if not isinstance(language, str) or not _CODE.fullmatch(language):
            raise LanguageTagError
        return Language.get(language).prefer_macrolanguage().to_tag()
    except LanguageTagError:
        raise InputError(
            f"language must be an ISO 639 code such as 'en', got {language!r}"
        ) from None


def primary_code(language: str) -> str:
    """The usual spelling of a code, without subtags: ``da`` for ``da_DK``.

    Raises
    ------
    InputError
        If it is not a code.
    """
    return language_code(language).partition("-")[0]


def language_code_if_any(name: str) -> str:
    """The usual spelling of the code of a language, and any other name as it is."""
    try:
        return language_code(name)
    except InputError:
        return name


def matching_language(language: str, names: Iterable[str]) -> str | None:
    """The name of a language among those that a model has for its languages.

    Parameters
    ----------
    language
        Code of the language.
    names
        Codes in any spelling, such as ``sv_SE`` or ``swe_Latn``. What is no code never matches.

    Returns
    -------
    str or None
        The name with the same code, or another code of the language, such as nb for no. If
        several differ in script or region only, the closest one by the rules of CLDR.

    Examples
    --------
    >>> matching_language("zh", ["ja_XX", "zho_Hant", "zho_Hans"])
    'zho_Hans'
    """
    from langcodes import closest_match, tag_distance

    by_code = {}
    for name in names:
        with suppress(InputError):  # no code
            by_code[language_code(name)] = name
    code = language_code(language)
    same = [
        known for known in by_code if tag_distance(primary_code(code), primary_code(known)) <= _SAME
    ]
    closest, _ = closest_match(code, same, max_distance=_ANY)
    return by_code.get(closest)


def check_distinct(argument: str, languages: Iterable[str]) -> None:
    """Check that no two codes are spellings of one.

    Raises
    ------
    InputError
        If they are.
    """
    spellings = defaultdict(list)
    for language in languages:
        spellings[language_code_if_any(language)].append(language)
    for code, found in spellings.items():
        if len(found) > 1:
            raise InputError(f"{argument} names {code} twice, as {' and '.join(found)}; remove one")
