"""What a model's states can be compared with, without training another model."""

from langsig.references.context import ContextVectors, with_neighbours
from langsig.references.indicators import TAGS, tag_indicators, value_indicators
from langsig.references.words import word_vectors

__all__ = [
    "TAGS",
    "ContextVectors",
    "tag_indicators",
    "value_indicators",
    "with_neighbours",
    "word_vectors",
]
