"""Tables -> data for ``dvc plots``, and figures for print."""

from collections.abc import Sequence
from pathlib import Path

from langsig import figures
from langsig.analysis import Associations
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS
from langsig.parameters import load_parameters
from langsig.schemas import (
    AverageSignatures,
    Diagnostics,
    Intervals,
    RankRecommendations,
    RankSweep,
    select_measure,
)
from langsig.terms import AVERAGE_SIGNATURE
from stages.common import load_profile, read_curves

TABLES, RANKS = Path("artifacts/tables"), Path("artifacts/ranks")
TITLE = "Average signatures of all words"


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    averages = AverageSignatures.load(TABLES / "average_signatures.csv").select(category=ALL_WORDS)
    failed_layers = Diagnostics.load(TABLES / "factorizations.csv").failed_layers()
    failed = failed_layers.get(ALL_WORDS, [])
    curves = read_curves(parameters)
    associations = select_measure(Associations.load("artifacts/relations"), AVERAGE_SIGNATURE)
    profile = load_profile()
    pictures = {
        "violins": figures.violins(averages, title=TITLE, failed_layers=failed),
        "heatmap": figures.heatmap(averages, title=TITLE, failed_layers=failed),
        "intervals": figures.intervals(Intervals.load(TABLES / "intervals.csv"), title=TITLE),
        "learning": figures.learning_curves(
            curves,
            margin=parameters.pretraining.margin,
            title="Gain over token frequencies during training",
        ),
        "ranks": figures.rank_curves(
            RankSweep.load(RANKS / "ranks.csv"),
            RankRecommendations.load(RANKS / "recommendations.csv"),
            title="Number of components, all words",
        ),
        **figures.association_figures(associations, layers=parameters.analysis.layers),
    }
    of_profile = figures.profile_figures(
        profile.summary(),
        profile.fits,
        profile.outcomes,
        profile.predictors,
        layers=profile.inner_layers,
        languages=associations.languages,
    )
    pictures |= {f"profile_{name}": figure for name, figure in of_profile.items()}
    with atomic_directory("plots/figures") as output:
        averages.save(output / "average_signatures.csv")
        curves.save(output / "learning.csv")
        for name, figure in pictures.items():
            figures.save_figure(figure, output, name)
