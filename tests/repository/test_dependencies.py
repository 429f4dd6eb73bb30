"""Every stage of ``dvc.yaml`` depends on the code that computes its outputs."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
STAGES: dict[str, dict[str, Any]] = {
    name: entry.get("do", entry)
    for name, entry in YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"].items()
}
# See the comment at the top of dvc.yaml: they check, read and write.
OTHERS = {"arrays", "errors", "files", "hub", "parameters", "repository", "schemas", "terms"}
NAMES_OF_CATEGORIES = {"ALL_WORDS", "CATEGORIES", "category_slug"}


def reads_only(name: str, imported: object) -> bool:
    """Whether a name reads the output of another stage, which is a dependency."""
    return (
        name.startswith(("load_", "read_", "count_"))
        or hasattr(imported, "load")
        or name == "States"
        or name in NAMES_OF_CATEGORIES
    )


def file_of(module: ModuleType) -> Path:
    assert module.__file__ is not None
    return Path(module.__file__)


def imports(path: Path) -> Iterator[tuple[ModuleType, str]]:
    """The names that a file imports from modules of langsig, other than for types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node in for_types:
            continue
        if not (node.module or "").startswith("langsig"):
            continue
        module = importlib.import_module(str(node.module))
        for alias in node.names:
            value = getattr(module, alias.name, None)
            if value is None:
                value = importlib.import_module(f"{node.module}.{alias.name}")
            if isinstance(value, ModuleType):  # what is used of it
                for part in attributes:
                    if ast.unparse(part.value) == alias.name:
                        yield value, part.attr
            else:
                yield module, alias.name


def modules_used(path: Path) -> Iterator[ModuleType]:
    """The modules that define what a file imports to compute with it."""
    for module, name in imports(path):
        value = getattr(module, name)
        if reads_only(name, value):
            continue
        if hasattr(module, "__path__"):  # a package: the module that it has the name from
            origins = (source for source, known in imports(file_of(module)) if known == name)
            yield next(origins, module)
        else:
            yield module


def modules_needed(script: Path) -> dict[str, Path]:
    """The same, with the modules that these use in turn, and their files."""
    needed: dict[str, Path] = {}
    paths = [script]
    while paths:
        for module in modules_used(paths.pop()):
            name = module.__name__
            if name not in needed and name.split(".")[1] not in OTHERS:
                needed[name] = file_of(module)
                paths.append(needed[name])
    return needed


@pytest.mark.parametrize("stage", STAGES)
def test_code_that_computes_is_a_dependency(stage: str) -> None:
    script = re.findall(r"-m stages (\w+)", STAGES[stage]["cmd"])[0]
    dependencies = [ROOT / path for path in STAGES[stage]["deps"] if "$" not in path]
    for path in modules_needed(ROOT / f"stages/{script}.py").values():
        assert any(path == dep or dep in path.parents for dep in dependencies), (
            f"{stage} uses {path.relative_to(ROOT)}"
        )


@pytest.mark.parametrize("stage", STAGES)
def test_code_that_is_a_dependency_exists(stage: str) -> None:
    for path in STAGES[stage]["deps"]:
        if path.startswith(("src/", "stages/")):
            assert (ROOT / path).exists(), path


def test_the_walk_sees_imports_of_imports() -> None:
    needed = modules_needed(ROOT / "stages/pretrain.py")
    assert "langsig.corpora.fingerprints" in needed, "imported by the script"
    assert "langsig.pretraining.models" in needed, "used as an attribute of a package"
    assert "langsig.factorization.als" in modules_needed(ROOT / "stages/factorize.py")
