"""The lists in dvc.yaml name what the parameters name, and every stage finds what it needs."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from langsig.morphology import category_slug
from langsig.morphology.categories import CATEGORIES
from langsig.parameters import Parameters, load_parameters, read_resolved, validated
from langsig.repository.lists import (
    JOINT,
    lists_are_current,
    pipeline_text,
    read_pipeline,
    write_lists,
)

ROOT = Path(__file__).parents[2]
SHIPPED = ("demo", "micro", "ud8", "ud33", "paper")
every_preset = pytest.mark.parametrize("name", SHIPPED)
REFERENCES = ("upos", "features", "context", "untrained")
every_reference = pytest.mark.parametrize("reference", REFERENCES)
all_parameters = pytest.mark.parametrize("name", [*SHIPPED, "params"])


def pipeline() -> dict[str, Any]:
    return read_pipeline(ROOT / "dvc.yaml")


def parameters_of(name: str) -> Parameters:
    if name == "params":
        return load_parameters(ROOT / "params.yaml")
    return validated(read_resolved(ROOT / "conf" / f"{name}.yaml"))


def changed(parameters: Parameters, **languages: Any) -> Parameters:
    """The parameters with other values for all languages."""
    data = parameters.model_dump()
    for options in data["languages"].values():
        options.update(languages)
    return Parameters.model_validate(data)


def with_reference(parameters: Parameters, reference: str) -> Parameters:
    """The parameters with another reference, and a rank that fits it."""
    data = parameters.model_dump()
    data["reference"] = reference
    data["factorize"]["rank"] = 4
    return Parameters.model_validate(data)


def lookup(values: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        values = values[int(part) if isinstance(values, list) else part]
    return values


def fill(value: Any, context: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {fill(key, context): fill(inner, context) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, context) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(.+?)\}", lambda match: str(lookup(context, match[1])), value)
    return value


def resolved_stages(
    stages: dict[str, Any], values: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every stage that DVC makes of ``dvc.yaml``, with nothing left to fill in."""
    for name, entry in stages.items():
        if "foreach" not in entry:
            yield name, fill(entry, values)
            continue
        each = entry["foreach"]
        if isinstance(each, str):
            each = lookup(values, each.strip("${}"))
        items = each.items() if isinstance(each, dict) else ((item, item) for item in each)
        for key, item in items:
            yield f"{name}@{key}", fill(entry["do"], {**values, "key": key, "item": item})


def test_pipeline_is_in_step_with_the_parameters() -> None:
    assert lists_are_current(pipeline(), load_parameters(ROOT / "params.yaml")), "run `make use`"


def test_lists_of_other_parameters_are_not_current() -> None:
    parameters = load_parameters(ROOT / "params.yaml")
    fewer = parameters.model_copy(update={"categories": ["part-of-speech"]})
    current = pipeline()
    before = copy.deepcopy(current)
    assert not lists_are_current(current, fewer)
    assert current == before


@every_preset
def test_presets_go_in_and_out(name: str) -> None:
    changing = pipeline()
    before = copy.deepcopy(changing)
    write_lists(changing, parameters_of(name))
    write_lists(changing, parameters_of("params"))
    assert changing == before


@pytest.mark.slow
def test_comments_and_layout_are_kept() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert pipeline_text(pipeline()) == text
    changing = pipeline()
    write_lists(changing, parameters_of("micro"))
    comments = [line for line in text.splitlines() if line.strip().startswith("#")]
    assert comments and all(line in pipeline_text(changing) for line in comments)


def listed(changing: dict[str, Any], stage: str, folder: str) -> list[str]:
    """Names of the dependencies of a stage in a folder."""
    entry = changing["stages"][stage]
    paths = [Path(path) for path in entry.get("do", entry)["deps"]]
    inside = [path.relative_to(folder) for path in paths if path.is_relative_to(folder)]
    return [path.parts[0].partition(".")[0] for path in inside]


@every_preset
def test_joint_stages_depend_on_all_that_a_preset_names_and_nothing_else(name: str) -> None:
    parameters, changing = parameters_of(name), pipeline()
    before = copy.deepcopy(changing)
    write_lists(changing, parameters)
    languages, sources = list(parameters.languages), parameters.uncertainty.sources
    assert listed(changing, "tokenizer", "artifacts/vocabulary") == languages
    assert listed(changing, "pretrain-experimental", "artifacts/sequences") == languages
    assert listed(changing, "pretrain-experimental", "artifacts/words") == languages
    assert listed(changing, "factorize", "artifacts/covariances") == languages
    assert listed(changing, "uncertainty", "artifacts/covariances") == languages
    assert listed(changing, "uncertainty", "artifacts/untrained") == languages
    assert listed(changing, "ranks", "artifacts/covariances") == languages
    assert listed(changing, "sets", "artifacts/covariances") == languages
    assert listed(changing, "relate", "artifacts/cleaning") == languages
    assert listed(changing, "relate", "artifacts/words") == languages
    assert listed(changing, "relate", "artifacts/signatures") == parameters.categories
    assert listed(changing, "relate", "artifacts/uncertainty") == sources
    assert listed(changing, "analyse", "artifacts/words") == languages
    assert listed(changing, "analyse", "artifacts/learning") == ["experimental", *languages]
    assert listed(changing, "analyse", "artifacts/signatures") == parameters.categories
    assert listed(changing, "analyse", "artifacts/uncertainty") == sources
    assert listed(changing, "plot", "artifacts/learning") == ["experimental", *languages]
    assert listed(changing, "evaluate", "artifacts/words") == languages
    for stage, entry in before["stages"].items():
        after = changing["stages"][stage]
        if stage not in JOINT:
            assert after == entry
        assert {**entry.get("do", entry), "deps": 0} == {**after.get("do", after), "deps": 0}


