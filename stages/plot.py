"""Tables -> data for ``dvc plots``, and pictures for print."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from langsig.figures import (
    heatmap,
    intervals,
    learning_curves,
    rank_curves,
    relation_pictures,
    violins,
)
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS
from stages.common import load_params, paths, read

PLOTTED = ("correlations", "benchmarks", "distances", "variance_tests", "tree_statistics")


def main(_arguments: Sequence[str]) -> None:
    averages = read("artifacts/tables/average_signatures.csv")
    averages = averages[averages["category"] == ALL_WORDS].drop(columns="category")
    fits = read("artifacts/tables/factorizations.csv").query("category == @ALL_WORDS")
    flagged = set(fits.dropna(subset="flags")["layer"])
    estimates = read("artifacts/tables/intervals.csv")
    params = load_params()
    models = [*params["languages"], "experimental"]
    curves = pd.concat(
        read(folder / "curve.csv").assign(model=model)
        for model, folder in paths("artifacts/learning/{language}", models).items()
    )
    ranks, recommendations = (
        read(f"artifacts/ranks/{name}.csv") for name in ("ranks", "recommendations")
    )
    related = {path.stem: read(path) for path in Path("artifacts/relations").glob("*.csv")}
    with atomic_directory(Path("plots/figures")) as output:
        for name in PLOTTED:
            if name in related:
                related[name].to_csv(output / f"{name}.csv", index=False)
        averages.to_csv(output / "average_signatures.csv", index=False)
        read("artifacts/tables/spread.csv").to_csv(output / "spread.csv", index=False)
        estimates.to_csv(output / "intervals.csv", index=False)
        curves.to_csv(output / "learning.csv", index=False)
        ranks.to_csv(output / "ranks.csv", index=False)
        title = "Average signatures of all words"
        margin = params["pretraining"]["margin"]
        pictures = {
            "violins": violins(averages, title=title, flagged=flagged),
            "heatmap": heatmap(averages, title=title, flagged=flagged),
            "intervals": intervals(estimates, title=title),
            "learning": learning_curves(curves, margin=margin, title="Learning"),
            "ranks": rank_curves(ranks, recommendations, title="Number of components, all words"),
        }
        pictures |= relation_pictures(related, layers=params["analysis"]["layers"])
        for name, figure in pictures.items():
            figure.savefig(output / f"{name}.svg", metadata={"Date": None})
            figure.savefig(output / f"{name}.pdf", metadata={"CreationDate": None})
