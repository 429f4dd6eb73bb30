"""``langsig repro``, on a small pipeline: it leaves behind what ``dvc repro`` leaves behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path

import psutil
import pytest
from dvc.cli import main as dvc
from dvc.repo import Repo
from ruamel.yaml import YAML

from langsig.commands import main
from langsig.errors import InputError
from langsig.repository.data import only_command
from langsig.repository.processes import CommandError
from langsig.repository.reproduction import reproduce

ROOT = Path(__file__).parents[2]
PIPELINE = """
stages:
  part:
    foreach: [x, y, z]
    do:
      cmd: echo ${key} >> ../ran; python code.py ${item} > "part_${item}"
      deps: [code.py, data]
      outs: ["part_${item}"]
  join:
    cmd:
      - echo join >> ../ran
      - cat part_x part_y part_z > joined; mkdir folder; cp part_x folder
      - echo "{}" > metrics.json
    deps: [part_x, part_y, part_z]
    params: [number]
    outs: [joined, folder]
    metrics: [metrics.json: {cache: false}]
  left:
    cmd: echo left >> ../ran; cp joined left
    deps: [joined]
    outs: [left]
  right:
    cmd: echo right >> ../ran; cp folder/part_x right
    deps: [folder/part_x]
    params: [letter]
    outs: [right]
  end:
    cmd: echo end >> ../ran; cat left right > end
    deps: [left, right]
    outs: [end]
""".replace("${key}", "${item}")


class Project:
    """A folder with a small pipeline, next to a file that says which commands have run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.ran_file = folder / "ran"

    def fill(self, pipeline: str = PIPELINE) -> "Project":
        (self.folder / "source").mkdir(parents=True)
        self.write("source/text", "text")
        self.write("dvc.yaml", pipeline)
        self.write("params.yaml", "number: 1\nletter: a\n")
        self.write("code.py", "import sys\nprint(sys.argv[1], flush=True)\n")
        subprocess.run(["git", "init", "--quiet"], cwd=self.folder, check=True)
        self.dvc("init", "--quiet")
        self.dvc("import-url", "--quiet", "source", "data")
        self.dvc("unfreeze", "data.dvc")
        return self

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def dvc(self, *arguments: str) -> None:
        with chdir(self.folder):
            assert dvc([*arguments]) == 0

    def reproduce(self, jobs: int = 3, names: list[str] | None = None) -> set[str]:
        """Run ``langsig repro``; the commands that have run."""
        self.ran_file.write_text("")
        reproduce(self.folder, jobs, names)
        return self.ran()

    def ran(self) -> set[str]:
        lines = self.ran_file.read_text().split()
        assert len(lines) == len(set(lines)), "nothing runs twice"
        return set(lines)

    def log(self) -> str:
        return (self.folder / ".scratch/repro.log").read_text()

    def is_clean(self) -> bool:
        with chdir(self.folder), Repo() as repo:
            return not repo.status()

    def files(self) -> dict[str, bytes]:
        """All files, those of the cache included, that do not depend on time."""
        return {
            name: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
            and not (name := path.relative_to(self.folder).as_posix()).startswith(
                (".git/", ".dvc/tmp/", ".scratch/", ".gitignore")
            )
        }


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path).fill()


@pytest.fixture
def twin(tmp_path: Path) -> Project:
    """The same project, which ``dvc repro`` runs."""
    (tmp_path / "twin").mkdir()
    return Project(tmp_path / "twin").fill()


def change_parameter(project: Project) -> None:
    project.write("params.yaml", "number: 2\nletter: a\n")


def change_back(project: Project) -> None:
    project.write("params.yaml", "number: 1\nletter: a\n")


def change_code(project: Project) -> None:
    project.write("code.py", "import sys\nprint('part', sys.argv[1])\n")


def change_data(project: Project) -> None:
    project.write("source/text", "other text")


def change_command(project: Project) -> None:
    path = project.folder / "dvc.yaml"
    path.write_text(path.read_text().replace("cp joined left", "cat joined > left"))


def delete_outputs(project: Project) -> None:
    (project.folder / "left").unlink()
    shutil.rmtree(project.folder / "folder")


def edit_output(project: Project) -> None:
    (project.folder / "right").unlink()
    project.write("right", "something else")


def lose_lock_file(project: Project) -> None:
    (project.folder / "dvc.lock").unlink()


def lose_cache(project: Project) -> None:
    shutil.rmtree(project.folder / ".dvc/cache/runs")
    for name in ("part_y", "joined"):
        (project.folder / name).unlink()


