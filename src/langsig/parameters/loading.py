"""From a file to validated parameters, or to all that is wrong with it."""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from langsig.parameters.documents import Document, read_document
from langsig.parameters.model import Parameters
from langsig.parameters.problems import KeyPath, Location, ParameterError, Problem
from langsig.parameters.rules import broken_rules
from langsig.parameters.schema import allowed, part_of

_LONGEST = 60


def load_parameters(path: str | Path = "params.yaml") -> Parameters:
    """Read and validate the parameters of a run.

    Parameters
    ----------
    path
        A file with all parameters, such as ``params.yaml``.

    Raises
    ------
    ParameterError
        If the file cannot be read, or anything in it is not allowed: all of it is listed, each
        with file, line, key, value, and what is allowed.
    """
    return validated(read_document(path))


def validated(document: Document) -> Parameters:
    """Validate the content of a file, or of a preset with its base.

    Raises
    ------
    ParameterError
        If anything in it is not allowed.
    """
    problems = list(document.problems)
    parameters = None
    try:
        parameters = Parameters.model_validate(document.data)
    except ValidationError as error:
        schema = Parameters.model_json_schema()
        for details in error.errors(include_url=False):
            if details["type"] != "inconsistent":
                problems.append(_problem(details, document, schema))
        wrong = {problem.path for problem in problems}
        for broken in broken_rules(document.data, wrong):
            value = _shown(_value(document.data, broken.path))
            message = f"got {value}; {broken.message}"
            problems.append(Problem(_location(document, broken.path), broken.path, message))
    if problems or parameters is None:
        raise ParameterError(problems)
    return parameters


def _problem(details: ErrorDetails, document: Document, schema: dict[str, Any]) -> Problem:
    path, kind = tuple(part for part in details["loc"] if part != "[key]"), details["type"]
    if kind == "extra_forbidden":
        message = _unknown(path, schema)
    elif kind == "missing":
        message = f"missing; must be {allowed(part_of(schema, path))}"
    elif kind in ("language", "path", "selection", "distinct"):
        message = f"got {_shown(details['input'])}; {details['msg']}"
    elif details["loc"] and details["loc"][-1] == "[key]":
        message = f"unknown key; must be one of {details['ctx']['expected']}"
    else:
        message = f"got {_shown(details['input'])}; must be {allowed(part_of(schema, path))}"
    return Problem(_location(document, path), path, message)


def _unknown(path: KeyPath, schema: dict[str, Any]) -> str:
    known = list(part_of(schema, path[:-1]).get("properties", {}))
    close = difflib.get_close_matches(str(path[-1]), known, 1)
    guess = f"did you mean {close[0]}? " if close else ""
    return f"unknown key; {guess}known keys are {', '.join(known)}"


def _location(document: Document, path: KeyPath) -> Location:
    """The line of a value, or of the mapping that lacks it."""
    while path not in document.locations:
        path = path[:-1]
    return document.locations[path]


def _value(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _shown(value: Any) -> str:
    """A value as in YAML, shortened."""
    if isinstance(value, Mapping):
        return "a mapping with the keys " + _shortened(", ".join(map(str, value)))
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _shortened(f"'{value}'" if isinstance(value, str) else text)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
