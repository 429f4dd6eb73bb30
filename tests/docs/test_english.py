"""Phrases that readers stumbled over do not come back.

Each pattern has a replacement in plain English. A space in a pattern matches any white space, so
that phrases which continue on the next line of a comment or docstring are seen too.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THING = (
    "row|column|stage|file|line|model|layer|process|number|tensor|table|sentence|training|task|test"
    "|figure|picture|dot|page|script|package|block|worker|machine|core|start|fit|factorisation"
)
THINGS = (
    "rows|words|sentences|sequences|tokens|sub-words|steps|batches|numbers|GB|MB|bytes|hours"
    "|seconds|FLOPs|trees|models|layers|values"
)
OF_EACH = (
    "language|layer|category|row|word|sentence|batch|block|process|step|iteration|replicate|seed"
    "|start|model|component|source|experiment|GPU|core|worker|training|line|character|value|set"
)
PATTERNS = {
    # "a row a language" -> "one row per language"
    rf"\ban? (?:{THING})(?: of [a-z]+)? an? "
    r"(?!few\b|little\b|name\b|time\b)[a-z]": "one ... per ...",
    rf"\bone an? (?:{OF_EACH})\b": "one per ...",
    rf"\b(?:{THINGS}) an? (?:{OF_EACH})\b": "... per ...",
    r"\ban? (?:[a-z]+) each\b(?=[:;.,)])": "one ... per ...",
    # "hold against" -> "compare with", "check against"
    r"\bh(?:old|olds|olding|eld)\b[^.:;]{0,40}\bagainst\b": "compare with, check against",
    # "goes on where it was" -> "resumes"
    r"\b(?:go|goes|going|went) on (?:where|from)\b": "resume",
    r"\bcarr(?:y|ies) on where\b": "resume",
    # quantities
    r"\bso many\b": "the number of",
    r"\bequally many\b": "the same number of",
    r"(?<!times\s)\bas many\b(?!\s(?:\w+\s)?as\b)": "the same number of",
    # "by itself", "beside"
    r"\bby (?:itself|themselves)\b": "separately, alone",
    r"\bbeside\b": "next to, in addition to",
    # errors
    r"\b(?:is|are) none of\b": "must be one of ..., got ...",
    r"\bit takes two\b": "must be at least 2",
    # riddles
    r"\bwhat (?:came|comes|has come) of\b": "the results",
    r"\bwhat is (?:left|here|there)\b": "the remainder, the local files",
    r"\bwhat there is\b": "the contents",
    r"\btold (?:from|apart)\b": "distinguishable from",
    r"\bto speak of\b": "more than ...",
    r"\bparted by\b": "separated by",
    r"\btak(?:e|es|ing) up what\b": "reassigns",
    r"\bits (?:like|kin)\b": "similar ...",
    r"\b(?:is|are|be|was) said of\b": "name the thing",
    r"\bknow(?:s|n)? of\b": "name the thing",
    r"\bsmall(?:er)? wonder\b": "name the thing",
    r"\banew\b": "again",
    # parameters
    r"(?m)^\x20+Of\s(?:the\s|all\s|each\s|[a-z]+\s)?:?[a-z`]": "a full phrase",
}
FOLDERS = (
    "docs",
    "src",
    "stages",
    "benchmarks",
    "tests",
    "conf",
    "samples",
    ".github",
    ".ci",
    ".dvc",
)
FILES = ("README.md", "CITATION.cff", "Makefile", "dvc.yaml", "params.yaml", "pyproject.toml")
SUFFIXES = {
    "",
    ".cff",
    ".css",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".md",
    ".py",
    ".sh",
    ".toml",
    ".yaml",
}
SUFFIXES |= {".yml"}
THIS = Path(__file__).resolve()
COMPILED = {
    re.compile(pattern.replace(" ", r"\s+(?:#\s*)?"), re.DOTALL): hint
    for pattern, hint in PATTERNS.items()
}


def hits(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, phrase and replacement of every match."""
    for pattern, hint in COMPILED.items():
        for match in pattern.finditer(text):
            phrase = " ".join(match.group().split())
            yield text.count("\n", 0, match.start()) + 1, phrase, hint


@pytest.mark.parametrize(
    "text",
    [
        "a row a language",
        "Covariances, a file\n    # a layer.",
        "It is held byte by byte against its hash",
        "a training goes on where it was",
        "equally many a language",
        "factorised by themselves",
        "PRESET=x is none of a, b",
        "    Of the random start.",
        "15,000 words a language",
    ],
)
def test_patterns_match(text: str) -> None:
    assert list(hits(text))


@pytest.mark.parametrize(
    "text",
    [
        "one row per language",
        "It holds a file. Nothing is against that.",
        "half of the models a user has trained",
        "Of all languages, Finnish has most.",
        "three times as many numbers",
    ],
)
def test_plain_english_does_not_match(text: str) -> None:
    assert not list(hits(text))


def texts() -> Iterator[tuple[str, str]]:
    """Name and text of all files under version control that people read."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *FOLDERS, *FILES], cwd=ROOT, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        record = name.startswith("docs/results") and path.suffix != ".md"
        if path.suffix in SUFFIXES and path.is_file() and path != THIS and not record:
            yield name, path.read_text(encoding="utf-8")


def test_all_files_are_searched() -> None:
    names = {name for name, _ in texts()}
    for name in ("README.md", "src/langsig/__init__.py", "stages/plot.py", ".ci/run", "Makefile"):
        assert name in names


@pytest.mark.slow
def test_no_phrase_is_left() -> None:
    remaining = [
        f"{name}:{line}: {phrase!r}: write {hint}"
        for name, text in texts()
        for line, phrase, hint in hits(text)
    ]
    assert not remaining, "\n" + "\n".join(remaining)
