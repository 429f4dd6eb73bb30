"""What is out of date in the workspace, and which artifacts of a revision can be trusted."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from dvc.cli import main as dvc
from ruamel.yaml import YAML

from langsig.errors import InputError
from langsig.repository.artifacts import artifacts_read
from langsig.repository.opening import open_repository, stage_name
from langsig.repository.outdated import outdated_stages
from langsig.repository.revisions import WORKSPACE, Revision, changed_parameters

STAGES = """
stages:
  tables:
    cmd: python tables.py
    deps: [tables.py]
    params: [value]
    outs: [tables]
  mean:
    cmd: python mean.py
    deps: [mean.py, tables/one.csv]
    params: [digits]
    outs: [means.csv]
    metrics: [mean.json: {cache: false}]
  page:
    cmd: python -c "open('page', 'w').write(open('mean.json').read())"
    deps: [mean.json]
    outs: [page]
"""
PROGRAMS = {
    "tables.py": """
import pathlib, re
value = int(re.search(r"value\\D+(\\d+)", pathlib.Path("params.yaml").read_text())[1])
pathlib.Path("tables").mkdir()
for name in ("one", "two"):
    pathlib.Path("tables", name + ".csv").write_text("value\\n" + f"{value}\\n")
""",
    "mean.py": """
