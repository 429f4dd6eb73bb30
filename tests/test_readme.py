"""What the README says can be done."""

import re
from pathlib import Path
from typing import Any

import pytest

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


def test_own_models_from_python(
    tokenizer: Any, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for seed, name in enumerate(("multilingual", "swedish", "danish")):
        shape = ModelShape(
            "roberta", layers=6, dim=16 + 8 * seed, heads=2, dropout=0, initializer_range=0.04
        )
        model = build_model(shape, tokenizer, max_length=64, seed=seed)
        model.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
        script = script.replace(f"path/or/name/of/{name}-model", str(tmp_path / name))
    for published, sample in (("sv_talbanken", "qaa"), ("da_ddt", "qac")):
        treebank = samples / f"treebanks/{sample}/{sample}_sample-ud-test.conllu"
        script = script.replace(f"{published}-ud-test.conllu", str(treebank))
    exec(compile(script, "README.md", "exec"), {"__name__": "readme"})
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [language for language, _ in printed] == ["sv", "da"]
    assert all(float(average) > 0 for _, average in printed)
