"""What every stage does: read parameters, and end with a clear message on bad input."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from langsig.errors import InputError
from langsig.factorization import Solver
from langsig.schemas import LearningCurves


def load_params() -> dict[str, Any]:
    """The parameters of the run, from ``params.yaml``."""
    with open("params.yaml", encoding="utf-8") as stream:
        params: dict[str, Any] = yaml.safe_load(stream)
    return params


def solver_of(options: dict[str, Any]) -> Solver:
    """The solver that the section ``factorize`` describes."""
    return Solver(
        rank=options["rank"],
        method=options["method"],
        ridge=options["ridge"],
        max_iterations=options["max_iterations"],
        tolerance=options["tolerance"],
    )


def paths(template: str, languages: list[str]) -> dict[str, Path]:
    """The path of each language's artifact."""
    return {language: Path(template.format(language=language)) for language in languages}


def languages_of(params: dict[str, Any], parameter: str) -> list[str]:
    """The languages that a parameter such as ``experimental.languages`` names: all, a family or
    genus, or a list.

    Raises
    ------
    InputError
        If it names none, or one that ``languages`` lacks.
    """
    section, key = parameter.split(".")
    named, known = params[section][key], list(params["languages"])
    if named == "all":
        return known
    if isinstance(named, str):
        from langsig.analysis import languages_related  # late, as it takes seconds

        facts = Path(params["analysis"]["facts"])
        return languages_related(facts, named, known, parameter=parameter)
    if not isinstance(named, list) or not named or set(named) - set(known):
        raise InputError(
            f"{parameter}: {named!r} is neither 'all', a family, nor a list of some of {known}"
        )
    return [language for language in known if language in named]


def scratch_folder(*names: str) -> Path:
    """Where a killed run leaves what the next one goes on from: outside of what DVC removes.

    ``LANGSIG_SCRATCH`` may name another place, if the work tree does not outlive the run.
    """
    place = os.environ.get("LANGSIG_SCRATCH") or Path(os.environ.get("DVC_ROOT", "."), ".scratch")
    return Path(place, *names)


def read_curves(folders: Mapping[str, Path]) -> LearningCurves:
    """The learning curves of several models.

    Parameters
    ----------
    folders
        Folder of each model, which holds ``curve.csv``.
    """
    frames = [read(folder / "curve.csv").assign(model=model) for model, folder in folders.items()]
    return LearningCurves.concat(LearningCurves(frame) for frame in frames)


def read(path: str | Path) -> pd.DataFrame:
    """A table in which only what is empty is missing: `nan` is the code of a language."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def read_all(folders: Iterable[Path], name: str) -> pd.DataFrame:
    """The table of this name in every folder, one below the other.

    Those without rows, which do not know the types of their columns, are left out if there are
    others.
    """
    read_one = pd.read_parquet if name.endswith(".parquet") else read
    tables = [read_one(folder / name) for folder in folders]
    return pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)
