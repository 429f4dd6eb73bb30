"""Commands run in the repository that the current folder is in."""

from pathlib import Path

import pytest

from langsig.repository.processes import CommandError, find_root, output


def test_root_is_found_from_a_folder_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "conf/sources"
    folder.mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    assert find_root(folder) == tmp_path == find_root(tmp_path)


def test_a_command_that_fails_is_an_error_with_its_message(tmp_path: Path) -> None:
    assert output("git", "--version", folder=tmp_path).startswith("git version")
    with pytest.raises(CommandError, match="git no-such: git: 'no-such' is not a git command"):
        output("git", "no-such", folder=tmp_path)
