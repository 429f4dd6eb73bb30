"""The ``langsig`` command as a whole."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

import langsig
from langsig.commands import main


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
