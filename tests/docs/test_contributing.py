"""The structure that the page about contributing describes is the structure of the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "langsig"
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
APART = {"sample_world", "__init__", "__main__"}


def levels() -> dict[str, int]:
    """Line in the table of packages, by package; 0 is the top."""
    table = PAGE[PAGE.index("| package |") :].split("\n\n")[0].splitlines()[2:]
    names = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table]
    return {name: level for level, row in enumerate(names) for name in row}


def imports(path: Path) -> Iterator[str]:
    """Packages of langsig that a module imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if re.match(r"langsig\.\w", name))


def test_every_package_is_described() -> None:
    names = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert set(levels()) == names - APART - {"__pycache__"}


@pytest.mark.parametrize("package", sorted(levels()))
def test_imports_run_downwards(package: str) -> None:
    known = levels()
    files = [*(SOURCE / package).rglob("*.py"), SOURCE / f"{package}.py"]
    for path in filter(Path.exists, files):
        for name in imports(path):
            if name in known and name != package:
                assert known[name] > known[package], f"{path.name} imports {name}"
