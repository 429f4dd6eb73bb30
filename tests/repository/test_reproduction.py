"""``langsig repro``: which process runs what, with a program that records its calls as ``dvc``."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from langsig.commands import main
from langsig.repository import data, reproduction

ROOT = Path(__file__).parents[2]
DVC = """#!{python}
import os, sys, time
from pathlib import Path
folder = Path("{folder}")
call = " ".join(sys.argv[1:])
if sys.argv[1] == "status":
    sys.exit(not (folder / "fresh").exists())
with (folder / "calls").open("a") as calls:
    calls.write(os.environ.get("OMP_NUM_THREADS", "-") + " " + call + "\\n")
if (folder / "bad").exists() and "pack@qab" in call:
    sys.exit("ERROR: no such corpus")
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of calls, one per line. There are four cores."""
    program = tmp_path / "bin/dvc"
    program.parent.mkdir()
    program.write_text(DVC.format(python=sys.executable, folder=tmp_path))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(reproduction, "warm_process", cold_process)
    monkeypatch.setattr(data, "check_unchanged", lambda root: None)  # data/ may be here or not
    monkeypatch.chdir(ROOT / "conf")  # the repository is found from any folder in it
    return tmp_path / "calls"


@contextmanager
def cold_process(
    environment: dict[str, str], threads: int | None = None
) -> Iterator[dict[str, str]]:
    """Takes the place of a process that imports torch."""
    yield environment | ({"OMP_NUM_THREADS": str(threads)} if threads else {})


def targets(calls: Path) -> list[list[str]]:
    lines = [line.split()[1:] for line in calls.read_text().splitlines()]
    return [line[line.index("--single-item") + 1 :] for line in lines if "--single-item" in line]


def test_every_stage_of_every_language_is_run_by_one_process(calls: Path) -> None:
    assert main(["repro", "--jobs", "2"]) == 0
    languages = YAML(typ="safe").load((ROOT / "params.yaml").read_text())["languages"]
    stages = [target for call in targets(calls) for target in call]
    assert len(stages) == len(set(stages))
    assert {f"{stage}@{name}" for stage in ("annotate", "covariance") for name in languages} < {
        *stages
    }
    packs = [call for call in targets(calls) if call[0].startswith("pack@")]
    assert len(packs) == 2 and packs[0][:2] in (
        ["pack@qaa", "pretrain@qaa"], ["pack@qab", "pretrain@qab"]
    )  # fmt: skip
    lines = calls.read_text().splitlines()
    assert lines[0] == "- repro --single-item data.dvc"
    assert lines[-1] == "- repro", "the analysis"
    assert {line[0] for line in lines if "@" in line} == {"2"}, "threads, of four cores"
    assert all("--wait-for-lock" in line for line in lines if "@" in line)


def test_a_stage_that_fails_ends_the_run_with_its_message(
    calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (calls.parent / "bad").touch()
    assert main(["repro", "--jobs", "2"]) == 1
    assert "ERROR: no such corpus" in capsys.readouterr().err
    assert not any("pretrain-experimental" in call for call in targets(calls))


def test_one_job_runs_one_stage_at_a_time(calls: Path) -> None:
    assert main(["repro", "--jobs", "1"]) == 0
    assert calls.read_text() == "- repro\n"


def test_nothing_runs_if_nothing_has_changed(calls: Path) -> None:
    (calls.parent / "fresh").touch()
    assert main(["repro", "--jobs", "2"]) == 0
    assert not calls.exists()


@pytest.mark.parametrize("command", ["repro", "analyse", "spread"])
def test_bad_parameters_end_the_command_before_any_stage(
    command: str, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    params = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(params.replace("\nseed: 1 ", "\nseed: one ", 1))
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert main([command]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "params.yaml:" in error and "seed" in error
    assert not calls.exists()


@pytest.mark.parametrize("option", [["repro", "--jobs"], ["spread", "--workers"]])
def test_numbers_of_processes_are_positive(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*option, "0"]) == 1
    assert "must be at least 1; got 0" in capsys.readouterr().err


def test_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["repro"]) == 1
    assert f"error: {tmp_path}: neither this folder nor one above it has a dvc.yaml" in (
        capsys.readouterr().err
    )


def test_dvc_has_the_option() -> None:
    """The program above would take any."""
    dvc = Path(sys.executable).with_name("dvc")
    subprocess.run([dvc, "--wait-for-lock", "repro", "--help"], check=True, capture_output=True)
