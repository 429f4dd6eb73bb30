"""The words table: every token of a treebank with its categories."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pyarrow import ArrowInvalid

from langsig.errors import InputError
from langsig.files import atomic_file
from langsig.morphology.categories import CATEGORIES
from langsig.morphology.treebank import Row, StrPath, read_sentences
from langsig.morphology.unimorph import Converter, converter


class Token(NamedTuple):
    """A token as it stands in running text: a word, or a multiword range."""

    form: str
    lemma: str | None
    """For a range, the lemmas of its words joined by ``+``; None where one is missing."""
    categories: Mapping[str, str]


@dataclass(frozen=True)
class Words:
    """The tokens and the sentences of one language's treebank."""

    table: pd.DataFrame
    """A row a token: `sentence` and `token` (int32, from 0; tokens start anew in each sentence),
    `form`, `lemma`, and a column for each of `CATEGORIES` (nullable strings)."""
    sentences: pd.DataFrame
    """A row a sentence: `sentence` (int32, its number in `table`), `text`, `file`, `line`."""


_TABLE_COLUMNS = {"sentence": "int32", "token": "int32", "form": "string", "lemma": "string"}
_TABLE_COLUMNS |= dict.fromkeys(CATEGORIES, "string")
_SENTENCE_COLUMNS = {"sentence": "int32", "text": "string", "file": "string", "line": "int32"}


def annotate(paths: StrPath | Iterable[StrPath], language: str) -> Words:
    """Read a treebank and give each token its categories.

    Parameters
    ----------
    paths
        CoNLL-U files, and directories with such files below them.
    language
        ISO 639-1 code. It decides which rules apply; a language without any, known or not, gets
        the basic mapping.

    Returns
    -------
    Words
        In the order of the treebank. A sentence without any category is there all the same.

    Raises
    ------
    InputError
        If a file is missing or malformed.
    """
    convert = converter(language)
    sentences: list[tuple[int, str, str, int]] = []
    lengths: list[int] = []
    forms: list[str] = []
    lemmas: list[str | None] = []
    # A treebank has but some hundred combinations of categories: store each once.
    kinds: dict[tuple[tuple[str, str], ...], int] = {}
    kind_of_token: list[int] = []
    for number, sentence in enumerate(read_sentences(paths)):
        sentences.append((number, sentence.text, sentence.file.as_posix(), sentence.line))
        before = len(forms)
        for token in tokens(sentence.rows, convert):
            forms.append(token.form)
            lemmas.append(token.lemma)
            kind = tuple(token.categories.items())
            kind_of_token.append(kinds.setdefault(kind, len(kinds)))
        lengths.append(len(forms) - before)
    words = pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(len(lengths)), lengths),
            "token": np.concatenate([np.arange(length) for length in lengths]),
            "form": pd.array(forms, dtype="string"),
            "lemma": pd.array(lemmas, dtype="string"),
        }
    )
    values = pd.DataFrame([dict(kind) for kind in kinds], columns=CATEGORIES, dtype="string")
    values = values.take(np.array(kind_of_token, dtype=np.intp)).reset_index(drop=True)
    return Words(
        table=pd.concat([words, values], axis="columns").astype(_TABLE_COLUMNS),
        sentences=pd.DataFrame(sentences, columns=list(_SENTENCE_COLUMNS)).astype(
            _SENTENCE_COLUMNS
        ),
    )


def tokens(rows: Iterable[Row], convert: Converter) -> Iterator[Token]:
    """Turn the rows of a sentence into tokens.

    Parameters
    ----------
    rows
        All rows of one sentence, as `read_sentences` gives them.
    convert
        The converter of the language.

    Yields
    ------
    Token
        One for each multiword range and each word outside any. A range bears a category if
        exactly one of its words does; empty nodes are left out.
    """
    rows = list(rows)
    words = [row for row in rows if isinstance(row.id, int)]
    range_end = 0
    for row in rows:
        if isinstance(row.id, int):
            if row.id > range_end:
                categories = convert.categories(row.upos, row.feats, row.form)
                yield Token(row.form, _lemma(row), categories)
        elif row.id[1] == "-":
            first, _, range_end = row.id
            yield _merged(row.form, words[first - 1 : range_end], convert)


def _merged(form: str, parts: list[Row], convert: Converter) -> Token:
    analyses = [convert.categories(part.upos, part.feats, part.form) for part in parts]
    bearers = Counter(category for analysis in analyses for category in analysis)
    lemmas = [lemma for part in parts if (lemma := _lemma(part)) is not None]
    return Token(
        form,
        "+".join(lemmas) if len(lemmas) == len(parts) else None,
        {
            category: analysis[category]
            for category in CATEGORIES
            for analysis in analyses
            if bearers[category] == 1 and category in analysis
        },
    )


def _lemma(row: Row) -> str | None:
    # CoNLL-U: the lemma of the form "_" may be the underscore itself.
    return row.lemma if row.lemma != "_" or row.form == "_" else None


def category_counts(table: pd.DataFrame) -> pd.Series:
    """Count the tokens that bear each category.

    Parameters
    ----------
    table
        The words table of a treebank, or some rows of it.

    Returns
    -------
    Series
        Number of tokens by category, all of `CATEGORIES`, in their order.
    """
    counts = table[list(CATEGORIES)].notna().sum()
    return counts.rename_axis("category").rename("tokens")


def value_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Count the tokens that bear each value of each category.

    Parameters
    ----------
    table
        The words table of a treebank, or some rows of it.

    Returns
    -------
    DataFrame
        Columns `category`, `value`, `tokens`, sorted by the first two; values that occur only.
    """
    long = table[list(CATEGORIES)].melt(var_name="category", value_name="value").dropna()
    return long.groupby(["category", "value"]).size().rename("tokens").reset_index()


def write_words(words: Words, directory: StrPath) -> None:
    """Write ``words.parquet`` and ``sentences.parquet`` into `directory`, which is made if missing.

    Each file appears whole or not at all; other files of the directory stay.
    """
    frames = {"words.parquet": words.table, "sentences.parquet": words.sentences}
    for name, frame in frames.items():
        with atomic_file(Path(directory) / name) as temporary:
            frame.to_parquet(temporary, index=False)


def read_words(directory: StrPath) -> Words:
    """Read what `write_words` has written.

    Raises
    ------
    InputError
        If a file or a column is missing, or the two files do not belong together.
    """
    table = _read_parquet(Path(directory) / "words.parquet", _TABLE_COLUMNS)
    sentences = _read_parquet(Path(directory) / "sentences.parquet", _SENTENCE_COLUMNS)
    if not table["sentence"].isin(sentences["sentence"]).all():
        raise InputError(
            f"{directory}: words.parquet has sentences that sentences.parquet lacks;"
            " annotate the treebank again"
        )
    return Words(table, sentences)


def _read_parquet(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such file; write it by annotating a treebank")
    try:
        frame = pd.read_parquet(path)
    except ArrowInvalid as error:
        raise InputError(f"{path}: not a Parquet file; annotate the treebank again") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; this is not a words table, or an old one:"
            " annotate the treebank again"
        )
    return frame[list(columns)].astype(columns)
