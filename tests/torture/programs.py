"""Commands of DVC and langsig as forks of this process, which can be killed at any moment.

A command that starts as a new process spends half of its time with imports, where a kill does
nothing. A fork starts with its work.
"""

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

import dvc.cli.parser
import dvc.commands.repro
import dvc.repo.reproduce

import langsig.commands.check
import langsig.repository.reproduction
import langsig.repository.verify
from tests.clones import Clone

MAINS: Mapping[str, Callable[[list[str]], int]] = {
    "dvc": dvc.cli.main,
    "langsig": langsig.commands.main,
}
# Commands that start processes which import the main module, or that need torch.
_SEPARATE = ("spread", "compare")
_STEP = 0.005  # seconds
_LONGEST = 900  # seconds, after which a command is taken to hang


class Ended(NamedTuple):
    """A command that has ended, or was killed."""

    code: int
    """Exit code; negative if a signal has ended it."""
    seconds: float
    printed: str
    """What it has printed to standard output."""
    errors: str

    @property
    def tracebacks(self) -> int:
        """Number of tracebacks that it has printed."""
        return (self.printed + self.errors).count("Traceback (most recent call last)")

    @property
    def message(self) -> str:
        """The first line of standard error, or else the last one of standard output."""
        return next(iter(self.errors.split("\n")), "") or self.printed.strip().split("\n")[-1]


class Program:
    """A running command, in a process group of its own.

    Parameters
    ----------
    clone
        Where it runs.
    command
        ``dvc`` or ``langsig``, and arguments.
    environment
        Environment variables in addition to those of the clone.
    """

    def __init__(self, clone: Clone, *command: str, environment: Mapping[str, str] = {}) -> None:
        self._outputs = tempfile.TemporaryDirectory()
        self._texts = [Path(self._outputs.name, name) for name in ("printed", "errors")]
        for path in self._texts:
            path.touch()
        self._start = time.monotonic()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(clone, command, clone.environment() | {**environment})

    def _run(self, clone: Clone, command: tuple[str, ...], environment: dict[str, str]) -> NoReturn:
        code = 1
        try:
            os.setsid()
            for target, path in enumerate(self._texts, start=1):
                os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), target)
            os.chdir(clone.folder)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = [*command]
            if command[1] in _SEPARATE:
                os.execv(sys.executable, [sys.executable, "-m", *command])
            code = MAINS[command[0]]([*command[1:]])
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def kill_after(self, seconds: float, kill: Callable[[int], None] = Clone.kill) -> Ended:
        """Kill it with SIGKILL after some seconds, unless it has ended by then.

        Parameters
        ----------
        seconds
            Time since its start.
        kill
            Kills a process by its number (default: with everything that it has started).
        """
        deadline = self._start + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return self._ended(status)
            time.sleep(min(_STEP, remaining))
        kill(self.pid)
        return self._ended(os.waitpid(self.pid, 0)[1])

    def wait(self) -> Ended:
        """Wait until it ends."""
        return self.kill_after(_LONGEST)

    def _ended(self, status: int) -> Ended:
        seconds = time.monotonic() - self._start
        with self._outputs:
            texts = [path.read_text(errors="replace") for path in self._texts]
        return Ended(os.waitstatus_to_exitcode(status), seconds, *texts)


def kill_group(pid: int) -> None:
    """Kill a process group, and not what it has started in other groups."""
    os.killpg(pid, signal.SIGKILL)


def kill_alone(pid: int) -> None:
    """Kill a process, and nothing that it has started."""
    os.kill(pid, signal.SIGKILL)


def run(clone: Clone, *command: str, environment: Mapping[str, str] = {}) -> Ended:
    """Run a command to its end."""
    return Program(clone, *command, environment=environment).wait()


def prepare() -> None:
    """Import what the commands import, so that forks have it."""
    dvc.cli.parser.get_main_parser()
