"""Run a stage: ``python -m stages NAME [ARGUMENT ...]``.

The parameters are validated first, before a stage imports anything that takes seconds.
"""

import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from langsig.errors import InputError, described
from langsig.repository.warm import run_in_fork

NO_STAGES = {"__init__", "__main__", "arguments", "common"}


def main(arguments: Sequence[str]) -> int:
    """Run a stage and return the exit code: 130 if it was interrupted."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # langsig repro says so
        return 130


def _run(arguments: Sequence[str]) -> int:
    """Run a stage, in a fork of the warm process if there is one; return the exit code."""
    code = run_in_fork(arguments)
    if code is not None:
        return code
    name, *rest = arguments or [""]
    stages = sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - NO_STAGES)
    if name not in stages:
        sys.exit(f"error: stage must be one of {', '.join(stages)}; got {name!r}")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        from langsig.parameters import load_parameters

        load_parameters()
        importlib.import_module(f"stages.{name}").main(rest)
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:  # a full disk, a missing permission
        sys.exit(f"error: {described(error)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
