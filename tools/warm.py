"""A process that has imported what takes seconds, and forks itself for stages that ask it to.

``with warm(threads=1) as environment`` starts one; commands run with that environment, and
``stages/run.py`` of theirs, use it. Nothing of this project is imported beforehand, so stages run
the code of the folder that they are in.
"""

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
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMPORTED = [
    "accelerate",
    "matplotlib.figure",
    "pandas",
    "pymannkendall",
    "safetensors.torch",
    "scipy.stats",
    "skbio",
    "torch",
    "transformers.models.xlm_roberta.modeling_xlm_roberta",
    "transformers.trainer",
]


@contextmanager
def warm(threads: int | None = None) -> Iterator[dict[str, str]]:
    """Start the process, and end it afterwards; the environment that makes stages use it.

    Parameters
    ----------
    threads
        Of each stage; as many as there are cores by default.
    """
    environment = dict(os.environ)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryDirectory(prefix="langsig-") as folder:  # nobody else may enter it
        address = str(Path(folder, "socket"))
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(address)
            server.listen()  # who asks early waits
            descriptor = server.fileno()
            process = subprocess.Popen(
                [sys.executable, __file__, str(descriptor)],
                env=environment,
                stdin=subprocess.PIPE,
                pass_fds=[descriptor],
            )
        with process:
            try:
                yield environment | {"LANGSIG_WARM": address}
            finally:
                process.terminate()


def serve(descriptor: int) -> None:
    """Fork for each that asks, until the process that has started this one is no more."""
    with socket.socket(fileno=descriptor) as server:
        for name in IMPORTED:
            importlib.import_module(name)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system forgets those that have ended
        while True:
            ready, _, _ = select.select([server, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            client, _ = server.accept()
            if os.fork() == 0:
                server.close()
                attend(client)
            client.close()


def attend(client: socket.socket) -> None:
    """Run what one client asks for in another fork; end it if the client ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, descriptors, _, _ = socket.recv_fds(client, 1, 3)
    request = json.loads(client.makefile().readline())
    child = os.fork()
    if child == 0:
        os.setsid()
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
            os.close(descriptor)
        client.close()
        run(request)
    handle = os.pidfd_open(child)
    ready, _, _ = select.select([client, handle], [], [])
    if client in ready:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    try:
        client.sendall(f"{code if code >= 0 else 128 - code}\n".encode())
    finally:
        os._exit(0)


def run(request: dict) -> None:
    """As ``python SCRIPT ARGUMENT ...`` would in that folder and environment."""
    code = 1
    try:
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = request["command"]
        own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        sys.path[:1] = [str(Path(sys.argv[0]).parent), *filter(None, own)]
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
