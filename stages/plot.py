"""Tables -> data for ``dvc plots``, and pictures for print."""

from pathlib import Path

import pandas as pd

from common import load_params, paths, run
from langsig.analysis import ALL_WORDS
from langsig.figures import heatmap, violins
from langsig.files import atomic_directory


def main() -> None:
    averages = pd.read_csv("artifacts/tables/average_signatures.csv")
    averages = averages[averages["category"] == ALL_WORDS].drop(columns="category")
    curves = [
        pd.read_csv(folder / "curve.csv").assign(model=model)
        for model, folder in paths(
            "artifacts/learning/{language}", [*load_params()["languages"], "experimental"]
        ).items()
    ]
    with atomic_directory(Path("plots/figures")) as output:
        averages.to_csv(output / "average_signatures.csv", index=False)
        pd.read_csv("artifacts/tables/spread.csv").to_csv(output / "spread.csv", index=False)
        pd.concat(curves).to_csv(output / "learning.csv", index=False)
        for name, picture in (("violins", violins), ("heatmap", heatmap)):
            figure = picture(averages, title="Average signatures of all words")
            figure.savefig(output / f"{name}.svg", metadata={"Date": None})


run(main)
