"""Tables -> data for ``dvc plots``, and figures for print."""

from collections.abc import Sequence
from pathlib import Path

from langsig import figures
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS
from langsig.schemas import (
    AverageSignatures,
    Correlations,
    Diagnostics,
    Distances,
    Intervals,
    Languages,
    RankRecommendations,
    RankSweep,
    ScoreCorrelations,
    Trees,
)
from stages.common import load_params, paths, read_curves

TABLES, RELATIONS = Path("artifacts/tables"), Path("artifacts/relations")
RANKS = Path("artifacts/ranks")
TITLE = "Average signatures of all words"


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    averages = AverageSignatures.load(TABLES / "average_signatures.csv").select(category=ALL_WORDS)
    fits = Diagnostics.load(TABLES / "factorizations.csv").select(category=ALL_WORDS)
    failed_layers = fits.failed_layers().get(ALL_WORDS, [])
    models = [*params["languages"], "experimental"]
    curves = read_curves(paths("artifacts/learning/{language}", models))
    scores = RELATIONS / "benchmarks.csv"
    pictures = {
        "violins": figures.violins(averages, title=TITLE, failed_layers=failed_layers),
        "heatmap": figures.heatmap(averages, title=TITLE, failed_layers=failed_layers),
        "intervals": figures.intervals(Intervals.load(TABLES / "intervals.csv"), title=TITLE),
        "learning": figures.learning_curves(
            curves, margin=params["pretraining"]["margin"], title="Learning"
        ),
        "ranks": figures.rank_curves(
            RankSweep.load(RANKS / "ranks.csv"),
            RankRecommendations.load(RANKS / "recommendations.csv"),
            title="Number of components, all words",
        ),
        **figures.relation_figures(
            languages=Languages.load(RELATIONS / "languages.csv"),
            correlations=Correlations.load(RELATIONS / "correlations.csv"),
            benchmarks=ScoreCorrelations.load(scores) if scores.is_file() else None,
            distances=Distances.load(RELATIONS / "distances.csv"),
            trees=Trees.load(RELATIONS / "trees.csv"),
            layers=params["analysis"]["layers"],
        ),
    }
    with atomic_directory(Path("plots/figures")) as output:
        averages.save(output / "average_signatures.csv")
        curves.save(output / "learning.csv")
        for name, figure in pictures.items():
            figures.save_figure(figure, output, name)