CHANGES = {
    change_parameter: {"join"},
    change_back: set(),  # from the cache
    change_code: {"x", "y", "z", "join", "left", "right", "end"},
    change_data: {"x", "y", "z"},
    change_command: {"left"},
    delete_outputs: set(),
    edit_output: set(),
    lose_lock_file: set(),
    lose_cache: set(),
}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_everything_is_as_after_dvc_repro(jobs: int, project: Project, twin: Project) -> None:
    assert project.reproduce(jobs) == {"x", "y", "z", "join", "left", "right", "end"}
    twin.dvc("repro", "--quiet")
    assert project.files() == twin.files()
    assert project.is_clean()
    project.dvc("repro", "--quiet")
    assert project.reproduce(jobs) == set(), "nothing is left to do"
    assert project.files() == twin.files()


@pytest.mark.slow
def test_after_each_change_everything_is_as_after_dvc_repro(
    project: Project, twin: Project
) -> None:
    project.reproduce()
    twin.dvc("repro", "--quiet")
    for change, expected in CHANGES.items():
        change(project)
        change(twin)
        assert project.reproduce() == expected, change.__name__
        twin.dvc("repro", "--quiet")
        assert project.files() == twin.files(), change.__name__
        assert project.is_clean(), change.__name__


@pytest.mark.slow
def test_metrics_and_folders_come_back_from_the_run_cache(project: Project) -> None:
    project.reproduce()
    change_parameter(project)
    project.reproduce()
    change_back(project)
    for name in ("metrics.json", "folder/part_x"):
        (project.folder / name).unlink()
    assert project.reproduce() == set()
    assert (project.folder / "metrics.json").read_text() == "{}\n"
    assert (project.folder / "folder/part_x").read_text() == "x\n"


KINDS = """
stages:
  frozen:
    cmd: echo frozen >> ../ran; cp code.py frozen_out
    frozen: true
    deps: [code.py]
    outs: [frozen_out]
  always:
    cmd: echo always >> ../ran; echo 1 > always_out
    always_changed: true
    outs: [always_out]
  callback:
    cmd: echo callback >> ../ran
  kept:
    cmd: echo kept >> ../ran; echo line >> kept_out
    deps: [params.yaml]
    outs: [kept_out: {persist: true}]
  reader:
    cmd: echo reader >> ../ran; cat always_out frozen_out > reader_out
    deps: [always_out, frozen_out]
    outs: [reader_out]
"""


@pytest.mark.slow
def test_stages_of_all_kinds_are_run_as_dvc_runs_them(tmp_path: Path) -> None:
    projects = Project(tmp_path / "project").fill(KINDS), Project(tmp_path / "twin").fill(KINDS)
    for turn in range(3):
        for project in projects:
            project.write("frozen_out", "frozen")
            project.write("params.yaml", f"number: {turn // 2}\n")
            project.ran_file.write_text("")
        reproduce(projects[0].folder, 2)
        projects[1].dvc("repro", "--quiet")
        assert projects[0].ran() == projects[1].ran(), turn
        assert projects[0].files() == projects[1].files(), turn
    assert projects[0].ran() == {"always", "callback", "kept"}
    assert (projects[0].folder / "kept_out").read_text() == "line\nline\n"


@pytest.mark.slow
def test_only_the_stages_that_are_named_run_each_after_those_it_needs(project: Project) -> None:
    project.reproduce()
    change_code(project)
    change_command(project)
    assert project.reproduce(names=["left"]) == {"left"}
    assert project.reproduce(names=["end", "right", "join", "part@x"]) == {
        "x", "join", "right", "end"
    }  # fmt: skip
    assert (project.folder / "joined").read_text() == "part x\ny\nz\n", "after part@x"
    assert (project.folder / "end").read_text() == "x\ny\nz\npart x\n", "after right"
    assert project.reproduce(names=[]) == set()


EDITING = """
stages:
  first:
    cmd: cp other.yaml params.yaml; touch first
    deps: [code.py]
    params: [letter]
    outs: [first]
  second:
    cmd: cp params.yaml second
    deps: [first]
    params: [number]
    outs: [second]
"""


def test_parameters_that_change_meanwhile_are_read_again(tmp_path: Path) -> None:
    project = Project(tmp_path).fill(EDITING)
    project.write("other.yaml", "number: 2\nletter: a\n")
    reproduce(project.folder, 1)
    lock = YAML(typ="safe").load((project.folder / "dvc.lock").read_text())
    assert lock["stages"]["second"]["params"] == {"params.yaml": {"number": 2}}
    assert (project.folder / "second").read_text() == "number: 2\nletter: a\n"
    assert project.is_clean()


