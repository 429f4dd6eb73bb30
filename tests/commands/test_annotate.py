"""``langsig annotate``: treebanks to tables of words."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from langsig.commands import main
from langsig.morphology import CATEGORIES

TREEBANK = """\
# text = Dogs saw it!
1	Dogs	dog	NOUN	_	Number=Plur	2	nsubj	_	_
2	saw	see	VERB	_	Mood=Ind|Tense=Past|VerbForm=Fin	0	root	_	_
3	it	it	PRON	_	Number=Sing|Person=3	2	obj	_	SpaceAfter=No
4	!	!	PUNCT	_	_	2	punct	_	_

# text = Dogs
1	Dogs	dog	NOUN	_	Number=Plur	0	root	_	_
"""
MALFORMED = TREEBANK + "2\tbark\tbark\tVERB\n"


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    path = tmp_path / "en.conllu"
    path.write_text(TREEBANK, encoding="utf-8")
    return path


def langsig_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "langsig", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def others(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


@pytest.mark.slow
def test_annotate_as_a_command(treebank: Path) -> None:
    out = treebank.parent / "new" / "words.parquet"
    done = langsig_command("annotate", treebank, "--language", "en", "--out", out, "--counts")
    assert (done.returncode, done.stderr) == (0, "")
    table = pd.read_parquet(out)
    assert list(table.columns[-17:]) == list(CATEGORIES)
    assert len(table) == 5
    assert table["form"].tolist() == ["Dogs", "saw", "it", "!", "Dogs"]
    assert table["Number"].tolist()[0] == table["Number"].tolist()[4] == "PL"
    assert table["Tense"].notna().tolist() == [False, True, False, False, False]
    assert table.loc[3, list(CATEGORIES)].isna().all(), "an exclamation mark bears nothing"
    printed = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines()[:17])
    assert {name: int(count) for name, count in printed.items()} == {
        category: table[category].notna().sum() for category in CATEGORIES
    }
    assert "5 words in 2 sentences" in done.stdout


def test_annotate_joins_files(treebank: Path) -> None:
    out = treebank.parent / "words.parquet"
    assert run("annotate", treebank, treebank, "--language", "en", "--out", out) == 0
    assert pd.read_parquet(out)["sentence"].nunique() == 4


@pytest.mark.parametrize(
    ("code", "conversion"),
    [
        ("en", "converted by the rules of en"),
        ("EN", "converted by the rules of en"),
        ("eng", "converted by the rules of en"),
        ("en_GB", "converted by the rules of en"),
        ("nl", "converted without rules, as there are none for nl"),
    ],
)
def test_annotate_says_which_rules_it_applies(
    treebank: Path, capsys: pytest.CaptureFixture[str], code: str, conversion: str
) -> None:
    out = treebank.parent / "words.csv"
    assert run("annotate", treebank, "--language", code, "--out", out) == 0
    assert capsys.readouterr().out == f"5 words in 2 sentences, {conversion}: {out}\n"
    finiteness = pd.read_csv(out)["Finiteness"].tolist()
    assert (finiteness[1] == "FIN") == ("without" in conversion)


def test_annotate_refuses_what_is_no_code(
    treebank: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = treebank.parent / "words.csv"
    assert run("annotate", treebank, "--language", "english", "--out", out) == 1
    assert "must be an ISO 639 code such as 'en', got 'english'" in capsys.readouterr().err
    assert others(out) == [treebank.name]


def test_annotate_prints_counts_only_when_asked(
    treebank: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("annotate", treebank, "--language", "en", "--out", treebank.parent / "w.parquet")
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.slow
def test_malformed_treebank_is_an_error_with_its_place(treebank: Path) -> None:
    treebank.write_text(MALFORMED, encoding="utf-8")
    out = treebank.parent / "words.parquet"
    done = langsig_command("annotate", treebank, "--language", "en", "--out", out)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert f"{treebank}:9:" in done.stderr
    assert "Traceback" not in done.stderr
    assert others(out) == [treebank.name]


def test_failed_annotation_leaves_the_earlier_one(
    treebank: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = treebank.parent / "words.parquet"
    out.write_bytes(b"earlier")
    missing = treebank.with_name("missing.conllu")
    assert run("annotate", treebank, missing, "--language", "en", "--out", out) == 1
    assert "missing.conllu" in capsys.readouterr().err
    assert out.read_bytes() == b"earlier"
    assert others(out) == [treebank.name, out.name]


def test_names_of_files_may_be_any_bytes(treebank: Path, tmp_path: Path) -> None:
    path = treebank.rename(tmp_path / os.fsdecode(b"caf\xe9.conllu"))
    for name in ("words.csv", "words.parquet"):
        assert run("annotate", path, "--language", "en", "--out", tmp_path / name) == 0
        assert (tmp_path / name).exists()
