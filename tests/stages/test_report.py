import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from langsig.analysis import Associations
from langsig.parameters import read_resolved
from langsig.schemas import Properties
from tests.report.tables import renamed, results_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LANGUAGES = ["nan", "qab", "qah"]
TABLES = [
    "average_signatures", "spread", "intervals", "findings", "trends", "factorizations",
    "baseline_agreement", "residual_reliability", "treebanks", "coverage",
]  # fmt: skip
RELATIONS = [
    "languages", "correlations", "benchmarks", "distances", "trees", "tree_statistics",
    "variance_tests", "measure_tests",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of the stages before this one. The code `nan` is that of Min Nan."""
    folder = tmp_path_factory.mktemp("run")
    results = results_of(3, unlearnt=("qaa",))
    results = renamed(results, {"qaa": "nan", "qac": "qah", "Language qaa": "Min Nan"})
    learning = dict(zip([*LANGUAGES, "experimental"], results.learning.values(), strict=True))
    results = replace(results, learning=learning)
    for name in ("tables", "relations", "ranks"):
        (folder / "artifacts" / name).mkdir(parents=True)
    for name in TABLES:
        getattr(results, name).save(folder / f"artifacts/tables/{name}.csv")
    for name in ("ranks", "recommendations"):
        getattr(results, name).save(folder / f"artifacts/ranks/{name}.csv")
    associations = Associations(
        properties=Properties.empty(), **{name: getattr(results, name) for name in RELATIONS}
    )
    associations.save(folder / "artifacts/relations")
    assert results.learned and results.learned_stability
    (folder / "artifacts/learned").mkdir()
    results.learned.save(folder / "artifacts/learned/signatures.csv")
    results.learned_stability.save(folder / "artifacts/learned/stability.csv")
    (folder / "artifacts/learned/notes.txt").write_text("Words are too few.\n")
    assert results.profile
    (folder / "artifacts/outcomes").mkdir()
    results.profile.save(folder / "artifacts/outcomes")
    results.profile.predictors.save(folder / "artifacts/relations/predictors.csv")
    for model, numbers in learning.items():
        target = folder / "artifacts/learning" / model
        target.mkdir(parents=True)
        (target / "learning.json").write_text(json.dumps(asdict(numbers)))
        curve = results.learning_curves.select(model=model).frame.drop(columns="model")
        curve.to_csv(target / "curve.csv", index=False)
    parameters = read_resolved(ROOT / "conf/micro.yaml").data
    text = json.dumps(parameters | {"seed": 7}).replace('"qaa"', '"nan"')
    (folder / "params.yaml").write_text(text)
    (folder / "data.dvc").write_text(json.dumps({"outs": [{"md5": "0f0f.dir", "path": "data"}]}))
    subprocess.run(
        [sys.executable, "-m", "stages", "report"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report/index.html").read_text(encoding="utf-8")


def data_of(page: str) -> Any:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(data)


def test_page_has_all_tables_of_the_stages(page: str) -> None:
    sets = set(data_of(page)["sets"])
    derived = {"overview", "learning", "relatedness", "tree_lines", "tree_leaves"}
    derived |= {"outcomes", "outcome_layers", "predictors", "learned", "learned_stability"}
    shown = {*TABLES, *RELATIONS, "ranks", "recommendations"} - {"languages", "treebanks", "trees"}
    assert sets == shown | derived


def test_page_has_the_names_of_languages_and_the_mark_of_models_that_have_not_learnt(
    page: str,
) -> None:
    names = {row["language"]: row["name"] for row in data_of(page)["languages"]}
    assert names == {"nan": "Min Nan†", "qab": "Language qab", "qah": "Language qac"}


def test_page_states_parameters_data_and_versions(page: str) -> None:
    for text in (
        "seed: 7",
        "0f0f.dir",
        "Git revision",
        "torch",
        "from a gain of 0.5 nats",
        "Words are too few.",
    ):
        assert text in page


def test_nothing_but_the_page_is_written(folder: Path) -> None:
    assert [path.name for path in (folder / "report").iterdir()] == ["index.html"]
