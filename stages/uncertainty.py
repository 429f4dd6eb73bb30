"""All words, from one source of covariances: intervals and a null distribution.

A source is what the signatures are seen beside: the trained models, the same with an equal
number of words a language, the models before training. Each as it is and normalised by variance.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from langsig.errors import InputError
from langsig.factorization import uncertainty_by_layer
from langsig.files import atomic_directory
from langsig.representations import NORMALISATIONS, CategoryStatistics
from stages.common import languages_of, load_params, paths

SOURCES = {
    "trained": "artifacts/covariances/{language}/part-of-speech.safetensors",
    "equal-words": "artifacts/covariances/{language}/equal-words.safetensors",
    "untrained": "artifacts/untrained/{language}/part-of-speech.safetensors",
}
FIT = ("rank", "method", "ridge", "max_iterations", "tolerance")


def main(arguments: Sequence[str]) -> None:
    (source,) = arguments
    params = load_params()
    if source not in SOURCES:
        raise InputError(f"uncertainty.sources: {source!r} is none of {list(SOURCES)}")
    files = paths(SOURCES[source], languages_of(params, "analysis.languages"))
    statistics = [CategoryStatistics.load(path) for path in files.values()]
    options = dict(params["uncertainty"])
    del options["sources"]
    found = uncertainty_by_layer(
        [one for one in statistics if one.layers],
        normalisations=NORMALISATIONS,
        seed=params["seed"],
        workers=os.cpu_count() or 1,
        fit={key: params["factorize"][key] for key in FIT},
        **options,
    )
    with atomic_directory(Path(f"artifacts/uncertainty/{source}")) as output:
        found.estimates.assign(source=source).to_csv(output / "estimates.csv", index=False)
        found.replicates.assign(source=source).to_parquet(output / "replicates.parquet")
    print(f"{source}: {len(found.replicates):,} replicates")
