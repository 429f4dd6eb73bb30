"""Artifacts of a small repository, whose damages are found, and mended as is said."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from dvc.cli import main as dvc

from langsig.cli import main
from langsig.errors import InputError
from langsig.verify import Damage, Verified, verify

STAGES = """
stages:
  make:
    cmd: python make.py
    deps: [make.py]
    outs: [folder, single.txt, kept: {cache: false}, numbers.json: {cache: false}]
"""
MAKE = """
from pathlib import Path
for name in ("folder", "kept"):
    Path(name, "inner").mkdir(parents=True)
    Path(name, "one").write_text("one of " + name)
    Path(name, "inner", "two").write_text("two of " + name)
Path("single.txt").write_text("single")
Path("numbers.json").write_text("{}")
"""


class Repository:
    """In a folder, with a stage that has run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        self.folder.mkdir()
        (self.folder / "dvc.yaml").write_text(STAGES)
        (self.folder / "make.py").write_text(MAKE)
        self.run("git init --quiet; dvc init --quiet; dvc repro --quiet")

    def run(self, commands: str) -> None:
        """Those of DVC in this process, which has imported it."""
        for command in commands.split("; "):
            program, *arguments = command.split()
            if program == "dvc":
                with chdir(self.folder):
                    assert dvc(arguments) == 0, command
            else:
                subprocess.run([program, *arguments], cwd=self.folder, check=True)

    def object(self, content: str) -> Path:
        """In the cache, that with this content."""
        objects = (self.folder / ".dvc/cache/files/md5").glob("*/*")
        return next(path for path in objects if content in path.read_text())

    def damages(self, *targets: str) -> list[Damage]:
        return self.verified(*targets).damages

    def verified(self, *targets: str) -> Verified:
        with chdir(self.folder):
            return verify(targets)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """After its run."""
    repository = Repository(tmp_path_factory.mktemp("verify") / "made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("DVC_NO_ANALYTICS", "1")
        repository.make()
        yield repository


@pytest.fixture
def repository(made: Repository, tmp_path: Path) -> Repository:
    """A copy of it, to be damaged."""
    return Repository(shutil.copytree(made.folder, tmp_path / "copy"))


def spoil(path: Path) -> None:
    """Change a byte, as a disk would: neither size, time nor permissions say so."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def in_cache(repository: Repository) -> None:
    spoil(repository.object("one of folder"))


def index_in_cache(repository: Repository) -> None:
    spoil(repository.object("relpath"))


def not_in_cache(repository: Repository) -> None:
    repository.object("single").unlink()


def in_workspace(repository: Repository) -> None:
    spoil(repository.folder / "folder/one")


def in_both(repository: Repository) -> None:
    """Of one artifact, of which the workspace must not be taken for what it was."""
    spoil(repository.object("two of folder"))
    spoil(repository.folder / "folder/inner/two")


def different_in_both(repository: Repository) -> None:
    spoil(repository.object("two of folder"))
    spoil(repository.folder / "folder/one")


def not_in_workspace(repository: Repository) -> None:
    (repository.folder / "folder/inner/two").unlink()


def more_in_workspace(repository: Repository) -> None:
    (repository.folder / "folder/more").write_text("of somebody")


def not_cached_folder(repository: Repository) -> None:
    spoil(repository.folder / "kept/one")


def not_cached_file(repository: Repository) -> None:
    spoil(repository.folder / "numbers.json")


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


def test_sound_repository_is_read_as_a_whole(repository: Repository) -> None:
    found = repository.verified()
    assert found.damages == [] and found.absent == 0
    assert found.artifacts == 4
    assert found.files == (2 + 1 + 2 + 1) + (2 + 1 + 1)  # the folder has an index in the cache
    texts = ["one of folder", "two of folder", "single"]
    assert found.size > 2 * sum(map(len, texts)) + len("one of kepttwo of kept{}")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_named_and_mended(
    damage: Callable[[Repository], None], repository: Repository
) -> None:
    damage(repository)
    found = repository.damages()
    assert sorted(one[:3] for one in found) == DAMAGES[damage]
    locked = (repository.folder / "dvc.lock").read_text()
    for command in dict.fromkeys(one.remedy for one in sorted(found)):
        repository.run(command)
    assert repository.damages() == []
    assert (repository.folder / "dvc.lock").read_text() == locked, "the old ones, no others"


def test_dvc_does_not_see_it(made: Repository) -> None:
    """Or this command were not needed; on the repository in which it has run itself."""
    made.run("dvc status --quiet")
    path = made.folder / "folder/one"
    spoil(path)
    made.run("dvc status --quiet")
    assert [one[:3] for one in made.damages()] == [("workspace", "folder/one", "changed")]
    spoil(path)
    assert made.damages() == []


def test_what_a_remote_has_is_pulled(repository: Repository, tmp_path_factory) -> None:
    repository.run(f"dvc remote add --quiet --default store {tmp_path_factory.mktemp('store')}")
    repository.run("dvc push --quiet")
    in_both(repository)
    index_in_cache(repository)
    rounds = 0
    while found := repository.damages():
        for command in dict.fromkeys(one.remedy for one in sorted(found)):
            assert "repro" not in command and "commit" not in command
            repository.run(command)
        rounds += 1
    assert rounds <= 2, "with its index, a folder's files come to be known"


def test_what_is_not_here_is_no_damage(repository: Repository) -> None:
    for path in ("folder", "single.txt"):
        repository.run(f"rm -rf {path}")
    assert repository.damages() == [], "they are in the cache"
    repository.run("rm -rf .dvc/cache")
    found = repository.verified()
    assert (found.artifacts, found.absent, found.damages) == (4, 2, [])


def test_command(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository.folder)
    assert main(["verify"]) == 0
    assert "4 artifacts, 10 files, 0.0 MB read; 0 artifacts are not here" in capsys.readouterr().out
    in_workspace(repository)
    assert main(["verify", "single.txt"]) == 0
    monkeypatch.chdir(repository.folder / "kept")
    assert main(["verify", "../folder"]) == 1
    printed = capsys.readouterr()
    assert "workspace  ../folder/one: changed" in printed.out
    assert "rm -rf ../folder; dvc checkout ../folder" in printed.out
    assert printed.err == "error: 1 damaged; the commands above get them back\n"


def test_what_is_no_repository_or_target(repository: Repository, tmp_path_factory) -> None:
    with pytest.raises(InputError, match="none"):
        repository.damages("none")
    with chdir(tmp_path_factory.mktemp("elsewhere")), pytest.raises(InputError, match="repository"):
        verify()
