"""Signatures of all categories, words and what the models learnt -> tidy tables and metrics."""

import json
from pathlib import Path

import pandas as pd

from common import load_params, paths, run
from langsig.analysis import (
    ALL_WORDS,
    average_signatures,
    baseline_agreement,
    baseline_metrics,
    beyond_svd,
    coverage,
    coverage_markdown,
    spread,
    summary,
    trends,
)
from langsig.files import atomic_directory, atomic_file
from langsig.morphology import read_words


def main() -> None:
    params = load_params()
    folders = [Path(f"artifacts/signatures/{slug}") for slug in params["categories"]]
    averages = average_signatures(
        pd.concat(pd.read_parquet(folder / "signatures.parquet") for folder in folders)
    )
    plainer = pd.concat(
        pd.read_csv(folder / "baselines.csv", dtype={"layer": int, "value": float})
        for folder in folders
    )
    agreement = baseline_agreement(averages, plainer)
    ranks, halves = (pd.read_csv(f"artifacts/ranks/{name}.csv") for name in ("ranks", "halves"))
    beyond = beyond_svd(halves, seed=params["seed"])
    models = [*params["languages"], "experimental"]
    learning = {
        model: json.loads((folder / "learning.json").read_text())
        for model, folder in paths("artifacts/learning/{language}", models).items()
    }
    words = paths("artifacts/words/{language}", list(params["languages"]))
    covered = coverage(
        ((language, read_words(folder)) for language, folder in words.items()),
        min_instances=params["covariance"]["min_instances"],
    )
    tables = {
        "average_signatures": averages,
        "trends": trends(averages),
        "spread": spread(averages),
        "factorizations": pd.concat(pd.read_csv(folder / "diagnostics.csv") for folder in folders),
        "baselines": plainer,
        "baseline_agreement": agreement,
        "beyond_svd": beyond,
        "treebanks": covered.treebanks,
        "coverage": covered.categories,
        "attributes": covered.attributes,
    }
    with atomic_directory(Path("artifacts/tables")) as output:
        for name, table in tables.items():
            table.to_csv(output / f"{name}.csv", index=False)
        (output / "coverage.md").write_text(coverage_markdown(covered), encoding="utf-8")
    with atomic_file("metrics/summary.json") as output:
        metrics = summary(
            averages,
            tables["trends"],
            tables["spread"],
            tables["factorizations"],
            learning,
            baselines=baseline_metrics(
                agreement[agreement["category"] == ALL_WORDS], beyond, ranks[ranks["in_use"]]
            ),
        )
        output.write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n")


run(main)
