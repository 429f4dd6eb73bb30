"""``make repro``: who does what, with a program in the place of DVC that writes down its calls."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

import repro

ROOT = Path(__file__).parents[1]
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
    program = tmp_path / "bin/dvc"
    program.parent.mkdir()
    program.write_text(DVC.format(python=sys.executable, folder=tmp_path))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(repro.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(sys, "argv", ["repro", "--jobs", "2"])
    monkeypatch.setattr(repro, "warm", cold)
    return tmp_path / "calls"


@contextmanager
def cold(threads: int | None = None) -> Iterator[dict[str, str]]:
    """In the place of a process that imports torch."""
    yield os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {})


def targets(calls: Path) -> list[list[str]]:
    lines = [line.split()[1:] for line in calls.read_text().splitlines()]
    return [line[line.index("--single-item") + 1 :] for line in lines if "--single-item" in line]


def test_steps_are_the_stages_of_single_languages_in_the_order_of_the_pipeline() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    each = {name for name, entry in stages.items() if entry.get("foreach") == "${languages}"}
    named = [name for step in repro.STEPS for name in step]
    assert each <= set(named) <= set(stages) and len(named) == len(set(named))
    before = set()
    for step in repro.STEPS:
        assert len({name in each for name in step}) == 1, "all of one language, or none"
        before |= set(step)
        for name in step:
            needed = {
                other
                for other, entry in stages.items()
                for out in entry.get("do", entry)["outs"]
                if out in stages[name].get("do", stages[name])["deps"]
            }
            assert needed <= before, f"{name} comes too early"


def test_every_stage_of_every_language_is_in_one_share(calls: Path) -> None:
    repro.main()
    languages = yaml.safe_load((ROOT / "params.yaml").read_text())["languages"]
    found = [target for call in targets(calls) for target in call]
    assert len(found) == len(set(found))
    assert {f"{stage}@{name}" for stage in ("annotate", "covariance") for name in languages} < {
        *found
    }
    packs = [call for call in targets(calls) if call[0].startswith("pack@")]
    assert len(packs) == 2 and packs[0][:2] in (
        ["pack@qaa", "pretrain@qaa"], ["pack@qab", "pretrain@qab"]
    )  # fmt: skip
    lines = calls.read_text().splitlines()
    assert lines[-1] == "- repro", "what is left"
    assert {line[0] for line in lines if "@" in line} == {"2"}, "of four threads"
    assert all("--wait-for-lock" in line for line in lines if "@" in line)


def test_a_stage_that_fails_ends_it_with_what_it_said(calls: Path) -> None:
    (calls.parent / "bad").touch()
    with pytest.raises(SystemExit, match="no such corpus"):
        repro.main()
    assert not any("pretrain-experimental" in call for call in targets(calls))


@pytest.mark.parametrize("alone", [True, False])
def test_nothing_is_shared_out_where_nothing_changed_or_there_is_one_job(
    alone: bool, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if alone:
        monkeypatch.setattr(sys, "argv", ["repro", "--jobs", "1"])
    else:
        (calls.parent / "fresh").touch()
    repro.main()
    assert (calls.read_text() if calls.exists() else "") == ("- repro\n" if alone else "")


def test_dvc_knows_the_option() -> None:
    """The program above would take any."""
    dvc = Path(sys.executable).with_name("dvc")
    subprocess.run([dvc, "--wait-for-lock", "repro", "--help"], check=True, capture_output=True)
