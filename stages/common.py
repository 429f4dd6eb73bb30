"""What every stage does: read parameters, and end with a clear message on bad input."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from langsig.factorization import Solver
from langsig.parameters import Parameters, load_parameters, selected_languages
from langsig.representations import CategoryStatistics
from langsig.schemas import LearningCurves


def load_params() -> dict[str, Any]:
    """The parameters of the run as dictionaries and lists."""
    return load_parameters().model_dump()


def solver_of(parameters: Parameters) -> Solver:
    """The solver that the section ``factorize`` describes."""
    options = parameters.factorize
    return Solver(
        rank=options.rank,
        method=options.method,
        ridge=options.ridge,
        max_iterations=options.max_iterations,
        tolerance=options.tolerance,
    )


def load_covariances(
    name: str, parameters: Parameters, *, folder: str = "covariances"
) -> list[CategoryStatistics]:
    """The covariances of all languages that are analysed.

    Parameters
    ----------
    name
        Name of the files: a category as in file names, or ``equal-words``.
    folder
        Folder below ``artifacts``, with one folder per language.
    """
    return [
        CategoryStatistics.load(Path("artifacts", folder, language, f"{name}.safetensors"))
        for language in selected_languages("analysis", parameters)
    ]


def paths(template: str, languages: list[str]) -> dict[str, Path]:
    """The path of each language's artifact."""
    return {language: Path(template.format(language=language)) for language in languages}


def languages_of(parameters: Parameters | dict[str, Any], key: str) -> list[str]:
    """The languages that ``experimental.languages`` or ``analysis.languages`` names.

    Raises
    ------
    InputError
        If it names a family or genus that none of the languages belongs to.
    """
    if isinstance(parameters, dict):
        parameters = Parameters.model_validate(parameters)
    return selected_languages(key.removesuffix(".languages"), parameters)


def scratch_folder(*names: str) -> Path:
    """Where a killed run leaves what the next one goes on from: outside of what DVC removes.

    ``LANGSIG_SCRATCH`` may name another place, if the work tree does not outlive the run.
    """
    place = os.environ.get("LANGSIG_SCRATCH") or Path(os.environ.get("DVC_ROOT", "."), ".scratch")
    return Path(place, *names)


def read_curves(models: Iterable[str]) -> LearningCurves:
    """The learning curves of the models of these names."""
    frames = [read(f"artifacts/learning/{model}/curve.csv").assign(model=model) for model in models]
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
