"""Signatures of all categories, words and what the models learnt -> tidy tables and metrics."""

import json
from collections.abc import Sequence
from pathlib import Path

from langsig import analysis
from langsig.files import atomic_directory, atomic_file
from langsig.morphology import ALL_WORDS, Words
from langsig.schemas import Signatures
from stages.common import languages_of, load_params, paths, read, read_all

RELATIONS = Path("artifacts/relations")


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    fits = [Path(f"artifacts/signatures/{slug}") for slug in params["categories"]]
    sources = [Path(f"artifacts/uncertainty/{name}") for name in params["uncertainty"]["sources"]]
    averages = Signatures(read_all(fits, "signatures.parquet")).average().frame
    plainer = read_all(fits, "baselines.csv")
    agreement = analysis.baseline_agreement(averages, plainer)
    ranks, halves = (read(f"artifacts/ranks/{name}.csv") for name in ("ranks", "halves"))
    beyond = analysis.residual_reliability(halves, seed=params["seed"])
    estimates = read_all(sources, "estimates.csv")
    found = analysis.findings(
        estimates,
        read_all(sources, "replicates.parquet"),
        logographic=params["analysis"]["logographic"],
    )
    models = paths("artifacts/learning/{language}", [*params["languages"], "experimental"])
    learning = {m: json.loads((path / "learning.json").read_text()) for m, path in models.items()}
    words = paths("artifacts/words/{language}", languages_of(params, "analysis.languages"))
    covered = analysis.coverage(
        ((language, Words.load(folder)) for language, folder in words.items()),
        min_instances=params["covariance"]["min_instances"],
    )
    by_language = analysis.trends(averages)
    tables = {
        "average_signatures": averages,
        "trends": by_language,
        "trends_by_category": analysis.trends_by_category(by_language),
        "spread": analysis.spread(averages),
        "factorizations": read_all(fits, "diagnostics.csv"),
        "intervals": analysis.with_adjusted(estimates, ["source", "normalise", "layer"]),
        "findings": found,
        "baselines": plainer,
        "baseline_agreement": agreement,
        "residual_reliability": beyond,
        "treebanks": covered.treebanks,
        "coverage": covered.categories,
        "attributes": covered.attributes,
    }
    with atomic_directory(Path("artifacts/tables")) as output:
        for name, table in tables.items():
            table.to_csv(output / f"{name}.csv", index=False)
        (output / "findings.md").write_text(analysis.findings_markdown(found), encoding="utf-8")
        (output / "coverage.md").write_text(analysis.coverage_markdown(covered), encoding="utf-8")
    with atomic_file("metrics/summary.json") as output:
        related = {path.stem: read(path) for path in RELATIONS.glob("*.csv")}
        agreed = agreement[agreement["category"] == ALL_WORDS]
        metrics = analysis.summary(
            *(tables[name] for name in ("average_signatures", "trends", "spread")),
            tables["factorizations"],
            learning,
            findings=found,
            baselines=analysis.baseline_metrics(agreed, beyond, ranks[ranks["in_use"]]),
            relations=analysis.relation_metrics(tables | related),
        )
        output.write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    with atomic_directory(Path("metrics/languages")) as output:
        for language, numbers in analysis.by_language(metrics).items():
            path = output / f"{language}.json"
            path.write_text(json.dumps(numbers, indent=2, allow_nan=False) + "\n")
