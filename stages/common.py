"""What several stages read or need in the same way."""

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from langsig.factorization import Solver
from langsig.files import write_file
from langsig.parameters import Parameters, selected_languages
from langsig.profiling import Measured, Profile
from langsig.representations import CategoryStatistics
from langsig.schemas import LearningCurves, Predictors
from langsig.terms import MODEL

RANK = Path("artifacts/rank.json")
"""The rank in use, and whether ``factorize.rank`` or the stage ``ranks`` chose it."""
RESIDUALS, LEFT_OUT = "sums.safetensors", "left_out.txt"
"""What the stage ``residuals`` writes of a language: sums, or why there are none."""


def solver_of(parameters: Parameters) -> Solver:
    """The solver that the section ``factorize`` describes, with the rank in use."""
    return solver_with(json.loads(RANK.read_text())["rank"], parameters)


def solver_with(rank: int, parameters: Parameters) -> Solver:
    """The solver that the section ``factorize`` describes, with this rank."""
    options = parameters.factorize
    return Solver(
        rank=rank,
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


def load_profile() -> Profile:
    """What was measured of the experimental model in each language."""
    measured = Measured.load("artifacts/outcomes")
    predictors = Predictors.load("artifacts/relations/predictors.csv")
    return Profile(**vars(measured), predictors=predictors)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file; an existing one is replaced as a whole."""
    write_file(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def cores() -> int:
    """Number of processor cores that a stage may use.

    That is ``OMP_NUM_THREADS`` if it is set, since stages that run at the same time share the
    cores; otherwise all cores.
    """
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def scratch_folder(*names: str) -> Path:
    """The folder for the states from which a run resumes after it was killed.

    DVC does not remove it. ``LANGSIG_SCRATCH`` may name another folder, if the work tree is
    temporary.
    """
    folder = os.environ.get("LANGSIG_SCRATCH") or Path(os.environ.get("DVC_ROOT", "."), ".scratch")
    return Path(folder, *names)


def read_learning(parameters: Parameters) -> dict[str, dict[str, Any]]:
    """What was measured of each model's learning, by the name of the model.

    A public checkpoint has only the entry ``checkpoint``, its name.
    """
    return {
        model: json.loads(Path(f"artifacts/learning/{model}/learning.json").read_text())
        for model in _models(parameters)
    }


def read_curves(parameters: Parameters) -> LearningCurves:
    """The learning curves of all models."""
    curves = []
    for model in _models(parameters):
        curve = pd.read_csv(f"artifacts/learning/{model}/curve.csv")
        curves.append(LearningCurves(curve.assign(model=model)))
    return LearningCurves.concat(curves)


def _models(parameters: Parameters) -> list[str]:
    """Names of the control models, if there are any, which are their languages, and of the
    experimental model."""
    controls = parameters.languages if parameters.reference == MODEL else ()
    return [*controls, "experimental"]
