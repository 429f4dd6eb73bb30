"""Artifacts come back from a real server unchanged or not at all; errors name their causes."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
import torch
from dvc.cli import main as dvc_main
from s3fs import S3FileSystem
from safetensors.torch import load_file
from transformers import RobertaConfig, RobertaForMaskedLM

from langsig.commands import main
from langsig.errors import InputError
from langsig.repository.registry import fetch_artifact, load_model
from tests.programs import call

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMMIT = "git -c user.name=test -c user.email=test@localhost commit --quiet --all --message all"
LARGE = 65_000_000  # bytes; from 50 million on, objects go and come in parts


@pytest.fixture(scope="module", autouse=True)
def _environment(server):
    with pytest.MonkeyPatch.context() as patch:
        server.set_credentials(patch)
        yield


@pytest.fixture(scope="module")
def set_up(made, server):
    """The repository, its remote set up as by ``make remote``, committed."""
    settings = "conf/s3-compatible.ini"
    (made.folder / settings).parent.mkdir()
    shutil.copy(ROOT / settings, made.folder / settings)
    remote(made.folder, "s3://bucket/team", "--endpoint", server.url)
    made.run(f"git add --all; {COMMIT}")


@pytest.fixture
def origin(set_up, repository):
    return with_own_prefix(repository)


def with_own_prefix(repository):
    """Give a copy of the repository its own prefix on the server; return its folder."""
    config = repository.folder / ".dvc/config"
    config.write_text(config.read_text().replace("bucket/team", f"bucket/{uuid.uuid4()}"))
    repository.run(COMMIT)
    return repository.folder


def remote(folder, *arguments):
    """Run ``langsig remote``."""
    return call(main, "remote", *arguments, folder=folder)


def dvc(folder, *arguments):
    """Run DVC without the connections of earlier commands; what it prints, and its exit code."""
    S3FileSystem.clear_instance_cache()
    done = call(dvc_main, *arguments, folder=folder)
    return done.errors + done.printed, done.code


def stored(folder, server, content):
    """Objects on the server, of this repository, that begin with this."""
    prefix = re.search(r"url = s3://(\S+)", (folder / ".dvc/config").read_text())[1]
    paths = (path for path in (server.files / prefix).rglob("*") if path.is_file())
    return [path for path in paths if path.read_bytes().startswith(content)]


def clone_of(folder, target):
    subprocess.run(["git", "clone", "--quiet", folder, target], check=True)
    return target


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
        shutil.rmtree(origin / ".dvc/cache", ignore_errors=True)  # to be pulled


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
        (["https://bucket/team"], "URL must have the form s3://BUCKET/PREFIX; got 'https://bucket"),
        (["s3://a b/c"], "URL must have the form s3://BUCKET/PREFIX; got 's3://a b/c'"),
        (["s3://"], "URL must have the form s3://BUCKET/PREFIX; got 's3://'"),
        (["s3://key:secret@bucket/team"], "URL must not contain credentials"),
        (["s3://bucket", "--endpoint", "host"], "ENDPOINT must have the form https://HOST; got"),
        (["s3://bucket", "--endpoint", "https://k:s@host"], "ENDPOINT must not contain"),
        (["s3://bucket", "--name", "a b"], "NAME must consist of letters, digits, dots, dashes"),
        (["s3://bucket", "--name", 'a"]'], "NAME must consist of letters, digits, dots, dashes"),
        (["s3://bucket", "--name="], "NAME must consist of letters, digits, dots, dashes"),
    ],
)
def test_addresses_that_are_refused(arguments, message, origin):
    before = (origin / ".dvc/config").read_text()
    done = remote(origin, *arguments)
    assert done.code == 1 and done.errors.startswith(f"error: {message}")
    assert "secret" not in done.errors
    assert (origin / ".dvc/config").read_text() == before


def test_amazon_needs_no_endpoint(origin):
    assert remote(origin, "s3://elsewhere/team").code == 0
    config = (origin / ".dvc/config").read_text()
    assert "url = s3://elsewhere/team" in config and "verify = true" in config
    assert "endpointurl" not in config and "configpath" not in config


@pytest.fixture(scope="module")
def released(set_up, made, server, tokenizer_folder, tmp_path_factory):
    """A bare clone, as a server of Git has: version 1 of a model is in use, 2 is the latest."""
    target = tmp_path_factory.mktemp("released")
    origin = with_own_prefix(made.copy(target / "origin"))
    model = origin / "artifacts/models/tiny"
    config = RobertaConfig(
        vocab_size=800, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8,
    )  # fmt: skip
    pipeline = origin / "dvc.yaml"
    named = {"tiny": {"path": "artifacts/models/tiny"}, "damaged": {"path": "folder"}}
    unsafe = {"pickled": model.with_name("pickled"), "coded": model.with_name("coded")}
    named |= {name: {"path": f"artifacts/models/{name}"} for name in unsafe}
    pipeline.write_text(pipeline.read_text() + f"artifacts: {json.dumps(named)}\n")
    for folder in unsafe.values():
        shutil.copytree(tokenizer_folder, folder)
    RobertaForMaskedLM(config).save_pretrained(unsafe["coded"])
    coded = json.loads((unsafe["coded"] / "config.json").read_text())
    coded |= {"model_type": "own", "auto_map": {"AutoConfig": "configuration.OwnConfig"}}
    (unsafe["coded"] / "config.json").write_text(json.dumps(coded))
    (unsafe["coded"] / "configuration.py").write_text("raise SystemExit('this code has run')")
    config.save_pretrained(unsafe["pickled"])
    torch.save(RobertaForMaskedLM(config).state_dict(), unsafe["pickled"] / "pytorch_model.bin")
    for name in unsafe:
        assert dvc(origin, "add", f"artifacts/models/{name}")[1] == 0
    for version in (1, 2):
        shutil.copytree(tokenizer_folder, model, dirs_exist_ok=True)
        torch.manual_seed(version)
        RobertaForMaskedLM(config).save_pretrained(model)
        assert dvc(origin, "add", "artifacts/models/tiny")[1] == 0
        subprocess.run(["git", "add", "--all"], cwd=origin, check=True)
        subprocess.run(COMMIT.split(), cwd=origin, check=True)
        tag(origin, "register", "tiny", "--version", f"v{version}.0.0")
    tag(origin, "assign", "tiny", "--version", "v1.0.0", "--stage", "prod")
    for name in ("damaged", *unsafe):
        tag(origin, "register", name, "--version", "v1.0.0")
    assert dvc(origin, "push", "--all-commits")[1] == 0
    (damaged,) = stored(origin, server, b"one of folder")
    damaged.write_bytes(b"ONE of folder")
    bare = target / "released.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", origin, bare], check=True)
    return f"file://{bare}"


def tag(folder, *arguments):
    who = {f"GIT_{role}_{what}": "test@localhost" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    done = call(gto, *arguments, folder=folder, environment=os.environ | who)
    assert done.code == 0, done.errors


def gto(arguments):
    """The command ``gto``, which takes longer to start than to set a tag."""
    from gto.cli import app

    app(arguments, standalone_mode=False)
    return 0


def first_weight(folder):
    weights = load_file(folder / "model.safetensors")
    return weights["roberta.embeddings.word_embeddings.weight"][0, 0]


def test_artifacts_by_version_and_stage(released, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LANGSIG_CACHE", str(tmp_path / "cache"))
    weights = {}
    for wanted in (["--rev", "v1.0.0"], ["--rev", "v2.0.0"], ["--stage", "prod"], []):
        target = tmp_path / "-".join(["got", *wanted])
        printed, code = dvc(tmp_path, "artifacts", "get", released, "tiny", *wanted, "-o", target)
        assert code == 0, printed
        weights[target.name] = first_weight(target)
    assert weights["got---stage-prod"] == weights["got---rev-v1.0.0"]
    assert weights["got"] == weights["got---rev-v2.0.0"] != weights["got---rev-v1.0.0"]

    assert main(["get", "tiny", "--stage", "prod", "--repository", released]) == 0
    target = Path(capsys.readouterr().out.splitlines()[-1])
    assert first_weight(target) == weights["got---rev-v1.0.0"]
    model, tokenizer = load_model("tiny", "v2.0.0", repository=released)
    assert type(model) is RobertaForMaskedLM and not model.training
    assert model.roberta.embeddings.word_embeddings.weight[0, 0] == weights["got"]
    tokens = tokenizer("a b", return_tensors="pt")
    assert model(**tokens).logits.shape[-1] == 800
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")  # a local copy is not fetched again
    assert first_weight(fetch_artifact("tiny", repository=released).folder) == weights["got"]


@pytest.mark.parametrize("name", ["pickled", "coded", "damaged"])
def test_models_that_are_not_safe_to_load_are_refused(name, released, tmp_path, monkeypatch):
    monkeypatch.setenv("LANGSIG_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="safely" if name != "damaged" else "hash check"):
        load_model(name, repository=released)


def test_artifact_that_was_damaged_on_the_server_is_refused(released, tmp_path):
    target = tmp_path / "target"
    with pytest.raises(InputError, match="folder/one: failed its hash check"):
        fetch_artifact("damaged", repository=released, folder=target)
    assert not [path for path in tmp_path.iterdir() if "target" in path.name], "no partial copy"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "none"}, "none: Unable to find artifact 'none'"),
        ({"version": "v9.0.0"}, "tiny: Unable to find artifact 'tiny @ v9.0.0'"),
        ({"stage": "dev"}, "tiny: Unable to find artifact 'tiny @ dev'"),
        ({"version": "v1.0.0", "stage": "prod"}, "give version v1.0.0 or stage prod, not both"),
        ({"repository": ""}, "tiny: .*empty URL"),
        ({"repository": "nowhere"}, "nowhere: tiny: No git repository was found at nowhere"),
        ({"folder": Path(".")}, r"^\. already exists"),
    ],
)
def test_artifacts_that_are_not_there(options, message, released):
    with pytest.raises(InputError, match=message):
        fetch_artifact(**{"name": "tiny", "repository": released} | options)


def test_artifact_with_wrong_credentials(released, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(InputError, match="Forbidden"):
        fetch_artifact("tiny", repository=released, folder=tmp_path / "target")
    assert not (tmp_path / "target").exists()
