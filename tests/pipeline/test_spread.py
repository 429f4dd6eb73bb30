"""The work of several: an analyst who pulls a part, and workers who train for a head."""

import json
import logging
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from ruamel.yaml import YAML
from s3fs import S3FileSystem

from langsig.commands import main
from langsig.repository.opening import open_repository, stage_name
from langsig.repository.outdated import outdated_stages
from tests.programs import call

pytestmark = pytest.mark.slow

TRAINED = ("qaa", "qab")  # again, by workers
TRAININGS = {f"pretrain@{language}" for language in TRAINED}
OBJECTS = ".dvc/cache/files/md5"


@pytest.fixture(autouse=True)
def _environment(server, monkeypatch):
    server.set_credentials(monkeypatch)
    S3FileSystem.clear_instance_cache()  # which have the credentials of other tests


@pytest.fixture(scope="module")
def pushed(first_run, server, tmp_path_factory):
    """A copy of the finished run, of which all but two checkpoints has been pushed."""
    clone = first_run.copy(tmp_path_factory.mktemp("pushed") / "copy")
    with pytest.MonkeyPatch.context() as patch:
        server.set_credentials(patch)
        clone.langsig("remote", "s3://bucket/spread", "--endpoint", server.url)
        clone.commit("remote")
        _put_on_server(clone, server)
    return clone


def _put_on_server(clone, server):
    """Do what ``dvc push`` of all but the checkpoints does, which ``test_remote`` tests."""
    cache, remote = clone.folder / OBJECTS, server.files / "bucket/spread/files/md5"
    checkpoints = {f"artifacts/models/{name}" for name in TRAINED}
    for out in (out for entry in locked(clone).values() for out in entry["outs"]):
        top = cache / out["md5"][:2] / out["md5"][2:]
        if out["path"] in checkpoints or not top.exists():  # metrics are not in the cache
            continue
        parts = json.loads(top.read_text()) if top.suffix == ".dir" else []
        for md5 in (out["md5"], *(part["md5"] for part in parts)):
            (remote / md5[:2]).mkdir(parents=True, exist_ok=True)
            shutil.copy(cache / md5[:2] / md5[2:], remote / md5[:2])


def test_analyst_pulls_what_changed_stages_read_and_no_more(pushed, tmp_path):
    analyst = type(pushed)(tmp_path / "clone")
    subprocess.run(["git", "clone", "--quiet", pushed.folder, analyst.folder], check=True)
    analyst.use("micro", "--set", "analysis.logographic=[qaa]")
    printed = analyst.langsig("analyse")
    assert ran(printed) == ["analyse", "plot", "report"]
    part, whole = map(float, re.search(r"pulled ([\d.]+) of ([\d.]+) MB", printed).groups())
    assert 0 < part < whole / 10
    present = {path.name for path in (analyst.folder / "artifacts").iterdir()}
    assert "signatures" in present
    assert not present & {"models", "states", "sequences", "covariances"}
    findings = pd.read_csv(analyst.folder / "artifacts/tables/findings.csv")
    compared = findings[findings["opponent"].notna()]
    assert set(compared["language"]) == {"qaa"}, "the logographic language now"
    assert ran(analyst.langsig("analyse")) == []
    analyst.use("micro", "--set", "languages.qab.fraction=0.5")
    done = call(main, "analyse", folder=analyst.folder)
    assert done.code == 1
    left = ["covariance@qab", "extract@qab", "pretrain@qab", "residuals@qab"]
    assert f"not part of the analysis: {', '.join(left)}; undo" in done.errors


def test_what_reads_a_part_of_a_changed_artifact_is_outdated(pushed, tmp_path):
    clone = type(pushed)(tmp_path / "clone")
    subprocess.run(["git", "clone", "--quiet", pushed.folder, clone.folder], check=True)
    lock = YAML(typ="safe").load((clone.folder / "dvc.lock").read_text())
    read = lock["stages"]["factorize@number"]["deps"]
    entry = next(
        dep for dep in read if dep["path"] == "artifacts/covariances/qab/number.safetensors"
    )
    entry["md5"] = entry["md5"][::-1]  # of another run
    (clone.folder / "dvc.lock").write_text(json.dumps(lock))
    with open_repository(clone.folder) as repo:
        first, *others = [stage_name(stage) for stage in outdated_stages(repo)]
    assert first == "factorize@number"
    assert "analyse" in others and not any("@" in stage for stage in others)


def ran(printed):
    """Steps of the analysis that have run, in alphabetical order."""
    return sorted(re.findall(r"^([\w-]+) +\d+ of \d+ +\d+:\d+$", printed, re.MULTILINE))


