"""The languages that a parameter names: all, a list, or a family or genus."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from langsig.errors import InputError
from langsig.languages import language_code_if_any
from langsig.parameters.model import Parameters
from langsig.parameters.rules import named_languages

SELECTIONS = ("experimental", "analysis")
"""Sections with a key ``languages``."""


def selected_languages(
    section: str, parameters: Parameters, facts: str | Path | None = None
) -> list[str]:
    """The languages that ``experimental.languages`` or ``analysis.languages`` names, in the order
    of ``languages``.

    Parameters
    ----------
    section
        ``experimental`` or ``analysis``.
    parameters
        All parameters.
    facts
        Folder with ``languages.csv`` (default: ``analysis.facts``), read only if a family or genus
        is named.

    Raises
    ------
    InputError
        If there is no such file, or none of the languages belongs to the family or genus.
    """
    known = list(parameters.languages)
    selection = getattr(parameters, section).languages
    languages = named_languages(selection, known)
    if languages is not None:
        return languages
    groups = language_groups(Path(facts or parameters.analysis.facts, "languages.csv"), known)
    if selection not in groups:
        raise InputError(
            f"{section}.languages: got '{selection}'; must be all, a list of languages, or one of "
            f"the families and genera of the languages ({', '.join(sorted(groups))})"
        )
    return [language for language in known if language in groups[selection]]


def language_groups(path: Path, languages: Iterable[str]) -> Mapping[str, set[str]]:
    """The members of each family and genus among `languages`.

    Raises
    ------
    InputError
        If there is no such file, or it lacks a column ``language``, ``family`` or ``genus``.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise InputError(f"{path}: cannot read families and genera: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8; save the file in this encoding") from error
    columns = ("language", "family", "genus")
    missing = [name for name in columns if rows and name not in rows[0]]
    if missing or not rows:
        raise InputError(f"{path}:1: must name the columns {', '.join(columns)} in this line")
    known, groups = set(languages), dict[str, set[str]]()
    for row in rows:
        language = language_code_if_any(row["language"].strip())
        for group in (row["family"], row["genus"]):
            if language in known and group:
                groups.setdefault(group, set()).add(language)
    return groups
