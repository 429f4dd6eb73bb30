"""Covariances of all words -> what other ranks would do, and signatures of halves of the text."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from langsig.errors import InputError
from langsig.factorization import rank_sweep, recommended_rank, split_halves
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, category_slug
from langsig.representations import CategoryStatistics
from stages.common import languages_of, load_params, paths

SOLVER = ("normalise", "method", "ridge", "max_iterations", "tolerance")


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    file = f"artifacts/covariances/{{language}}/{category_slug(ALL_WORDS)}.safetensors"
    files = paths(file, languages_of(params, "analysis.languages"))
    statistics = [s for s in map(CategoryStatistics.load, files.values()) if s.layers]
    section, rank = params["ranks"], params["factorize"]["rank"]
    options = {name: params["factorize"][name] for name in SOLVER}
    options |= {"starts": section["starts"], "seed": params["seed"]}
    sweeps, recommendations, halves = [], [], []
    for layer in section["layers"]:
        if not all(layer in one.blocks for one in statistics):
            raise InputError(f"ranks.layers: {layer} is not in covariance.block_layers")
        blocks = {one.language: one.blocks[layer] for one in statistics}
        candidates = [*section["candidates"], rank]
        sweep = rank_sweep(blocks, candidates=candidates, folds=section["folds"], **options)
        sweeps.append(sweep.assign(layer=layer, in_use=sweep["rank"] == rank))
        recommendations.append((layer, *recommended_rank(sweep)))
        halves.append(split_halves(blocks, rank=rank, **options).assign(layer=layer))
    tables = {
        "ranks": pd.concat(sweeps),
        "recommendations": pd.DataFrame(recommendations, columns=["layer", "rank", "decided_by"]),
        "halves": pd.concat(halves),
    }
    with atomic_directory(Path("artifacts/ranks")) as output:
        for name, table in tables.items():
            table.to_csv(output / f"{name}.csv", index=False)
    print(tables["ranks"].to_string(index=False, float_format="{:.4g}".format))
    print(tables["recommendations"].to_string(index=False))
