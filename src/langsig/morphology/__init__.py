"""Treebanks to a table of words with morphosyntactic categories.

The names of the categories can be imported without pandas; everything else loads on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from langsig.morphology.categories import ALL_WORDS, CATEGORIES, category_slug

if TYPE_CHECKING:
    from langsig.morphology.treebank import Row, Sentence, read_sentences, treebank_files
    from langsig.morphology.unimorph import Converter, Rule, basic_tags, conversion, converter
    from langsig.morphology.words import Token, Words, annotate, tokens

__all__ = [
    "ALL_WORDS",
    "CATEGORIES",
    "Converter",
    "Row",
    "Rule",
    "Sentence",
    "Token",
    "Words",
    "annotate",
    "basic_tags",
    "category_slug",
    "conversion",
    "converter",
    "read_sentences",
    "tokens",
    "treebank_files",
]

_MODULES = {
    "treebank": ("Row", "Sentence", "read_sentences", "treebank_files"),
    "unimorph": ("Converter", "Rule", "basic_tags", "conversion", "converter"),
    "words": ("Token", "Words", "annotate", "tokens"),
}
"""Names that load on first use, by module."""


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
