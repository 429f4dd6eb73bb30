"""Damage to a small repository is found, and the printed remedies repair it."""

import shutil
from contextlib import chdir

import pytest

from langsig.commands import main
from langsig.errors import InputError
from langsig.repository.verify import verify


def in_cache(repository):
    repository.spoil(repository.object("one of folder"))


def index_in_cache(repository):
    repository.spoil(repository.object("relpath"))


def not_in_cache(repository):
    repository.object("single").unlink()


def in_workspace(repository):
    repository.spoil(repository.folder / "folder/one")


def in_both(repository):
    """Both copies of a file are damaged, so that neither can restore the other."""
    repository.spoil(repository.object("two of folder"))
    repository.spoil(repository.folder / "folder/inner/two")


def different_in_both(repository):
    repository.spoil(repository.object("two of folder"))
    repository.spoil(repository.folder / "folder/one")


def not_in_workspace(repository):
    (repository.folder / "folder/inner/two").unlink()


def more_in_workspace(repository):
    (repository.folder / "folder/more").write_text("of somebody")


def not_cached_folder(repository):
    repository.spoil(repository.folder / "kept/one")


def not_cached_file(repository):
    repository.spoil(repository.folder / "numbers.json")


DAMAGES = {
    in_cache: [("cache", "folder/one", "changed")],
    index_in_cache: [("cache", "folder", "changed")],
    not_in_cache: [("cache", "single.txt", "missing")],
    in_workspace: [("workspace", "folder/one", "changed")],
    in_both: [
        ("cache", "folder/inner/two", "changed"),
        ("workspace", "folder/inner/two", "changed"),
    ],
    different_in_both: [
        ("cache", "folder/inner/two", "changed"),
        ("workspace", "folder/one", "changed"),
    ],
    not_in_workspace: [("workspace", "folder/inner/two", "missing")],
    more_in_workspace: [("workspace", "folder/more", "not part of it")],
    not_cached_folder: [("workspace", "kept", "changed")],
    not_cached_file: [("workspace", "numbers.json", "changed")],
}


def test_sound_repository_is_read_as_a_whole(repository):
    result = repository.verified()
    assert result.damages == [] and result.absent == 0
    assert result.artifacts == 4
    assert result.files == (2 + 1 + 2 + 1) + (2 + 1 + 1)  # the folder has an index in the cache
    texts = ["one of folder", "two of folder", "single"]
    assert result.size > 2 * sum(map(len, texts)) + len("one of kepttwo of kept{}")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_named_and_mended(damage, repository):
    damage(repository)
    result = repository.damages()
    assert sorted(damage[:3] for damage in result) == DAMAGES[damage]
    locked = (repository.folder / "dvc.lock").read_text()
    for command in dict.fromkeys(damage.remedy for damage in sorted(result)):
        repository.run(command)
    assert repository.damages() == []
    assert (repository.folder / "dvc.lock").read_text() == locked, "the same artifacts as before"


def test_dvc_does_not_see_it(made):
    """Or this command were not needed; on the repository in which it has run itself."""
    made.run("dvc status --quiet")
    path = made.folder / "folder/one"
    made.spoil(path)
    made.run("dvc status --quiet")
    assert [damage[:3] for damage in made.damages()] == [("workspace", "folder/one", "changed")]
    made.spoil(path)
    assert made.damages() == []


@pytest.mark.slow
def test_what_a_remote_has_is_pulled(repository, tmp_path_factory):
    repository.run(f"dvc remote add --quiet --default store {tmp_path_factory.mktemp('store')}")
    repository.run("dvc push --quiet")
    in_both(repository)
    index_in_cache(repository)
    rounds = 0
    while result := repository.damages():
        for command in dict.fromkeys(damage.remedy for damage in sorted(result)):
            assert "repro" not in command and "commit" not in command
            repository.run(command)
        rounds += 1
    assert rounds <= 2, "with its index, a folder's files come to be known"


def test_what_is_not_here_is_no_damage(repository):
    for path in ("folder", "single.txt"):
        repository.run(f"rm -rf {path}")
    assert repository.damages() == [], "they are in the cache"
    repository.run("rm -rf .dvc/cache")
    result = repository.verified()
    assert (result.artifacts, result.absent, result.damages) == (4, 2, [])


def test_command(repository, monkeypatch, capsys):
    monkeypatch.chdir(repository.folder)
    assert main(["verify"]) == 0
    assert "4 artifacts, 10 files, 0.0 MB read; 0 artifacts not pulled" in capsys.readouterr().out
    in_workspace(repository)
    assert main(["verify", "single.txt"]) == 0
    monkeypatch.chdir(repository.folder / "kept")
    assert main(["verify", "../folder"]) == 1
    printed = capsys.readouterr()
    assert "workspace  ../folder/one: changed" in printed.out
    assert "rm -rf ../folder; dvc checkout ../folder" in printed.out
    assert printed.err == "error: 1 damaged; the commands above restore them\n"


def test_what_is_no_repository_or_target(repository, tmp_path_factory):
    with pytest.raises(InputError, match="none"):
        repository.damages("none")
    with chdir(tmp_path_factory.mktemp("elsewhere")), pytest.raises(InputError, match="repository"):
        verify()


def test_a_list_of_what_is_in_a_folder_is_not_the_folder(repository):
    """DVC fetches it to look up a path."""
    for name in ("one of folder", "two of folder"):
        repository.object(name).unlink()
    shutil.rmtree(repository.folder / "folder")
    result = repository.verified("folder")
    assert (result.artifacts, result.absent, result.damages) == (1, 1, [])


def test_a_folder_may_be_here_in_part(repository):
    repository.object("two of folder").unlink()
    (repository.folder / "folder/inner/two").unlink()
    result = repository.verified("folder")
    assert (result.artifacts, result.absent, result.damages) == (1, 0, [])
