"""The pipeline without control models: parts of speech are the reference."""

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

FEW = [
    "uncertainty.sources=[trained, untrained]", "uncertainty.starts=1",
    "uncertainty.replicates=2", "factorize.starts=2", "factorize.max_iterations=10",
    "ranks.candidates=[2]", "analysis.permutations=9", "categories=[part-of-speech]",
]  # fmt: skip


def test_parts_of_speech_in_the_place_of_control_models_and_back(micro):
    page = micro.folder / "report/index.html"
    before = page.read_bytes()
    micro.use("micro", *(f"--set={setting}" for setting in ("reference=upos", *FEW)))
    ran = micro.repro("report")
    assert {stage for stage in ran if "@qaa" in stage} == {
        "reference@qaa", "covariance@qaa", "untrained@qaa", "residuals@qaa",
    }, "what does not depend on the reference is up to date"  # fmt: skip
    assert {"report", "factorize@part-of-speech", "uncertainty@untrained"} <= set(ran)
    assert "pretrain-experimental" not in ran
    metrics = json.loads((micro.folder / "metrics/summary.json").read_text())
    assert set(metrics["learning"]) == {"experimental"}
    assert "layers" not in metrics, "none were matched"
    numbers = json.loads((micro.folder / "metrics/languages/qab.json").read_text())
    assert "experimental_gain" in numbers and "control_gain" not in numbers
    fits = pd.read_csv(micro.folder / "artifacts/tables/factorizations.csv")
    assert fits["control_layer"].isna().all() and fits["experimental_layer"].notna().all()
    text = page.read_text(encoding="utf-8")
    assert "with a reference: the parts of speech of the words" in text
    assert "The gains of the monolingual models" not in text
    assert "control" not in micro.langsig("show", "metrics/summary.json")
    micro.use("micro")
    assert micro.repro() == ["analyse"], "its metrics are not cached; all else is in the run cache"
    assert page.read_bytes() == before
    micro.restore()
