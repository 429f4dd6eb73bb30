"""Signatures of all categories, words and what the models learnt -> tidy tables and metrics."""

from collections.abc import Sequence
from pathlib import Path

from langsig import analysis
from langsig.analysis.changes import Sampled
from langsig.files import atomic_directory
from langsig.learned import Learned
from langsig.morphology import Words
from langsig.parameters import load_parameters, selected_languages
from langsig.schemas import (
    Baselines,
    Diagnostics,
    Estimates,
    Halves,
    RankSweep,
    Replicates,
    Signatures,
    Spread,
    Trends,
)
from langsig.terms import AVERAGE_SIGNATURE
from stages.common import load_profile, read_learning, write_json


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    languages = selected_languages("analysis", parameters)
    fits = [Path("artifacts/signatures", slug) for slug in parameters.categories]
    sources = [Path("artifacts/uncertainty", source) for source in parameters.uncertainty.sources]
    averages = Signatures.load_all(fit / "signatures.parquet" for fit in fits).average()
    diagnostics = Diagnostics.load_all(fit / "diagnostics.csv" for fit in fits)
    baselines = Baselines.load_all(fit / "baselines.csv" for fit in fits)
    estimates = Estimates.load_all(path / "estimates.csv" for path in sources)
    replicates = Replicates.load_all(path / "replicates.parquet" for path in sources)
    coverage = analysis.coverage(
        ((language, Words.load(Path("artifacts/words", language))) for language in languages),
        min_instances=parameters.covariance.min_instances,
    )
    learned = Learned.load("artifacts/learned")
    sampled = analysis.learned_sampled(learned.signatures, learned.replicates)
    by_measure = {AVERAGE_SIGNATURE: averages, **analysis.learned_averages(learned.signatures)}
    spread = analysis.of_measures(analysis.spread, by_measure, Spread)
    trends = analysis.of_measures(analysis.trends, by_measure, Trends)
    category_trends = analysis.trends_by_category(trends)
    findings = analysis.findings_of_measures(
        {name: sampled.get(name, Sampled(estimates, replicates)) for name in by_measure},
        logographic=parameters.analysis.logographic,
    )
    agreement = analysis.baseline_agreement(averages, baselines)
    reliability = analysis.residual_reliability(
        Halves.load("artifacts/ranks/halves.csv"), seed=parameters.seed
    )
    with atomic_directory("artifacts/tables") as output:
        averages.save(output / "average_signatures.csv")
        trends.save(output / "trends.csv")
        category_trends.save(output / "trends_by_category.csv")
        spread.save(output / "spread.csv")
        diagnostics.save(output / "factorizations.csv")
        analysis.adjust_estimates(estimates).save(output / "intervals.csv")
        findings.save(output / "findings.csv")
        baselines.save(output / "baselines.csv")
        agreement.save(output / "baseline_agreement.csv")
        reliability.save(output / "residual_reliability.csv")
        coverage.treebanks.save(output / "treebanks.csv")
        coverage.categories.save(output / "coverage.csv")
        coverage.attributes.save(output / "attributes.csv")
        (output / "findings.md").write_text(analysis.findings_markdown(findings), encoding="utf-8")
        (output / "coverage.md").write_text(analysis.coverage_markdown(coverage), encoding="utf-8")
    metrics = analysis.summary(
        averages=averages,
        learned=learned.signatures,
        trends=trends,
        category_trends=category_trends,
        spread=spread,
        diagnostics=diagnostics,
        findings=findings,
        agreement=agreement,
        reliability=reliability,
        ranks=RankSweep.load("artifacts/ranks/ranks.csv"),
        coverage=coverage.categories,
        associations=analysis.Associations.load("artifacts/relations"),
        learning=read_learning(parameters),
        outcomes=load_profile().summary(),
    )
    write_json(Path("metrics/summary.json"), metrics)
    with atomic_directory("metrics/languages") as output:
        for language, numbers in analysis.language_metrics(metrics).items():
            write_json(output / f"{language}.json", numbers)
