"""Signatures of all categories, words and what the models learnt -> tidy tables and metrics."""

import json
from pathlib import Path

import pandas as pd

from common import load_params, paths, run
from langsig.analysis import (
    average_signatures,
    coverage,
    coverage_markdown,
    findings,
    findings_markdown,
    spread,
    summary,
    trends,
    with_adjusted,
)
from langsig.files import atomic_directory, atomic_file
from langsig.morphology import read_words


def main() -> None:
    params = load_params()
    folders = [Path(f"artifacts/signatures/{slug}") for slug in params["categories"]]
    averages = average_signatures(
        pd.concat(pd.read_parquet(folder / "signatures.parquet") for folder in folders)
    )
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
    uncertain = {
        source: Path(f"artifacts/uncertainty/{source}")
        for source in params["uncertainty"]["sources"]
    }
    estimates = pd.concat(
        (
            pd.read_csv(folder / "estimates.csv").assign(source=source)
            for source, folder in uncertain.items()
        ),
        ignore_index=True,
    )
    replicates = pd.concat(
        pd.read_parquet(folder / "replicates.parquet").assign(source=source)
        for source, folder in uncertain.items()
    )
    found = findings(estimates, replicates, logographic=params["analysis"]["logographic"])
    tables = {
        "average_signatures": averages,
        "trends": trends(averages),
        "spread": spread(averages),
        "factorizations": pd.concat(pd.read_csv(folder / "diagnostics.csv") for folder in folders),
        "intervals": with_adjusted(estimates, ["source", "normalise", "layer"]),
        "findings": found,
        "treebanks": covered.treebanks,
        "coverage": covered.categories,
        "attributes": covered.attributes,
    }
    with atomic_directory(Path("artifacts/tables")) as output:
        for name, table in tables.items():
            table.to_csv(output / f"{name}.csv", index=False)
        (output / "findings.md").write_text(findings_markdown(found), encoding="utf-8")
        (output / "coverage.md").write_text(coverage_markdown(covered), encoding="utf-8")
    with atomic_file("metrics/summary.json") as output:
        metrics = summary(
            averages,
            tables["trends"],
            tables["spread"],
            tables["factorizations"],
            learning,
            found,
        )
        output.write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n")


run(main)