import pathlib
value = pathlib.Path("tables/one.csv").read_text().split()[1]
pathlib.Path("means.csv").write_text("language,value\\nnan," + value + "\\n")
pathlib.Path("mean.json").write_text('{"value": ' + value + "}")
""",
}
PARAMS = {"value": 3, "digits": 2, "unused": {"by": "all"}}
GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")


def run(folder: Path, *command: str) -> None:
    """Run a command; those of DVC in this process, which has imported it."""
    if command[0] == "dvc":
        with chdir(folder):
            assert dvc([*command[1:]]) == 0, command
    else:
        subprocess.run(command, cwd=folder, check=True)


def commit(folder: Path) -> None:
    run(folder, "git", "add", "--all")
    run(folder, *GIT, "commit", "--quiet", "--message", "commit")


def write_params(folder: Path, **changes: int) -> None:
    (folder / "params.yaml").write_text(json.dumps(PARAMS | changes))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose stages have run."""
    folder = tmp_path_factory.mktemp("outdated") / "finished"
    folder.mkdir()
    (folder / "dvc.yaml").write_text(STAGES)
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text)
    write_params(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
        patch.setenv("DVC_NO_ANALYTICS", "1")
        run(folder, "git", "init", "--quiet")
        run(folder, "dvc", "init", "--quiet")
        run(folder, "dvc", "repro", "--quiet")
        commit(folder)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def change_lock(folder: Path, stage: str, path: str) -> None:
    """Have ``dvc.lock`` say that a stage has read another version of a file."""
    lock = YAML(typ="safe").load((folder / "dvc.lock").read_text())
    (entry,) = (dep for dep in lock["stages"][stage]["deps"] if dep["path"] == path)
    entry["md5"] = entry["md5"][::-1]
    (folder / "dvc.lock").write_text(json.dumps(lock))


def change_command(folder: Path) -> None:
    (folder / "dvc.yaml").write_text(STAGES.replace("python mean.py", "python ./mean.py"))


CHANGES: dict[str, tuple[Callable[[Path], object], list[str], list[str]]] = {
    "nothing": (lambda folder: None, [], []),
    "an unused parameter": (lambda folder: write_params(folder, unused=1), [], []),
    "a parameter": (
        lambda folder: write_params(folder, digits=1),
        ["mean", "page"],
        ["mean", "page"],
    ),
    "the first parameter": (
        lambda folder: write_params(folder, value=1),
        ["tables", "mean", "page"],
        ["tables", "mean", "page"],
    ),
    "code": (
        lambda folder: (folder / "mean.py").write_text(PROGRAMS["mean.py"] + "# more"),
        ["mean", "page"],
        [],
    ),
    "a command": (change_command, ["mean", "page"], []),
    "a metric": (lambda folder: (folder / "mean.json").write_text("{}"), ["mean", "page"], []),
    "a part of an artifact": (
        lambda folder: change_lock(folder, "mean", "tables/one.csv"),
        ["mean", "page"],
        ["mean", "page"],
    ),
}  # fmt: skip


def names(folder: Path, *, sources: bool = True) -> list[str]:
    with open_repository(folder) as repo:
        return [stage_name(stage) for stage in outdated_stages(repo, sources=sources)]


@pytest.mark.parametrize("change", CHANGES)
def test_stages_are_outdated_by_changes_of_their_inputs(change: str, folder: Path) -> None:
    apply, expected, expected_without_sources = CHANGES[change]
    apply(folder)
    assert names(folder) == expected
    assert names(folder, sources=False) == expected_without_sources


def test_artifacts_need_not_be_there(folder: Path) -> None:
    shutil.rmtree(folder / "tables")
    (folder / "means.csv").unlink()
    assert names(folder) == []


def test_what_has_never_run_is_outdated(folder: Path) -> None:
    (folder / "dvc.lock").unlink()
    assert names(folder) == ["tables", "mean", "page"] == names(folder, sources=False)


def test_a_list_of_files_that_nobody_has_is_an_error(folder: Path) -> None:
    shutil.rmtree(folder / ".dvc/cache")
    with pytest.raises(InputError, match="tables is neither in the cache nor in the remote"):
        names(folder)


def test_what_stages_read_is_whole_artifacts_that_others_write(folder: Path) -> None:
    with open_repository(folder) as repo:
        stages = {stage_name(stage): stage for stage in repo.index.graph}
        of_mean = artifacts_read(repo, [stages["mean"]])
        assert [repo.fs.relpath(path, repo.root_dir) for path in of_mean] == ["tables"]
        assert artifacts_read(repo, stages.values()) == {}


@pytest.mark.slow
def test_a_revision_has_its_tables_and_parameters(folder: Path) -> None:
    write_params(folder, value=5)
    run(folder, "dvc", "repro", "--quiet")
    for name, value in (("HEAD", 3), (WORKSPACE, 5)):
        revision = Revision(name, folder / "tables")
        table = revision.table("means.csv")
        assert table.to_dict("records") == [{"language": "nan", "value": value}], "a code, no gap"
        assert revision.json("mean.json") == {"value": value}
        assert revision.table("tables/two.csv")["value"].tolist() == [value]
    before, after = Revision("HEAD", folder), Revision(WORKSPACE, folder)
    assert changed_parameters(before, after) == ({"value": (3, 5)}, {}, {})
    assert changed_parameters(before, before) == ({}, {}, {})


def test_artifacts_of_other_parameters_are_refused(folder: Path) -> None:
    """As in an experiment that runs only some stages."""
    write_params(folder, digits=1)
    commit(folder)
    revision = Revision("HEAD", folder)
    assert revision.table("tables/one.csv")["value"].tolist() == [3]
    for path in ("means.csv", "page"):
        message = f"HEAD: {path} is out of date: stage mean has not run with the parameters"
        with pytest.raises(InputError, match=message):
            revision.table(path)


def test_changed_code_does_not_spoil_a_revision(folder: Path) -> None:
    (folder / "mean.py").write_text(PROGRAMS["mean.py"] + "# more")
    commit(folder)
    assert Revision("HEAD", folder).json("mean.json") == {"value": 3}


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("no-such", "page", "no-such: no such revision"),
        ("HEAD", "none.csv", "HEAD: none.csv: the stage that writes it has not run"),
        ("empty", "page", "empty: the revision has no dvc.lock; run make repro"),
    ],
)
def test_revisions_and_files_that_do_not_exist(
    name: str, path: str, message: str, folder: Path
) -> None:
    run(folder, "git", "checkout", "--quiet", "-b", "empty")
    (folder / "dvc.lock").unlink()
    commit(folder)
    run(folder, "git", "checkout", "--quiet", "-")
    with pytest.raises(InputError, match=message):
        Revision(name, folder).table(path)


def test_artifacts_that_are_nowhere(folder: Path) -> None:
    shutil.rmtree(folder / ".dvc/cache")
    with pytest.raises(InputError, match=r"HEAD: means.csv.* neither in the cache nor in"):
        Revision("HEAD", folder).table("means.csv")
