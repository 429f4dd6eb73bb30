"""All words, from one source of covariances: intervals and tests by flipped blocks.

Sources are the trained models, the same with an equal number of words per language, and the
models before training. Hidden states are taken both as they are and normalised by variance.
"""

from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import uncertainty_by_layer
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, category_slug
from langsig.parameters import load_parameters
from langsig.schemas import NORMALISATIONS
from stages.arguments import checked
from stages.common import cores, load_covariances, solver_of

# Folder below artifacts, and name of the files, of each source.
FILES = {
    "trained": ("covariances", category_slug(ALL_WORDS)),
    "equal-words": ("covariances", "equal-words"),
    "untrained": ("untrained", category_slug(ALL_WORDS)),
}


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (source,) = checked(arguments, source=FILES)
    options = parameters.uncertainty
    folder, name = FILES[source]
    tables = uncertainty_by_layer(
        load_covariances(name, parameters, folder=folder),
        source=source,
        normalisations=NORMALISATIONS,
        solver=solver_of(parameters),
        replicates=options.replicates,
        iterations=options.iterations,
        starts=options.starts,
        seed=parameters.seed,
        workers=cores(),
    )
    with atomic_directory(Path(f"artifacts/uncertainty/{source}")) as output:
        tables.estimates.save(output / "estimates.csv")
        tables.replicates.save(output / "replicates.parquet")
    print(f"{source}: {len(tables.replicates):,} replicates")
