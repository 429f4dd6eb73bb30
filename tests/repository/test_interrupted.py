"""Files that killed commands of DVC have half-written, and commands that are still running."""

import json
import os
from collections.abc import Iterator
from contextlib import chdir
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from dvc.cli import main as dvc
from dvc.repo import Repo, lock_repo
from dvc_data.index import collect

from langsig.errors import InputError
from langsig.repository.interrupted import (
    check_no_stage_runs,
    check_unused,
    remove_broken_list,
    repair,
)
from tests.programs import run

PIPELINE = """
stages:
  copy:
    foreach: [a, b, c]
    do:
      cmd: cp params.yaml ${item}
      params: [seed]
      outs: ["${item}"]
"""
WHO = ("-c", "user.name=test", "-c", "user.email=test@localhost")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which three stages have run."""
    root = tmp_path_factory.mktemp("interrupted")
    run(root, "git", "init", "--quiet")
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "params.yaml").write_text("seed: 1\n")
    with chdir(root):
        assert dvc(["init", "--quiet"]) == 0 and dvc(["repro", "--quiet"]) == 0
    return root


@pytest.fixture
def repo(made: Path) -> Iterator[Repo]:
    """The repository, which is as it was afterwards."""
    lock = made / "dvc.lock"
    text = lock.read_text()
    with chdir(made), Repo() as repo, lock_repo(repo):
        yield repo
    lock.write_text(text)


def names(repo: Repo) -> list[str]:
    """The stages that ``dvc.lock`` has."""
    repo._reset()
    return sorted(stage.addressing for stage in repo.index.stages if stage.outs[0].hash_info)


ALL = ["copy@a", "copy@b", "copy@c"]


def test_complete_entries_of_a_lock_file_are_kept(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(repo.root_dir, "dvc.lock")
    text = path.read_text()
    starts = [text.index(f"  {name}:\n") for name in ALL]
    repaired = 0
    for length in range(0, len(text), 7):
        path.write_text(text[:length])
        repair(repo)
        complete = sum(start <= length for start in starts[1:])
        assert names(repo)[:complete] == ALL[:complete], text[:length]
        repaired += "ended in the middle" in capsys.readouterr().out
    assert repaired > len(text) / 7 / 2
    path.write_text(text)
    repair(repo)
    assert path.read_text() == text and names(repo) == ALL


def test_missing_entries_come_from_the_last_commit(repo: Repo) -> None:
    root = Path(repo.root_dir)
    path = root / "dvc.lock"
    text = path.read_text()
    run(root, "git", "add", "dvc.lock")
    run(root, "git", *WHO, "commit", "--quiet", "--message", "results")
    for length in (0, 10, len(text) // 2):
        path.write_text(text[:length])
        repair(repo)
        assert names(repo) == ALL


@pytest.mark.parametrize(
    "text",
    [
        "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a:\n    cmd: x\n",
        "schema: '2.0'\nstages:\n  a: [\n  b:\n    cmd: x\n  c:\n    cm",
    ],
)
def test_lock_files_that_are_broken_otherwise_stay(text: str, repo: Repo) -> None:
    path = Path(repo.root_dir, "dvc.lock")
    path.write_text(text)
    repair(repo)
    assert path.read_text() == text


@pytest.mark.parametrize("text", ["", '{"write": {"/x'])
def test_half_of_the_list_of_running_commands_is_removed(text: str, repo: Repo) -> None:
    path = Path(repo.tmp_dir, "rwlock")
    path.write_text(text)
    repair(repo)
    assert not path.exists()
    path.write_text("{}")
    remove_broken_list(path.parent)
    assert path.read_text() == "{}"


def test_files_that_a_running_command_uses_are_named(made: Path, repo: Repo) -> None:
    path, used = Path(repo.tmp_dir, "rwlock"), str(made / "params.yaml")
    command = {"pid": os.getppid(), "cmd": "dvc repro"}
    path.write_text(json.dumps({"read": {used: [command]}}))
    message = rf"another command is running in this clone: dvc repro \(process {os.getppid()}\); w"
    with pytest.raises(InputError, match=message):
        check_unused(repo, [used])
    check_unused(repo, [str(made / "a")])
    repo.lock.unlock()
    try:
        with pytest.raises(InputError, match=message):
            check_no_stage_runs(made)
        path.unlink()
        check_no_stage_runs(made)
    finally:
        repo.lock.lock()


def test_everything_is_pushed_after_a_push_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC alone takes the list that it had begun for the whole, and pushes one file of two."""
    root, remote, calls = tmp_path / "root", tmp_path / "remote", count()
    collect_part = collect._collect_from_index

    def killed_in_the_second_call(*arguments: Any, **options: Any) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        collect_part(*arguments, **options)

    root.mkdir()
    run(root, "git", "init", "--quiet")
    for name in "ab":
        (root / name).write_text(name)
    with chdir(root):
        assert dvc(["init", "--quiet"]) == dvc(["add", "--quiet", "a", "b"]) == 0
        assert dvc(["remote", "add", "--quiet", "--default", "store", str(remote)]) == 0
        with monkeypatch.context() as patch:
            patch.setattr(collect, "_collect_from_index", killed_in_the_second_call)
            assert dvc(["push", "--quiet"]) != 0
        with Repo() as repo, lock_repo(repo):
            repair(repo)
        assert dvc(["push", "--quiet"]) == 0
    assert sum(path.is_file() for path in remote.rglob("*")) == 2
