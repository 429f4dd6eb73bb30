"""What the how-to pages say works."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from langsig.commands import main

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"


def test_the_preset_of_own_data_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (HOW_TO / "own_data.md").read_text(encoding="utf-8")
    (preset,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "mine.yaml").write_text(preset, encoding="utf-8")
    for path in re.findall(r"data/([\w./-]+)", preset):
        (tmp_path / "mine" / path).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "conf/mine.yaml", "--data", "mine"]) == 0, "it needs no other files"
    assert "3 languages, 2 categories" in capsys.readouterr().out


def test_recipes_change_parameters_that_exist() -> None:
    page = (HOW_TO / "experiments.md").read_text(encoding="utf-8")
    base = (ROOT / "conf" / "base.yaml").read_text(encoding="utf-8")
    keys = re.findall(r"-S '?\+?([\w.]+)=", page)
    assert len(keys) > 10
    for key in keys:
        *parents, name = key.split(".")
        if parents != ["experimental", "fractions"]:  # its keys are languages
            assert re.search(rf"\b{name}:", base), key


def test_own_matrices(capsys: pytest.CaptureFixture[str]) -> None:
    page = (HOW_TO / "own_models.md").read_text(encoding="utf-8")
    block = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[1]
    names: dict[str, Any] = {}
    exec(compile(block, "own_models.md", "exec"), names)
    assert set(names["result"].signatures.frame["language"]) == {"de", "fi"}
    assert "converged" in capsys.readouterr().out
