"""What is wrong with parameters, and where."""

from collections.abc import Iterable
from typing import NamedTuple

from langsig.errors import InputError

KeyPath = tuple[str | int, ...]
"""Keys, and positions in lists, from the root of a file to a value."""


class Location(NamedTuple):
    """A line of a file."""

    file: str
    line: int | None = None
    """From 1; None if the problem is not of one line."""

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Problem(NamedTuple):
    """One thing that is wrong with parameters."""

    location: Location
    path: KeyPath
    """Keys to the value; empty if the whole file is meant."""
    message: str
    """What was found, and what is allowed."""

    @property
    def key(self) -> str:
        """The keys as they are written: ``ranks.layers[1]``."""
        key = ""
        for part in self.path:
            key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
        return key

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.location), self.key, self.message)))


class ParameterError(InputError):
    """Parameters are wrong. The message has one line per problem, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems = sorted(
            unique, key=lambda problem: (problem.location.file, problem.location.line or 0)
        )
        super().__init__("\n".join(map(str, self.problems)))
