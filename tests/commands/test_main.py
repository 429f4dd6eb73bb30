"""The ``langsig`` command as a whole."""

import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import langsig
from langsig.commands import main, show


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_version_as_installed() -> None:
    program = Path(sys.executable).with_name("langsig")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, langsig.__version__)


def test_commands_are_listed_and_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(command in text for command in ("annotate", "factorize", "show"))
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2


def test_characters_that_the_output_cannot_show_are_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    with pytest.raises(SystemExit):
        run("--version")
    print("naïve 日本語")
    sys.stdout.flush()
    assert buffer.getvalue().decode("ascii").splitlines()[-1] == "na?ve ???"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "s.csv"), "s.csv: No space left"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left"),
        (IsADirectoryError("s.csv: is a directory; name a file"), "s.csv: is a directory"),
    ],
)
def test_errors_of_the_system_are_messages(
    error: OSError,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_arguments: object) -> None:
        raise error

    monkeypatch.setattr(show, "run", fail)
    assert run("show", "summary.json") == 1
    assert capsys.readouterr().err.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("target", "message"), [("closed", ""), ("/dev/full", "error: No space left on device\n")]
)
def test_output_that_cannot_be_written_ends_without_traceback(target: str, message: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output = writer if target == "closed" else os.open(target, os.O_WRONLY)
    done = subprocess.run(
        [sys.executable, "-m", "langsig", "check", "--schema"],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(output)
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.parametrize(
    "arguments",
    [
        ("plots-page", "FOLDER"),
        ("plots-page", "/dev/null"),
        ("comment", "HEAD", "FILE"),
        ("data", "paper", "--to", "FILE"),
    ],
)
def test_outputs_are_checked_first(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    names = {"FOLDER": tmp_path, "FILE": tmp_path / "file"}
    with pytest.raises(SystemExit) as ended:
        run(*(names.get(argument, argument) for argument in arguments))
    assert ended.value.code == 2
    assert re.search(r": is a .*; name a (file|directory)", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("price", "micro"), "no presets in "),
        (("data", "paper"), "no sources in "),
        (("check", "--data", "none"), "--data: none is not a folder"),
        (("check", "--reference", "other.yaml"), "other.yaml:1: seed: missing; must be"),
        (("show", "none.json"), "none.json: cannot read metrics: No such file or directory\n"),
        (("show", "other.yaml"), "other.yaml: not JSON ("),
        (("factorize", "none", "--rank", 1, "--out", "s.csv"), "none: no such file\n"),
        (("factorize", ".", "--rank", 1, "--out", "s.csv"), ".: is a folder; name a file\n"),
        (("sweep", "demo", "--seeds", -1), "--seeds must be at least 0; got -1\n"),
    ],
)
def test_errors_say_what_to_do(
    arguments: tuple[object, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "other.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 1
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert [path.name for path in tmp_path.iterdir()] == ["other.yaml"]