@pytest.fixture
def head(pushed, tmp_path):
    """A clone that has all but two controls, of which nothing is left, and the tables."""
    head = pushed.copy(tmp_path / "head")
    lock = YAML(typ="safe").load((head.folder / "dvc.lock").read_text())
    for stage in (*TRAININGS, "analyse"):
        for out in lock["stages"].pop(stage)["outs"]:
            shutil.rmtree(head.folder / out["path"], ignore_errors=True)
            (head.folder / OBJECTS / out["md5"][:2] / out["md5"][2:]).unlink(True)
    (head.folder / "dvc.lock").write_text(json.dumps(lock))
    shutil.rmtree(head.folder / ".dvc/cache/runs")
    shutil.rmtree(head.folder / "metrics")
    head.commit("without controls")
    return head


@pytest.fixture(scope="module")
def scheduler():
    """Address of a cluster whose two workers are threads of this process."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
        dashboard_address=None, silence_logs=logging.CRITICAL,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


def locked(clone):
    return YAML(typ="safe").load((clone.folder / "dvc.lock").read_text())["stages"]


def assert_as_on_one_machine(head, first_run, printed, stages_here):
    assert "pretrain@qaa: done" in printed and "pretrain@qab: done" in printed
    assert ran(printed) == stages_here, "the head trains nothing"
    assert not any((head.folder / "artifacts/models" / name).exists() for name in TRAINED)
    for name in ("metrics/summary.json", "metrics/languages/qab.json"):
        assert (head.folder / name).read_bytes() == (first_run.folder / name).read_bytes()
    stages, expected = locked(head), locked(first_run)
    if "report" in stages_here:  # whose page names the commit
        del stages["report"], expected["report"]
    assert stages == expected
    clones = [path for path in (head.folder / ".scratch/spread").iterdir() if path.name.isdigit()]
    assert len(clones) == 2


def test_workers_meet_on_the_server_and_one_is_killed(head, first_run):
    states = head.folder / ".scratch/spread/states/pretrain/qaa"
    with subprocess.Popen(
        [sys.executable, "-m", "langsig", "spread", "--workers", "2"],
        cwd=head.folder, env=head.environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 300
        while not list(states.glob("*/checkpoint-20/trainer_state.json")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.002)
        training = next(process for process in psutil.process_iter(["cmdline"])
                        if (process.info["cmdline"] or [])[-3:] == ["stages", "pretrain", "qaa"]
                        and Path(process.cwd()).is_relative_to(head.folder))  # fmt: skip
        worker = next(
            parent for parent in training.parents() if "spawn" in " ".join(parent.cmdline())
        )
        worker.send_signal(signal.SIGKILL)
        psutil.wait_procs([training], timeout=30)
        assert not training.is_running(), "it goes with the worker"
        printed, _ = process.communicate(timeout=400)
    assert process.returncode == 0, printed
    assert_as_on_one_machine(head, first_run, printed, ["analyse"])
    assert not states.exists()


def test_workers_of_a_cluster_share_a_cache(head, first_run, scheduler, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the results are those of one thread
    bare = type(head)(tmp_path / "bare")
    subprocess.run(["git", "clone", "--quiet", head.folder, bare.folder], check=True)
    learning = bare.folder / "artifacts/learning"
    bare.dvc("pull", "artifacts/learning/experimental")
    shutil.copytree(learning / "experimental", learning / "qaa")  # what an earlier run has left
    clones = [bare.folder / ".scratch/spread" / number for number in "01"]
    for clone in clones:
        subprocess.run(["git", "clone", "--quiet", head.folder, clone], check=True)
        (clone / "artifacts/sequences/qaa").mkdir(parents=True)
        (clone / "artifacts/sequences/qaa/earlier").touch()
    printed = bare.langsig("spread", "--scheduler", scheduler, "--cache")
    assert_as_on_one_machine(bare, first_run, printed, ["analyse", "plot", "report"])
    (training,) = [clone for clone in clones if (clone / "artifacts/learning/qaa").exists()]
    assert not (training / "artifacts/sequences/qaa/earlier").exists()

    bare.dvc("remote", "remove", "origin")
    finished = locked(bare)
    left = {name: entry for name, entry in finished.items() if name != "pretrain@qaa"}
    (bare.folder / "dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": left}))
    bare.commit("no remote")
    printed = bare.langsig("spread", "--scheduler", scheduler, "--cache")
    assert "pretrain@qaa: done" in printed
    assert locked(bare) == finished


def test_what_cannot_be_spread(head):
    head.use("micro", "--set", "seed=2")
    done = call(main, "spread", "--cache", folder=head.folder)
    assert done.code == 1
    assert "error: params.yaml: changes are not committed" in done.errors
    head.dvc("remote", "remove", "origin")
    done = call(main, "spread", folder=head.folder)
    assert done.code == 1
    assert "error: there is no remote: add one with make remote URL=..., or let" in done.errors
