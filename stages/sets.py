"""Sets of languages, each factorised by itself: covariances -> average signatures."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from langsig.factorization import factorize_layers
from langsig.files import atomic_directory
from langsig.representations import CategoryStatistics
from langsig.schemas import Signatures
from stages.common import languages_of, load_params, paths


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    languages = languages_of(params, "analysis.languages")
    options = {"seed": params["seed"], "workers": os.cpu_count() or 1, **params["factorize"]}
    normalise = options.pop("normalise")
    options["starts"] = options.pop("other_starts")
    layers = params["analysis"]["layers"]
    sets = {"diverse": params["analysis"]["diverse"], **params["analysis"]["related"]}
    tables = []
    for slug in params["analysis"]["alone"]:
        files = paths(f"artifacts/covariances/{{language}}/{slug}.safetensors", languages)
        statistics = [CategoryStatistics.load(path) for path in files.values()]
        slices = {
            one.language: [one.layers[layer].normalised(normalise).cross for layer in layers]
            for one in statistics
            if one.layers
        }
        for name, members in sets.items():
            chosen = {language: slices[language] for language in members if language in slices}
            category = statistics[0].category
            fits = factorize_layers(chosen, category=category, **options)
            averages = Signatures(fits.signatures).average().to_frame()
            averages["layer"] = averages["layer"].map(dict(enumerate(layers)))
            tables.append(averages.assign(set=name))
    with atomic_directory(Path("artifacts/sets")) as output:
        pd.concat(tables).to_csv(output / "average_signatures.csv", index=False)
