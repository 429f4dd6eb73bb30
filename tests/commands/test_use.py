"""``langsig use``: everything is checked before anything is written, and no data are lost."""

import re
import shutil
from pathlib import Path

import pytest

from langsig.commands import main
from langsig.parameters import Parameters, load_parameters, read_resolved, validated
from langsig.repository.lists import lists_are_current, read_pipeline

ROOT = Path(__file__).parents[2]
SHIPPED = ("demo", "micro", "ud8", "ud33", "paper")


def preset(name: str) -> Parameters:
    return validated(read_resolved(ROOT / "conf" / f"{name}.yaml"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files that the command reads and writes, without a folder data/."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "conf", root / "conf")
    for name in ("dvc.yaml", "params.yaml", "data.dvc"):
        shutil.copy(ROOT / name, root)
    (root / "samples").symlink_to(ROOT / "samples")
    declared = (root / "data.dvc").read_text(encoding="utf-8")
    (root / "data.dvc").write_text(
        re.sub(r"(deps:.*?path: ).*?\n", r"\1samples\n", declared, flags=re.S), encoding="utf-8"
    )
    monkeypatch.chdir(root)
    return root


def contents(project: Path) -> dict[str, bytes]:
    return {name: (project / name).read_bytes() for name in ("dvc.yaml", "params.yaml", "data.dvc")}


def refused(project: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints when it refuses, having written nothing."""
    before = contents(project)
    assert main(["use", *arguments]) == 1
    assert contents(project) == before
    assert not list(project.glob(".*.partial*"))
    return capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo", "micro"])
def test_preset_is_put_in_place(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["use", name]) == 0
    parameters = load_parameters(project / "params.yaml")
    assert parameters == preset(name)
    assert lists_are_current(read_pipeline(project / "dvc.yaml"), parameters)
    count = len(parameters.languages)
    assert capsys.readouterr().out == f"{name}: {count} languages, data from samples\n"


def test_file_says_what_preset_it_is_and_explains_every_key(project: Path) -> None:
    assert main(["use", "micro", "--set", "factorize.rank=4"]) == 0
    text = (project / "params.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=conf/params.schema.json\n# micro: ")
    assert "# Changed: factorize.rank=4\n" in text
    assert re.search(r"^  rank: 4 +# Number of components", text, re.M)


def test_values_can_be_set(project: Path) -> None:
    changes = [
        "factorize.rank=4",
        "factorize.tolerance=1e-7",
        "languages.qah.romanise=true",
        "tokenizer.existing=xlm-r",
        "+experimental.fractions.qab=0.1",
        "analysis.related.Two=[qab, qah]",
    ]
    assert main(["use", "micro", "--set", *changes]) == 0
    expected = preset("micro").model_dump()
    expected["factorize"] |= {"rank": 4, "tolerance": 1e-7}
    expected["languages"]["qah"]["romanise"] = True
    expected["tokenizer"]["existing"] = "xlm-r"
    expected["experimental"]["fractions"] = {"qab": 0.1}
    expected["analysis"]["related"]["Two"] = ["qab", "qah"]
    assert load_parameters(project / "params.yaml").model_dump() == expected


@pytest.mark.parametrize(
    "change",
    [
        "factorize.rnak=4",
        "nothing=1",
        "factorise.rank=4",
        "seed.x=1",
        "languages.xx.romanise=true",
        "languages.qaa=",
        "languages={}",
        "categories.x=1",
        "factorize.method.tensor=1",
        "factorize.rank",
        "factorize.rank=[1",
        "factorize..rank=1",
    ],
)
def test_wrong_changes_are_refused(
    change: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"--set {change}: " in refused(project, capsys, "micro", "--set", change)


def test_several_changes_may_come_in_one_text(project: Path) -> None:
    text = 'seed=2 analysis.layers=[0, 1] pretraining.origin.data="Bob\'s text"'
    assert main(["use", "micro", "--set", text, "factorize.rank=3"]) == 0
    parameters = load_parameters(project / "params.yaml")
    assert (parameters.seed, parameters.analysis.layers) == (2, [0, 1])
    assert parameters.pretraining.origin.data == "Bob's text"
    assert parameters.factorize.rank == 3


def test_all_wrong_changes_are_named_at_once(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = ["factorize.rank=99", "seed=-1", "languages.qaa.corpora=[/etc/passwd]"]
    printed = refused(project, capsys, "micro", "--set", *changes)
    assert all(f"--set {change}: " in printed for change in changes)


def test_unknown_preset_lists_those_there_are(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = refused(project, capsys, "huge")
    assert "got 'huge'" in printed and all(name in printed for name in SHIPPED)
    assert "got 'base'" in refused(project, capsys, "base")


def test_presets_of_a_user_are_found(project: Path) -> None:
    (project / "conf/mine.yaml").write_text("# mine\nfactorize: {rank: 4}\n", encoding="utf-8")
    assert main(["use", "mine"]) == 0
    expected = preset("demo").model_dump()
    expected["factorize"]["rank"] = 4
    assert load_parameters(project / "params.yaml").model_dump() == expected


def test_missing_data_are_all_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "elsewhere/corpora").mkdir(parents=True)
    (project / "elsewhere/corpora/qaa.txt").touch()
    printed = refused(project, capsys, "micro", "--data", "elsewhere")
    for key, file in [
        ("languages.qaa.treebank", "treebanks/qaa"),
        ("languages.qab.corpora[0]", "corpora/qab.txt"),
        ("languages.qah.treebank", "treebanks/qah"),
        ("analysis.facts", "facts/languages.csv"),
    ]:
        assert f"{key}: elsewhere/{file} does not exist" in printed
    assert "qaa.txt" not in printed


def test_family_that_no_language_belongs_to_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = refused(project, capsys, "micro", "--set", "analysis.languages=Romance")
    assert "analysis.languages: got 'Romance'; must be all, a list of languages" in printed
    assert "Sarnic" in printed


def test_outside_of_a_repository_there_is_nothing_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["use", "micro"]) == 1
    assert "neither this folder nor one above it has a dvc.yaml" in capsys.readouterr().err


@pytest.mark.slow
def test_the_repository_is_found_from_its_folders(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project / "conf")
    assert main(["use", "micro", "--set", "seed=3"]) == 0
    assert capsys.readouterr().out == "micro: 3 languages, data from ../samples\n"
    assert load_parameters(project / "params.yaml").seed == 3
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("../params.yaml: valid; 3 languages")
    assert main(["price", "--languages", "2", "--vocabulary", "400"]) == 0
    assert "2 languages; vocabulary 400;" in capsys.readouterr().out
    assert main(["price", "micro", "--vocabulary", "400", "--set", "seed=one"]) == 1
    assert "--set seed=one: " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["dvc.yaml", "data.dvc"])
def test_conflict_marks_are_named(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (project / name).read_text(encoding="utf-8")
    (project / name).write_text(f"<<<<<<< HEAD\n{text}>>>>>>> main\n", encoding="utf-8")
    (project / "data").mkdir()
    assert f"{name}:1: has conflict marks of Git" in refused(project, capsys, "micro")
    assert (project / "data").is_dir()


@pytest.mark.slow
def test_data_of_a_users_own_are_never_removed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "samples", project / "data")
    (project / "data/mine.txt").write_text("x", encoding="utf-8")
    for data in ("data", str(project / "data"), "data/corpora", "."):
        assert "mv data my-data" in refused(project, capsys, "micro", "--data", data)
        assert (project / "data/mine.txt").read_text(encoding="utf-8") == "x"


def test_folder_that_is_not_there_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nowhere is not a folder" in refused(project, capsys, "micro", "--data", "nowhere")


@pytest.mark.slow
def test_files_are_as_before_if_the_import_fails(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "samples", project / "other")  # no repository of DVC: dvc fails
    assert "not inside of a DVC repository" in refused(project, capsys, "micro", "--data", "other")
    assert not (project / "data").exists()
