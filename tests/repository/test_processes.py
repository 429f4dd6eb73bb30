"""Commands run in the repository that the current folder is in."""

from pathlib import Path

import pytest

from langsig.errors import InputError
from langsig.repository.opening import open_repository
from langsig.repository.processes import CommandError, find_root, head_commit, output


def test_root_is_found_from_a_folder_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "conf/sources"
    folder.mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    assert find_root(folder) == tmp_path == find_root(tmp_path)


def test_a_command_that_fails_is_an_error_with_its_message(tmp_path: Path) -> None:
    assert output("git", "--version", folder=tmp_path).startswith("git version")
    with pytest.raises(CommandError, match="git no-such: git: 'no-such' is not a git command"):
        output("git", "no-such", folder=tmp_path)


def test_what_is_no_clone_is_named(tmp_path: Path) -> None:
    no_repository = pytest.raises(InputError, match=r"DVC repository .*; run this command in a")
    with no_repository, open_repository(tmp_path):
        pass
    (tmp_path / ".dvc").mkdir()
    no_git = pytest.raises(InputError, match=f"{tmp_path} is not a git repository; run this comm")
    with no_git, open_repository(tmp_path) as repo:
        repo.scm_context.scm.get_rev()
    output("git", "init", folder=tmp_path)
    with pytest.raises(InputError, match=f"{tmp_path}: Git has no commit there; run this command"):
        head_commit(tmp_path)
