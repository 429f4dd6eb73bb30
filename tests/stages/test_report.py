import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


def write(path: Path, table: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stages before this one leave behind; one language's code is `nan`, Min Nan."""
    folder = tmp_path_factory.mktemp("run")
    languages = ["nan", "zh"]
    averages = pd.DataFrame({"language": languages, "average_signature": [0.5, 0.25]})
    averages = averages.assign(category="Part of Speech", layer=0)
    write(folder / "artifacts/tables/average_signatures.csv", averages)
    errors = {"layer": 0, "rank": 4, "relative_error": 0.1, "held_out_error": 0.2, "agreement": 1}
    ranks = pd.DataFrame([errors | {"converged": True, "in_use": True}])
    write(folder / "artifacts/ranks/ranks.csv", ranks)
    curves = pd.DataFrame({"model": languages, "step": 1, "masked_cross_entropy": 5.0})
    write(folder / "plots/figures/learning.csv", curves.assign(unigram_cross_entropy=6.0))
    facts = pd.DataFrame({"language": languages, "name": ["Min Nan", "Chinese"]})
    write(
        folder / "artifacts/relations/languages.csv",
        facts.assign(family="Sino-Tibetan", genus="Chinese"),
    )
    learning = {language: {"gain": 1.0, "learnt": language == "zh"} for language in languages}
    (folder / "metrics").mkdir()
    (folder / "metrics/summary.json").write_text(json.dumps({"learning": learning}))
    params = {"seed": 7, "pretraining": {"margin": 0.5}}
    (folder / "params.yaml").write_text(json.dumps(params))
    (folder / "data.dvc").write_text(json.dumps({"outs": [{"md5": "0f0f.dir", "path": "data"}]}))
    subprocess.run(
        [sys.executable, ROOT / "stages/report.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report/index.html").read_text(encoding="utf-8")


def data_of(page: str) -> Any:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(data)


def test_page_has_what_the_stages_left(page: str) -> None:
    assert set(data_of(page)["sets"]) == {"overview", "learning", "average_signatures", "ranks"}


def test_page_knows_languages_by_the_facts_of_the_data(page: str) -> None:
    named = {row["language"]: row["name"] for row in data_of(page)["languages"]}
    assert named == {"nan": "Min Nan†", "zh": "Chinese"}


def test_page_says_what_it_was_made_from(page: str) -> None:
    for made_from in ("seed: 7", "0f0f.dir", "Git revision", "torch", "by the margin of 0.5 nat"):
        assert made_from in page


def test_nothing_but_the_page_is_left(folder: Path) -> None:
    assert [path.name for path in (folder / "report").iterdir()] == ["index.html"]
