"""Clones of the repository in which tests run the pipeline."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, suppress
from pathlib import Path

import dvc.cli
import networkx as nx
import psutil
from dvc.repo import Repo
from ruamel.yaml import YAML

import langsig.commands
from tests.programs import call

ROOT = Path(__file__).resolve().parents[1]
# These commands of DVC start processes that run further ones.
SEPARATE = ("exp run", "queue")


class Clone:
    """A copy of the work tree with a Git and a DVC repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran_first: list[str] = []

    def copy(self, folder: Path) -> "Clone":
        """Copy this clone with its cache and all artifacts."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("tmp"))
        copy = Clone(folder)
        copy.ran_first = self.ran_first
        return copy

    def fill(self) -> None:
        """Copy all files of the work tree that Git does not ignore, and commit them."""
        self.folder.mkdir()
        tracked = self.output("git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z")
        for name in filter(None, tracked.split("\0")):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        self.git("init", "--quiet")
        self.git("config", "user.name", "test")
        self.git("config", "user.email", "test@localhost")
        self.commit("start")

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def git(self, *arguments: str) -> str:
        return self.output("git", *arguments)

    def use(self, preset: str, *options: str) -> None:
        self.langsig("use", preset, *options)

    def langsig(self, *arguments: str) -> str:
        """Run a command of langsig in this process."""
        return self._here(langsig.commands.main, arguments)

    def dvc(self, *arguments: str) -> str:
        """Run a command of DVC, in this process if that is possible."""
        if " ".join(arguments).startswith(SEPARATE):
            return self.output("dvc", *arguments)
        return self._here(dvc.cli.main, arguments)

    def _here(self, program: Callable[[list[str]], int], arguments: Sequence[str]) -> str:
        """Run a program that must succeed; return what it prints."""
        done = call(program, *arguments, folder=self.folder, environment=self.environment())
        assert done.code == 0, f"{arguments}\n{done.printed[-3000:]}\n{done.errors[-3000:]}"
        return done.printed

    def repro(self, *arguments: str) -> list[str]:
        """Run ``dvc repro``; the stages that ran, in order."""
        return re.findall(r"^Running stage '(.*)':$", self.dvc("repro", *arguments), re.MULTILINE)

    def would_run(self) -> set[str]:
        """The stages that ``dvc repro`` would run now: changed ones, and those that need them."""
        with chdir(self.folder), Repo() as repository:  # names are relative to the current folder
            changed, graph = set(repository.status()), repository.index.graph
            stages = [stage for stage in graph if stage.addressing in changed]
            dependent = set().union(*(nx.ancestors(graph, stage) for stage in stages))
        return changed | {stage.addressing for stage in dependent}

    def forget(self, stage: str) -> None:
        """Remove what a stage has made from the work tree, and its directories from the cache."""
        lock = YAML(typ="safe").load((self.folder / "dvc.lock").read_text())
        for out in lock["stages"][stage]["outs"]:
            path, content = self.folder / out["path"], out["md5"]
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            (self.folder / ".dvc/cache/files/md5" / content[:2] / content[2:]).unlink()

    def restore(self) -> None:
        """Return to the last commit."""
        self.git("checkout", "--quiet", "--force", "HEAD")
        self.dvc("checkout", "--quiet", "--force")

    def output(self, *command: str) -> str:
        """Run a command that must succeed; return what it prints."""
        done = self.attempt(*command)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(), capture_output=True, text=True
        )

    @staticmethod
    def kill(pid: int) -> None:
        """Kill a process and everything it has started."""
        parent, stopped = psutil.Process(pid), set()
        while running := {parent, *parent.children(recursive=True)} - stopped:
            for member in running:  # stopped first, so that it starts no others
                with suppress(psutil.NoSuchProcess):
                    member.suspend()
            stopped |= running
        for member in stopped:
            with suppress(psutil.NoSuchProcess):
                member.kill()

    def environment(self) -> dict[str, str]:
        """With this Python's programs and the clone's sources."""
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "DVC_NO_ANALYTICS": "1",
            "PYTHONDONTWRITEBYTECODE": "",  # each process would compile all sources
        }
