"""From raw text to the token sequences that models are trained on."""

from langsig.corpora.characters import unique_characters
from langsig.corpora.cleaning import CleaningReport, clean, count_sentences, read_sentences
from langsig.corpora.fingerprints import fingerprint, fingerprints_of_line
from langsig.corpora.packing import Packed, Sequences, downsample, pack
from langsig.corpora.reading import read_lines
from langsig.corpora.romanisation import romaniser
from langsig.corpora.text import words_of_text
from langsig.corpora.tokenizer import copy_tokenizer, load_tokenizer, train_tokenizer

__all__ = [
    "CleaningReport",
    "Packed",
    "Sequences",
    "clean",
    "copy_tokenizer",
    "count_sentences",
    "downsample",
    "fingerprint",
    "fingerprints_of_line",
    "load_tokenizer",
    "pack",
    "read_lines",
    "read_sentences",
    "romaniser",
    "train_tokenizer",
    "unique_characters",
    "words_of_text",
]
