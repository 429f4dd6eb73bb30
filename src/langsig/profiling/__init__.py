"""What one model represents in each language, without training another."""

from langsig.profiling.measured import Measured
from langsig.profiling.prediction import confound_table, predictor_table, signature_measures
from langsig.profiling.profile import Profile, profile
from langsig.profiling.run import Run
from langsig.profiling.samples import Sizes, choose_words
from langsig.profiling.sources import (
    AnnotatedWords,
    Treebank,
    find_texts,
    find_treebanks,
    read_parallel,
)

__all__ = [
    "AnnotatedWords",
    "Measured",
    "Profile",
    "Run",
    "Sizes",
    "Treebank",
    "choose_words",
    "confound_table",
    "find_texts",
    "find_treebanks",
    "predictor_table",
    "profile",
    "read_parallel",
    "signature_measures",
]
