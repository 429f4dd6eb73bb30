"""What is pushed to a real server comes back as it was, or not at all; failures say what they are.

Each DVC command is a process of its own, as clients of S3 remember their credentials.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMIT = "git -c user.name=test -c user.email=test@localhost commit --quiet --all --message all"
LARGE = 65_000_000  # bytes; from 50 million on, objects go and come in parts


@pytest.fixture(autouse=True)
def _environment(server, monkeypatch, tmp_path):
    """The server's, and none of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)


@pytest.fixture(scope="module")
def set_up(made, server):
    """The repository, its remote set up as by ``make remote``, committed."""
    for name in ("tools/remote.py", "conf/s3-compatible.ini"):
        (made.folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, made.folder / name)
    remote(made.folder, "s3://bucket/team", "--endpoint", server.url)
    made.run(f"git add --all; {COMMIT}")


@pytest.fixture
def origin(set_up, repository):
    """A copy of it, with a place of its own on the server."""
    config = repository.folder / ".dvc/config"
    config.write_text(config.read_text().replace("bucket/team", f"bucket/{uuid.uuid4()}"))
    repository.run(COMMIT)
    return repository.folder


def remote(folder, *arguments):
    """Run ``make remote``'s program."""
    command = [sys.executable, "tools/remote.py", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def dvc(folder, *arguments, **options):
    """Run DVC; what it prints, errors included, and its exit code."""
    done = subprocess.run(
        ["dvc", *arguments], cwd=folder, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip
    return done.stdout, done.returncode


def stored(folder, server, content):
    """Objects on the server, of this repository, that begin with this."""
    place = re.search(r"url = s3://(\S+)", (folder / ".dvc/config").read_text())[1]
    found = (path for path in (server.files / place).rglob("*") if path.is_file())
    return [path for path in found if path.read_bytes().startswith(content)]


def clone_of(folder, place):
    subprocess.run(["git", "clone", "--quiet", folder, place], check=True)
    return place


def test_what_is_pushed_is_pulled_elsewhere(origin, server, tmp_path):
    printed, code = dvc(origin, "push", "--run-cache")
    assert code == 0, printed
    assert len(stored(origin, server, b"one of folder")) == 1
    elsewhere = clone_of(origin, tmp_path / "elsewhere")
    printed, code = dvc(elsewhere, "pull", "single.txt")
    assert code == 0, printed
    assert (elsewhere / "single.txt").read_text() == "single"
    assert not (elsewhere / "folder").exists(), "only what was asked for"
    printed, code = dvc(elsewhere, "repro", "--pull")
    assert code == 0 and "Running stage" not in printed
    assert (elsewhere / "folder/inner/two").read_text() == "two of folder"


def test_large_object_comes_back(origin, tmp_path):
    content = os.urandom(LARGE)
    (origin / "large").write_bytes(content)
    assert dvc(origin, "add", "large")[1] == 0
    printed, code = dvc(origin, "push", "large.dvc")
    assert code == 0, printed
    elsewhere = clone_of(origin, tmp_path / "elsewhere")
    shutil.copy(origin / "large.dvc", elsewhere)
    printed, code = dvc(elsewhere, "pull", "large.dvc")
    assert code == 0, printed
    assert (elsewhere / "large").read_bytes() == content


def test_object_that_was_damaged_on_the_server_is_refused(origin, server, tmp_path):
    assert dvc(origin, "push")[1] == 0
    (damaged,) = stored(origin, server, b"two of folder")
    damaged.write_bytes(b"TWO of folder")
    elsewhere = clone_of(origin, tmp_path / "elsewhere")
    printed, code = dvc(elsewhere, "pull")
    assert code != 0
    assert "Checkout failed for following targets:\nfolder\n" in printed
    assert not (elsewhere / "folder/inner/two").exists()
    printed, code = dvc(elsewhere, "pull", "single.txt")
    assert code == 0, printed


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "another"}, "403"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Unable to locate credentials"),
    ],
    ids=["wrong", "missing"],
)
def test_credentials(variables, message, origin, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for command in ("push", "pull"):
        printed, code = dvc(origin, command)
        assert code != 0
        assert printed.startswith("ERROR: ") and message in printed
        assert "Traceback" not in printed
        shutil.rmtree(origin / ".dvc/cache", ignore_errors=True)  # there is something to pull


def test_server_that_does_not_answer(origin, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # by default five, which take long
    remote(origin, "s3://bucket/team", "--endpoint", "http://127.0.0.1:9")
    printed, code = dvc(origin, "push")
    assert code != 0
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/' in printed
    assert "Traceback" not in printed


def test_push_that_was_killed_is_completed_by_the_next(origin, server, tmp_path):
    many = origin / "many"
    many.mkdir()
    for number in range(300):
        (many / f"{number:03d}").write_bytes(b"many" + os.urandom(100_000))
    assert dvc(origin, "add", "many")[1] == 0
    with subprocess.Popen(
        ["dvc", "push", "--jobs", "1", "many.dvc"], cwd=origin, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while len(stored(origin, server, b"many")) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert 10 <= len(stored(origin, server, b"many")) < 300
    printed, code = dvc(origin, "push", "many.dvc")
    assert code == 0, printed
    assert len(stored(origin, server, b"many")) == 300
    elsewhere = clone_of(origin, tmp_path / "elsewhere")
    shutil.copy(origin / "many.dvc", elsewhere)
    assert dvc(elsewhere, "pull", "many.dvc")[1] == 0
    for path in many.iterdir():
        assert (elsewhere / "many" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["https://bucket/team"], "URL=https://bucket/team is not s3://BUCKET/PREFIX"),
        (["s3://"], "URL=s3:// is not s3://BUCKET/PREFIX"),
        (["s3://key:secret@bucket/team"], "URL: credentials belong in the environment"),
        (["s3://bucket", "--endpoint", "host"], "ENDPOINT=host is not https://HOST"),
        (["s3://bucket", "--endpoint", "https://k:s@host"], "ENDPOINT: credentials belong"),
    ],
)
def test_address_that_is_none(arguments, message, origin):
    before = (origin / ".dvc/config").read_text()
    done = remote(origin, *arguments)
    assert done.returncode == 1 and done.stderr.startswith(f"error: {message}")
    assert "secret" not in done.stderr
    assert (origin / ".dvc/config").read_text() == before


def test_amazon_needs_no_endpoint(origin):
    assert remote(origin, "s3://elsewhere/team").returncode == 0
    config = (origin / ".dvc/config").read_text()
    assert "url = s3://elsewhere/team" in config and "verify = true" in config
    assert "endpointurl" not in config and "configpath" not in config
