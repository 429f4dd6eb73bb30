"""Forks of a process that has imported torch: they are as processes of their own would be."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from warm import warm

ROOT = Path(__file__).parents[1]
STAGES = {
    "good": """
import os, sys
print("torch" in sys.modules, sys.argv[1:], os.getcwd(), os.environ.get("WORD"), __name__)
print("langsig" in sys.modules, sys.path[0], file=sys.stderr)
""",
    "refused": "import sys\nsys.exit('error: no such corpus')",
    "wrong": "1 / 0",
    "killed": "import os\nos.kill(os.getpid(), 9)",
    "long": "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)",
}


@pytest.fixture(scope="module")
def environment():
    with warm(threads=1) as environment:
        yield environment


@pytest.fixture
def stages(tmp_path):
    folder = tmp_path / "stages"
    folder.mkdir()
    shutil.copy(ROOT / "stages/run.py", folder)
    for name, code in STAGES.items():
        (folder / f"{name}.py").write_text(code)
    return folder


def run(stages, environment, *arguments):
    return subprocess.run(
        [sys.executable, "stages/run.py", *arguments], cwd=stages.parent, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_fork_has_folder_environment_arguments_and_output_of_who_asks(stages, environment):
    done = run(stages, environment | {"WORD": "word"}, "good", "a", "b c")
    assert done.returncode == 0
    assert done.stdout == f"True ['a', 'b c'] {stages.parent} word __main__\n"
    assert done.stderr == f"False {stages}\n"


def test_without_such_a_process_a_stage_runs_by_itself(stages):
    environment = {name: value for name, value in os.environ.items() if name != "LANGSIG_WARM"}
    done = run(stages, environment, "good", "a")
    assert done.returncode == 0
    assert done.stdout == f"False ['a'] {stages.parent} None __main__\n"


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("refused", 1, "error: no such corpus"),
        ("wrong", 1, "ZeroDivisionError: division by zero"),
        ("killed", 137, ""),
        ("none", 1, "FileNotFoundError"),
    ],
)
def test_exit_codes_and_messages(name, code, message, stages, environment):
    done = run(stages, environment, name)
    assert done.returncode == code
    assert message in done.stderr
    assert run(stages, environment, "good").returncode == 0, "others go on"


def started(stages, environment):
    """A stage that takes long: the process that asked for it, and its fork."""
    process = subprocess.Popen(
        [sys.executable, "stages/run.py", "long"], cwd=stages.parent, env=environment,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return process, psutil.Process(int(process.stdout.readline()))


def test_fork_ends_with_who_asked_for_it(stages, environment):
    process, fork = started(stages, environment)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while fork.is_running() and fork.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_is_left_behind(stages):
    with warm(threads=1) as environment:
        address = Path(environment["LANGSIG_WARM"])
        assert run(stages, environment, "good").returncode == 0
        assert address.is_socket() and address.parent.stat().st_mode & 0o077 == 0
    assert not address.parent.exists()
    assert run(stages, environment, "good").stdout.startswith("False"), "it runs by itself"
