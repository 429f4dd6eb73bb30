"""Running text without annotation as a table of words."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from langsig.corpora.cleaning import is_unspaced
from langsig.corpora.reading import read_lines


def words_of_text(
    paths: Iterable[Path], language: str, transcribe: Callable[[str], str] = str
) -> pd.DataFrame:
    """Cut text into words at spaces, and where the script has none, at every character.

    Parameters
    ----------
    paths
        As in :func:`~langsig.corpora.reading.corpus_files`. A line is a sentence.
    transcribe
        Applied to each line first, as :func:`langsig.corpora.romaniser`.

    Returns
    -------
    DataFrame
        A row a word: ``sentence`` and ``token`` (int32, from 0), ``form``. Punctuation stays
        with the word that it is written with.

    Raises
    ------
    InputError
        If a file is missing, damaged or not UTF-8.
    """
    forms: list[str] = []
    lengths: list[int] = []
    for line in read_lines(paths, language):
        before = len(forms)
        forms.extend(_words(transcribe(line)))
        lengths.append(len(forms) - before)
    starts = np.cumsum([0, *lengths])[:-1]
    return pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
            "token": (np.arange(len(forms)) - np.repeat(starts, lengths)).astype(np.int32),
            "form": pd.array(forms, dtype="string"),
        }
    )


def _words(line: str) -> Iterator[str]:
    """Cut at spaces and around characters of scripts without; their marks stay with them."""
    for word in line.split():
        piece, complete = "", False
        for character in word:
            alone = is_unspaced(character)
            mark = alone and unicodedata.category(character).startswith("M")
            if piece and (alone or complete) and not mark:
                yield piece
                piece = ""
            piece, complete = piece + character, alone
        yield piece