MEETING = """
stages:
  meet:
    foreach: [x, y]
    do:
      cmd: "touch ../here_${item}; until [ -e ../here_x -a -e ../here_y ]; do sleep .02; done; \
        touch out_${item}"
      deps: [code.py]
      outs: ["out_${item}"]
"""


def test_stages_run_at_the_same_time(tmp_path: Path) -> None:
    project = Project(tmp_path).fill(MEETING)
    reproduce(project.folder, 2)
    assert (project.folder / "out_x").exists() and (project.folder / "out_y").exists()


ENVIRONMENT = """
stages:
  first:
    cmd: echo $OMP_NUM_THREADS $OMP_WAIT_POLICY $DVC_STAGE $DVC_ROOT $PWD > first
    deps: [code.py]
    outs: [first]
  both:
    foreach: [x, y]
    do:
      cmd: echo $OMP_NUM_THREADS $OMP_WAIT_POLICY $DVC_STAGE > "both_${item}"
      deps: [first]
      outs: ["both_${item}"]
"""


def test_stages_share_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    project = Project(tmp_path).fill(ENVIRONMENT)
    reproduce(project.folder, 4)
    folder = str(project.folder)
    first = (project.folder / "first").read_text().split()
    assert first == ["8", "PASSIVE", "first", folder, folder], "nothing can run at the same time"
    assert (project.folder / "both_x").read_text().split() == ["4", "PASSIVE", "both@x"]
    assert (project.folder / "both_y").read_text().split() == ["4", "PASSIVE", "both@y"]


FAILING = """
stages:
  bad:
    cmd: until [ -e ../started ]; do sleep .02; done; echo reason; echo detail >&2; test -e good
    deps: [code.py]
    outs: [bad_out: {persist: true}]
  slow:
    cmd: "touch ../started; echo slow >> ../ran; until grep -q 'bad: detail' .scratch/repro.log; \
      do sleep .02; done; sleep .2; touch slow_out"
    deps: [code.py]
    outs: [slow_out]
  after_slow:
    cmd: touch after_slow_out
    deps: [slow_out]
    outs: [after_slow_out]
  after_bad:
    cmd: touch after_bad_out
    deps: [bad_out]
    outs: [after_bad_out]
"""


@pytest.mark.slow
def test_after_a_failure_running_stages_end_and_no_others_start(tmp_path: Path) -> None:
    project = Project(tmp_path).fill(FAILING)
    with pytest.raises(CommandError) as caught:
        project.reproduce(2)
    message, *lines = str(caught.value).splitlines()
    assert message.startswith("bad failed: ") and message.endswith("ended with exit code 1")
    assert lines == ["  reason", "  detail", f"all that was printed: {project.folder}/.scratch/"
                     "repro.log"]  # fmt: skip
    assert "bad: detail" in project.log()
    lock = YAML(typ="safe").load((project.folder / "dvc.lock").read_text())
    assert set(lock["stages"]) == {"slow"}
    assert not (project.folder / "after_slow_out").exists()
    project.write("good", "")
    project.write("bad_out", "")
    assert project.reproduce(2) == set(), "slow does not run again"
    assert project.is_clean()


@pytest.mark.parametrize(
    ("line", "message"),
    [("deps: [missing]", "missing"), ("outs: [never]", "output 'never' does not exist")],
)
def test_missing_files_are_failures_of_their_stage(line: str, message: str, tmp_path: Path) -> None:
    project = Project(tmp_path).fill(f"stages:\n  bad:\n    cmd: 'true'\n    {line}\n")
    with pytest.raises(CommandError, match=f"bad failed: .*{message}"):
        project.reproduce()


