"""Stages as forks of a process that has imported torch, transformers and other packages.

Most stages of the sample take less time than their imports. ``with warm_process() as environment``
starts a process that imports them once. ``python -m stages``, run with that environment, asks the
process for a fork, which runs the stage. The fork has the folder, the environment, the arguments
and the standard streams of the process that asks. It ends if that process ends, or the one that has
started the warm process. The warm process imports nothing of langsig, so stages run the code of the
folder they are in.

Only Linux has warm processes. On macOS, system libraries that torch links, such as Accelerate and
the Objective-C runtime, may crash in a forked process, depending on what the fork does later; no
test beforehand can exclude that. There, and where Python has no ``os.fork``, stages start as plain
processes.

This file uses the standard library only: every stage imports it first, and the warm process runs
it as a script.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

IMPORTED = [
    "accelerate",
    "concurrent.futures.process",
    "conllu",
    "langcodes",
    "matplotlib.figure",
    "pandas",
    "pyarrow.parquet",
    "pydantic.functional_validators",
    "pydantic.main",
    "pydantic.types",
    "pymannkendall",
    "ruamel.yaml",
    "safetensors.numpy",
    "safetensors.torch",
    "scipy.stats",
    "skbio",
    "torch",
    "transformers.models.roberta.modeling_roberta",
    "transformers.models.roberta_prelayernorm.modeling_roberta_prelayernorm",
    "transformers.models.xlm_roberta.modeling_xlm_roberta",
    "transformers.trainer",
]
VARIABLE = "LANGSIG_WARM"


def is_supported() -> bool:
    """Whether a process can be forked after it has imported torch."""
    return sys.platform == "linux" and hasattr(os, "fork") and hasattr(socket, "send_fds")


@contextmanager
def warm_process(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run a warm process for the duration of the block, unless the environment has one already.

    Parameters
    ----------
    environment
        The environment for commands.

    Yields
    ------
    dict
        The environment for commands whose stages are to be forks. Where warm processes are not
        supported, their stages are plain processes.
    """
    environment = dict(environment)
    if not is_supported():
        environment.pop(VARIABLE, None)
        yield environment
        return
    if Path(environment.get(VARIABLE, "")).is_socket():
        yield environment
        return
    with tempfile.TemporaryDirectory(prefix="langsig-") as folder:  # closed to other users
        address = str(Path(folder, "socket"))
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(address)
            server.listen()  # early requests wait
            descriptor = server.fileno()
            process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(descriptor)],
                env=environment,
                stdin=subprocess.PIPE,
                pass_fds=[descriptor],
            )
        with process:
            try:
                yield environment | {VARIABLE: address}
            finally:
                process.terminate()


def run_in_fork(arguments: Sequence[str]) -> int | None:
    """Run ``python -m stages ARGUMENT ...`` as a fork of the warm process, if there is one.

    Returns
    -------
    int or None
        The exit code of the stage. None if it has not run, as there is no warm process.
    """
    address = os.environ.get(VARIABLE)
    if not address or not is_supported() or "LOCAL_RANK" in os.environ:
        return None  # with LOCAL_RANK, this is one of several processes that train together
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    request = {"arguments": [*arguments], "folder": os.getcwd(), "environment": environment}
    with socket.socket(socket.AF_UNIX) as server:
        if server.connect_ex(address):  # the process has ended
            return None
        socket.send_fds(server, [b"\0"], [0, 1, 2])
        server.sendall(json.dumps(request).encode() + b"\n")
        return int(server.makefile().readline() or 1)


def serve(descriptor: int) -> None:
    """Fork for each request, until the process that has started this one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and that this process
    with socket.socket(fileno=descriptor) as server:
        gc.disable()
        for name in IMPORTED:
            importlib.import_module(name)
        gc.freeze()  # what is imported stays, so that forks need not search it for garbage
        gc.enable()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave no zombies
        while True:
            ready, _, _ = select.select([server, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            client, _ = server.accept()
            if os.fork() == 0:
                server.close()
                _supervise(client)
            client.close()


def _supervise(client: socket.socket) -> NoReturn:
    """Run a stage in a further fork and send its exit code.

    It is killed if the client ends, or the process whose end of the pipe is standard input here.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()  # one process group for this process, the stage, and what the stage starts
    _, descriptors, _, _ = socket.recv_fds(client, 1, 3)
    line = client.makefile().readline()
    if not line:  # the client was killed before it said what it wants
        os._exit(0)
    request = json.loads(line)
    child = os.fork()
    if child == 0:
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
            os.close(descriptor)
        client.close()
        _run(request)

    def kill_with_others() -> None:
        select.select([client, sys.stdin], [], [])  # until one of them is closed
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=kill_with_others, daemon=True).start()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    try:
        client.sendall(f"{code if code >= 0 else 128 - code}\n".encode())
    finally:
        os._exit(0)


def _run(request: dict[str, Any]) -> NoReturn:
    """Do what ``python -m stages`` does in the folder and environment of the request."""
    code = 1
    try:
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["stages", *request["arguments"]]
        folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        sys.path[:0] = [request["folder"], *filter(None, folders)]
        _limit_threads()
        runpy.run_module("stages", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _limit_threads() -> None:
    """Use as many threads as the environment says; torch has read that of the warm process."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdecimal() and int(threads):
        sys.modules["torch"].set_num_threads(int(threads))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
