"""A command of a worker ends with the worker, and otherwise keeps its exit code and output."""

import subprocess
import sys
import time

import psutil
import pytest

LEASH = [sys.executable, "-m", "langsig.repository.leash"]
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_that_ends(code: int) -> None:
    program = f"import sys; print('printed'); sys.exit({code})"
    with subprocess.Popen(
        [*LEASH, sys.executable, "-c", program], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.read() == "printed\n"
        assert process.wait() == code


def test_what_a_command_has_started_ends_with_the_worker() -> None:
    with subprocess.Popen(
        [*LEASH, sys.executable, "-c", PARENT], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        child = psutil.Process(int(process.stdout.readline()))
        command = child.parent()
        assert command is not None
        process.stdin.close()  # as when the worker dies
        deadline = time.monotonic() + 30
        while any(
            process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            for process in (child, command)
        ):
            assert time.monotonic() < deadline
            time.sleep(0.05)
