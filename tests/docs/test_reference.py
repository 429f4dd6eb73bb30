"""The reference has all that the code defines, and nothing else."""

import re
from pathlib import Path

import pytest

import langsig
from docs import build
from langsig import commands, schemas

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def words(text: str) -> list[str]:
    """The words of a text; versions of Python wrap help differently."""
    return text.split()


@pytest.mark.parametrize("page", build.PAGES, ids=lambda page: page.name)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert words(build.render(text)) == words(text), "run make docs"


def test_a_changed_part_is_noticed() -> None:
    page = "kept\n<!-- generated: table Spread -->\nold\n<!-- end -->\n"
    rendered = build.render(page)
    assert rendered.startswith("kept\n")
    assert "| `variance` | number | Sample variance over languages |" in rendered
    assert "old" not in rendered
    assert build.render(rendered) == rendered


def test_all_public_names_are_described() -> None:
    page = (REFERENCE / "api.md").read_text(encoding="utf-8")
    for name in langsig.__all__:
        assert f"| `langsig.{name}` |" in page


def test_all_commands_are_described() -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    for name in (module.replace("_", "-") for module in commands.MODULES):
        assert f"### langsig {name}\n" in page
        assert f"<!-- generated: command {name} -->" in page


def test_all_tables_are_described() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in build.PAGES)
    for name in schemas.__all__:
        value = getattr(schemas, name)
        if isinstance(value, type) and issubclass(value, schemas.Table):
            marker = f"<!-- generated: table {name} -->"
            assert value is schemas.Table or marker in pages, name


def test_all_files_of_an_analysis_are_described() -> None:
    page = (REFERENCE / "artifacts.md").read_text(encoding="utf-8")
    stages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "stages").glob("*.py"))
    names = set(re.findall(r"save\(output / \"([\w.]+)\"\)", stages))
    assert len(names) > 15
    assert {name for name in names if name not in page} == set()
