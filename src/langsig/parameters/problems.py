"""Problems of parameters, with their locations."""

from collections.abc import Iterable
from typing import NamedTuple

from langsig.errors import InputError

KeyPath = tuple[str | int, ...]
"""Keys, and positions in lists, from the root of a file to a value."""


class Location(NamedTuple):
    """A line of a file."""

    file: str
    line: int | None = None
    """Number of the line, from 1; None if the problem concerns the whole file."""

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Problem(NamedTuple):
    """One problem of a parameter file."""

    location: Location
    path: KeyPath
    """Keys to the value; empty if the problem concerns the whole file."""
    message: str
    """The value, and the values that are allowed."""

    @property
    def key(self) -> str:
        """The keys as one text, such as ``ranks.layers[1]``."""
        key = ""
        for part in self.path:
            key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
        return key

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.location), self.key, self.message)))


class ParameterError(InputError):
    """Parameters are not valid. The message has one line per problem, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems = sorted(
            unique, key=lambda problem: (problem.location.file, problem.location.line or 0)
        )
        super().__init__("\n".join(map(str, self.problems)))
