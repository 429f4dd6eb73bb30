"""Presets say how they differ from base.yaml; what they come to, and what is written from it."""

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from langsig.commands import main
from langsig.corpora.fetching import read_sources
from langsig.errors import InputError
from langsig.parameters import (
    ParameterError,
    Parameters,
    json_schema,
    load_parameters,
    missing_files,
    parameter_file,
    preset_path,
    read_document,
    read_resolved,
    reference,
    validated,
)

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
SHIPPED = ("demo", "micro", "ud8", "ud33", "paper")
every_preset = pytest.mark.parametrize("name", SHIPPED)


def resolved(name: str) -> Parameters:
    return validated(read_resolved(CONF / f"{name}.yaml"))


def test_micro_is_base_with_what_it_says() -> None:
    micro = resolved("micro")
    assert list(micro.languages) == ["qaa", "qab", "qah"]
    assert micro.languages["qah"].model_dump() == {
        "corpora": ["data/corpora/qah.txt"],
        "treebank": "data/treebanks/qah",
        "romanise": False,
        "fraction": 1.0,
    }
    assert micro.categories == ["gender", "number", "part-of-speech"]
    assert micro.analysis.related == {"Western": ["qaa", "qab"]}
    assert micro.covariance.block_layers == {"Part of Speech": [0, 1, 2, 3]}
    assert micro.pretraining.control.model.model_dump() == {
        "architecture": "roberta",
        "layers": 3,
        "dim": 32,
        "heads": 2,
        "dropout": 0.0,
        "initializer_range": 0.04,
    }
    steps = [micro.pretraining.control.recipe.steps, micro.pretraining.experimental.recipe.steps]
    assert steps == [60, 90]
    assert (micro.factorize.rank, micro.factorize.max_iterations) == (8, 50)
    assert micro.clean == resolved("demo").clean and micro.seed == 1


def test_demo_is_base() -> None:
    assert read_resolved(CONF / "demo.yaml").data == read_document(CONF / "base.yaml").data


def test_ud8_differs_where_it_says() -> None:
    ud8 = resolved("ud8")
    assert list(ud8.languages) == ["de", "nl", "es", "it", "cs", "ru", "fi", "zh"]
    assert len(ud8.categories) == 17 and ud8.factorize.rank == 32
    recipes = [ud8.pretraining.control.recipe, ud8.pretraining.experimental.recipe]
    assert [recipe.steps for recipe in recipes] == [3000, 5000]
    assert all(recipe.learning_rate == 1.5e-3 and recipe.warmup == 0.1 for recipe in recipes)
    assert set(ud8.analysis.related) == {"Germanic", "Romance", "Slavic", "Indo-European"}
    assert ud8.analysis.layers == [0, 3, 6] and ud8.ranks.layers == [0, 3, 6]


def test_paper_has_the_languages_and_sizes_of_the_paper() -> None:
    paper = resolved("paper")
    with open(ROOT / "tests/data/paper_categories.csv", encoding="utf-8", newline="") as stream:
        studied = {row["language"] for row in csv.DictReader(stream)}
    assert {*paper.languages} == studied and len(studied) == 33
    assert paper.pack.sequences + paper.pack.validation_sequences == 70_380
    # Even if a quarter of the smallest corpus is left out, enough is held out.
    assert 0.75 * 70_380 * paper.clean.validation > 1_000
    for role, heads in ((paper.pretraining.control, 8), (paper.pretraining.experimental, 12)):
        assert (role.model.layers, role.model.dim, role.model.heads) == (12, 768, heads)
    assert paper.factorize.rank == 768 and paper.seed == 42


