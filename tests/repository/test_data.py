"""data/ becomes an import of another folder, and nothing of a user's own is ever removed."""

import shutil
from pathlib import Path

import dvc.cli
import pytest

from langsig.errors import InputError
from langsig.repository.data import (
    check_replaceable,
    check_unchanged,
    declared_source,
    import_data,
    only_command,
)
from tests.programs import call, run


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose data/ is an import of the folder ``first``."""
    root = tmp_path_factory.mktemp("imported")
    run(root, "git", "init", "--quiet")
    assert call(dvc.cli.main, "init", "--quiet", folder=root).code == 0
    for name in ("first", "it's second"):
        (root / name / "corpora").mkdir(parents=True)
        (root / name / "corpora/qaa.txt").write_text(f"{name}\n", encoding="utf-8")
    import_data(root, root / "first")
    return root


@pytest.fixture
def repository(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(imported, tmp_path / "repository", symlinks=True))


def test_folder_is_imported_and_may_change(repository: Path) -> None:
    assert declared_source(repository) == repository / "first"
    assert (repository / "data/corpora/qaa.txt").read_text(encoding="utf-8") == "first\n"
    assert "frozen" not in (repository / "data.dvc").read_text(encoding="utf-8")


@pytest.mark.slow
def test_unchanged_import_is_replaced(repository: Path) -> None:
    other = repository / "it's second"
    check_replaceable(repository, other)
    import_data(repository, other)
    assert declared_source(repository) == other
    assert (repository / "data/corpora/qaa.txt").read_text(encoding="utf-8") == "it's second\n"
    assert {path.name for path in repository.glob(".*")} == {
        ".git", ".dvc", ".dvcignore", ".gitignore",
    }  # fmt: skip


@pytest.mark.slow
def test_relative_sources_stay_relative(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    import_data(Path("."), Path("it's second"))
    assert "path: it's second\n" in (repository / "data.dvc").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", ["data", "data/corpora", ".", "first/../data"])
def test_data_itself_is_no_source(
    source: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    for path in (Path(source), Path(source).resolve()):
        with pytest.raises(InputError, match=r"mv data my-data && langsig use PRESET --data"):
            check_replaceable(Path("."), path)


def test_link_to_data_is_no_source(repository: Path) -> None:
    (repository / "link").symlink_to("data")
    with pytest.raises(InputError, match="is, contains or is part of data/"):
        check_replaceable(repository, repository / "link")


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("source", ["first", "it's second"])
def test_files_of_a_users_own_are_kept(source: str, cached: bool, repository: Path) -> None:
    if not cached:
        shutil.rmtree(repository / ".dvc/cache")
    (repository / "data/mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"not from .*first: data/mine\.txt\. .*rm -r .*data$"):
        check_replaceable(repository, repository / source)
    with pytest.raises(InputError, match=r"data/mine\.txt"):
        check_unchanged(repository)


@pytest.mark.parametrize("cached", [True, False])
def test_changed_files_are_kept(cached: bool, repository: Path) -> None:
    if not cached:
        shutil.rmtree(repository / ".dvc/cache")
    check_unchanged(repository)
    file = repository / "data/corpora/qaa.txt"
    file.unlink()  # a link to the cache, maybe
    file.write_text("changed by hand\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"changed since the import: data/corpora/qaa\.txt\. "):
        check_replaceable(repository, repository / "it's second")


@pytest.mark.parametrize("cached", [True, False])
def test_files_that_are_missing_are_no_loss(cached: bool, repository: Path) -> None:
    if not cached:
        shutil.rmtree(repository / ".dvc/cache")
    (repository / "data/corpora/qaa.txt").unlink()
    check_replaceable(repository, repository / "it's second")


def test_file_that_dvc_ignores_is_kept(repository: Path) -> None:
    (repository / ".dvcignore").write_text("*.pyc\n", encoding="utf-8")
    (repository / "data/mine.pyc").touch()
    with pytest.raises(InputError, match=r"data/mine\.pyc"):
        check_replaceable(repository, repository / "it's second")


def test_folder_without_declaration_is_kept(repository: Path) -> None:
    (repository / "data.dvc").unlink()
    with pytest.raises(InputError, match="does not declare it as an import"):
        check_replaceable(repository, repository / "first")


def test_without_data_there_is_nothing_to_lose(repository: Path) -> None:
    shutil.rmtree(repository / "data")
    check_unchanged(repository)
    check_replaceable(repository, repository / "it's second")


@pytest.mark.slow
def test_failed_import_leaves_all_as_it_was(repository: Path) -> None:
    declared = (repository / "data.dvc").read_bytes()
    with pytest.raises(InputError, match="dependency 'nowhere' does not exist"):
        import_data(repository, repository / "nowhere")
    assert (repository / "data.dvc").read_bytes() == declared
    assert (repository / "data/corpora/qaa.txt").read_text(encoding="utf-8") == "first\n"
    assert not list(repository.glob(".data*"))


def interrupted(repository: Path, *steps: str) -> None:
    """Leave the repository as an import does that is killed after these steps."""
    for step in steps:
        if step == "move":
            (repository / "data").rename(repository / ".data.previous")
        elif step == "move declaration":
            (repository / "data.dvc").rename(repository / ".data.dvc.previous")
        elif step == "copy":
            (repository / "data").mkdir()
            (repository / "data/part.txt").write_text("part", encoding="utf-8")
        else:
            for command in (["import-url", "it's second", "data"], ["unfreeze", "data.dvc"]):
                assert call(dvc.cli.main, *command, folder=repository).code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "steps",
    [
        ["move"],
        ["move", "move declaration"],
        ["move", "move declaration", "copy"],
        ["move", "move declaration", "import"],
    ],
)
def test_killed_imports_are_undone_or_finished(steps: list[str], repository: Path) -> None:
    interrupted(repository, *steps)
    with only_command(repository):
        pass
    complete = steps[-1] == "import"
    source = "it's second" if complete else "first"
    assert declared_source(repository) == repository / source
    assert (repository / "data/corpora/qaa.txt").read_text(encoding="utf-8") == f"{source}\n"
    assert "frozen" not in (repository / "data.dvc").read_text(encoding="utf-8")
    assert not list(repository.glob(".data*"))
    aside = repository / "data.interrupted-1"
    assert aside.exists() == (steps[-1] == "copy")
    check_replaceable(repository, repository / "it's second")


def test_files_that_came_after_a_killed_import_are_kept(repository: Path) -> None:
    interrupted(repository, "move", "move declaration", "copy")
    (repository / "data/mine.txt").write_text("mine", encoding="utf-8")
    with only_command(repository):
        pass
    kept = repository / "data.interrupted-1/mine.txt"
    assert kept.read_text(encoding="utf-8") == "mine"


def test_only_one_import_runs_at_a_time(repository: Path) -> None:
    message = "another langsig command is running"
    second = only_command(repository)
    with only_command(repository), pytest.raises(InputError, match=message), second:
        pass
