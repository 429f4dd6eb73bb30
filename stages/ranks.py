"""Covariances of all words -> candidate ranks, and signatures of halves of the sentences."""

from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import ranks_by_layer
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, category_slug
from langsig.representations import CategoryStatistics
from stages.common import languages_of, load_params, paths, solver_of


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    file = f"artifacts/covariances/{{language}}/{category_slug(ALL_WORDS)}.safetensors"
    files = paths(file, languages_of(params, "analysis.languages"))
    options = params["ranks"]
    tables = ranks_by_layer(
        [CategoryStatistics.load(path) for path in files.values()],
        layers=options["layers"],
        candidates=options["candidates"],
        solver=solver_of(params["factorize"]),
        starts=options["starts"],
        folds=options["folds"],
        seed=params["seed"],
        normalise=params["factorize"]["normalise"],
    )
    with atomic_directory(Path("artifacts/ranks")) as output:
        tables.sweep.save(output / "ranks.csv")
        tables.recommendations.save(output / "recommendations.csv")
        tables.halves.save(output / "halves.csv")
    print(tables.sweep.frame.to_string(index=False, float_format="{:.4g}".format))
    print(tables.recommendations.frame.to_string(index=False))
