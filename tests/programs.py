"""Commands of langsig and DVC in this process, which has imported what they need, and others."""

import io
import logging
import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    printed: str
    """What it has printed to standard output."""
    errors: str


def call(
    program: Callable[[list[str]], int],
    *arguments: str | Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Done:
    """Call the main function of a program as if in a process of its own.

    Parameters
    ----------
    program
        ``langsig.commands.main`` or ``dvc.cli.main``.
    arguments
        Arguments of the command line.
    folder
        Working directory.
    environment
        Environment variables (default: those of this process).
    """
    printed, errors = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        chdir(folder),
        redirect_stdout(printed),
        redirect_stderr(errors),
    ):
        # With DVC_TEST, DVC does not put back the standard output that it was imported with.
        for name, value in {**(environment or os.environ), "DVC_TEST": "1"}.items():
            patch.setenv(name, value)
        for handler in logging.getLogger("dvc").handlers:
            to_errors = handler.level >= logging.WARNING
            patch.setattr(handler, "stream", errors if to_errors else printed, raising=False)
        code = program([str(argument) for argument in arguments])
    return Done(code, printed.getvalue(), errors.getvalue())


def run(folder: Path, *command: str) -> None:
    """Run a command that must succeed, in a process of its own."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
