"""Errors about YAML files of the repository that cannot be read."""

from pathlib import Path

from langsig.errors import InputError

_MARKS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
"""Beginnings of the lines that Git writes where two branches changed the same lines."""


def broken_yaml(path: str | Path, text: str, error: BaseException) -> InputError:
    """An error that names file and line, and says what to do.

    Parameters
    ----------
    path
        The file.
    text
        Its content.
    error
        What reading it raised.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_MARKS):
            return InputError(
                f"{path}:{number}: has conflict marks of Git; keep one side, for example with: "
                f"git checkout --ours {path}"
            )
    cause: BaseException = error
    while cause.__cause__:  # DVC's own error does not name the line
        cause = cause.__cause__
    mark = getattr(cause, "problem_mark", None)
    line_number = f":{mark.line + 1}" if mark else ""
    problem = getattr(cause, "problem", None) or str(cause).splitlines()[0]
    return InputError(f"{path}{line_number}: not YAML ({problem}); {remedy(path)}")


def remedy(path: str | Path) -> str:
    """What to do with a broken file. Half a ``dvc.lock`` is what a killed ``dvc repro`` leaves."""
    command = "langsig repro" if Path(path).name == "dvc.lock" else f"git checkout {path}"
    return f"correct it, or restore it with: {command}"
