"""The graph of stages: what is analysis, and what one machine runs."""

from pathlib import Path

import pytest

from langsig.repository.graph import Pipeline, read_pipeline
from langsig.repository.opening import open_repository

ROOT = Path(__file__).parents[2]
LANGUAGES = ["de", "fr"]


@pytest.fixture(scope="module")
def small() -> Pipeline:
    """Words and states per language, a vocabulary and a model of all, an analysis."""
    stages: dict[str, list[str]] = {"data.dvc": []}
    for name in LANGUAGES:
        stages[f"words@{name}"] = ["data.dvc"]
    stages["vocabulary"] = [f"words@{name}" for name in LANGUAGES]
    stages["model"] = ["vocabulary"]
    for name in LANGUAGES:
        stages[f"states@{name}"] = ["model", f"words@{name}"]
    for name in LANGUAGES:
        stages[f"sums@{name}"] = [f"states@{name}", f"words@{name}"]
    stages["fit"] = [f"sums@{name}" for name in LANGUAGES]
    stages["page"] = ["fit"]
    languages = {stage: stage.partition("@")[2] for stage in stages if "@" in stage}
    return Pipeline(stages, languages)


def test_analysis_is_what_no_stage_of_a_language_needs(small: Pipeline) -> None:
    assert [stage for stage in small.in_order() if small.is_analysis(stage)] == ["fit", "page"]


def test_order_is_that_of_the_dependencies(small: Pipeline) -> None:
    assert small.in_order({"fit", "states@fr", "words@de"}) == ["words@de", "states@fr", "fit"]


def test_states_stay_on_the_machine_that_makes_sums_of_them(small: Pipeline) -> None:
    stages = [stage for stage in small.in_order() if not small.is_analysis(stage)]
    assert small.tasks(stages) == [
        ["data.dvc"],
        ["words@de"],
        ["words@fr"],
        ["vocabulary"],
        ["model"],
        ["states@de", "sums@de"],
        ["states@fr", "sums@fr"],
    ]
    assert small.tasks(["states@de"]) == [["states@de"]], "the sums are up to date"


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """That of this repository."""
    with open_repository(ROOT) as repo:
        return read_pipeline(repo)


def test_models_and_states_are_no_analysis(pipeline: Pipeline) -> None:
    analysis = {stage for stage in pipeline.in_order() if pipeline.is_analysis(stage)}
    names = {stage.partition("@")[0] for stage in analysis}
    assert {"factorize", "uncertainty", "relate", "analyse", "report"} <= names
    earlier = {stage.partition("@")[0] for stage in pipeline.in_order() if stage not in analysis}
    assert {"data.dvc", "tokenizer", "pretrain", "pretrain-experimental", "untrained"} <= earlier
    assert not names & earlier


def test_tasks_come_after_those_that_they_need(
    pipeline: Pipeline, reads: dict[str, set[str]]
) -> None:
    stages = [stage for stage in pipeline.in_order() if not pipeline.is_analysis(stage)]
    tasks = pipeline.tasks(stages)
    flat = [stage for task in tasks for stage in task]
    assert sorted(flat) == sorted(stages)
    with_states = ["extract@qaa", "extract-experimental@qaa", "covariance@qaa", "residuals@qaa"]
    assert with_states in tasks
    assert flat.index("pretrain-experimental") < flat.index("pretrain@qaa"), "it takes longest"
    for number, task in enumerate(tasks):
        earlier = {stage for before in tasks[:number] for stage in before}
        for stage in pipeline.in_order(task):
            assert reads[stage] <= earlier | set(task)
