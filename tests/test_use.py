import copy
import csv
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import use
import yaml

from langsig.corpora.fetching import read_sources
from langsig.morphology import ALL_WORDS, CATEGORIES, category_slug

ROOT = Path(__file__).parents[1]
PRESETS = {path.stem: path for path in sorted((ROOT / "conf").glob("*.yaml"))}
SOURCES = {path.stem: path for path in sorted((ROOT / "conf/sources").glob("*.csv"))}
PARAMETERS = {**PRESETS, "params": ROOT / "params.yaml"}
every_preset = pytest.mark.parametrize("preset", PRESETS)
all_parameters = pytest.mark.parametrize("name", PARAMETERS)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def keys(item: Any, path: str = "") -> set[str]:
    """Dotted paths of all parameters; one language stands for all, and lists count as values."""
    if not isinstance(item, dict) or path in ("covariance.block_layers", "analysis.related"):
        return {path}
    if path == "languages":
        return {key for inner in item.values() for key in keys(inner, "languages.*")}
    return {key for name, inner in item.items() for key in keys(inner, f"{path}.{name}".strip("."))}


def lookup(params: Any, path: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", path):
        params = params[int(part) if isinstance(params, list) else part]
    return params


def resolved_stages(params: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every stage that DVC makes of ``dvc.yaml``, with nothing left to fill in."""
    for name, entry in load(ROOT / "dvc.yaml")["stages"].items():
        if "foreach" not in entry:
            yield name, fill(entry, params)
            continue
        each = lookup(params, entry["foreach"].strip("${}"))
        items = each.items() if isinstance(each, dict) else ((item, item) for item in each)
        for key, item in items:
            yield f"{name}@{key}", fill(entry["do"], {**params, "key": key, "item": item})


def fill(value: Any, context: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {fill(key, context): fill(inner, context) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, context) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(.+?)\}", lambda match: str(lookup(context, match[1])), value)
    return value


def test_pipeline_is_in_step_with_the_parameters() -> None:
    pipeline = load(ROOT / "dvc.yaml")
    before = copy.deepcopy(pipeline)
    use.write_lists(pipeline, load(ROOT / "params.yaml"))
    assert pipeline == before, "run `make use`"


@every_preset
def test_presets_go_in_and_out(preset: str) -> None:
    pipeline = load(ROOT / "dvc.yaml")
    before = copy.deepcopy(pipeline)
    use.write_lists(pipeline, load(PRESETS[preset]))
    use.write_lists(pipeline, load(ROOT / "params.yaml"))
    assert pipeline == before


@every_preset
def test_joint_stages_depend_on_all_that_a_preset_names_and_nothing_else(preset: str) -> None:
    params, pipeline = load(PRESETS[preset]), load(ROOT / "dvc.yaml")
    before = copy.deepcopy(pipeline)
    use.write_lists(pipeline, params)
    languages, categories = list(params["languages"]), params["categories"]

    def found(stage: str, folder: str) -> list[str]:
        entry = pipeline["stages"][stage]
        paths = [Path(path) for path in entry.get("do", entry)["deps"]]
        inside = [path.relative_to(folder) for path in paths if path.is_relative_to(folder)]
        return [path.parts[0].partition(".")[0] for path in inside]

    assert found("tokenizer", "artifacts/vocabulary") == languages
    assert found("pretrain-experimental", "artifacts/sequences") == languages
    assert found("pretrain-experimental", "artifacts/words") == languages
    assert found("factorize", "artifacts/covariances") == languages
    assert found("uncertainty", "artifacts/covariances") == languages
    assert found("uncertainty", "artifacts/untrained") == languages
    assert found("ranks", "artifacts/covariances") == languages
    assert found("sets", "artifacts/covariances") == languages
    assert found("relate", "artifacts/cleaning") == languages
    assert found("relate", "artifacts/words") == languages
    assert found("relate", "artifacts/signatures") == categories
    assert found("relate", "artifacts/uncertainty") == params["uncertainty"]["sources"]
    assert found("analyse", "artifacts/words") == languages
    assert found("analyse", "artifacts/learning") == ["experimental", *languages]
    assert found("analyse", "artifacts/signatures") == categories
    assert found("analyse", "artifacts/uncertainty") == params["uncertainty"]["sources"]
    assert found("plot", "artifacts/learning") == ["experimental", *languages]
    for stage, entry in before["stages"].items():
        if stage not in use.JOINT:
            assert pipeline["stages"][stage] == entry
        after = pipeline["stages"][stage]
        assert {**entry.get("do", entry), "deps": 0} == {**after.get("do", after), "deps": 0}


@all_parameters
def test_every_parameter_that_the_pipeline_names_is_there(name: str) -> None:
    params = load(PARAMETERS[name])
    for stage, entry in resolved_stages(params):
        for path in entry.get("params", []):
            try:
                lookup(params, path)
            except (KeyError, TypeError):
                pytest.fail(f"{stage}: {name} has no {path}")


@all_parameters
def test_categories_are_those_of_the_words_table(name: str) -> None:
    known = set(map(category_slug, CATEGORIES))
    named = load(PARAMETERS[name])["categories"]
    assert len(named) == len(set(named))
    real = name == "paper" or name.startswith("ud")
    assert set(named) == known if real else set(named) <= known


@all_parameters
def test_every_parameter_is_used(name: str) -> None:
    params = load(PARAMETERS[name])
    named = {path for _, entry in resolved_stages(params) for path in entry.get("params", [])}
    text = (ROOT / "dvc.yaml").read_text()
    for section in set(params) - {"languages"}:
        assert any(path.split(".")[0] == section for path in named) or f"${{{section}" in text


@every_preset
def test_every_dependency_is_made_by_a_stage_or_is_in_the_repository(preset: str) -> None:
    params, pipeline = load(PRESETS[preset]), load(ROOT / "dvc.yaml")
    use.write_lists(pipeline, params)
    made, needed = set(), {}
    for name, entry in pipeline["stages"].items():
        each: Any = {None: None}
        if "foreach" in entry:
            each = lookup(params, entry["foreach"].strip("${}"))
        for key in each:
            item = each[key] if isinstance(each, dict) else key
            stage = fill(entry.get("do", entry), {**params, "key": key, "item": item})
            outs = [*stage["outs"], *stage.get("metrics", [])]
            made |= {out if isinstance(out, str) else next(iter(out)) for out in outs}
            needed |= dict.fromkeys(stage["deps"], f"{name}@{key}")
    for path, stage in needed.items():
        if path.startswith(("artifacts/", "metrics/", "plots/")):
            assert made & {path, str(Path(path).parent)}, (
                f"{stage} needs {path}, which no stage makes"
            )
        elif not path.startswith("data/"):
            assert (ROOT / path).exists(), f"{stage} needs {path}"


@all_parameters
def test_all_presets_have_the_same_parameters(name: str) -> None:
    params = load(PARAMETERS[name])
    assert keys(params) == keys(load(PRESETS["demo"]))
    assert len(set(params["categories"])) == len(params["categories"]) > 0
    expected = keys(load(PRESETS["demo"])["languages"]["qaa"])
    for language, item in params["languages"].items():
        assert keys(item) == expected, language


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the program writes, whose data folder is declared as it should be."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "conf", root / "conf")
    for name in ("dvc.yaml", "params.yaml", "data.dvc"):
        shutil.copy(ROOT / name, root)
    (root / "samples").symlink_to(ROOT / "samples")
    monkeypatch.setattr(use, "ROOT", root)
    monkeypatch.chdir(root)
    declared = (root / "data.dvc").read_text()
    (root / "data.dvc").write_text(
        re.sub(r"(deps:.*?path: )\S+", r"\1samples", declared, flags=re.S)
    )
    return root


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["use", *arguments])
    use.main()


def unchanged(project: Path) -> bool:
    files = ("dvc.yaml", "params.yaml")
    return all((project / name).read_bytes() == (ROOT / name).read_bytes() for name in files)


@pytest.mark.parametrize("preset", ["demo", "micro"])
def test_preset_is_put_in_place(
    preset: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(monkeypatch, preset)
    assert load(project / "params.yaml") == load(PRESETS[preset])
    pipeline = load(project / "dvc.yaml")
    expected = load(ROOT / "dvc.yaml")
    use.write_lists(expected, load(PRESETS[preset]))
    assert pipeline == expected
    assert not list(project.glob(".*.tmp"))


def test_comments_outlive_a_change(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    comments = {
        name: [line.partition("#")[2] for line in (ROOT / name).read_text().splitlines()]
        for name in ("dvc.yaml", "conf/micro.yaml")
    }
    call(monkeypatch, "micro")
    for name, written in (("dvc.yaml", "dvc.yaml"), ("conf/micro.yaml", "params.yaml")):
        text = (project / written).read_text()
        assert all(comment in text for comment in comments[name])


def test_values_can_be_set(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = ["factorize.rank=4", "languages.qah.romanise=true", "tokenizer.existing=xlm-r"]
    call(monkeypatch, "micro", "--set", *changes)
    params, preset = load(project / "params.yaml"), load(PRESETS["micro"])
    preset["factorize"]["rank"] = 4
    preset["languages"]["qah"]["romanise"] = True
    preset["tokenizer"]["existing"] = "xlm-r"
    assert params == preset


@pytest.mark.parametrize(
    "change",
    ["factorize.rnak=4", "nothing=1", "factorise.rank=4", "seed.x=1", "languages.xx.romanise=true",
     "categories.x=1", "factorize.method.tensor=1", "factorize.rank"],
)  # fmt: skip
def test_unknown_parameter_is_refused(
    change: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match=re.escape(f"error: --set {change}: ")):
        call(monkeypatch, "micro", "--set", change)
    assert unchanged(project)


def test_unknown_preset_lists_those_there_are(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as ended:
        call(monkeypatch, "huge")
    assert all(preset in str(ended.value) for preset in ("PRESET=huge", *PRESETS))
    assert unchanged(project)


def needed(preset: str) -> set[str]:
    """Paths below the data folder that a preset names."""
    languages = load(PRESETS[preset])["languages"].values()
    paths = {path for item in languages for path in (*item["corpora"], item["treebank"])}
    return {path.removeprefix("data/") for path in paths}


def test_paper_is_put_in_place_on_a_folder_with_its_files(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = project / "data.dvc"
    declared.write_text(declared.read_text().replace("path: samples", "path: fetched"))
    paths = needed("paper")
    for path in paths:
        (project / "fetched" / path).parent.mkdir(parents=True, exist_ok=True)
        (project / "fetched" / path).touch()
    call(monkeypatch, "paper", "--data", "fetched")
    assert load(project / "params.yaml") == load(PRESETS["paper"])
    missing = max(paths)
    (project / "fetched" / missing).unlink()
    with pytest.raises(SystemExit, match=f"fetched has no {missing}"):
        call(monkeypatch, "paper", "--data", "fetched")


@pytest.mark.parametrize("preset", SOURCES)
def test_all_that_a_preset_needs_is_fetched_and_nothing_else(preset: str) -> None:
    sources = read_sources(SOURCES[preset])
    assert len({source.path for source in sources}) == len(sources)
    assert all(source.url.endswith(f"/{Path(source.path).name}") for source in sources)
    archives = {source.path: source.path.removesuffix(".tgz") for source in sources}
    used = set()
    for path in needed(preset):
        (one,) = [name for name, place in archives.items() if f"{path}/".startswith(f"{place}/")]
        used.add(one)
    assert used == {*archives}


def test_paper_has_the_languages_and_sizes_of_the_paper() -> None:
    params = load(PRESETS["paper"])
    with open(ROOT / "tests/data/paper_categories.csv", encoding="utf-8", newline="") as stream:
        studied = {row["language"] for row in csv.DictReader(stream)}
    assert {*params["languages"]} == studied and len(studied) == 33
    assert params["pack"]["sequences"] + params["pack"]["validation_sequences"] == 70_380
    share = params["clean"]["validation"]  # even if a quarter of the smallest corpus is left out
    assert 0.75 * 70_380 * share > 1_000
    for role, heads in (("control", 8), ("experimental", 12)):
        model = params["pretraining"][role]["model"]
        assert (model["layers"], model["dim"], model["heads"]) == (12, 768, heads)
    assert params["factorize"]["rank"] == 768


@every_preset
def test_every_preset_names_a_launcher_and_layers_that_are_there(preset: str) -> None:
    params = load(PRESETS[preset])
    program, *arguments = params["pretraining"]["launch"].split()
    if program == "accelerate":
        assert load(ROOT / arguments[-1])["num_processes"] >= 1
    else:
        assert (program, arguments) == ("python", [])
    for role in ("control", "experimental"):
        model = params["pretraining"][role]["model"]
        assert model["dim"] % model["heads"] == 0
        kept = params["covariance"]["block_layers"]
        assert set(kept) <= set(CATEGORIES)
        assert {at for layers in kept.values() for at in layers} <= {*range(model["layers"] + 1)}
        assert params["factorize"]["rank"] <= model["dim"]
        assert max(params["ranks"]["candidates"]) <= model["dim"]
    assert set(params["ranks"]["layers"]) <= set(params["covariance"]["block_layers"][ALL_WORDS])
    assert 2 <= params["ranks"]["folds"] <= params["covariance"]["blocks"]


@every_preset
def test_intervals_and_tests_by_flips_can_be_had(preset: str) -> None:
    params = load(PRESETS[preset])
    options, covariance = params["uncertainty"], params["covariance"]
    stage = (ROOT / "stages/uncertainty.py").read_text(encoding="utf-8")
    assert all(f'"{source}": ' in stage for source in options["sources"])
    assert options["replicates"] > 1 and covariance["blocks"] > 1, "one has no variance"
    assert 1 <= options["iterations"] <= params["factorize"]["max_iterations"]
    assert 1 / (1 + options["replicates"]) <= 0.05, "no p could be small"
    assert covariance["min_instances"] < covariance["equal_words"]
    assert set(params["analysis"]["logographic"]) < set(params["languages"])
    assert params["factorize"]["starts"] > 1


def test_missing_data_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "elsewhere" / "corpora").mkdir(parents=True)
    (project / "elsewhere" / "corpora" / "qaa.txt").touch()
    expected = r"error: languages\.qaa: elsewhere has no treebanks/qaa"
    with pytest.raises(SystemExit, match=expected):
        call(monkeypatch, "micro", "--data", "elsewhere")
    (project / "elsewhere" / "treebanks" / "qaa").mkdir(parents=True)
    expected = r"error: languages\.qab: elsewhere has no corpora/qab\.txt"
    with pytest.raises(SystemExit, match=expected):
        call(monkeypatch, "micro", "--data", "elsewhere")
    assert unchanged(project)


def test_samples_hold_what_demo_and_micro_name() -> None:
    for preset in ("demo", "micro"):
        use.check_data(load(PRESETS[preset]), ROOT / "samples")


def test_languages_with_different_numbers_of_corpora_are_refused() -> None:
    params, pipeline = load(PRESETS["micro"]), load(ROOT / "dvc.yaml")
    params["languages"]["qab"]["corpora"].append("data/corpora/more.txt")
    with pytest.raises(SystemExit, match=r"different numbers of corpora.*'qab': 2"):
        use.write_lists(pipeline, params)


def test_every_corpus_is_a_dependency() -> None:
    params, pipeline = load(PRESETS["micro"]), load(ROOT / "dvc.yaml")
    for item in params["languages"].values():
        item["corpora"] = ["data/a.txt", "data/b.txt", "data/c.txt"]
    use.write_lists(pipeline, params)
    found = [path for path in pipeline["stages"]["clean"]["do"]["deps"] if "corpora[" in path]
    assert found == [f"${{item.corpora[{number}]}}" for number in range(3)]
