"""What every stage does: read parameters, and end with a clear message on bad input."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from langsig.errors import InputError


def load_params() -> dict[str, Any]:
    """The parameters of the run, from ``params.yaml``."""
    with open("params.yaml", encoding="utf-8") as stream:
        params: dict[str, Any] = yaml.safe_load(stream)
    return params


def paths(template: str, languages: list[str]) -> dict[str, Path]:
    """The path of each language's artifact."""
    return {language: Path(template.format(language=language)) for language in languages}


def run(stage: Callable[[], None]) -> None:
    """Run a stage; bad input ends it with its message and exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        stage()
    except InputError as error:
        sys.exit(f"error: {error}")
