"""The words of a treebank with their categories."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd
from pyarrow import ArrowInvalid

from langsig.errors import InputError
from langsig.files import write_table
from langsig.morphology.categories import CATEGORIES
from langsig.morphology.treebank import Row, StrPath, read_sentences
from langsig.morphology.unimorph import Converter, converter


class Token(NamedTuple):
    """A token as it is written in running text: a word or a multiword range."""

    form: str
    lemma: str | None
    """Lemma of a word; the lemmas of a range joined by ``+``, or None if one of them is missing."""
    upos: str | None
    """Universal part of speech of a word; None for a range, or if there is none."""
    categories: Mapping[str, str]
    """Value of each category that the token bears."""


@dataclass(frozen=True, eq=False)
class Words:
    """The words and the sentences of one language's treebank.

    Columns are checked and brought into the declared order and types when the object is made.

    Parameters
    ----------
    table
        One row per word with the columns of `word_columns`: `sentence` is the number of the
        sentence, `token` the position in it, from 0, `form` the word as it is written, `lemma`
        its dictionary form, and `upos` its universal part of speech, missing for multiword
        ranges. Each category has a column with its UniMorph value, missing if the word does not
        bear the category.
    sentences
        One row per sentence with the columns of `sentence_columns`: `sentence` is its number in
        `table`, `text` the running text, `file` and `line` where it was read.

    Raises
    ------
    InputError
        If a column is missing or has the wrong type, or a word belongs to no sentence.

    Examples
    --------
    >>> import langsig
    >>> words = langsig.annotate("samples/treebanks/qaa", "qaa")
    >>> plural = words.select("Number", "PL")
    >>> plural.table[["form", "Number", "Case"]].head(2)
          form Number Case
    4    perio     PL  ACC
    5  sogurio     PL  ACC
    >>> len(words), len(plural)
    (2902, 649)
    """

    table: pd.DataFrame
    sentences: pd.DataFrame

    word_columns: ClassVar[Mapping[str, str]] = {
        "sentence": "int32",
        "token": "int32",
        "form": "string",
        "lemma": "string",
        "upos": "string",
        **dict.fromkeys(CATEGORIES, "string"),
    }
    """Columns of `table` with their types."""
    sentence_columns: ClassVar[Mapping[str, str]] = {
        "sentence": "int32",
        "text": "string",
        "file": "string",
        "line": "int32",
    }
    """Columns of `sentences` with their types."""

    def __post_init__(self) -> None:
        table = _validated(self.table, self.word_columns, "table of words")
        sentences = _validated(self.sentences, self.sentence_columns, "table of sentences")
        if not table["sentence"].isin(sentences["sentence"]).all():
            raise InputError("there are words of sentences that the table of sentences lacks")
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "sentences", sentences)

    def __len__(self) -> int:
        """Number of words."""
        return len(self.table)

    def select(self, category: str, value: str | None = None) -> Self:
        """The words that bear a category, and the sentences in which they occur.

        Parameters
        ----------
        category
            One of `CATEGORIES`.
        value
            UniMorph value of the category, such as ``"PL"``. By default, all values.

        Raises
        ------
        InputError
            If there is no such category.
        """
        if category not in CATEGORIES:
            raise InputError(f"category must be one of {', '.join(CATEGORIES)}; got {category!r}")
        column = self.table[category]
        table = self.table[column.notna() if value is None else (column == value).fillna(False)]
        sentences = self.sentences["sentence"].isin(table["sentence"])
        return type(self)(table, self.sentences[sentences])

    def transcribe(self, transcription: Callable[[str], str]) -> Self:
        """The same words with each form passed through a function, such as a romanisation."""
        forms = self.table["form"].map(transcription)
        return type(self)(self.table.assign(form=forms), self.sentences)

    def category_counts(self) -> pd.Series:
        """Count the words that bear each category.

        Returns
        -------
        Series
            Number of words, indexed by category: all of `CATEGORIES`, in their order.
        """
        counts = self.table[list(CATEGORIES)].notna().sum()
        return counts.rename_axis("category").rename("words")

    def value_counts(self) -> pd.DataFrame:
        """Count the words that bear each value of each category.

        Returns
        -------
        DataFrame
            Columns `category`, `value`, and `words`, sorted by category and value. Only values
            that occur have a row.
        """
        long = self.table[list(CATEGORIES)].melt(var_name="category", value_name="value").dropna()
        return long.groupby(["category", "value"]).size().rename("words").reset_index()

    def save(self, folder: StrPath) -> None:
        """Write ``words.parquet`` and ``sentences.parquet`` into a folder.

        The folder is created if it is missing. Each file is written completely or not at all;
        other files in the folder are not touched.
        """
        for name, frame in (("words", self.table), ("sentences", self.sentences)):
            write_table(frame, Path(folder) / f"{name}.parquet")

    @classmethod
    def load(cls, folder: StrPath) -> Self:
        """Read the files that `save` wrote.

        Raises
        ------
        InputError
            If a file or a column is missing, or the two files do not belong together.
        """
        table = _read_parquet(Path(folder) / "words.parquet", cls.word_columns)
        sentences = _read_parquet(Path(folder) / "sentences.parquet", cls.sentence_columns)
        try:
            return cls(table, sentences)
        except InputError as error:
            raise InputError(f"{folder}: {error}; annotate the treebank again") from error


def annotate(paths: StrPath | Iterable[StrPath], language: str) -> Words:
    """Read a treebank and assign UniMorph categories to its words.

    Parameters
    ----------
    paths
        CoNLL-U files, or folders that contain such files at any depth.
    language
        ISO 639 code of the language, which selects the conversion rules: ``da``, ``dan`` and
        ``da-DK`` select those of Danish. A language without rules is converted by the basic mapping
        alone.

    Returns
    -------
    Words
        All words in the order of the treebank. Sentences without any category are kept.

    Raises
    ------
    InputError
        If a file is missing or malformed, or `language` is not a code.

    Notes
    -----
    Universal Dependencies features are converted to UniMorph tags as by the public converter
    (McCarthy et al. 2018, *Marrying Universal Dependencies and Universal Morphology*). A multiword
    range, such as French *du*, bears a category if exactly one of its parts does.

    Examples
    --------
    >>> import langsig
    >>> words = langsig.annotate("samples/treebanks/qaa", "qaa")
    >>> words.table[["form", "Part of Speech", "Number"]].head(3)
          form Part of Speech Number
    0      Kal            DET     SG
    1    nazal              N     SG
    2  Nivunak          PROPN     SG
    """
    convert = converter(language)
    sentences: list[tuple[int, str, str, int]] = []
    lengths: list[int] = []
    forms: list[str] = []
    lemmas: list[str | None] = []
    parts_of_speech: list[str | None] = []
    # A treebank has only a few hundred combinations of categories: store each of them once.
    combinations: dict[tuple[tuple[str, str], ...], int] = {}
    combination_of_token: list[int] = []
    for number, sentence in enumerate(read_sentences(paths)):
        # The name of a file may hold bytes that are not UTF-8.
        file = os.fsencode(sentence.file.as_posix()).decode(errors="replace")
        sentences.append((number, sentence.text, file, sentence.line))
        before = len(forms)
        for token in tokens(sentence.rows, convert):
            forms.append(token.form)
            lemmas.append(token.lemma)
            parts_of_speech.append(token.upos)
            combination = tuple(token.categories.items())
            combination_of_token.append(combinations.setdefault(combination, len(combinations)))
        lengths.append(len(forms) - before)
    words = pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(len(lengths)), lengths),
            "token": np.concatenate([np.arange(length) for length in lengths]),
            "form": pd.array(forms, dtype="string"),
            "lemma": pd.array(lemmas, dtype="string"),
            "upos": pd.array(parts_of_speech, dtype="string"),
        }
    )
    values = pd.DataFrame(
        [dict(combination) for combination in combinations], columns=CATEGORIES, dtype="string"
    )
    values = values.take(np.array(combination_of_token, dtype=np.intp)).reset_index(drop=True)
    return Words(
        table=pd.concat([words, values], axis="columns"),
        sentences=pd.DataFrame(sentences, columns=list(Words.sentence_columns)),
    )


def tokens(rows: Iterable[Row], convert: Converter) -> Iterator[Token]:
    """Turn the rows of a sentence into tokens.

    Parameters
    ----------
    rows
        All rows of one sentence, as `read_sentences` returns them.
    convert
        Converter of the language.

    Yields
    ------
    Token
        One token for each multiword range and for each word outside any range. A range bears a
        category if exactly one of its words does. Empty nodes are left out.
    """
    rows = list(rows)
    words = [row for row in rows if isinstance(row.id, int)]
    range_end = 0
    for row in rows:
        if isinstance(row.id, int):
            if row.id > range_end:
                categories = convert.categories(row.upos, row.feats, row.form)
                upos = row.upos if row.upos != "_" else None
                yield Token(row.form, _lemma(row), upos, categories)
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
        None,
        {
            category: analysis[category]
            for category in CATEGORIES
            for analysis in analyses
            if bearers[category] == 1 and category in analysis
        },
    )


def _lemma(row: Row) -> str | None:
    # In CoNLL-U, "_" means that there is no lemma, unless the form itself is an underscore.
    return row.lemma if row.lemma != "_" or row.form == "_" else None


def _validated(frame: pd.DataFrame, columns: Mapping[str, str], name: str) -> pd.DataFrame:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(f"{name}: no column {', '.join(missing)}; expected {', '.join(columns)}")
    try:
        return frame[list(columns)].astype(dict(columns))
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: a column has the wrong type: {error}") from error


def _read_parquet(path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such file; annotate a treebank to write it")
    try:
        frame = pd.read_parquet(path)
    except (ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: not a Parquet file; annotate the treebank again") from error
    return _validated(frame, columns, str(path))
