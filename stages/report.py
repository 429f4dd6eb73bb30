"""Tables, learning and parameters -> one page with all results, which needs no network."""

import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from langsig import schemas
from langsig.analysis import Associations
from langsig.files import write_file
from langsig.parameters import Parameters, load_parameters
from langsig.report import ModelLearning, Results, report_page
from langsig.repository.data import imported_hash
from stages.common import load_profile, read_curves, read_learning

TABLES, RANKS = Path("artifacts/tables"), Path("artifacts/ranks")
LEARNED = Path("artifacts/learned")
PACKAGES = ["langsig", "dvc", "numpy", "pandas", "scipy", "torch", "transformers"]


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    page = report_page(
        read_results(parameters),
        parameters=parameters.model_dump(mode="json"),
        provenance=provenance(),
    )
    write_file("report/index.html", page.encode())


def read_results(parameters: Parameters) -> Results:
    learning = read_learning(parameters)
    associations = Associations.load("artifacts/relations")
    return Results(
        languages=associations.languages,
        reference=parameters.reference,
        learning={
            model: ModelLearning(numbers["gain"], numbers["learnt"])
            for model, numbers in learning.items()
            if "checkpoint" not in numbers
        },
        checkpoint=learning["experimental"].get("checkpoint"),
        margin=parameters.pretraining.margin,
        learning_curves=read_curves(parameters),
        average_signatures=schemas.AverageSignatures.load(TABLES / "average_signatures.csv"),
        spread=schemas.Spread.load(TABLES / "spread.csv"),
        intervals=schemas.Intervals.load(TABLES / "intervals.csv"),
        findings=schemas.Findings.load(TABLES / "findings.csv"),
        trends=schemas.Trends.load(TABLES / "trends.csv"),
        factorizations=schemas.Diagnostics.load(TABLES / "factorizations.csv"),
        baseline_agreement=schemas.BaselineAgreement.load(TABLES / "baseline_agreement.csv"),
        residual_reliability=schemas.ResidualReliability.load(TABLES / "residual_reliability.csv"),
        treebanks=schemas.TreebankSizes.load(TABLES / "treebanks.csv"),
        coverage=schemas.CategoryCounts.load(TABLES / "coverage.csv"),
        correlations=associations.correlations,
        benchmarks=associations.benchmarks,
        distances=associations.distances,
        trees=associations.trees,
        tree_statistics=associations.tree_statistics,
        variance_tests=associations.variance_tests,
        measure_tests=associations.measure_tests,
        ranks=schemas.RankSweep.load(RANKS / "ranks.csv"),
        recommendations=schemas.RankRecommendations.load(RANKS / "recommendations.csv"),
        learned=schemas.LearnedSignatures.load(LEARNED / "signatures.csv"),
        learned_stability=schemas.LearnedStability.load(LEARNED / "stability.csv"),
        learned_notes=" ".join((LEARNED / "notes.txt").read_text(encoding="utf-8").split()),
        profile=load_profile(),
    )


def provenance() -> dict[str, str]:
    """Revision and data of this clone, and versions of the packages that compute results."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "Git revision": described.stdout.strip() or "not a Git repository",
        "Data (DVC hash)": imported_hash(Path()) or "unknown",
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }
