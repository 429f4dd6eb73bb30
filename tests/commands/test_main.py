"""The ``langsig`` command as a whole."""

import errno
import io
import os
import re
import resource
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


def test_standard_output_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run("check", "--schema") == 0


@pytest.mark.slow
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


WRITING = {
    "file": [
        ("plots-page", "OUT"),
        ("annotate", "none.conllu", "--language", "da", "--out", "OUT"),
        ("factorize", "none.safetensors", "--rank", "2", "--out", "OUT"),
        ("compare", "--experimental", "./none", "--control", "da=./none", "--out", "OUT"),
    ],
    "directory": [
        ("comment", "HEAD", "OUT"),
        ("data", "paper", "--to", "OUT"),
        ("diff", "one", "two", "--out", "OUT"),
        ("get", "experimental", "--out", "OUT"),
    ],
}
"""Commands that write a file or a directory, whose other arguments are wrong too."""


@pytest.mark.parametrize(
    ("kind", "arguments"), [(kind, command) for kind in WRITING for command in WRITING[kind]]
)
def test_outputs_are_checked_first(
    kind: str,
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.csv").write_text("old")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "device.csv").symlink_to("/dev/null")
    os.mkfifo("pipe.csv")
    other = {"file": "folder", "directory": "file"}[kind]
    for out, message in {
        f"{other}.csv": r"is a (file|directory); name a (file|directory)",
        "device.csv": r"is a (device|file)",
        "pipe.csv": r"is a (device or a pipe|file)",
        "file.csv/new.csv": r".*file.csv is not a directory",
        f"{'x' * 300}.csv": r"nothing can be written in .*: File name too long; name another",
    }.items():
        assert run(*(out if argument == "OUT" else argument for argument in arguments)) == 1
        assert re.fullmatch(rf"error: {out}: {message}.*\n", capsys.readouterr().err)
    assert os.readlink("device.csv") == "/dev/null"
    assert (tmp_path / "file.csv").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("exists", [True, False])
def test_what_a_link_points_to_is_written(exists: bool, tmp_path: Path) -> None:
    page, target = tmp_path / "page.html", tmp_path / "other" / "target.html"
    target.parent.mkdir()
    if exists:
        target.write_text("old")
    page.symlink_to(target)
    assert run("plots-page", page) == 0
    assert os.readlink(page) == str(target)
    assert "<html" in target.read_text(encoding="utf-8") and not target.is_symlink()


def test_links_in_a_circle_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, target in (("one", "other"), ("other", "one")):
        (tmp_path / name).symlink_to(target)
    assert run("plots-page", tmp_path / "one") == 1
    assert "one: is a link that leads to itself; name a file" in capsys.readouterr().err
    assert os.readlink(tmp_path / "one") == "other"


def test_full_disk_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        assert run("plots-page", page) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    pattern = rf"error: {page}: needs [\d,]{{7,}} bytes \(.*; free some space .*\n"
    assert re.fullmatch(pattern, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("repro", "--jobs", "many"), "--jobs must be an integer; got 'many'"),
        (("repro", "--jobs", "-3"), "--jobs must be at least 1; got -3"),
        (("spread", "--workers", "1.5"), "--workers must be an integer; got '1.5'"),
        (("spread", "--workers", "0"), "--workers must be at least 1; got 0"),
        (("sweep", "demo", "--jobs", "0"), "--jobs must be at least 1; got 0"),
        (("sweep", "demo", "--seeds", "1", "-1"), "--seeds must be at least 0; got -1"),
    ],
)
def test_numbers_are_checked_first(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 1
    assert capsys.readouterr().err == f"error: {message}\n"


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_terminals_of_other_encodings_get_question_marks(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "日本語.conllu"
    path.write_text("1\tåø\t_\tNOUN\t_\t_\t0\troot\t_\t_\n\n", encoding="utf-8")
    out = tmp_path / "日本語.csv"
    done = subprocess.run(
        [sys.executable, "-m", "langsig", "annotate", path, "--language", "da", "--out", out],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode(encoding).endswith("???.csv\n") and out.exists()
    path.write_text("1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "langsig", "annotate", path, "--language", "da", "--out", out],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.startswith(b"error: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("price", "micro"), "FOLDER: neither this folder nor one above it has a dvc.yaml; run"),
        (("data", "paper"), "FOLDER: neither this folder nor one above it has a dvc.yaml; run"),
        (("use", "micro"), "FOLDER: neither this folder nor one above it has a dvc.yaml; run"),
        (("check",), "FOLDER: neither this folder nor one above it has a dvc.yaml; run"),
        (("check", "--data", "none"), "--data: none is not a folder"),
        (("check", "--reference", "other.yaml"), "other.yaml:1: seed: missing; must be"),
        (("show", "none.json"), "none.json: cannot read metrics: No such file or directory\n"),
        (("show", "other.yaml"), "other.yaml: not JSON ("),
        (("factorize", "none", "--rank", 1, "--out", "s.csv"), "none: no such file\n"),
        (("factorize", ".", "--rank", 1, "--out", "s.csv"), ".: is a folder; name a file\n"),
        (("annotate", "", "--language", "da", "--out", "s.csv"), "a name must not be empty"),
        (
            ("annotate", "a\nb", "--language", "da", "--out", "s.csv"),
            r"a name must not be empty and have no line breaks; got 'a\nb'",
        ),
        (
            ("compare", "--experimental", "a\nb"),
            r"a name must not be empty and have no line breaks; got 'a\nb'",
        ),
        (
            ("compare", "--control", "da=a\rb"),
            r"a name must not be empty and have no line breaks; got 'a\rb'",
        ),
        (("diff", "one", "two", "--out", ""), "a name must not be empty"),
        (("data", "paper", "--to", ""), "a name must not be empty"),
        (("diff", "one", "two", "--out", "."), ".: is not empty; name a new folder"),
        (("diff", "one", "two", "--out", ".."), "..: is not empty; name a new folder"),
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
    assert capsys.readouterr().err.startswith(f"error: {message.replace('FOLDER', str(tmp_path))}")
    assert [path.name for path in tmp_path.iterdir()] == ["other.yaml"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless device")
@pytest.mark.parametrize(
    "command",
    [["show"], ["check"], ["annotate", "--language", "da", "--out", "words.csv"]],
)
def test_devices_are_not_read(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command, "/dev/zero"]) == 1
    assert capsys.readouterr().err.startswith("error: /dev/zero: is a device; name ")
    assert not list(tmp_path.iterdir())
