"""Presets: files in ``conf/`` that contain only their differences from ``conf/base.yaml``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from langsig.errors import InputError
from langsig.parameters.codes import usual_path, with_usual_codes
from langsig.parameters.documents import Document, parse_value, read_document
from langsig.parameters.problems import KeyPath, Location, ParameterError, Problem

BASE = "base.yaml"
WHOLE: frozenset[KeyPath] = frozenset(
    {
        ("languages",),
        ("experimental", "fractions"),
        ("covariance", "block_layers"),
        ("analysis", "related"),
    }
)
"""Mappings whose keys are names: those of a preset replace those of the base as a whole."""
LANGUAGE = {"romanise": False, "fraction": 1.0}
"""Keys of a language that a preset may omit, and their values."""


def preset_path(name: str, folder: Path, *, suffix: str = ".yaml", kind: str = "presets") -> Path:
    """The file of a preset.

    Parameters
    ----------
    name
        Name of the preset.
    folder
        Folder with one file per preset.
    suffix
        Suffix of these files (default: .yaml).
    kind
        What the folder holds, in messages (default: presets).

    Raises
    ------
    InputError
        If there is no such preset; the message lists the presets of the folder.
    """
    known = sorted(file.stem for file in folder.glob(f"*{suffix}") if file.name != BASE)
    if not known:
        raise InputError(
            f"no {kind} in {folder.absolute()}; run this in the folder of the repository"
        )
    if name not in known:
        raise InputError(f"preset: got '{name}'; must be one of {', '.join(known)} ({folder}/)")
    return folder / f"{name}{suffix}"


def read_resolved(path: str | Path, changes: Iterable[str] = ()) -> Document:
    """Read a parameter file; a preset is completed by the ``base.yaml`` in its folder.

    Codes of languages in presets and changes are brought into one spelling: ``dan`` and ``DA``
    become ``da``. DVC reads other files as they are, so their codes stay.

    Parameters
    ----------
    path
        A preset, or a file with all parameters.
    changes
        Values to set, each ``KEY=VALUE`` with the keys joined by dots and the value in YAML, such
        as ``factorize.rank=4``. A leading ``+``, which DVC requires for new keys, is allowed.

    Raises
    ------
    ParameterError
        If a file cannot be read, or a change has another form.
    """
    document, base = read_document(path), Path(path).parent / BASE
    if base.is_file() and not base.samefile(path):
        document = with_usual_codes(merged(read_document(base), document))
    for change in changes:
        document = with_usual_codes(changed(document, change))
    return document


def merged(base: Document, preset: Document) -> Document:
    """The base, changed by a preset.

    Mappings are merged. Lists, values, and the mappings in `WHOLE` are replaced.
    """
    locations = dict(base.locations)
    data = _merge(base.data, preset.data, (), locations)
    languages = data.get("languages")
    if isinstance(languages, dict):
        data["languages"] = {
            name: {**item, **{key: LANGUAGE[key] for key in LANGUAGE if key not in item}}
            if isinstance(item, dict)
            else item
            for name, item in languages.items()
        }
    return Document(data, {**locations, **preset.locations}, (*base.problems, *preset.problems))


def _merge(
    base: dict[str, Any],
    preset: dict[str, Any],
    path: KeyPath,
    locations: dict[KeyPath, Location],
) -> dict[str, Any]:
    result = dict(base)
    for key, value in preset.items():
        inner = (*path, key)
        if isinstance(value, dict) and isinstance(base.get(key), dict) and inner not in WHOLE:
            result[key] = _merge(base[key], value, inner, locations)
        else:
            _forget(locations, inner)
            result[key] = value
    return result


def _forget(locations: dict[KeyPath, Location], path: KeyPath) -> None:
    for known in [known for known in locations if known[: len(path)] == path]:
        del locations[known]


def changed(document: Document, change: str) -> Document:
    """The document with one value set; see :func:`read_resolved`."""
    location = Location(f"--set {change}")
    key, equals, text = change.removeprefix("+").partition("=")
    path: KeyPath = usual_path(tuple(key.split(".")))
    if not equals or not all(path):
        raise ParameterError([Problem(location, (), "must be KEY=VALUE, such as factorize.rank=4")])
    try:
        value = parse_value(text, str(location))
    except ParameterError as error:
        wrong = [problem._replace(location=location, path=path) for problem in error.problems]
        raise ParameterError(wrong) from error
    locations = dict(document.locations)
    _forget(locations, path)
    for length in range(1, len(path) + 1):
        locations.setdefault(path[:length], location)
    return Document(_with(document.data, path, 0, value, location), locations, document.problems)


def _with(
    data: dict[str, Any], path: KeyPath, depth: int, value: Any, location: Location
) -> dict[str, Any]:
    key = str(path[depth])
    if depth == len(path) - 1:
        return {**data, key: value}
    inner = data.get(key, {})
    if not isinstance(inner, dict):
        message = "is not a mapping, so it has no keys"
        raise ParameterError([Problem(location, path[: depth + 1], message)])
    return {**data, key: _with(inner, path, depth + 1, value, location)}
