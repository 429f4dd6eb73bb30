"""Stages that are killed and run again, and training in two processes."""

import json
import random
import signal
import subprocess
import time

import pandas as pd
import psutil
import pytest
from ruamel.yaml import YAML

from langsig.commands import main
from tests.programs import call

pytestmark = pytest.mark.slow


@pytest.fixture
def again(micro, tmp_path):
    """A copy of the finished run, to run parts of again."""
    return micro.copy(tmp_path / "copy")


def killed(clone, stage, moment, seconds):
    """Start ``dvc repro`` and kill it, and all that it has started, after a certain moment."""
    with subprocess.Popen(
        ["dvc", "repro", "--single-item", stage],
        cwd=clone.folder,
        env=clone.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        deadline = time.monotonic() + 300
        while not moment() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(seconds)
        still_running = process.poll() is None
        at_work = [*processes_in(clone.folder)]
        clone.kill(process.pid)
        printed = process.stdout.read()
    assert still_running, f"ended before it could be killed:\n{printed[-2000:]}"
    _, left = psutil.wait_procs(at_work, timeout=30)
    assert len(at_work) > 2 and not left, "the fork that runs the stage has ended, too"


def processes_in(folder):
    """Processes whose working directory is a folder."""
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(folder):
            yield process


CASES = {
    # A file that exists once the stage works, and at most how many seconds later it is killed.
    "pretrain@qab": (".scratch/pretrain/qab/*/checkpoint-20/trainer_state.json", 0.3),
    "pretrain-experimental": (
        ".scratch/pretrain/experimental/*/checkpoint-30/trainer_state.json",
        0.5,
    ),
    "extract@qah": ("artifacts/states/control/.partial.qah", 0.05),
}


@pytest.mark.parametrize("stage", CASES)
def test_killed_stages_lead_to_the_same_metrics(micro, again, stage):
    at_work, longest = CASES[stage]
    metrics = again.folder / "metrics/summary.json"
    undisturbed = metrics.read_text()
    outs = YAML(typ="safe").load((again.folder / "dvc.lock").read_text())["stages"][stage]["outs"]
    again.forget(stage)
    moment = random.SystemRandom().uniform(0, longest)
    killed(again, stage, lambda: list(again.folder.glob(at_work)), moment)
    assert not (again.folder / outs[-1]["path"]).exists(), moment
    assert list(again.folder.glob(at_work)), "the kill should leave something behind"
    assert again.repro() == [stage]
    assert metrics.read_text() == undisturbed, moment
    assert not list(again.folder.glob(at_work))
    for out in outs:
        for made in (micro.folder / out["path"]).rglob("*"):
            rerun = again.folder / made.relative_to(micro.folder)
            assert made.is_dir() or rerun.read_bytes() == made.read_bytes(), made.name


def accelerate_launch(arguments):
    """The command ``accelerate launch`` in this process, whose handlers of signals it replaces."""
    from accelerate.commands.launch import launch_command, launch_command_parser

    handlers = {number: signal.getsignal(number) for number in signal.Signals}
    try:
        launch_command(launch_command_parser().parse_args(arguments))
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, handlers[number])
    return 0


def test_two_processes_train_one_model(micro, again):
    call(
        accelerate_launch, "--config_file", "conf/accelerate/multi-cpu.yaml",
        "--num_processes", "2", "-m", "stages", "pretrain", "qaa",
        folder=again.folder, environment=again.environment(),
    )  # fmt: skip
    folder = again.folder / "artifacts/learning/qaa"
    losses = pd.read_csv(folder / "curve.csv")["masked_cross_entropy"]
    assert len(losses) == 3 and losses.is_monotonic_decreasing
    alone = pd.read_csv(micro.folder / "artifacts/learning/qaa/curve.csv")["masked_cross_entropy"]
    assert losses.iloc[-1] < alone.iloc[-1], "each step has seen twice the text"


def test_experimental_model_of_a_subset(again):
    alone = ["qaa", "qab"]
    again.use("micro", "--set", f"experimental.languages={json.dumps(alone).replace(' ', '')}")
    assert again.repro("pretrain-experimental") == ["pretrain-experimental"]
    folder = again.folder / "artifacts/learning/experimental"
    assert set(json.loads((folder / "learning.json").read_text())["gain_by_language"]) == set(alone)
    tenth = "experimental.fractions={qab: 0.1}"
    again.use("micro", "--set", "experimental.languages=[qaa,qab]", tenth)
    whole = json.loads((folder / "learning.json").read_text())
    assert again.repro("pretrain-experimental") == ["pretrain-experimental"]
    part = json.loads((folder / "learning.json").read_text())
    assert part["gain_by_language"]["qab"] != whole["gain_by_language"]["qab"]
    assert part["tokens"] == whole["tokens"], "held-out text stays whole"
    wrong = "experimental.languages=[qaa,qzz]"
    done = call(main, "use", "micro", "--set", wrong, folder=again.folder)
    assert done.code == 1 and "experimental.languages" in done.errors
    params = again.folder / "params.yaml"
    params.write_text(params.read_text().replace("languages: [qaa, qab]", "languages: [qaa, qzz]"))
    done = again.attempt("python", "-m", "stages", "pretrain", "experimental")
    assert done.returncode == 1 and "params.yaml:" in done.stderr and "qzz" in done.stderr
    assert json.loads((folder / "learning.json").read_text()) == part, "the earlier result stays"
