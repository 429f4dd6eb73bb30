"""``langsig compare`` on the models and treebanks of the pipeline."""

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from langsig.factorization import Solver, factorize_category
from langsig.representations import CategoryStatistics

pytestmark = pytest.mark.slow

LANGUAGES = ["qaa", "qab", "qah"]
CATEGORIES = {"gender": "Gender", "number": "Number", "part-of-speech": "Part of Speech"}


def from_one_start(micro, slug, params):
    """Signatures of the pipeline's covariances, by the only start that ``compare`` makes."""
    folder, options = micro.folder / "artifacts/covariances", params["factorize"]
    statistics = [
        CategoryStatistics.load(folder / f"{name}/{slug}.safetensors") for name in LANGUAGES
    ]
    solver = Solver(options["rank"], max_iterations=options["max_iterations"])
    return factorize_category(statistics, solver=solver, seed=params["seed"]).signatures.frame


def test_signatures_are_those_of_the_pipeline(micro, tmp_path):
    params = YAML(typ="safe").load((micro.folder / "params.yaml").read_text())
    out = tmp_path / "signatures.parquet"
    micro.langsig(
        "compare",
        "--experimental", "artifacts/models/experimental",
        "--control", *(f"{name}=artifacts/models/{name}" for name in LANGUAGES),
        "--treebank", *(f"{name}=data/treebanks/{name}" for name in LANGUAGES),
        "--categories", *CATEGORIES.values(),
        "--rank", str(params["factorize"]["rank"]),
        "--max-iterations", str(params["factorize"]["max_iterations"]),
        "--seed", str(params["seed"]),
        "--batch-tokens", str(params["extract"]["batch_tokens"]),
        "--out", str(out),
    )  # fmt: skip
    table = pd.read_parquet(out)
    assert set(table["category"]) == set(CATEGORIES.values())
    for slug, category in CATEGORIES.items():
        of_pipeline = pd.read_parquet(
            micro.folder / f"artifacts/signatures/{slug}/signatures.parquet"
        )
        if category == "Part of Speech":  # of which the pipeline takes the best of several starts
            of_pipeline = from_one_start(micro, slug, params)
        of_category = table[table["category"] == category].reset_index(drop=True)
        keys = ["category", "layer", "language", "component"]
        pd.testing.assert_frame_equal(of_category[keys], of_pipeline[keys])
        np.testing.assert_allclose(
            of_category["value"], of_pipeline["value"], rtol=1e-6, atol=1e-6, err_msg=category
        )
