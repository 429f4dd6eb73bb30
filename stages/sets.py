"""Sets of languages, each factorised separately: covariances -> average signatures."""

from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import factorize_sets
from langsig.files import atomic_directory
from langsig.parameters import load_parameters
from stages.common import cores, load_covariances, solver_of


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    analysis, options = parameters.analysis, parameters.factorize
    averages = factorize_sets(
        (load_covariances(slug, parameters) for slug in analysis.alone),
        sets={"diverse": analysis.diverse, **analysis.related},
        layers=analysis.layers,
        solver=solver_of(parameters),
        normalise=options.normalise,
        starts=options.other_starts,
        seed=parameters.seed,
        workers=cores(),
    )
    with atomic_directory(Path("artifacts/sets")) as output:
        averages.save(output / "average_signatures.csv")