@every_reference
def test_without_control_models_nothing_depends_on_them(reference: str) -> None:
    parameters, changing = with_reference(parameters_of("micro"), reference), pipeline()
    write_lists(changing, parameters)
    stages = dict(resolved_stages(changing["stages"], parameters.model_dump()))
    languages = list(parameters.languages)
    assert {f"reference@{name}" for name in languages} <= stages.keys()
    assert not {f"{stage}@{name}" for stage in ("pretrain", "extract") for name in languages} & {
        *stages
    }
    assert "pretrain-experimental" in stages
    for stage in ("analyse", "plot", "report"):
        assert listed(changing, stage, "artifacts/learning") == ["experimental"]
    assert "artifacts/states/control/qaa" in stages["untrained@qaa"]["deps"]
    assert set(changing["artifacts"]) == {"experimental", "tokenizer", "signatures"}
    assert_every_dependency_is_made(changing, parameters)


@every_reference
def test_references_go_in_and_out(reference: str) -> None:
    changing = pipeline()
    before = pipeline_text(changing)
    write_lists(changing, with_reference(parameters_of("params"), reference))
    assert pipeline_text(changing) != before
    write_lists(changing, parameters_of("params"))
    assert pipeline_text(changing) == before


def test_stages_depend_on_the_chosen_sources_only() -> None:
    data = parameters_of("micro").model_dump()
    data["uncertainty"]["sources"] = ["trained"]
    changing = pipeline()
    write_lists(changing, Parameters.model_validate(data))
    assert listed(changing, "relate", "artifacts/uncertainty") == ["trained"]
    assert listed(changing, "analyse", "artifacts/uncertainty") == ["trained"]


@pytest.mark.parametrize("path", [None, "data/elsewhere"])
@pytest.mark.parametrize(
    ("stage", "section", "name"),
    [("evaluate", "evaluate", "parallel"), ("relate", "analysis", "covariates")],
)
def test_optional_files_are_dependencies_if_there_are_any(
    stage: str, section: str, name: str, path: str | None
) -> None:
    data = parameters_of("micro").model_dump()
    data[section][name] = path
    changing = pipeline()
    for _ in range(2):
        write_lists(changing, Parameters.model_validate(data))
        dependencies = changing["stages"][stage]["deps"]
        assert dependencies.count(f"${{{section}.{name}}}") == bool(path)


def test_every_corpus_is_a_dependency() -> None:
    corpora = ["data/a.txt", "data/b.txt", "data/c.txt"]
    changing = pipeline()
    write_lists(changing, changed(parameters_of("micro"), corpora=corpora))
    dependencies = changing["stages"]["clean"]["do"]["deps"]
    entries = [path for path in dependencies if "corpora[" in path]
    assert entries == [f"${{item.corpora[{number}]}}" for number in range(3)]


@all_parameters
def test_every_parameter_that_the_pipeline_names_is_there(name: str) -> None:
    values = parameters_of(name).model_dump()
    for stage, entry in resolved_stages(pipeline()["stages"], values):
        for path in entry.get("params", []):
            try:
                lookup(values, path)
            except (KeyError, TypeError):
                pytest.fail(f"{stage}: {name} has no {path}")


@all_parameters
def test_every_section_is_used(name: str) -> None:
    values = parameters_of(name).model_dump()
    stages = resolved_stages(pipeline()["stages"], values)
    named = {path for _, entry in stages for path in entry.get("params", [])}
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    for section in set(values) - {"languages"}:
        assert any(path.split(".")[0] == section for path in named) or f"${{{section}" in text


@every_preset
def test_every_dependency_is_made_by_a_stage_or_is_in_the_repository(name: str) -> None:
    parameters, changing = parameters_of(name), pipeline()
    write_lists(changing, parameters)
    assert_every_dependency_is_made(changing, parameters)


def assert_every_dependency_is_made(changing: dict[str, Any], parameters: Parameters) -> None:
    made, needed = set(), dict[str, str]()
    for stage, entry in resolved_stages(changing["stages"], parameters.model_dump()):
        outs = [*entry["outs"], *entry.get("metrics", [])]
        made |= {out if isinstance(out, str) else next(iter(out)) for out in outs}
        needed |= dict.fromkeys(entry["deps"], stage)
    for path, stage in needed.items():
        if path.startswith(("artifacts/", "metrics/", "plots/")):
            message = f"{stage} needs {path}, which no stage makes"
            assert made & {path, str(Path(path).parent)}, message
        elif not path.startswith("data/"):
            assert (ROOT / path).exists(), f"{stage} needs {path}"


def test_real_languages_are_analysed_for_all_categories() -> None:
    for name in ("ud8", "ud33", "paper"):
        assert set(parameters_of(name).categories) == set(map(category_slug, CATEGORIES))


def test_dvc_reads_the_same_values() -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert YAML(typ="safe").load(text) == load_parameters(ROOT / "params.yaml").model_dump()
