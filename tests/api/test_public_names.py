"""The names that ``import langsig`` offers."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import langsig

SOURCE = Path(inspect.getfile(langsig))
SLOW = {"torch", "pandas", "dvc", "numpy", "transformers", "matplotlib", "pydantic"}
PRINT_NAMES = "import langsig; print(langsig.__all__)"


def test_names_are_few_sorted_as_declared_and_exist() -> None:
    assert len(langsig.__all__) <= 30
    assert len(set(langsig.__all__)) == len(langsig.__all__)
    for name in langsig.__all__:
        assert getattr(langsig, name) is not None
        assert name in dir(langsig)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = langsig.nothing  # type: ignore[attr-defined]


def test_importing_loads_nothing_slow() -> None:
    code = f"{PRINT_NAMES}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, modules = done.stdout.splitlines()
    assert ast.literal_eval(names) == langsig.__all__
    loaded = {name.partition(".")[0] for name in modules.split()}
    assert not loaded & SLOW


def test_importing_takes_less_than_300_milliseconds() -> None:
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", PRINT_NAMES], capture_output=True, check=True)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.3


def test_type_checkers_see_the_same_objects() -> None:
    """What is imported under TYPE_CHECKING is what the names are at run time."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    imports = [node for node in (*tree.body, *block.body) if isinstance(node, ast.ImportFrom)]
    declared = {
        alias.name: node.module
        for node in imports
        for alias in node.names
        if node.module and node.module.startswith("langsig")
    }
    assert set(declared) == set(langsig.__all__) - {"__version__"}
    for name, module in declared.items():
        assert getattr(langsig, name) is getattr(importlib.import_module(module), name)


def test_no_module_hides_a_public_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules([str(SOURCE.parent)])}
    assert not modules & set(langsig.__all__)


def test_errors_and_warnings_are_caught_as_usual() -> None:
    assert issubclass(langsig.InputError, Exception)
    assert issubclass(langsig.ConvergenceWarning, UserWarning)


def test_package_is_typed() -> None:
    assert SOURCE.with_name("py.typed").is_file()


@pytest.mark.parametrize("name", sorted(set(langsig.__all__) - {"__version__"}))
def test_every_name_has_documentation_with_an_example(name: str) -> None:
    value = getattr(langsig, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__module__.startswith("langsig."), "or its examples would not run"
        text = value.__doc__ or ""
    else:
        text = langsig.__doc__ or ""
    examples = doctest.DocTestParser().get_examples(text)
    assert examples, f"{name} has no example"
    if not inspect.isclass(value):  # the examples of a class are in its own documentation
        assert any(name in example.source for example in examples), f"no example uses {name}"
    if inspect.isfunction(value):
        parameters = inspect.signature(value).parameters
        documented = text.partition("Parameters\n")[2]
        assert all(parameter in documented for parameter in parameters), name
        assert "Returns\n" in text, name
        assert "Raises\n" in text or name == "match_layers", name
