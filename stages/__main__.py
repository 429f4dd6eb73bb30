"""Run a stage: ``python -m stages NAME [ARGUMENT ...]``.

The parameters are validated first, before a stage imports anything that takes seconds.
"""

import importlib
import logging
import sys

from langsig.errors import InputError
from langsig.parameters import load_parameters


def run(name: str, arguments: list[str]) -> None:
    """Run one stage; bad input ends it with a message and exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        load_parameters()
        importlib.import_module(f"stages.{name}").main(arguments)
    except InputError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
