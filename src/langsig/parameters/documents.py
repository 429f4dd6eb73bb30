"""Read YAML 1.2 as plain data, with the line of every value.

All of langsig reads YAML through this module or through DVC, whose dialect is the same: `1e-7` is a
number and `no` is text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import ReaderError

from langsig.files import is_device
from langsig.parameters.problems import KeyPath, Location, ParameterError, Problem

_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


@dataclass(frozen=True)
class Document:
    """Content of a file."""

    data: dict[str, Any]
    """Dictionaries, lists and plain values."""
    locations: Mapping[KeyPath, Location]
    """Line of each value: that of its key, or that of the entry of a list."""
    problems: tuple[Problem, ...] = ()
    """Problems with keys, such as duplicates, which `data` cannot show."""


def read_document(path: str | Path) -> Document:
    """Read a file that holds one YAML mapping.

    Raises
    ------
    ParameterError
        If there is no such file, it is not UTF-8, or it is not YAML that all tools read in the
        same way: tabs, duplicate keys, anchors, merge keys and tags are not allowed.
    """
    return parse_document(_text(Path(path)), str(path))


def parse_document(text: str, name: str) -> Document:
    """Read text that holds one YAML mapping; `name` stands for it in errors.

    Raises
    ------
    ParameterError
        See :func:`read_document`.
    """
    root = _compose(text, name)
    if root is None:
        raise _unreadable(name, 1, "the file is empty; write keys and values as KEY: VALUE")
    if not isinstance(root, MappingNode):
        line = root.start_mark.line + 1
        raise _unreadable(name, line, "must be a mapping; write keys and values as KEY: VALUE")
    reader = _Reader(name)
    data = reader.plain(root, ())
    return Document(data, reader.locations, tuple(reader.problems))


def parse_value(text: str, name: str) -> Any:
    """Read one value, written as it would be after the colon in a file.

    Raises
    ------
    ParameterError
        See :func:`read_document`.
    """
    root = _compose(text, name)
    reader = _Reader(name)
    value = None if root is None else reader.plain(root, ())
    if reader.problems:
        raise ParameterError(reader.problems)
    return value


def _text(path: Path) -> str:
    if path.is_dir():
        raise _unreadable(str(path), None, "is a folder; name a file")
    if is_device(path):
        raise _unreadable(str(path), None, "is a device; name a file")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _unreadable(str(path), None, "no such file") from None
    except OSError as error:
        raise _unreadable(str(path), None, f"cannot be read: {error.strerror}") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(str(path), line, "not UTF-8; save the file in this encoding") from error


def _compose(text: str, name: str) -> Node | None:
    """The nodes of a document, after checks for features of YAML that are not allowed."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(_CONFLICT):
            message = f"a merge conflict ({line[:7]}); choose one version and remove the marks"
            raise _unreadable(name, number, message)
    yaml = YAML(typ="safe", pure=True)
    yaml.Parser = partial(_StrictParser, name=name)
    try:
        root: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        if "'\\t'" in problem or "\t" in _line(text, mark.line):
            problem = "a tab; indent with spaces"
        raise _unreadable(name, mark.line + 1, f"not YAML: {problem}") from error
    except RecursionError as error:
        raise _unreadable(name, None, "lists or mappings are nested too deeply") from error
    except ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        raise _unreadable(name, number, f"character {error.character!r} is not allowed") from error
    return root


def _line(text: str, number: int) -> str:
    lines = text.split("\n")
    return lines[number] if number < len(lines) else ""


class _StrictParser(Parser):
    """A parser that refuses features of YAML that are not allowed."""

    def __init__(self, loader: YAML, name: str) -> None:
        super().__init__(loader)
        self._name = name

    def get_event(self) -> Any:
        event = super().get_event()
        refused = _refused(event)
        if refused:
            raise _unreadable(self._name, event.start_mark.line + 1, refused)
        return event


def _refused(event: Any) -> str | None:
    """Why an event of the parser is not allowed, or None."""
    if isinstance(event, AliasEvent):
        return f"alias *{event.anchor}; write the value out"
    if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
        return "a %YAML or %TAG directive; remove it"
    if isinstance(event, MappingStartEvent | SequenceStartEvent | ScalarEvent):
        if event.anchor:
            return f"anchor &{event.anchor}; write the value out where it is used"
        if event.tag is not None:
            return f"tag {event.tag}; write the plain value"
        if isinstance(event, ScalarEvent) and event.value == "<<" and event.implicit[0]:
            return "merge key <<; write the keys out"
    return None


class _Reader:
    """Turns nodes into plain data, and remembers their lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.locations: dict[KeyPath, Location] = {}
        self.problems: list[Problem] = []
        self._constructor = YAML(typ="safe", pure=True).constructor

    def plain(self, node: Node, path: KeyPath) -> Any:
        self.locations.setdefault(path, self._location(node))
        if isinstance(node, MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: Node, path: KeyPath) -> Any:
        try:
            return self._constructor.construct_object(node)
        except ValueError as error:  # a date such as 2020-99-99, a number of thousands of digits
            reason = str(error).partition(";")[0]
            self._report(path, self._location(node), f"not a value of YAML: {reason}")
            return None

    def _items(self, node: MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Location] = {}
        for key_node, value_node in node.value:
            location = self._location(key_node)
            if isinstance(key_node, MappingNode | SequenceNode):
                self._report((*path, "?"), location, "a key must be text, not a list or mapping")
                continue
            key = str(key_node.value)
            if not isinstance(self._scalar(key_node, (*path, key)), str):
                self._report((*path, key), location, "the key must be text; put it into quotes")
            if key in seen:
                message = f"a second time; the first is in line {seen[key].line}; remove one"
                self._report((*path, key), location, message)
                continue
            seen[key] = self.locations[*path, key] = location
            yield key, self.plain(value_node, (*path, key))

    def _report(self, path: KeyPath, location: Location, message: str) -> None:
        self.problems.append(Problem(location, path, message))

    def _location(self, node: Node) -> Location:
        return Location(self.name, node.start_mark.line + 1)


def _unreadable(name: str, line: int | None, message: str) -> ParameterError:
    return ParameterError([Problem(Location(name, line), (), message)])
