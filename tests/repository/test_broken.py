"""YAML files that cannot be read are named, with what to do."""

import re
import sys
from pathlib import Path

import pytest

from langsig.commands import main
from tests.programs import run

LOCK = """\
schema: '2.0'
stages:
<<<<<<< HEAD
  first:
=======
  second:
>>>>>>> other
    cmd: echo
"""
PIPELINE = """\
stages:
  first:
    cmd: echo
    params: [seed]
    outs: [metrics]
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose branch ``conflict`` has conflict marks in ``dvc.lock``."""
    root = tmp_path_factory.mktemp("repository")
    run(root, "git", "init", "--quiet")
    run(root, sys.executable, "-m", "dvc", "init", "--quiet")
    (root / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (root / "params.yaml").write_text("seed: 1\n", encoding="utf-8")
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for branch, lock in {"sound": "schema: '2.0'\nstages: {}\n", "conflict": LOCK}.items():
        run(root, "git", "checkout", "--quiet", "-b", branch)
        (root / "dvc.lock").write_text(lock, encoding="utf-8")
        run(root, "git", "add", "--all")
        run(root, "git", *who, "commit", "--quiet", "--message", branch)
    return root


@pytest.mark.parametrize(
    ("command", "before"),
    [
        (("diff", "conflict", "sound"), "conflict: "),
        (("diff", "sound"), "workspace: "),
        (("verify",), ""),
    ],
)
def test_conflict_marks_in_the_lock_file_are_named(
    command: tuple[str, ...],
    before: str,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(repository)
    assert main(command) == 1
    assert capsys.readouterr().err == (
        f"error: {before}dvc.lock:3: has conflict marks of Git; keep one side, for example with: "
        "git checkout --ours dvc.lock\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema: [2\nstages: {}\n", r"dvc.lock:[12]: not YAML \(.*',' or '\]'.*\); correct"),
        ("a: b: c\n", r"dvc.lock:1: not YAML \(mapping values are not allowed .*\); correct"),
        ("[1]", "workspace: dvc.lock is empty or not a mapping"),
    ],
)
def test_other_damage_is_named_with_its_line(
    text: str,
    message: str,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(repository)
    (repository / "dvc.lock").write_text(text, encoding="utf-8")
    assert main(["diff", "sound"]) == 1
    error = capsys.readouterr().err
    assert re.search(message, error) and len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["", "schema: '2.0'\nstages:\n", "schema: '2.0'\nstages:\n  a: {c"]
)
def test_half_a_lock_file_can_be_repaired(
    text: str, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)
    (repository / "dvc.lock").write_text(text, encoding="utf-8")
    assert main(["verify"]) == 1
    error = capsys.readouterr().err
    assert "dvc.lock" in error and "restore it with: langsig repro" in error
    assert len(error.splitlines()) == 1


def test_revisions_of_other_projects_have_nothing_to_compare(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)
    assert main(["diff", "sound", "sound"]) == 1
    error = capsys.readouterr().err
    assert "sound: params.yaml has no uncertainty.sources" in error
    assert len(error.splitlines()) == 1
