import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from safetensors.numpy import save_file

import langsig
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


def test_annotate_prints_counts_only_when_asked(
    treebank: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("annotate", treebank, "--language", "en", "--out", treebank.parent / "w.parquet")
    assert len(capsys.readouterr().out.splitlines()) == 1


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


def planted() -> dict[str, NDArray[np.float64]]:
    """Slices of rank 2, all with V = I; languages differ in strength only."""
    rng = default_rng(0)
    slices = {}
    for number, language in enumerate(["zh", "de", "fr", "cs", "fi", "ru"]):
        projection = np.linalg.qr(rng.standard_normal((7 + number, 2)))[0]
        signature = [4.0 + number, 1.0 + (number * 2) % 5 / 4]
        slices[language] = projection @ np.diag(signature) @ np.eye(2, 6)
    return slices


def write_slices(path: Path, slices: dict[str, NDArray[np.float64]]) -> Path:
    save_file({name: np.ascontiguousarray(omega) for name, omega in slices.items()}, path)
    return path


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")  # of a vanishing error
def test_factorize_finds_what_was_planted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_slices(tmp_path / "x.safetensors", planted())
    out = tmp_path / "signatures.parquet"
    assert run("factorize", source, "--rank", 2, "--out", out, "--max-iterations", 300) == 0
    table = pd.read_parquet(out)
    assert list(table.columns) == ["category", "layer", "language", "component", "value"]
    wide = table.pivot(index="language", columns="component", values="value")
    printed = capsys.readouterr().out
    for language, omega in planted().items():
        strength = np.linalg.svd(omega, compute_uv=False)[:2]
        np.testing.assert_allclose(wide.loc[language].mean(), strength.mean(), rtol=0.02)
        (line,) = (line for line in printed.splitlines() if line.startswith(f"{language} "))
        assert float(line.split()[1]) == pytest.approx(wide.loc[language].mean(), rel=1e-5)


def test_factorize_says_when_it_was_cut_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = default_rng(1)
    slices = {name: rng.standard_normal((6, 6)) for name in ("de", "fr", "zh")}
    source = write_slices(tmp_path / "x.safetensors", slices)
    out = tmp_path / "s.parquet"
    assert run("factorize", source, "--rank", 3, "--out", out, "--max-iterations", 20) == 0
    printed = capsys.readouterr()
    assert "NOT CONVERGED after 20 iterations" in printed.out
    assert printed.err.startswith("warning: Part of Speech: PARAFAC2 did not converge within 20")


BAD_SLICES = {
    "vector": ({**planted(), "nl": np.ones(6)}, 2, "nl, layer 0: the matrix must be [dim_control"),
    "layers": ({**planted(), "nl": np.ones((6, 6, 6))}, 2, "nl has 6 and "),
    "width": ({**planted(), "nl": np.ones((7, 5))}, 2, "nl"),
    "rank": (planted(), 7, "rank must be between 1 and 6"),
    "rank zero": (planted(), 0, "rank must be a positive integer, got 0"),
    "alone": ({"de": planted()["de"]}, 2, "at least two languages, got 1"),
    "nan": ({**planted(), "aa": np.full((7, 6), np.nan)}, 2, "aa, layer 0"),
    "zero": ({**planted(), "aa": np.zeros((7, 6))}, 2, "aa, layer 0"),
}


@pytest.mark.parametrize("case", BAD_SLICES)
def test_bad_slices_write_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slices, rank, message = BAD_SLICES[case]
    source = write_slices(tmp_path / "x.safetensors", slices)
    out = tmp_path / "s.parquet"
    assert run("factorize", source, "--rank", rank, "--out", out) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ") and message in printed.err
    assert printed.out == ""
    assert others(out) == ["x.safetensors"]


@pytest.mark.parametrize("content", [None, b"", b"no tensors here at all"])
def test_what_is_not_safetensors_is_named(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "x.safetensors"
    if content is not None:
        source.write_bytes(content)
    assert run("factorize", source, "--rank", 2, "--out", tmp_path / "s.parquet") == 1
    assert f"error: {source}: " in capsys.readouterr().err


def test_bfloat16_is_refused_with_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = json.dumps({"de": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}})
    source = tmp_path / "x.safetensors"
    source.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(8))
    assert run("factorize", source, "--rank", 2, "--out", tmp_path / "s.parquet") == 1
    assert "float32" in capsys.readouterr().err
