"""Covariances of all words -> candidate ranks, the rank in use, and signatures of halves."""

from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import ranks_by_layer
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, category_slug
from langsig.parameters import load_parameters
from stages.common import RANK, cores, load_covariances, solver_with, write_json


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    options, given = parameters.ranks, parameters.factorize.rank
    fixed = None if isinstance(given, str) else given
    tables = ranks_by_layer(
        load_covariances(category_slug(ALL_WORDS), parameters),
        layers=options.layers,
        candidates=options.candidates,
        rank=fixed,
        solver=solver_with(min(options.candidates), parameters),
        starts=options.starts,
        folds=options.folds,
        seed=parameters.seed,
        normalise=parameters.factorize.normalise,
        workers=cores(),
    )
    with atomic_directory(Path("artifacts/ranks")) as output:
        tables.sweep.save(output / "ranks.csv")
        tables.recommendations.save(output / "recommendations.csv")
        tables.halves.save(output / "halves.csv")
    choice = {
        "rank": tables.rank,
        "chosen_by": "ranks" if fixed is None else "factorize.rank",
    }
    write_json(RANK, choice)
    print(tables.sweep.frame.to_string(index=False, float_format="{:.4g}".format))
    print(tables.recommendations.frame.to_string(index=False))
    print(f"rank {tables.rank}, chosen by {choice['chosen_by']}")
