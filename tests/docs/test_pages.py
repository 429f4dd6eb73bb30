"""Pages of the documentation: links lead somewhere, and names exist."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from langsig import commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RECORDS = {"findings.md", "coverage.md"}  # tables that the pipeline wrote
MAX_WORDS = 120
pages = pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in RECORDS], ids=lambda page: page.name
)

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s]+)\)")


def prose(text: str) -> str:
    return FENCE.sub("", text)


def code(text: str) -> Iterator[str]:
    """Code of a page without program output: fenced blocks and inline code."""
    for language, block in FENCE.findall(text):
        if language != "text":
            yield block
    yield from re.findall(r"`([^`\n]+)`", prose(text))


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    names = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {name.replace(" ", "-") for name in names}


def test_slugs_are_those_of_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# What? A `name`: more\n\n```sh\n# no heading\n```\n")
    assert anchors(page) == {"what-a-name-more"}


@pages
def test_links_exist(page: Path) -> None:
    for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_start_page() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        links = LINK.findall(prose(page.read_text(encoding="utf-8")))
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links]
        waiting += [target for target in targets if target.suffix == ".md" and target.exists()]
    assert {page for page in PAGES if page.name not in RECORDS} <= reached


def test_pages_that_the_code_names_exist() -> None:
    folders = ("src", "stages", "benchmarks", "conf", ".github")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [
        path.read_text(encoding="utf-8")
        for path in [*files, ROOT / "Makefile", ROOT / "dvc.yaml", ROOT / "params.yaml"]
        if path.suffix in ("", ".py", ".yaml", ".yml", ".sh", ".js", ".html")
    ]
    named = {name for text in texts for name in re.findall(r"\bdocs/[\w/.-]+\.md\b", text)}
    assert named
    for name in named:
        assert (ROOT / name).is_file(), name


@pages
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for block in code(page.read_text(encoding="utf-8")):
        assert set(re.findall(r"(?:^|[\s;&])make ([a-z]+)", block)) <= targets, block


@pages
def test_subcommands_exist(page: Path) -> None:
    for block in code(page.read_text(encoding="utf-8")):
        named = re.findall(r"(?:^|[\s;&])langsig ([a-z][a-z-]*)", block)
        assert {name.replace("-", "_") for name in named} <= set(commands.MODULES), block


@pages
def test_names_of_langsig_are_public(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in code(text):
        for name in re.findall(r"(?<![\w/.@-])langsig\.[A-Za-z_][\w.]*\w", block):
            assert is_public(name), name


def is_public(name: str) -> bool:
    """Whether a dotted name is a module, or listed in ``__all__`` of one."""
    module_name, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module = importlib.import_module(module_name)
        return attribute in module.__all__
    return not any(part.startswith("_") for part in name.split("."))


def test_private_and_unknown_names_are_not_public() -> None:
    assert is_public("langsig.compare")
    assert is_public("langsig.morphology")
    assert not is_public("langsig.no_such_name")
    assert not is_public("langsig.import_module")


@pages
def test_blocks_are_short(page: Path) -> None:
    text = prose(page.read_text(encoding="utf-8"))
    text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)  # tables
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        assert len(block.split()) <= MAX_WORDS, block
