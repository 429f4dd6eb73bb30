"""Names of the morphosyntactic categories. This module imports nothing else of langsig."""

ALL_WORDS = "Part of Speech"
"""The category that every word bears, so that its slice holds all words (paper, appendix C)."""
CATEGORIES = (
    "Animacy",
    "Aspect",
    "Case",
    "Comparison",
    "Definiteness",
    "Finiteness",
    "Gender",
    "Mood",
    "Number",
    "Part of Speech",
    "Person",
    "Polarity",
    "Politeness",
    "Possession",
    "Tense",
    "Valency",
    "Voice",
)
"""The 17 categories of the paper. "Gender" is UniMorph's "Gender and Noun Class"."""


def category_slug(category: str) -> str:
    """Name of a category in file names and parameters, such as ``part-of-speech``."""
    return category.lower().replace(" ", "-")