LONG = """
stages:
  long:
    cmd: python code.py x; echo done > long_out
    deps: [source]
    outs: [long_out]
  quick:
    cmd: echo done > quick_out
    deps: [source]
    outs: [quick_out]
"""
SLEEPER = """
import subprocess, sys, os
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path("../pids").write_text(f"{os.getpid()} {child.pid}")
child.wait()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_leaves_no_process_and_resumes(
    number: int, code: int, tmp_path: Path
) -> None:
    project = Project(tmp_path).fill(LONG)
    project.write("code.py", SLEEPER)
    program = f"""if True:
        from pathlib import Path
        from langsig.repository.reproduction import reproduce
        try:
            reproduce(Path({str(project.folder)!r}), 2)
        except KeyboardInterrupt:
            raise SystemExit(130)
    """
    with subprocess.Popen(
        [sys.executable, "-c", program],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 60
        lock, pids = project.folder / "dvc.lock", tmp_path / "pids"
        while not (lock.exists() and pids.exists()) or len(pids.read_text().split()) < 2:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        members = [psutil.Process(int(pid)) for pid in pids.read_text().split()]
        process.send_signal(number)
        assert process.wait(30) == code
    deadline = time.monotonic() + 30
    while any(member.is_running() and member.status() != "zombie" for member in members):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    project.write("code.py", "")
    project.reproduce()
    assert "quick:" not in project.log(), "it was recorded"
    assert project.is_clean()


FOLDER = """
stages:
  make:
    cmd: mkdir folder; cp code.py folder
    deps: [code.py]
    outs: [folder]
"""


def test_outputs_that_are_not_in_the_cache_are_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path).fill(FOLDER)
    with monkeypatch.context() as patch:  # as if no file of the folder could be copied
        patch.setattr("dvc.output.otransfer", lambda *_, **__: None)
        patch.setattr("dvc.output.Output._checkout", lambda *_, **__: None)
        with pytest.raises(CommandError, match=r"needs [\d,]+ bytes \(.* for folder, which"):
            project.reproduce(1)
    assert not (project.folder / "dvc.lock").exists()
    project.reproduce()
    assert project.is_clean()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device without room")
def test_a_log_without_room_stops_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    log = project.folder / ".scratch/repro.log"
    log.parent.mkdir()
    log.symlink_to("/dev/full")
    project.reproduce(1)
    assert project.is_clean()
    assert f"{log}: incomplete, as the disk had no room" in capsys.readouterr().out


def test_a_second_run_at_the_same_time_is_refused(project: Project) -> None:
    with only_command(project.folder), pytest.raises(InputError, match="another langsig command"):
        project.reproduce()


@pytest.mark.slow
def test_a_line_for_each_step_that_ran(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    project.reproduce(2)
    head, *lines, rest = capsys.readouterr().out.splitlines()
    assert head == "details: .scratch/repro.log"
    words = [line.split() for line in lines]
    assert [" ".join(line[:4]) for line in words[:2]] == ["part 3 of 3", "join 1 of 1"]
    assert {line[0] for line in words[2:4]} == {"left", "right"}
    assert words[4][0] == "end" and len(words) == 5
    assert all(re.fullmatch(r"\d:\d\d", line[4]) for line in words)
    assert rest == "1 of 8 stages were up to date", "the import"
    project.reproduce(2)
    assert capsys.readouterr().out.splitlines()[1:] == ["all 8 stages are up to date"]
    change_parameter(project)
    project.reproduce(2)
    *_, join, rest = capsys.readouterr().out.splitlines()
    assert join.startswith("join") and rest == "7 of 8 stages were up to date"
    change_back(project)
    project.reproduce(2)
    restored = r"^join +1 of 1 +\d:\d\d  \(1 from the cache\)$"
    assert re.search(restored, capsys.readouterr().out, re.MULTILINE)


@pytest.mark.slow
def test_what_stages_and_dvc_say_goes_to_the_log(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    project.write("code.py", "import sys\nprint(sys.argv[1])\nprint('note', file=sys.stderr)\n")
    project.reproduce()
    printed = capfd.readouterr()
    assert "note" not in printed.out + printed.err and "git add" not in printed.out + printed.err
    lines = project.log().splitlines()
    assert any(line.endswith("  part@y: note") for line in lines)
    assert any("  part@y: > echo y >> ../ran; python code.py y" in line for line in lines)
    assert any(line.endswith("  dvc: 'data.dvc' didn't change, skipping") for line in lines)


@pytest.mark.slow
def test_another_process_that_runs_stages_is_named(project: Project) -> None:
    with (
        chdir(project.folder),
        Repo() as repo,
        repo.lock,
        pytest.raises(InputError, match="another DVC process is running"),
    ):
        reproduce(project.folder, 2)


@pytest.mark.parametrize("command", ["repro", "analyse", "spread"])
def test_bad_parameters_end_the_command_before_any_stage(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    params = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(params.replace("\nseed: 1 ", "\nseed: one ", 1))
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert main([command]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "params.yaml:" in error and "seed" in error


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
