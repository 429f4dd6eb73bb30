import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("src", "stages", "tools") for path in (ROOT / folder).rglob("*.py")
)
# What each package of langsig may import from; a neighbour is not among it.
EARLIER = {
    "corpora": set(),
    "morphology": set(),
    "pretraining": {"corpora", "morphology"},
    "representations": {"corpora", "morphology", "pretraining"},
    "factorization": {"corpora", "morphology", "pretraining", "representations"},
    "analysis": {"corpora", "morphology", "pretraining", "representations", "factorization"},
    "figures": {
        "corpora", "morphology", "pretraining", "representations", "factorization", "analysis",
    },
    "report": {
        "corpora", "morphology", "pretraining", "representations", "factorization", "analysis",
        "figures",
    },
    "sample_world": set(),
}  # fmt: skip
COMMON = {"errors", "files", "intervals"}
every_source = pytest.mark.parametrize(
    "path", SOURCES, ids=[path.relative_to(ROOT).as_posix() for path in SOURCES]
)


def imported(path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, wherever in it."""
    package = path.relative_to(ROOT / "src").parent.parts if "src" in path.parts else ()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_parameters_parse() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert isinstance(params["seed"], int)
    assert len(params["languages"]) > 1


def test_no_file_in_git_is_large() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True
    )
    files = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
    assert ROOT / "dvc.yaml" in files
    large = [path for path in files if path.is_file() and path.stat().st_size > 2**20]
    assert not large, "keep it in DVC instead"


@every_source
def test_nothing_unsafe(path: Path) -> None:
    modules = set(imported(path))
    assert not modules & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function, where = ast.unparse(node.func), f"{path.name}:{node.lineno}"
        assert function not in {"torch.load", "torch.save", "eval", "exec", "os.system"}, where
        assert function not in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"} or (
            path.name == "use.py"  # there, yaml is a round-trip loader, which makes plain data
        ), where
        assert function.rpartition(".")[2] not in {"read_pickle", "to_pickle"}, where
        options = {option.arg: ast.unparse(option.value) for option in node.keywords}
        assert "trust_remote_code" not in options, where
        assert options.get("shell", "False") == "False", where
        assert options.get("allow_pickle", "False") == "False", where


def test_every_package_has_its_place_in_the_order() -> None:
    folders = {path.parent.name for path in (ROOT / "src/langsig").glob("*/__init__.py")}
    assert folders == set(EARLIER)


@pytest.mark.parametrize("package", EARLIER)
def test_imports_run_one_way(package: str) -> None:
    allowed = EARLIER[package] | COMMON | {package}
    for path in (ROOT / "src/langsig" / package).rglob("*.py"):
        for module in imported(path):
            if module == "langsig":
                continue
            top, _, rest = module.partition(".")
            if top == "langsig":
                part = rest.partition(".")[0]
                assert part in allowed, f"{path.relative_to(ROOT)} imports {module}"


def test_what_all_packages_share_imports_none_of_them() -> None:
    for name in COMMON:
        modules = imported(ROOT / f"src/langsig/{name}.py")
        assert not [module for module in modules if module.startswith("langsig")]


def test_every_package_is_imported_by_its_full_name_only() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert not re.search(r"^\s*from \.", path.read_text(encoding="utf-8"), re.M), path


def test_library_knows_nothing_of_the_pipeline() -> None:
    """But for what compares its revisions, and reads or fetches what it has made."""
    for path in (ROOT / "src").rglob("*.py"):
        if path.name in ("registry.py", "revisions.py", "verify.py"):
            continue
        text = path.read_text(encoding="utf-8")
        assert "params.yaml" not in text, path
        modules = imported(path)
        assert not [module for module in modules if module.split(".")[0] == "dvc"], path
        assert path.name == "diff.py" or "langsig.revisions" not in modules, path


def test_every_stage_has_its_script_and_every_script_its_stage() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    called = {}
    for name, entry in stages.items():
        entry = entry.get("do", entry)
        (script,) = re.findall(r"stages/run\.py (\w+)", entry["cmd"])
        assert f"stages/{script}.py" in entry["deps"], f"{name} is not redone with its script"
        called[name] = script
    there = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"common", "run"}
    assert set(called.values()) == there
    for name, script in called.items():
        assert name.startswith(script), f"{name} runs stages/{script}.py"


def test_stages_are_short() -> None:
    for path in (ROOT / "stages").glob("*.py"):
        lines = len(path.read_text().splitlines())
        most = 120 if path.stem == "common" else 80
        assert lines <= most, f"{path.name} has {lines} lines: is it the library's work?"
