"""Treebanks to a table of words with morphosyntactic categories."""

from langsig.morphology.treebank import Row, Sentence, read_sentences, treebank_files
from langsig.morphology.unimorph import (
    ALL_WORDS,
    CATEGORIES,
    Converter,
    Rule,
    basic_tags,
    converter,
)
from langsig.morphology.words import (
    Token,
    Words,
    annotate,
    category_counts,
    category_slug,
    read_words,
    tokens,
    value_counts,
    write_words,
)

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
    "category_counts",
    "category_slug",
    "converter",
    "read_sentences",
    "read_words",
    "tokens",
    "treebank_files",
    "value_counts",
    "write_words",
]