@pytest.mark.parametrize(("name", "most"), [("ud8", 90), ("ud33", 100), ("micro", 40)])
def test_presets_are_short(name: str, most: int) -> None:
    text = (CONF / f"{name}.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= most


@every_preset
def test_presets_can_give_results(name: str) -> None:
    parameters = resolved(name)
    program, *arguments = parameters.pretraining.launch.split()
    if program == "accelerate":
        launch = YAML(typ="safe").load((ROOT / arguments[-1]).read_text(encoding="utf-8"))
        assert launch["num_processes"] >= 1
    else:
        assert (program, arguments) == ("python", [])
    narrowest = min(
        parameters.pretraining.control.model.dim, parameters.pretraining.experimental.model.dim
    )
    assert max(parameters.ranks.candidates) <= narrowest
    options = parameters.uncertainty
    assert options.iterations <= parameters.factorize.max_iterations
    assert 1 / (1 + options.replicates) <= 0.05, "no p could be small"
    assert {*parameters.analysis.logographic} < {*parameters.languages}
    assert parameters.factorize.starts > 1, "nothing to compare the best start with"


@pytest.mark.parametrize("name", ["demo", "micro"])
def test_samples_have_the_files_that_presets_name(name: str) -> None:
    document = read_resolved(CONF / f"{name}.yaml")
    assert missing_files(validated(document), document, ROOT / "samples", ROOT) == []


def test_all_that_the_paper_needs_is_fetched_and_nothing_else() -> None:
    sources = read_sources(CONF / "sources/paper.csv")
    assert len({source.path for source in sources}) == len(sources)
    assert all(source.url.endswith(f"/{Path(source.path).name}") for source in sources)
    folders = {source.path: source.path.removesuffix(".tgz") for source in sources}
    used = set()
    for item in resolved("paper").languages.values():
        for path in (*item.corpora, item.treebank):
            inner = path.removeprefix("data/") + "/"
            (archive,) = [key for key, folder in folders.items() if inner.startswith(f"{folder}/")]
            used.add(archive)
    assert used == {*folders}


def write(folder: Path, **files: str) -> Path:
    """A folder with base.yaml and presets."""
    (folder / "base.yaml").write_bytes((CONF / "base.yaml").read_bytes())
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_mappings_are_merged_and_lists_and_names_replaced(tmp_path: Path) -> None:
    mine = """
        factorize: {rank: 4}
        analysis:
          related: {Mine: [qaa, qab]}
          layers: [0]
        covariance: {block_layers: {Part of Speech: [0, 3, 6], Case: [0]}}
        experimental: {fractions: {qab: 0.5}}
    """
    parameters = validated(read_resolved(write(tmp_path, mine=mine) / "mine.yaml"))
    expected = resolved("demo").model_dump()
    expected["factorize"]["rank"] = 4
    expected["analysis"] |= {"related": {"Mine": ["qaa", "qab"]}, "layers": [0]}
    expected["covariance"]["block_layers"] = {"Part of Speech": [0, 3, 6], "Case": [0]}
    expected["experimental"]["fractions"] = {"qab": 0.5}
    assert parameters.model_dump() == expected


def test_codes_of_languages_are_brought_into_one_spelling(tmp_path: Path) -> None:
    base = "languages: {}\nexperimental: {languages: all, fractions: {}}\nanalysis: {related: {}}\n"
    preset = (
        "languages:\n  DAN: {romanise: true}\n  zh_hant: {}\n"
        "experimental: {languages: [dan, ZH-Hant], fractions: {DA: 0.5}}\n"
        "analysis: {languages: all, diverse: [dan], related: {Nordic: [DA, xyz1]}}\n"
    )
    path = write(tmp_path, base=base, mine=preset) / "mine.yaml"
    document = read_resolved(path, ["languages.DA.fraction=0.2", "analysis.logographic=[zh_Hant]"])
    assert document.data == {
        "languages": {
            "da": {"romanise": True, "fraction": 0.2},
            "zh-Hant": {"romanise": False, "fraction": 1.0},
        },
        "experimental": {"languages": ["da", "zh-Hant"], "fractions": {"da": 0.5}},
        "analysis": {
            "languages": "all",
            "diverse": ["da"],
            "related": {"Nordic": ["da", "xyz1"]},
            "logographic": ["zh-Hant"],
        },
    }
    assert document.locations["languages", "da"] == (str(path), 2)


def test_two_spellings_of_one_language_are_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path, base="seed: 1\n", mine="languages:\n  da: {}\n  dan: {}\n") / "mine.yaml"
    (problem,) = read_resolved(path).problems
    assert str(problem) == f"{path}:3: languages.dan: the same language as da; remove one"


def test_files_without_a_base_are_complete_themselves(tmp_path: Path) -> None:
    text = parameter_file(resolved("micro"))
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert validated(read_resolved(tmp_path / "mine.yaml")) == resolved("micro")


