"""Stages as forks of a process that has imported torch behave like plain processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from langsig.repository.warm import is_supported, warm_process

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STAGES = {
    "good": """
import os, sys
def main(arguments):
    print("torch" in sys.modules, arguments, os.getcwd(), os.environ.get("WORD"), __name__)
    print(sys.path[0], "LANGSIG_WARM" in os.environ, file=sys.stderr)
""",
    "project": """
import langsig
def main(arguments):
    print(langsig.__file__)
""",
    "threads": """
import torch
def main(arguments):
    print(torch.get_num_threads())
""",
    "refused": """
from langsig.errors import InputError
def main(arguments):
    raise InputError("no such corpus")
""",
    "ended": "import sys\ndef main(arguments):\n    sys.exit('error: early')",
    "wrong": "def main(arguments):\n    1 / 0",
    "killed": "import os\ndef main(arguments):\n    os.kill(os.getpid(), 9)",
    "long": """
import os, subprocess, sys, time
def main(arguments):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(os.getpid(), child.pid, flush=True)
    time.sleep(600)
""",
}
ALONE = {name: value for name, value in os.environ.items() if name != "LANGSIG_WARM"}
needs_fork = pytest.mark.skipif(not is_supported(), reason="stages start plainly here")


@pytest.fixture(scope="module")
def running():
    """Has the warm process of all tests; the last one ends it."""
    with ExitStack() as contexts:
        yield contexts


@pytest.fixture(scope="module")
def environment(running):
    return running.enter_context(warm_process(ALONE | {"OMP_NUM_THREADS": "1"}))


@pytest.fixture
def stages(tmp_path):
    """A folder with stages, which has a copy of the package that runs them."""
    folder = tmp_path / "stages"
    folder.mkdir()
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "stages" / name, folder)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for name, code in STAGES.items():
        (folder / f"{name}.py").write_text(code)
    return folder


def run(stages, environment, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "stages", *arguments], cwd=stages.parent, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@needs_fork
def test_fork_has_folder_environment_arguments_and_output_of_the_client(stages, environment):
    done = run(stages, environment | {"WORD": "word"}, "good", "a", "b c")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"True ['a', 'b c'] {stages.parent} word stages.good\n"
    assert done.stderr == f"{stages.parent} False\n"


@needs_fork
def test_fork_runs_the_code_of_the_folder_and_not_that_of_the_warm_process(stages, environment):
    source = stages.parent / "src"
    shutil.copytree(ROOT / "src/langsig", source / "langsig")
    done = run(stages, environment | {"PYTHONPATH": str(source)}, "project")
    assert (done.returncode, done.stdout) == (0, f"{source}/langsig/__init__.py\n")


@needs_fork
def test_each_stage_has_the_threads_that_its_own_environment_says(stages, environment):
    for threads in ("3", "1"):
        done = run(stages, environment | {"OMP_NUM_THREADS": threads}, "threads")
        assert (done.stdout, done.stderr) == (f"{threads}\n", "")


@needs_fork
def test_a_warm_process_that_is_there_is_used(stages, environment):
    with warm_process(environment) as inner:
        assert inner == environment
    assert run(stages, inner, "good").stdout.startswith("True"), "it has not ended"


def test_without_a_warm_process_a_stage_is_a_plain_process(stages):
    done = run(stages, ALONE, "good", "a")
    assert done.returncode == 0
    assert done.stdout == f"False ['a'] {stages.parent} None stages.good\n"


@pytest.mark.parametrize("missing", ["os.fork", "socket.send_fds"])
def test_where_processes_cannot_be_forked_stages_start_plainly(missing, stages, monkeypatch):
    monkeypatch.delattr(missing)
    with warm_process(os.environ | {"LANGSIG_WARM": "/no/such/socket"}) as environment:
        assert "LANGSIG_WARM" not in environment
        assert run(stages, environment, "good").stdout.startswith("False")


def test_macos_starts_stages_plainly(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with warm_process(dict(os.environ)) as environment:
        assert "LANGSIG_WARM" not in environment


@pytest.mark.parametrize("warm", [pytest.param(True, marks=needs_fork), False])
@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("refused", 1, "error: no such corpus\n"),
        ("ended", 1, "error: early\n"),
        ("wrong", 1, "ZeroDivisionError: division by zero"),
        ("killed", 137, ""),
        ("none", 1, "error: stage must be one of "),
    ],
)
def test_exit_codes_and_messages(name, code, message, warm, stages, environment):
    env = environment if warm else environment | {"LANGSIG_WARM": ""}
    done = run(stages, env, name)
    assert done.returncode in (code, 128 - code)  # a shell says 137, subprocess says -9
    assert message in done.stderr and ("Traceback" in done.stderr) == (name == "wrong")
    assert run(stages, env, "good").returncode == 0, "the next stage runs"


@needs_fork
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_stage_and_what_it_has_started_end_with_the_client(number, stages, environment):
    with subprocess.Popen(
        [sys.executable, "-m", "stages", "long"],
        cwd=stages.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # A shell makes its background jobs ignore SIGINT, and processes inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as client:
        processes = [psutil.Process(int(pid)) for pid in client.stdout.readline().split()]
        client.send_signal(number)
    assert_ended(processes)


STARTER = """
import os, subprocess, sys
from langsig.repository.warm import warm_process
with warm_process(dict(os.environ)) as environment:
    command = [sys.executable, "-m", "stages", "long"]
    subprocess.run(command, env=environment, start_new_session=True)
"""


@needs_fork
def test_stage_ends_with_the_process_that_has_started_the_warm_process(stages):
    with subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=stages.parent,
        env=ALONE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        processes = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        os.killpg(process.pid, signal.SIGKILL)  # the client is in another group
    assert_ended(processes)


@needs_fork
def test_a_client_that_is_killed_before_its_request_leaves_no_traceback(stages, capfd):
    with warm_process(ALONE) as environment:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(environment["LANGSIG_WARM"])
            socket.send_fds(client, [b"\0"], [0, 1, 2])
        assert run(stages, environment, "good").stdout.startswith("True")
    assert capfd.readouterr().err == ""


def assert_ended(processes):
    deadline = time.monotonic() + 30
    while any(process.is_running() and process.status() != "zombie" for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_client_imports_nothing_that_is_slow():
    program = """if True:
        import sys
        import stages.__main__
        print(*(name for name in sys.modules if name in ("numpy", "pandas", "torch", "dvc")))
    """
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@needs_fork
def test_nothing_is_left_behind(stages, environment, running):
    address = Path(environment["LANGSIG_WARM"])
    assert run(stages, environment, "good").stdout.startswith("True")
    assert address.is_socket() and address.parent.stat().st_mode & 0o077 == 0
    running.close()
    assert not address.parent.exists()
    assert run(stages, environment, "good").stdout.startswith("False"), "it starts plainly"
