"""One category: covariances of all languages -> signatures, factors, diagnostics, baselines."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from langsig.factorization import baselines, factorize_layers
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS
from langsig.representations import CategoryStatistics
from stages.common import languages_of, load_params, paths


def main(arguments: Sequence[str]) -> None:
    (slug,) = arguments
    params = load_params()
    languages = languages_of(params, "analysis.languages")
    files = paths(f"artifacts/covariances/{{language}}/{slug}.safetensors", languages)
    statistics = [CategoryStatistics.load(path) for path in files.values()]
    category = statistics[0].category
    options = {"seed": params["seed"], "workers": os.cpu_count() or 1, **params["factorize"]}
    normalise, other_starts = options.pop("normalise"), options.pop("other_starts")
    if category != ALL_WORDS:
        options["starts"] = other_starts
    layers = {
        s.language: [layer.normalised(normalise) for layer in s.layers]
        for s in statistics
        if s.layers
    }
    slices = {language: [one.cross for one in of_all] for language, of_all in layers.items()}
    result = factorize_layers(slices, category=category, **options)
    pairs = np.array(statistics[0].layer_pairs)[: len(result.diagnostics)]
    result.diagnostics[["control_layer", "experimental_layer"]] = pairs.reshape(-1, 2)
    rank = params["factorize"]["rank"]
    plainer = baselines(layers, category=category, rank=rank)
    with atomic_directory(Path(f"artifacts/signatures/{slug}")) as output:
        result.signatures.to_parquet(output / "signatures.parquet", index=False)
        result.diagnostics.to_csv(output / "diagnostics.csv", index=False)
        plainer.to_csv(output / "baselines.csv", index=False)
        factors = {name: np.ascontiguousarray(array) for name, array in result.factors.items()}
        save_file(factors, output / "factors.safetensors")
    print(result.diagnostics.to_string(index=False) if slices else f"{category}: in no language")
