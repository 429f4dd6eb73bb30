"""Read a parameter file and validate it; errors list all problems at once."""

import difflib
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from langsig.errors import InputError
from langsig.parameters.documents import Document, read_document
from langsig.parameters.model import Parameters
from langsig.parameters.problems import KeyPath, Location, ParameterError, Problem
from langsig.parameters.rules import broken_rules
from langsig.parameters.schema import allowed, part_of
from langsig.parameters.selection import SELECTIONS, selected_languages

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
        If the file cannot be read, or a value is not allowed. The message lists all problems,
        each with file, line, key, value, and the allowed values.
    """
    document = read_document(path)
    parameters = validated(document)
    problems = group_problems(parameters, document)
    if problems:
        raise ParameterError(problems)
    return parameters


def validated(document: Document) -> Parameters:
    """Validate the content of a file, or of a preset with its base.

    Raises
    ------
    ParameterError
        If a value is not allowed.
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
            problems.append(Problem(locate(document, broken.path), broken.path, message))
    if problems or parameters is None:
        raise ParameterError(problems)
    return parameters


def missing_files(
    parameters: Parameters,
    document: Document,
    data: Path | None = None,
    root: Path = Path(),
) -> list[Problem]:
    """Files and folders that parameters name and that do not exist.

    Parameters
    ----------
    parameters, document
        The parameters, and the content of the file that they are from.
    data
        Folder that ``data/`` stands for, now or later; with None, files below ``data/`` are not
        checked.
    root
        Folder that other paths are relative to.
    """
    wanted: list[tuple[KeyPath, str]] = []
    for language, item in parameters.languages.items():
        for index, corpus in enumerate(item.corpora):
            wanted.append((("languages", language, "corpora", index), corpus))
        wanted.append((("languages", language, "treebank"), item.treebank))
    wanted.append((("analysis", "facts"), f"{parameters.analysis.facts}/languages.csv"))
    if parameters.analysis.covariates:
        wanted.append((("analysis", "covariates"), parameters.analysis.covariates))
    if parameters.evaluate.parallel:
        wanted.append((("evaluate", "parallel"), parameters.evaluate.parallel))
    config = launch_configuration(parameters.pretraining.launch)
    if config is not None:
        wanted.append((("pretraining", "launch"), config))
    problems = []
    for path, name in wanted:
        file = _below(name, data, root)
        if file is not None and not file.exists():
            optional = path in {("evaluate", "parallel"), ("analysis", "covariates")}
            remedy = "; name one that exists, or write null" if optional else ""
            problems.append(Problem(locate(document, path), path, f"{file} does not exist{remedy}"))
    return problems


def launch_configuration(command: str) -> str | None:
    """The configuration of accelerate that a command to start trainings names, if any.

    Examples
    --------
    >>> launch_configuration("accelerate launch --config_file conf/accelerate/gpus.yaml")
    'conf/accelerate/gpus.yaml'
    """
    words = shlex.split(command)
    for option, following in zip(words, [*words[1:], None], strict=True):
        name, equals, value = option.partition("=")
        if name == "--config_file":
            return value if equals else following
    return None


def group_problems(
    parameters: Parameters,
    document: Document,
    data: Path | None = Path("data"),
    root: Path = Path(),
) -> list[Problem]:
    """Problems with the families and genera that select languages.

    The list is empty if the file that names the families does not exist yet.
    """
    facts = _below(parameters.analysis.facts, data, root)
    problems: list[Problem] = []
    if facts is None or not (facts / "languages.csv").is_file():
        return problems
    for section in SELECTIONS:
        path: KeyPath = (section, "languages")
        location = locate(document, path)
        try:
            languages = selected_languages(section, parameters, facts)
        except InputError as error:
            problems.append(
                Problem(location, path, str(error).removeprefix(f"{section}.languages: "))
            )
            continue
        if section == "analysis" and len(languages) < 2:
            message = f"must name at least two languages to factorise together, not {languages}"
            problems.append(Problem(location, path, message))
        if section == "experimental":
            for language in parameters.experimental.fractions:
                if language not in languages:
                    inner = ("experimental", "fractions", language)
                    trained = ", ".join(languages)
                    message = f"the key must be one of {trained}, on which the model is trained"
                    problems.append(Problem(locate(document, inner), inner, message))
    return problems


def _below(name: str, data: Path | None, root: Path) -> Path | None:
    """Resolve a path of the parameters, with `data` in the place of ``data/``."""
    if not name.startswith("data/"):
        return root / name
    return None if data is None else data / name.removeprefix("data/")


def _problem(details: ErrorDetails, document: Document, schema: dict[str, Any]) -> Problem:
    path, kind = tuple(part for part in details["loc"] if part != "[key]"), details["type"]
    if kind == "extra_forbidden":
        message = _unknown(path, schema)
    elif kind == "missing":
        message = f"missing; must be {allowed(part_of(schema, path))}"
    elif kind in ("language", "path", "selection", "distinct", "reference"):
        message = f"got {_shown(details['input'])}; {details['msg']}"
    elif details["loc"] and details["loc"][-1] == "[key]":
        message = f"unknown key; must be one of {details['ctx']['expected']}"
    else:
        part = part_of(schema, path)
        guess = _guess(details["input"], part.get("enum", []))
        message = f"got {_shown(details['input'])}; {guess}must be {allowed(part)}"
    return Problem(locate(document, path), path, message)


def _unknown(path: KeyPath, schema: dict[str, Any]) -> str:
    known = list(part_of(schema, path[:-1]).get("properties", {}))
    return f"unknown key; {_guess(path[-1], known)}known keys are {', '.join(known)}"


def _guess(value: Any, known: list[str]) -> str:
    close = difflib.get_close_matches(str(value), known, 1)
    return f"did you mean {close[0]}? " if close else ""


def locate(document: Document, path: KeyPath) -> Location:
    """Location of a value, or of the innermost mapping that lacks it."""
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
        if not value:
            return "an empty mapping"
        return "a mapping with the keys " + _shortened(", ".join(map(str, value)))
    text = json.dumps(value, ensure_ascii=False, default=str)
    is_plain = isinstance(value, str) and value.isprintable()
    return _shortened(f"'{value}'" if is_plain else text)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
