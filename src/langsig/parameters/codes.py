"""Codes of languages in presets, brought into one spelling."""

from collections.abc import Mapping
from typing import Any

from langsig.languages import language_code_if_any
from langsig.parameters.documents import Document
from langsig.parameters.problems import KeyPath, Location, Problem

_KEYS: tuple[KeyPath, ...] = (("languages",), ("experimental", "fractions"))
"""Mappings whose keys are codes."""
_LISTS: tuple[KeyPath, ...] = (
    ("experimental", "languages"),
    ("analysis", "languages"),
    ("analysis", "logographic"),
    ("analysis", "diverse"),
)
"""Lists of codes; a text is all, or a family or genus."""
_LISTS_BY_NAME: KeyPath = ("analysis", "related")
"""A mapping of lists of codes."""


def with_usual_codes(document: Document) -> Document:
    """The document with the usual spelling of each code: ``da`` for ``DA`` and ``dan``.

    What is no code stays as it is; validation reports it. Two spellings of one code are a problem
    of the result.
    """
    problems = list(document.problems)
    data: dict[str, Any] = document.data
    for path in _KEYS:
        data = _changed(data, path, lambda value, path=path: _keys(value, path, document, problems))
    for path in _LISTS:
        data = _changed(data, path, _list)
    data = _changed(data, _LISTS_BY_NAME, _lists)
    locations = {usual_path(path): location for path, location in document.locations.items()}
    return Document(data, locations, tuple(problems))


def usual_path(path: KeyPath) -> KeyPath:
    """The path of a value with the usual spelling of the code in it, if there is one."""
    for parent in _KEYS:
        depth = len(parent)
        if path[:depth] == parent and len(path) > depth:
            return (*parent, language_code_if_any(str(path[depth])), *path[depth + 1 :])
    return path


def _changed(data: dict[str, Any], path: KeyPath, change: Any) -> dict[str, Any]:
    key, *inner = path
    if not isinstance(data, Mapping) or key not in data:
        return data
    value = _changed(data[str(key)], tuple(inner), change) if inner else change(data[str(key)])
    return {**data, str(key): value}


def _keys(value: Any, path: KeyPath, document: Document, problems: list[Problem]) -> Any:
    if not isinstance(value, Mapping):
        return value
    result: dict[str, Any] = {}
    spellings: dict[str, str] = {}
    for key, item in value.items():
        code = language_code_if_any(key)
        if code in result:
            location = document.locations.get((*path, key), Location(""))
            message = f"the same language as {spellings[code]}; remove one"
            problems.append(Problem(location, (*path, key), message))
            continue
        spellings[code], result[code] = key, item
    return result


def _list(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [language_code_if_any(item) if isinstance(item, str) else item for item in value]


def _lists(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _list(item) for name, item in value.items()}
