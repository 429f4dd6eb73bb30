"""One category: covariances of all languages -> signatures, factors, diagnostics, baselines."""

from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import baselines, factorize_category
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS
from langsig.parameters import load_parameters
from stages.arguments import checked
from stages.common import cores, load_covariances, solver_of


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (slug,) = checked(arguments, category=parameters.categories)
    options, solver = parameters.factorize, solver_of(parameters)
    statistics = load_covariances(slug, parameters)
    category = statistics[0].category
    result = factorize_category(
        statistics,
        solver=solver,
        normalise=options.normalise,
        starts=options.starts if category == ALL_WORDS else options.other_starts,
        seed=parameters.seed,
        workers=cores(),
    )
    measures = baselines(statistics, rank=solver.rank, normalise=options.normalise)
    with atomic_directory(Path(f"artifacts/signatures/{slug}")) as output:
        result.save(output)
        measures.save(output / "baselines.csv")
    diagnostics = result.diagnostics.frame.to_string(index=False)
    print(diagnostics if len(result.diagnostics) else f"{category}: fewer than two languages")
