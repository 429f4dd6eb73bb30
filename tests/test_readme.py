"""What the README says can be done."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from langsig.commands import main
from langsig.pretraining import ModelShape, build_model

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_commands_it_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_files_it_links_to_exist() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).is_file(), link


@pytest.fixture
def at_home(tokenizer: Any, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the models and treebanks that the README names."""
    for seed, name in enumerate(("multilingual", "swedish", "danish")):
        shape = ModelShape(
            "roberta", layers=2 + seed, dim=16 + 8 * seed, heads=2, dropout=0, initializer_range=0.1
        )
        model = build_model(shape, tokenizer, max_length=64, seed=seed)
        model.save_pretrained(tmp_path / f"path/to/{name}-model")
        tokenizer.save_pretrained(tmp_path / f"path/to/{name}-model")
    for published, sample in (("sv_talbanken", "qaa"), ("da_ddt", "qac")):
        treebank = samples / f"treebanks/{sample}/{sample}_sample-ud-test.conllu"
        shutil.copy(treebank, tmp_path / f"{published}-ud-test.conllu")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_own_models_from_python(at_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(script, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    result = names["result"]
    averages = result.signatures.average().frame.set_index(["category", "language", "layer"])
    for (category, language), row in result.summary().iterrows():
        assert category in printed and language in printed
        assert len(row) == 1 + 3  # words, and three layers
        for layer, value in row.drop("words").items():
            expected = averages.loc[(category, language, layer), "average_signature"]
            assert 0 < value == expected
    assert len(result.summary()) == 2 * 2  # two languages, two categories


def test_own_models_from_the_shell(at_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = re.findall(r"^(langsig compare --experimental (?:.*\\\n)*.*)", README, re.M)
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    assert main(arguments) == 0
    assert "Number: average signature" in capsys.readouterr().out
    assert len(pd.read_parquet(at_home / "signatures.parquet")) == 2 * 3 * 2 * 16
