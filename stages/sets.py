"""Sets of languages, each factorised separately: covariances -> average signatures."""

import os
from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import factorize_sets
from langsig.files import atomic_directory
from langsig.representations import CategoryStatistics
from stages.common import languages_of, load_params, paths, solver_of


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    languages = languages_of(params, "analysis.languages")
    analysis, options = params["analysis"], params["factorize"]
    categories = (
        [
            CategoryStatistics.load(path)
            for path in paths(
                f"artifacts/covariances/{{language}}/{slug}.safetensors", languages
            ).values()
        ]
        for slug in analysis["alone"]
    )
    averages = factorize_sets(
        categories,
        sets={"diverse": analysis["diverse"], **analysis["related"]},
        layers=analysis["layers"],
        solver=solver_of(options),
        normalise=options["normalise"],
        starts=options["other_starts"],
        seed=params["seed"],
        workers=os.cpu_count() or 1,
    )
    with atomic_directory(Path("artifacts/sets")) as output:
        averages.save(output / "average_signatures.csv")