def test_problems_name_the_file_that_they_are_in(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        mine="factorize: {rank: 65}\nranks:\n  folds: 1\nlanguages:\n  qaa: {romanise: no}\n",
    )
    base = folder / "base.yaml"
    base.write_text(base.read_text(encoding="utf-8").replace("blocks: 20", "blocks: 0"))
    with pytest.raises(ParameterError) as raised:
        validated(read_resolved(folder / "mine.yaml"))
    places = {problem.key: problem.location for problem in raised.value.problems}
    assert places["ranks.folds"].line == 3 and places["languages.qaa.romanise"].line == 5
    assert places["languages.qaa.corpora"].line == 5
    assert places["factorize.rank"] == (f"{folder / 'mine.yaml'}", 1)
    assert places["covariance.blocks"].file == str(base)


def test_presets_of_a_user_are_listed_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, mine="seed: 2\n", broken="sed: 2\n")
    assert preset_path("mine", folder) == folder / "mine.yaml"
    with pytest.raises(InputError, match=r"got 'other'; must be one of broken, mine"):
        preset_path("other", folder)
    monkeypatch.chdir(folder)
    assert main(["check", "mine.yaml"]) == 0
    assert main(["check", "broken.yaml"]) == 1
    assert "broken.yaml:1: sed: unknown key; did you mean seed?" in capsys.readouterr().err


@every_preset
def test_what_is_written_is_what_was_read(name: str, tmp_path: Path) -> None:
    parameters = resolved(name)
    (tmp_path / "params.yaml").write_text(parameter_file(parameters, ["A comment"]))
    assert load_parameters(tmp_path / "params.yaml") == parameters


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


@pytest.mark.slow
@settings(max_examples=30)
@given(
    texts=st.lists(TEXTS.filter(str.strip), min_size=3, max_size=3),
    number=st.floats(min_value=1e-300, max_value=1e300),
    name=TEXTS.filter(lambda text: text.strip() and text != "diverse"),
)
def test_any_value_is_written_as_it_is_read(
    texts: list[str], number: float, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data: dict[str, Any] = resolved("micro").model_dump()
    data["tokenizer"]["existing"] = texts[0]
    data["pretraining"]["launch"] = shlex.quote(" ".join(texts[1].splitlines()))
    data["pretraining"]["origin"]["data"] = texts[2]
    data["factorize"]["tolerance"] = number
    data["analysis"]["related"] = {name: ["qaa"]}
    parameters = Parameters.model_validate(data)
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(parameter_file(parameters), encoding="utf-8", newline="\n")
    assert load_parameters(path) == parameters


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("conf/params.schema.json", json_schema()),
        ("conf/preset.schema.json", json_schema(preset=True)),
        ("docs/reference/parameters.md", reference(read_document(CONF / "base.yaml").data)),
    ],
)
def test_generated_files_are_up_to_date(file: str, text: str) -> None:
    message = "run: langsig check --schema, --schema preset, --reference"
    assert (ROOT / file).read_text(encoding="utf-8") == text, message


def test_command_prints_what_is_generated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    for arguments, file in [
        (["--schema"], "conf/params.schema.json"),
        (["--schema", "preset"], "conf/preset.schema.json"),
        (["--reference"], "docs/reference/parameters.md"),
    ]:
        assert main(["check", *arguments]) == 0
        assert capsys.readouterr().out == (ROOT / file).read_text(encoding="utf-8")


def test_editors_find_the_schema() -> None:
    for path in [ROOT / "params.yaml", *(CONF / f"{name}.yaml" for name in ("base", *SHIPPED))]:
        first, _, _ = path.read_text(encoding="utf-8").partition("\n")
        key, _, schema = first.partition("$schema=")
        assert key == "# yaml-language-server: " and (path.parent / schema).is_file(), path


def test_every_key_is_explained() -> None:
    def keys(part: dict[str, Any], path: str) -> None:
        inner = schema["$defs"].get(part.get("$ref", "").rpartition("/")[2])
        assert part.get("description") or inner["description"], path
        if inner:
            for name, item in inner["properties"].items():
                keys(item, f"{path}.{name}")

    schema = json.loads(json_schema())
    for name, item in schema["properties"].items():
        keys(item, name)
    for name, item in schema["$defs"]["Language"]["properties"].items():
        keys(item, name)


def test_schema_of_presets_needs_no_key() -> None:
    schema = json.loads(json_schema(preset=True))
    needed = {name for name, item in schema["$defs"].items() if "required" in item}
    assert "required" not in schema and needed == {"Language"}
    assert schema["properties"]["languages"]["additionalProperties"] is False
