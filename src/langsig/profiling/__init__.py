"""What one model represents in each language, without training another."""

from langsig.profiling.profile import Profile, profile
from langsig.profiling.samples import Sizes
from langsig.profiling.sources import Treebank, find_texts, find_treebanks, read_parallel

__all__ = [
    "Profile",
    "Sizes",
    "Treebank",
    "find_texts",
    "find_treebanks",
    "profile",
    "read_parallel",
]
