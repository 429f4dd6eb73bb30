"""Experiments: what runs, how they are compared, and sweeps that resume after a kill."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import product

import pandas as pd
import pytest
from ruamel.yaml import YAML
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from langsig.commands import main
from langsig.commands.diff import layout
from langsig.errors import InputError
from langsig.repository.diff import diff
from langsig.repository.revisions import Revision
from tests.programs import call

pytestmark = pytest.mark.slow

LANGUAGES = ["qaa", "qab", "qah"]
AFTER_SIGNATURES = {"relate", "analyse", "plot", "report"}
JOINT = {"ranks", "sets", *AFTER_SIGNATURES} | {
    f"{stage}@{item}"
    for stage, items in (
        ("factorize", ["gender", "number", "part-of-speech"]),
        ("uncertainty", ["trained", "equal-words", "untrained"]),
    )
    for item in items
}


@pytest.fixture(scope="module")
def clone(micro, tmp_path_factory):
    """A copy of the finished run, its results committed, for experiments."""
    copy = micro.copy(tmp_path_factory.mktemp("experiments") / "copy")
    copy.git("checkout", "--quiet", "-b", "main-line")
    copy.git("add", "--force", "dvc.lock", "metrics")
    copy.commit("baseline")
    return copy


def ran(printed):
    return set(re.findall(r"^Running stage '(.*)':$", printed, re.MULTILINE))


@pytest.fixture(scope="module")
def public(clone, tmp_path_factory):
    """The log of a run with a checkpoint and one family; the work tree stays unchanged."""
    folder = checkpoint(tmp_path_factory.mktemp("checkpoint") / "public", layers=6, dim=48)
    settings = [f"experimental.checkpoint={folder}", "analysis.languages=Western"]
    (clone.folder / "conf/ablations/checkpoint.yaml").write_text(json.dumps({"public": settings}))
    clone.commit("recipe")
    clone.langsig("sweep", "checkpoint", "--stages", "analyse")
    assert clone.git("status", "--porcelain") == ""
    printed = (clone.folder / ".scratch/sweep/public-1.log").read_text()
    clone.use("micro", "--set", *settings)
    would_run = clone.would_run()
    clone.restore()
    assert would_run == ran(printed) | {"plot", "report"}, (
        "would_run, which other tests use, is right"
    )
    return printed


def test_experiment_in_a_folder_of_its_own_trains_no_control(public):
    each = {
        f"{stage}@{name}"
        for stage in ("extract-experimental", "covariance", "untrained", "residuals")
        for name in LANGUAGES
    }
    joint = {"pretrain-experimental", "learned", "evaluate", *JOINT} - {"plot", "report"}
    assert ran(public) == each | joint


def test_checkpoint_of_another_depth_width_and_tokenizer(clone, public):
    revision = Revision("public-1", clone.folder)
    fits = revision.table("artifacts/tables/factorizations.csv")
    pairs = fits[["control_layer", "experimental_layer"]].drop_duplicates()
    assert pairs.to_numpy().tolist() == [[0, 0], [1, 2], [2, 4], [3, 6]]
    averages = revision.table("artifacts/tables/average_signatures.csv")
    assert set(averages["language"]) == {"qaa", "qab"}
    metrics = revision.json("metrics/summary.json")
    folder = revision.params["experimental"]["checkpoint"]
    assert metrics["learning"]["experimental"] == {
        "checkpoint": folder,
        "batching": "padded",
    }
    assert metrics["layers"]["layer_01"] == {"control": 1, "experimental": 2}


def test_difference_of_an_experiment(clone, public):
    changes = diff(["HEAD"], ["public-1"], repository=clone.folder)
    assert set(changes.parameters.changed) == {"experimental.checkpoint", "analysis.languages"}
    assert changes.missing == ()
    changed = json.loads(clone.dvc("metrics", "diff", "--json", "HEAD", "public-1"))
    assert "average_signature" in changed["metrics/languages/qab.json"]
    signatures = changes.signatures.frame
    assert set(signatures["language"]) == {"qaa", "qab"}
    assert set(signatures["source"]) == {"trained", "equal-words", "untrained"}
    assert set(signatures["measure"]) == {"average_signature", "shared", "learned_average"}
    known = signatures.dropna(subset="low")  # scores on other words may be negative: no logarithm
    assert (known["low"] <= known["estimate"]).all()
    assert (known["measure"] == "average_signature").sum() == (
        signatures["measure"] == "average_signature"
    ).sum()
    assert (signatures.query("kind == 'change'")["estimate"] != 0).all()
    learnt = changes.learning.frame.dropna()
    assert set(learnt["model"]) == {"control"}
    pd.testing.assert_series_equal(learnt["before"], learnt["after"], check_names=False)


def test_command_writes_table_json_and_pictures(clone, public, tmp_path, capsys):
    def run(*arguments):
        """In this process; what it prints, and errors."""
        code = main(["diff", *arguments, "--repository", str(clone.folder)])
        return code, *capsys.readouterr()

    code, table, _ = run("HEAD", "public-1", "--out", str(tmp_path / "changes"))
    assert code == 0 and "analysis.languages: all -> Western" in table
    rows = re.findall(r"^(qa[abh]) +[-+0-9]", table, re.MULTILINE)
    assert sorted(rows) == ["qaa", "qaa", "qab", "qab"], "published signatures and learned ones"
    for name in ("before_and_after", "changes_trained_none"):
        assert (tmp_path / "changes" / f"{name}.svg").read_text().startswith("<?xml")
    _, printed, _ = run("HEAD", "public-1", "--json")
    changes = json.loads(printed)
    assert changes["before"] == ["HEAD"] and len(changes["signatures"]) > 100
    code, _, error = run("HEAD", "none-such")
    assert code == 1 and error.startswith("error: none-such: no such revision")
    with pytest.raises(SystemExit):
        run("HEAD", "public-1", "--source", "elsewhere")
    assert "'elsewhere'" in capsys.readouterr().err


def test_queue_then_branch_then_metrics_and_plots(clone):
    run = ("exp", "run", "--queue", "--name", "later", "--set-param", "analysis.logographic=[qah]")
    clone.dvc(*run)
    assert "later" in clone.dvc("queue", "status")
    start = ["dvc", "queue", "start"]  # its worker keeps the output open while it waits for more
    subprocess.run(
        start, cwd=clone.folder, env=clone.environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    deadline = time.monotonic() + 400
    while "/later" not in clone.git("for-each-ref", "refs/exps"):
        assert time.monotonic() < deadline, clone.dvc("queue", "status")
        time.sleep(0.2)
    assert "later" in clone.dvc("exp", "list", "--name-only")
    assert ran(clone.dvc("queue", "logs", "later")) == AFTER_SIGNATURES - {"relate"}
    clone.dvc("queue", "stop")
    clone.dvc("exp", "branch", "later", "later-branch")
    assert "later-branch" in clone.git("branch")
    with_workspace = diff(["later-branch"], ["workspace"], repository=clone.folder)
    assert with_workspace.missing == ()
    clone.langsig("comment", "later-branch", "comment")
    comment = (clone.folder / "comment/comment.md").read_text()
    assert "analysis.logographic: ['qah'] -> " in comment
    drawn = re.findall(r"^!\[.*\]\((.*)\)$", comment, re.MULTILINE)
    assert len(drawn) > 20 and len(drawn) == len(set(drawn))
    for name in drawn:
        assert (clone.folder / "comment" / name).read_bytes().startswith(b"\x89PNG")
    shutil.rmtree(clone.folder / "comment")
    compare = ("metrics", "diff", "--json", "HEAD", "later-branch")
    assert json.loads(clone.dvc(*compare)) == {}, "findings are no numbers of a language"
    changed = json.loads(clone.dvc(*compare, "--targets", "metrics/summary.json"))
    assert any("logographic" in name for name in changed["metrics/summary.json"])
    clone.langsig("plots-page", ".dvc/plots_page.html")
    clone.dvc("plots", "diff", "HEAD", "later-branch")
    page = (clone.folder / "dvc_plots/index.html").read_text()
    plots = YAML(typ="safe").load((clone.folder / "dvc.yaml").read_text())["plots"]
    pictures = [plot.replace("/", "_") for plot in plots if isinstance(plot, str)]
    assert pictures
    for picture, revision in product(pictures, ("HEAD", "later-branch")):
        assert f'src="static/{revision}_{picture}"' in page
        assert (clone.folder / "dvc_plots/static" / f"{revision}_{picture}").stat().st_size
    changes = diff(["HEAD"], ["later-branch"], repository=clone.folder)
    assert set(changes.parameters.changed) == {"analysis.logographic"}
    findings = Revision("later-branch", clone.folder).table("artifacts/tables/findings.csv")
    compared = findings[(findings["language"] == "qah") & findings["opponent"].notna()]
    published = compared[compared["measure"] == "average_signature"]
    assert len(published) == 2 * 3, "one row per source and normalisation"
    assert set(compared["measure"]) == {"average_signature", "shared", "learned_average"}
    assert (changes.signatures.frame["estimate"] == 0).all()


@pytest.fixture(scope="module")
def swept(clone):
    """A sweep of two recipes, one of which is wrong; the other one has a rank of its own."""
    recipes = {"bad": ["analysis.languages=Elvish"], "good": ["factorize.rank=3"]}
    (clone.folder / "conf/ablations/other.yaml").write_text(json.dumps(recipes))
    clone.commit("recipes")
    options = ("--jobs", "2", "--stages", "uncertainty@trained")
    environment = clone.environment()
    return call(main, "sweep", "other", *options, folder=clone.folder, environment=environment)


def test_artifacts_of_other_parameters_are_refused(clone, swept, tmp_path):
    """An experiment of a few stages keeps the tables that its baseline had."""
    printed = (clone.folder / ".scratch/sweep/good-1.log").read_text()
    assert ran(printed) == {"ranks", "uncertainty@trained"}
    revision = Revision("good-1", clone.folder)
    assert len(revision.table("artifacts/uncertainty/trained/estimates.csv"))
    with pytest.raises(InputError, match=r"stage \S+ has not run with the parameters"):
        revision.table("artifacts/tables/average_signatures.csv")
    changes = diff(["HEAD"], ["good-1"], repository=clone.folder)
    assert set(changes.signatures.frame["source"]) == {"trained"}
    assert not len(changes.categories) and not len(changes.trees)
    assert "not compared: trees: good-1: " in layout(changes)
    changes.save(tmp_path / "changes")
    tables = {path.stem for path in (tmp_path / "changes").glob("*.csv")}
    assert tables == {"signatures", "learning"}
    assert json.dumps(changes.to_dict(), allow_nan=False)
    assert [what.partition(":")[0] for what in changes.missing] == [
        "categories", "trees", "correlations",
    ]  # fmt: skip


def checkpoint(folder, *, layers, dim):
    """An encoder with random weights and a vocabulary of letters."""
    letters = sorted(
        {chr(code) for block in ((97, 123), (0x4E00, 0x4E40)) for code in range(*block)}
    )
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters]
    tokenizer = Tokenizer(WordLevel({name: n for n, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(names), hidden_size=dim, num_hidden_layers=layers, num_attention_heads=4,
        intermediate_size=2 * dim,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


def test_sweep_resumes_after_a_kill(clone):
    """Killed as a whole while the second experiment runs; the first is not run again."""
    recipes = {"cheap": ["clean.min_words=4"], "cheaper": ["clean.min_words=5"]}
    (clone.folder / "conf/ablations/test.yaml").write_text(json.dumps(recipes))
    clone.commit("recipes")
    sweep = ["sweep", "test", "--stages", "clean@qaa"]
    logs = clone.folder / ".scratch/sweep"
    with subprocess.Popen(
        [sys.executable, "-m", "langsig", *sweep], cwd=clone.folder, env=clone.environment(),
        stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 400
        while not (logs / "cheaper-1.log").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        status = clone.langsig(*sweep, "--status")
        clone.kill(process.pid)
    assert process.returncode == -signal.SIGKILL
    assert re.search(r"^cheap-1 +done$", status, re.MULTILINE)
    assert re.search(r"^cheaper-1 +running$", status, re.MULTILINE)
    assert "1 done, 1 running, 0 failed, 0 pending" in status
    assert re.search(r"^cheaper-1 +pending$", clone.langsig(*sweep, "--status"), re.MULTILINE)
    printed = clone.langsig(*sweep)
    assert "cheap-1: started" not in printed and "cheaper-1: started" in printed
    assert "2 done, 0 running, 0 failed, 0 pending" in printed
    parameters = {name: Revision(f"{name}-1", clone.folder).params for name in recipes}
    assert [params["clean"]["min_words"] for params in parameters.values()] == [4, 5]


def test_sweep_reports_failures_and_runs_the_others(clone, swept):
    assert swept.code == 1
    assert "bad-1: FAILED" in swept.printed
    assert "1 done, 0 running, 1 failed, 0 pending" in swept.printed
    log = (clone.folder / ".scratch/sweep/bad-1.log").read_text()
    assert (
        "analysis.languages: got 'Elvish'; must be all, a list of languages, or one of the families"
        in log
    )
    done = call(main, "sweep", "other", "--recipes", "none", folder=clone.folder)
    assert done.code == 1 and "recipe must be one of bad, good; got none" in done.errors
