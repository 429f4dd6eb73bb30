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
    """Split text into words at spaces, or at each character of a script without spaces.

    Parameters
    ----------
    paths
        Files and folders as in :func:`~langsig.corpora.reading.corpus_files`. Each line is a
        sentence.
    language
        Code of the language, for the progress bar.
    transcribe
        Function that is applied to each line first, such as a romaniser. By default, lines are
        not changed.

    Returns
    -------
    DataFrame
        One row per word with the columns ``sentence`` and ``token`` (int32, both from 0; the
        position in the sentence) and ``form`` (string). Punctuation is not separated from the
        word next to it.

    Raises
    ------
    InputError
        If a file is missing, damaged or not UTF-8.
    """
    forms: list[str] = []
    lengths: list[int] = []
    for line in read_lines(paths, language):
        before = len(forms)
        forms.extend(split_words(transcribe(line)))
        lengths.append(len(forms) - before)
    starts = np.cumsum([0, *lengths])[:-1]
    return pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
            "token": (np.arange(len(forms)) - np.repeat(starts, lengths)).astype(np.int32),
            "form": pd.array(forms, dtype="string"),
        }
    )


def split_words(line: str) -> Iterator[str]:
    """Split a line at spaces and around each character of a script without spaces.

    Combining marks stay with the character before them.
    """
    for chunk in line.split():
        word, complete = "", False
        for character in chunk:
            unspaced = is_unspaced(character)
            mark = unspaced and unicodedata.category(character).startswith("M")
            if word and (unspaced or complete) and not mark:
                yield word
                word = ""
            word, complete = word + character, unspaced
        yield word
