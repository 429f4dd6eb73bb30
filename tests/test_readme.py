"""The README is short, and what it says can be done."""

import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import langsig.comparison
from langsig.commands import main
from langsig.factorization import Solver
from langsig.pretraining import ModelShape, build_model
from tests.treebanks import copy_beginning

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OWN_MODELS = (ROOT / "docs" / "how-to" / "own_models.md").read_text(encoding="utf-8")
MAX_WORDS = 600
MAX_LINES = 15


def python_block(page: str) -> str:
    """The first Python block of a page."""
    return str(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0])


def test_it_is_short() -> None:
    assert len(README.split()) <= MAX_WORDS
    assert len(python_block(README).splitlines()) <= MAX_LINES


def test_the_two_commands_of_a_first_run_are_in_it() -> None:
    commands = re.findall(r"^make [a-z]+", README, re.MULTILINE)
    assert {"make repro", "make test"} <= set(commands)


def test_the_picture_exists() -> None:
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert (ROOT / picture).stat().st_size > 1000


@pytest.fixture
def models(tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with tiny models under the names that the pages use."""
    names = (
        "xlm-roberta-base",
        "TurkuNLP/bert-base-finnish-cased-v1",
        "GroNLP/bert-base-dutch-cased",
        "KBLab/bert-base-swedish-cased",
        "path/to/multilingual-model",
        "path/to/swedish-model",
        "path/to/danish-model",
    )
    for seed, name in enumerate(names):
        shape = ModelShape(
            "roberta", layers=2 + seed, dim=16 + 8 * seed, heads=2, dropout=0, initializer_range=0.1
        )
        model = build_model(shape, tokenizer, max_length=64, seed=seed)
        model.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    few = {"max_iterations": 20}  # random models have no structure to converge to
    monkeypatch.setattr(langsig.comparison, "Solver", lambda **given: Solver(**given | few))
    return tmp_path


@pytest.fixture
def treebanks(samples: Path, models: Path) -> Path:
    """The working directory with treebanks of the sample in place of the published ones."""
    published = {
        "UD_Finnish-TDT/fi_tdt": "qaa",
        "UD_Dutch-Alpino/nl_alpino": "qac",
        "UD_Swedish-Talbanken/sv_talbanken": "qaf",
        "sv_talbanken": "qaa",
        "da_ddt": "qac",
    }
    for name, sample in published.items():
        target = models / f"{name}-ud-test.conllu"
        target.parent.mkdir(exist_ok=True)
        copy_beginning(samples / f"treebanks/{sample}/{sample}_sample-ud-test.conllu", target)
    return models


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "languages"), [(README, ["fi", "nl", "sv"]), (OWN_MODELS, ["da", "sv"])]
)
def test_comparison_from_python(
    page: str, languages: list[str], treebanks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(python_block(page), "page", "exec"), names)
    printed = capsys.readouterr().out
    comparison = names["comparison"]
    summary = comparison.summary()
    assert list(summary.index) == [
        (category, language) for category in ("Part of Speech", "Number") for language in languages
    ]
    averages = comparison.signatures.average().frame.set_index(["category", "language", "layer"])
    for (category, language), row in summary.iterrows():
        assert category in printed
        assert language in printed
        for layer, value in row.drop("words").items():
            assert 0 < value == averages.loc[(category, language, layer), "average_signature"]


@pytest.mark.slow
def test_comparison_from_the_shell(treebanks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = re.findall(
        r"^(langsig compare (?:.*\\\n)*.*--treebank(?:.*\\\n)*.*)", OWN_MODELS, re.M
    )
    assert main(shlex.split(command.replace("\\\n", " "))[1:]) == 0
    assert "Number: average signature" in capsys.readouterr().out
    assert set(pd.read_parquet(treebanks / "signatures.parquet")["language"]) == {"da", "sv"}
