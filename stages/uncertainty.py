"""All words, from one source of covariances: intervals and tests by flipped blocks.

Sources are the trained models, the same with an equal number of words per language, and the
models before training. Hidden states are taken as they are and normalised by variance.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from langsig.errors import InputError
from langsig.factorization import uncertainty_by_layer
from langsig.files import atomic_directory
from langsig.representations import CategoryStatistics
from langsig.schemas import NORMALISATIONS
from stages.common import languages_of, load_params, paths, solver_of

FILES = {
    "trained": "artifacts/covariances/{language}/part-of-speech.safetensors",
    "equal-words": "artifacts/covariances/{language}/equal-words.safetensors",
    "untrained": "artifacts/untrained/{language}/part-of-speech.safetensors",
}


def main(arguments: Sequence[str]) -> None:
    (source,) = arguments
    params = load_params()
    if source not in FILES:
        raise InputError(f"source must be one of {', '.join(FILES)}, got {source!r}")
    files = paths(FILES[source], languages_of(params, "analysis.languages"))
    options = params["uncertainty"]
    result = uncertainty_by_layer(
        [CategoryStatistics.load(path) for path in files.values()],
        source=source,
        normalisations=NORMALISATIONS,
        solver=solver_of(params["factorize"]),
        replicates=options["replicates"],
        iterations=options["iterations"],
        starts=options["starts"],
        seed=params["seed"],
        workers=os.cpu_count() or 1,
    )
    with atomic_directory(Path(f"artifacts/uncertainty/{source}")) as output:
        result.estimates.save(output / "estimates.csv")
        result.replicates.save(output / "replicates.parquet")
    print(f"{source}: {len(result.replicates):,} replicates")
