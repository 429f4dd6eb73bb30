"""One category: covariances of all languages -> signatures, factors, diagnostics, baselines."""

import os
from collections.abc import Sequence
from pathlib import Path

from langsig.factorization import baselines, factorize_category
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS
from langsig.representations import CategoryStatistics
from stages.common import languages_of, load_params, paths, solver_of


def main(arguments: Sequence[str]) -> None:
    (slug,) = arguments
    params = load_params()
    languages = languages_of(params, "analysis.languages")
    files = paths(f"artifacts/covariances/{{language}}/{slug}.safetensors", languages)
    statistics = [CategoryStatistics.load(path) for path in files.values()]
    category = statistics[0].category
    options = params["factorize"]
    normalise, starts = options["normalise"], options["starts"]
    result = factorize_category(
        statistics,
        solver=solver_of(options),
        normalise=normalise,
        starts=starts if category == ALL_WORDS else options["other_starts"],
        seed=params["seed"],
        workers=os.cpu_count() or 1,
    )
    measures = baselines(statistics, rank=options["rank"], normalise=normalise)
    with atomic_directory(Path(f"artifacts/signatures/{slug}")) as output:
        result.save(output)
        measures.save(output / "baselines.csv")
    diagnostics = result.diagnostics.frame.to_string(index=False)
    print(diagnostics if len(result.diagnostics) else f"{category}: fewer than two languages")
