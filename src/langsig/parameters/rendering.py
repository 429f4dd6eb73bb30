"""Parameters as a file with comments, as a JSON Schema, and as a page of documentation."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from langsig.parameters.model import YAML_1_1_BOOLEANS, Language, Parameters, Section
from langsig.parameters.problems import KeyPath
from langsig.parameters.schema import allowed, part_of

_WIDTH, _ENTRY_WIDTH, _COLUMN = 100, 104, 30


def parameter_file(parameters: Parameters, header: Iterable[str] = ()) -> str:
    """The text of a parameter file: every key with a comment.

    Parameters
    ----------
    parameters
        The values.
    header
        Lines of the comment at the top.
    """
    lines = [f"# {line}".rstrip() for line in header]
    lines += _section(parameters, "", set())
    return "\n".join(lines) + "\n"


def _section(section: Section, indent: str, explained: set[type]) -> Iterator[str]:
    """Lines of a mapping with fixed keys. A kind of section is explained where it first occurs."""
    first = type(section) not in explained
    explained.add(type(section))
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if not indent:
            yield ""
        comment = _first_sentence(field) if first else ""
        if isinstance(value, Section):
            yield from _commented(f"{indent}{name}:", comment)
            yield from _section(value, indent + "  ", explained)
        elif isinstance(value, dict) and value:
            yield from _commented(f"{indent}{name}:", comment)
            for key, item in value.items():
                yield from _entry(key, item, indent + "  ")
        elif isinstance(value, list) and len(f"{indent}{name}: {_flow(value)}") > _WIDTH:
            yield from _commented(f"{indent}{name}:", comment)
            yield from (f"{indent}  - {_flow(item)}" for item in value)
        else:
            yield from _commented(f"{indent}{name}: {_flow(value)}", comment)


def _entry(key: str, item: Any, indent: str) -> Iterator[str]:
    """Lines of an entry of a mapping of names: one, or one per key if it would be too long."""
    if not isinstance(item, Language):
        yield f"{indent}{_text(key)}: {_flow(item)}"
        return
    values = item.model_dump()
    line = f"{indent}{key}: {_flow(values)}"
    if len(line) <= _ENTRY_WIDTH:
        yield line
        return
    yield f"{indent}{key}:"
    yield from (f"{indent}  {name}: {_flow(value)}" for name, value in values.items())


def _commented(line: str, comment: str) -> Iterator[str]:
    """A line with its comment: to the right, or above if there is no room."""
    full = f"{line:<{_COLUMN}}  # {comment}"
    if not comment:
        yield line
    elif len(full) <= _WIDTH:
        yield full
    else:
        indent = line[: len(line) - len(line.lstrip())]
        yield from (f"{indent}# {part}" for part in wrap(comment, _WIDTH - len(indent) - 2))
        yield line


def _first_sentence(field: FieldInfo) -> str:
    return re.split(r"\.(?:\s|$)", field.description or "", maxsplit=1)[0]


def _flow(value: Any) -> str:
    """A value on one line, in YAML that versions 1.1 and 1.2 read in the same way."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, float):
        mantissa, e, exponent = repr(value).partition("e")
        return (mantissa if "." in mantissa or not e else f"{mantissa}.0") + e + exponent
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _text(value: str) -> str:
    """Text, in quotes if a version of YAML would otherwise read something else."""
    plain = re.fullmatch(r"[A-Za-z0-9./]([A-Za-z0-9 ._/()+-]*[A-Za-z0-9._/()+-])?", value)
    if plain and value.lower() not in YAML_1_1_BOOLEANS:
        if YAML(typ="safe").load(f"[{value}]") == [value]:
            return value
    escapes = {'"': '\\"', "\\": "\\\\"}
    characters = (
        escapes.get(character, character) if character.isprintable() else f"\\U{ord(character):08x}"
        for character in value
    )
    return f'"{"".join(characters)}"'


def json_schema(*, preset: bool = False) -> str:
    """The JSON Schema of parameter files, as text.

    Parameters
    ----------
    preset
        Whether to return the schema of presets, in which keys may be missing.
    """
    schema = Parameters.model_json_schema()
    if preset:
        schema.pop("required")
        for name, definition in schema["$defs"].items():
            optional = definition.pop("required", [])
            if name == Language.__name__:
                definition["required"] = [key for key in optional if key in ("corpora", "treebank")]
    _close(schema)
    title = "Preset of langsig" if preset else "Parameters of langsig"
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json.dumps({**schema, **about}, indent=2, ensure_ascii=False) + "\n"


def _close(part: Any) -> None:
    """Forbid keys that match no pattern, everywhere in a schema."""
    if isinstance(part, dict):
        if "patternProperties" in part:
            part["additionalProperties"] = False
        for inner in part.values():
            _close(inner)


def reference(base: Mapping[str, Any]) -> str:
    """The page of documentation that lists all parameters, as Markdown.

    Parameters
    ----------
    base
        Content of ``conf/base.yaml``, whose values are the defaults.
    """
    lines = [
        "# Parameters",
        "",
        "All keys of `params.yaml`. The defaults are the values in `conf/base.yaml`; a preset in "
        "`conf/` contains only its differences from them. `langsig check` lists all problems "
        "of a parameter file.",
        "",
        "`langsig check --reference` writes this page.",
    ]
    schema = Parameters.model_json_schema()
    for name, field in Parameters.model_fields.items():
        lines += ["", f"## {name}", "", field.description or "", ""]
        lines += ["| key | allowed | default | meaning |", "| --- | --- | --- | --- |"]
        lines += _rows(field, (name,), base[name], schema)
    return "\n".join(lines) + "\n"


def _rows(field: FieldInfo, path: KeyPath, default: Any, schema: dict[str, Any]) -> Iterator[str]:
    """Rows of the table of :func:`reference`, one per key that holds a value."""
    kind = field.annotation
    if path == ("languages",):
        default = next(iter(default.values()))
        for name, inner in Language.model_fields.items():
            yield from _rows(inner, (*path, "CODE", name), default[name], schema)
    elif isinstance(kind, type) and issubclass(kind, Section):
        for name, inner in kind.model_fields.items():
            yield from _rows(inner, (*path, name), default[name], schema)
    else:
        cells = (
            f"`{'.'.join(map(str, path))}`",
            allowed(part_of(schema, path)),
            f"`{_flow(default)}`",
            field.description or "",
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
