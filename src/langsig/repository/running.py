"""Commands of stages, several at a time, and the log of what they print."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, Self

from dvc.dependency import param
from dvc.fs import FileSystem
from dvc.stage import Stage
from dvc.stage.run import _make_cmd, get_executable, prepare_kwargs

from langsig.repository.processes import CommandError, environment
from langsig.repository.warm import warm_process

SECONDS = 5  # to end after SIGINT
SHOWN_LINES = 15
_RUNS_STAGE = "-m stages"  # such a command asks the warm process for a fork


class Log:
    """A file with what DVC and the commands of stages say, line by line as they say it.

    On a full disk, lines are left out, so that the message of the stage is the one that is seen.

    Parameters
    ----------
    path
        The file. It is replaced.
    """

    is_complete = True
    """Whether no lines have been left out."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("wb", buffering=0)
        self._lock = threading.Lock()

    def write(self, speaker: str, text: str) -> None:
        """Write what a stage, or DVC, has said now."""
        now = time.strftime("%H:%M:%S")
        lines = [f"{now}  {speaker}: {line}\n" for line in text.splitlines() if line.strip()]
        with self._lock:
            try:
                self._file.write("".join(lines).encode(errors="replace"))
            except OSError:
                self.is_complete = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()


@contextmanager
def dvc_without_bars(*, only_warnings: bool = False) -> Iterator[None]:
    """Let DVC show no bars of its own, and no other messages than warnings if that is wanted.

    DVC shows bars unless their loggers ignore errors.
    """
    levels = {"dvc.progress": logging.CRITICAL, "dvc_data.callbacks": logging.CRITICAL}
    if only_warnings:
        levels["dvc"] = logging.WARNING
    previous = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in previous.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def dvc_writes_to(log: Log) -> Iterator[None]:
    """Let DVC's messages go to a log and nowhere else."""
    loggers = [logging.getLogger(name) for name in ("dvc", "dvc_data", "dvc_objects")]
    previous = [(logger.handlers, logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers = [_LogHandler(log)]
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, (handlers, level) in zip(loggers, previous, strict=True):
            logger.handlers = handlers
            logger.setLevel(level)


class _LogHandler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.write("dvc", record.getMessage())


@contextmanager
def dvc_parses_parameters_once() -> Iterator[None]:
    """Let DVC parse a file of parameters again only after the file has changed.

    It reads the file about ten times per stage, and parsing takes most of its time.
    """
    parse = param.load_path
    parsed: dict[str, tuple[tuple[int, int, int], Any]] = {}

    def parse_once(path: str, fs: FileSystem, **options: Any) -> Any:
        status = os.stat(path)
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        if path not in parsed or parsed[path][0] != state:
            parsed[path] = (state, parse(path, fs, **options))
        return deepcopy(parsed[path][1])

    param.load_path = parse_once
    try:
        yield
    finally:
        param.load_path = parse


class Commands:
    """Runs the commands of stages, several at a time; none is left when the block ends.

    Parameters
    ----------
    jobs
        Number of commands that run at a time.
    threads
        Number of threads that most of them will have.
    log
        Where their output goes.
    """

    def __init__(self, jobs: int, threads: int, log: Log) -> None:
        self._log = log
        self._environment = environment() | {
            "OMP_NUM_THREADS": str(threads),
            "OMP_WAIT_POLICY": "PASSIVE",  # a thread that waits leaves its core to other stages
        }
        self._contexts = ExitStack()
        self._pool = self._contexts.enter_context(ThreadPoolExecutor(jobs))
        self._warm: dict[str, str] | None = None
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def submit(self, stage: Stage, name: str, threads: int) -> "Future[None]":
        """Run the command of a stage as DVC does, in its shell and folder, in another thread.

        Parameters
        ----------
        stage
            The stage.
        name
            Its name, for the log.
        threads
            Number of threads that the command is to use.

        Returns
        -------
        Future
            Raises `CommandError` if the command fails; the message ends with the last lines that
            it printed.
        """
        env = self._environment
        if _RUNS_STAGE in str(stage.cmd):
            if self._warm is None:
                self._warm = self._contexts.enter_context(warm_process(env))
            env = self._warm
        options = prepare_kwargs(stage, run_env=env | {"OMP_NUM_THREADS": str(threads)})
        commands = stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
        return self._pool.submit(self._run, name, commands, options)

    def _run(self, name: str, commands: list[str], options: Mapping[str, Any]) -> None:
        last: deque[str] = deque(maxlen=SHOWN_LINES)
        for command in commands:
            self._log.write(name, f"> {command}")
            process = self._start(command, options)
            assert process.stdout is not None
            with process:
                for line in process.stdout:
                    self._log.write(name, line)
                    if line.strip():
                        last.append(f"  {line.rstrip()}")
            with self._lock:
                self._running.discard(process)
            if process.returncode:
                failed = f"{name} failed: {command} ended with exit code {process.returncode}"
                raise CommandError("\n".join([failed, *last]))

    def _start(self, command: str, options: Mapping[str, Any]) -> "subprocess.Popen[str]":
        """Start a process in a group of its own, which can be ended with all that it starts."""
        with self._lock:
            if self._stopped:
                raise CommandError("interrupted")
            process = subprocess.Popen(
                _make_cmd(get_executable(), command),
                **options,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                process_group=0,
            )
            self._running.add(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._contexts:  # which wait for the processes
            with self._lock:
                self._stopped = True
                running = [*self._running]
            try:
                _signal(running, signal.SIGINT)
                end = time.monotonic() + SECONDS
                for process in running:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(max(0, end - time.monotonic()))
            finally:
                _signal(running, signal.SIGKILL)


def _signal(processes: list["subprocess.Popen[str]"], number: int) -> None:
    """Send a signal to the groups of processes."""
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):  # all have ended
            os.killpg(process.pid, number)


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Let this process end as if by ``sys.exit`` if it is killed or its terminal is closed.

    Commands are in process groups of their own. They would survive.
    """

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, signal.SIGHUP]
    default = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in default:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in default:
            signal.signal(number, signal.SIG_DFL)
