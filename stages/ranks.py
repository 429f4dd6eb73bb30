"""Covariances of all words -> candidate ranks, and signatures of halves of the sentences."""

from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import ranks_by_layer
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, category_slug
from langsig.parameters import load_parameters
from stages.common import load_covariances, solver_of


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    options = parameters.ranks
    tables = ranks_by_layer(
        load_covariances(category_slug(ALL_WORDS), parameters),
        layers=options.layers,
        candidates=options.candidates,
        solver=solver_of(parameters),
        starts=options.starts,
        folds=options.folds,
        seed=parameters.seed,
        normalise=parameters.factorize.normalise,
    )
    with atomic_directory(Path("artifacts/ranks")) as output:
        tables.sweep.save(output / "ranks.csv")
        tables.recommendations.save(output / "recommendations.csv")
        tables.halves.save(output / "halves.csv")
    print(tables.sweep.frame.to_string(index=False, float_format="{:.4g}".format))
    print(tables.recommendations.frame.to_string(index=False))
