"""A small DVC repository that has run, and a server that speaks S3."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from dvc.cli import main as dvc

from langsig.repository.opening import open_repository, stage_name
from langsig.repository.verify import Damage, Verified, verify

ROOT = Path(__file__).parents[2]
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

    def copy(self, folder: Path) -> "Repository":
        return Repository(shutil.copytree(self.folder, folder))

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

    @staticmethod
    def spoil(path: Path) -> None:
        """Change a byte, as a disk would: neither size, time nor permissions say so."""
        before = path.stat()
        content = bytearray(path.read_bytes())
        content[0] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)
        path.chmod(before.st_mode)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def damages(self, *targets: str) -> list[Damage]:
        return self.verified(*targets).damages

    def verified(self, *targets: str) -> Verified:
        with chdir(self.folder):
            return verify(targets)


@pytest.fixture(scope="session")
def reads() -> dict[str, set[str]]:
    """Of this repository: for each stage, the stages whose outputs it reads."""
    with open_repository(ROOT) as repo:
        graph = repo.index.graph
        return {stage_name(stage): {*map(stage_name, graph[stage])} for stage in graph}


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
    return made.copy(tmp_path / "copy")
