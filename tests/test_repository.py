import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("src", "stages") for path in (ROOT / folder).rglob("*.py"))
# The packages of langsig: each imports from those before it, and not from others on its line.
ORDER = [
    ["corpora", "morphology"],
    ["pretraining"],
    ["representations"],
    ["factorization", "outcomes", "references"],
    ["analysis", "learned"],
    ["figures"],
    ["profiling"],
    ["report"],
    ["parameters"],
    ["repository"],
    ["commands"],
]
COMMON = {
    "arrays",
    "decompositions",
    "errors",
    "files",
    "hub",
    "intervals",
    "languages",
    "schemas",
    "terms",
}
APART = {"sample_world"}  # imports nothing but COMMON
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
    params = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
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


def test_the_sample_is_the_one_that_data_dvc_declares() -> None:
    """Otherwise the first run in a clone would change data.dvc."""
    (declared,) = YAML(typ="safe").load((ROOT / "data.dvc").read_text())["deps"]
    if declared["path"] != "samples":
        pytest.skip("data of another place were imported here")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "samples"], capture_output=True, check=True
    )
    files = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
    sizes = [path.stat().st_size for path in files]
    assert (declared["nfiles"], declared["size"]) == (len(sizes), sum(sizes)), (
        "import it again with langsig use demo --data samples, and commit data.dvc"
    )


@every_source
def test_nothing_unsafe(path: Path) -> None:
    modules = set(imported(path))
    assert not modules & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    assert "yaml" not in modules, "PyYAML reads another dialect than DVC; use ruamel.yaml"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function, where = ast.unparse(node.func), f"{path.name}:{node.lineno}"
        assert function not in {"torch.load", "torch.save", "eval", "exec", "os.system"}, where
        assert function.rpartition(".")[2] not in {"read_pickle", "to_pickle"}, where
        options = {option.arg: ast.unparse(option.value) for option in node.keywords}
        assert options.get("typ") != "'unsafe'", where
        assert options.get("trust_remote_code", "False") == "False", where
        assert options.get("shell", "False") == "False", where
        assert options.get("allow_pickle", "False") == "False", where


def packages_of(path: Path) -> set[str]:
    """The packages and modules of langsig that a file imports."""
    parts = (name.split(".") for name in imported(path))
    return {names[1] for names in parts if names[0] == "langsig" and len(names) > 1}


def sources_of(name: str) -> list[Path]:
    """All files of a package, or the file of a module."""
    folder = ROOT / "src/langsig" / name
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def test_every_package_has_its_place_in_the_order() -> None:
    folders = {path.parent.name for path in (ROOT / "src/langsig").glob("*/__init__.py")}
    assert folders <= {name for line in ORDER for name in line} | COMMON | APART


@pytest.mark.parametrize("line", range(len(ORDER)), ids=lambda line: "-".join(ORDER[line]))
def test_imports_run_one_way(line: int) -> None:
    earlier = {name for names in ORDER[:line] for name in names}
    modules = {"comparison", "diff", "__version__"} if "commands" in ORDER[line] else set()
    for package in ORDER[line]:
        allowed = COMMON | earlier | {package} | modules
        for path in sources_of(package):
            assert packages_of(path) <= allowed, path.relative_to(ROOT)


@pytest.mark.parametrize("package", sorted(APART))
def test_what_stands_apart_imports_no_other_package(package: str) -> None:
    for path in sources_of(package):
        assert packages_of(path) <= COMMON | {package}, path.relative_to(ROOT)


def test_what_all_packages_share_imports_none_of_them() -> None:
    for name in COMMON:
        for path in sources_of(name):
            assert packages_of(path) <= COMMON | {"morphology"}, path.relative_to(ROOT)


@pytest.mark.slow
def test_only_the_repository_package_knows_dvc() -> None:
    for path in SOURCES:
        if "repository" in path.relative_to(ROOT).parts or path.name == "conftest.py":
            continue
        tops = {name.split(".")[0] for name in imported(path)}
        assert not tops & {"dvc", "dvc_data", "dvc_objects", "gto"}, path.relative_to(ROOT)


def test_every_package_is_imported_by_its_full_name_only() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert not re.search(r"^\s*from \.", path.read_text(encoding="utf-8"), re.M), path


def test_library_knows_nothing_of_the_pipeline() -> None:
    """What lies below the repository package names no key and no file of the pipeline."""
    below = ORDER[: ORDER.index(["parameters"])]
    for package in [name for names in below for name in names] + sorted(COMMON | APART):
        for path in sources_of(package):
            assert "params.yaml" not in path.read_text(encoding="utf-8"), path


def test_every_stage_has_its_script_and_every_script_its_stage() -> None:
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    called = {}
    for name, entry in stages.items():
        entry = entry.get("do", entry)
        (script,) = re.findall(r"-m stages (\w+)", entry["cmd"])
        assert f"stages/{script}.py" in entry["deps"], f"{name} is not redone with its script"
        called[name] = script
    scripts = {path.stem for path in (ROOT / "stages").glob("*.py")} - {
        "arguments",
        "common",
        "__init__",
        "__main__",
    }
    assert set(called.values()) == scripts
    for name, script in called.items():
        assert name.startswith(script), f"{name} runs stages/{script}.py"


def test_stages_are_short() -> None:
    for path in (ROOT / "stages").glob("*.py"):
        lines = len(path.read_text().splitlines())
        most = 120 if path.stem == "common" else 90
        assert lines <= most, f"{path.name} has {lines} lines: is it the library's work?"
