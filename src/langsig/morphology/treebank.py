"""Read CoNLL-U and CoNLL-U Plus treebanks one sentence at a time.

The ``conllu`` library parses comments and IDs. It accepts errors that would silently distort
counts, such as missing columns, features without a value, or gaps in the numbering. They are
checked here, where the line number is known.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from conllu.exceptions import ParseException
from conllu.parser import DEFAULT_FIELDS, parse_comment_line, parse_id_value

from langsig.errors import InputError, decode_line
from langsig.files import files_below, is_device

RowId = int | tuple[int, str, int]
"""ID of a row: ``8`` for a word, ``(3, "-", 4)`` for a range, ``(8, ".", 1)`` for an empty node."""

StrPath = str | os.PathLike[str]
_ENDINGS = (".conllu", ".conllup")
_COLUMNS = tuple(name.upper() for name in DEFAULT_FIELDS)
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\b")
_REQUIRED = ("ID", "FORM", "UPOS")
_INVISIBLE = ("Cc", "Cf", "Mn", "Zl", "Zp", "Zs")
"""Categories of Unicode whose characters cannot be seen on their own."""
_MOST_DIGITS = 9
_LONGEST_SHOWN = 40


class Row(NamedTuple):
    """One row of a sentence, reduced to the columns that the conversion uses."""

    id: RowId
    form: str
    lemma: str
    """Lemma, or ``_`` if there is none."""
    upos: str
    """Universal part of speech."""
    feats: str
    """Features, such as ``Case=Nom|Number=Sing``, or ``_`` if there are none."""
    space_after: bool
    """Whether a space follows, unless the column MISC contains ``SpaceAfter=No``."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a treebank."""

    text: str
    """The ``# text`` comment, or else the forms with the spaces that ``SpaceAfter`` implies."""
    rows: tuple[Row, ...]
    """Words, numbered from 1 without gaps; multiword ranges before their words; empty nodes."""
    file: Path
    """File that contains the sentence."""
    line: int
    """Number of the first line of the sentence or of its comments, from 1."""


def treebank_files(paths: StrPath | Iterable[StrPath]) -> list[Path]:
    """List the CoNLL-U files of a treebank.

    Parameters
    ----------
    paths
        A file, a folder, or several of them. A folder stands for all ``*.conllu`` and
        ``*.conllup`` files in it and its subfolders, in alphabetical order. A file may have any
        name.

    Raises
    ------
    InputError
        If a path is missing or a device, a folder contains no such file, or `paths` names nothing.
    OSError
        If a folder cannot be read, or has a link to a file that does not exist.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    if not isinstance(paths, Iterable):
        raise InputError(f"paths must be a path or a list of paths, got {paths!r}")
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            contained = files_below(path, _ENDINGS)
            if not contained:
                raise InputError(
                    f"{path}: no *.conllu file in this folder or its subfolders, nor *.conllup"
                )
            files.extend(contained)
        elif not path.exists():
            raise InputError(f"{path}: no such file or folder; check the path of the treebank")
        elif is_device(path):
            raise InputError(f"{path}: is a device; name a file or folder of the treebank")
        else:
            files.append(path)
    if not files:
        raise InputError("paths must name at least one CoNLL-U file or folder")
    return files


def read_sentences(paths: StrPath | Iterable[StrPath]) -> Iterator[Sentence]:
    """Read sentences from CoNLL-U files, in order, one at a time.

    In CoNLL-U Plus, the comment ``# global.columns`` names the columns of the lines after it. ID,
    FORM and UPOS are needed; of the others, LEMMA, FEATS and MISC are read. Lines end with LF, CR
    or both.

    Parameters
    ----------
    paths
        Files and folders as in `treebank_files`.

    Yields
    ------
    Sentence
        The next sentence. Blocks that consist of comments only are skipped.

    Raises
    ------
    InputError
        If a line is malformed, with file and line, or if a file has no sentence.
    """
    for path in treebank_files(paths):
        yield from _read_file(path)


def parse_features(feats: str) -> tuple[tuple[str, str], ...]:
    """Split the column FEATS into pairs of feature and value, without spaces around them.

    Raises
    ------
    InputError
        If a feature has no name, no ``=``, or no value.
    """
    if feats.strip() == "_":
        return ()
    pairs = []
    for feature in feats.split("|"):
        name, _, value = (part.strip() for part in feature.partition("="))
        if not (name and value):
            raise InputError(
                f"feature {_shown(feature)} is not of the form Name=Value; write FEATS as"
                " Name=Value|Name=Value, or _ for none"
            )
        pairs.append((name, value))
    return tuple(pairs)


def _read_file(path: Path) -> Iterator[Sentence]:
    number = 1
    has_sentence = False
    block = _Block(_COLUMNS)
    for number, line in _read_lines(path):
        try:
            if line.startswith("#") or not _is_blank(line):
                block.add(line, number)
                continue
            block.close()
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from error
        if block.rows:
            has_sentence = True
            yield block.sentence(path)
        block = _Block(block.columns)
    if not has_sentence:
        raise InputError(f"{path}:{number}: the file has no sentence; remove or correct it")


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number the lines from 1 and decode them, and append an empty line."""
    number = 0
    with path.open("rb") as stream:
        for chunk in stream:
            for line in chunk.rstrip(b"\r\n").split(b"\r"):
                number += 1
                yield number, decode_line(line, number, str(path)).removeprefix("\ufeff")
    yield max(number, 1), ""


def _is_blank(line: str) -> bool:
    """Whether a line has no visible character."""
    return "\t" not in line.strip() and all(
        unicodedata.category(character) in _INVISIBLE for character in line
    )


class _Block:
    """Collects the lines of one sentence and checks the order of their numbers."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.rows: list[Row] = []
        self._line = 0
        self._text: str | None = None
        self._last_word = 0
        self._range = (0, 0)

    def add(self, line: str, number: int) -> None:
        self._line = self._line or number
        if line.startswith("#"):
            self._add_comment(line)
            return
        cells = line.split("\t")
        if len(cells) != len(self.columns):
            raise InputError(
                f"expected {len(self.columns)} columns, got {len(cells)}; separate columns by"
                " single tabs and write _ into empty ones"
            )
        values = dict(zip(self.columns, cells, strict=True))
        row = Row(
            _parse_id(values["ID"].strip()),
            _parse_form(values["FORM"]),
            values.get("LEMMA", "_"),
            values["UPOS"].strip(),
            _parse_feats(values.get("FEATS", "_")),
            "SpaceAfter=No" not in map(str.strip, values.get("MISC", "_").split("|")),
        )
        self._check_order(row.id)
        self.rows.append(row)

    def _add_comment(self, line: str) -> None:
        comment = dict(parse_comment_line(line))
        self._text = comment.get("text", self._text)
        if _GLOBAL_COLUMNS.match(line):
            self.columns = _parse_columns(comment.get("global.columns") or "")

    def _check_order(self, row_id: RowId) -> None:
        next_word = self._last_word + 1
        if isinstance(row_id, int):
            if row_id != next_word:
                raise InputError(
                    f"expected word {next_word}, got word {row_id}; number the words of a"
                    " sentence 1, 2, 3, ... and separate sentences by an empty line"
                )
            self._last_word = row_id
            return
        first, kind, last = row_id
        if kind == ".":
            if first != self._last_word:
                raise InputError(
                    f"empty node {first}.{last} is out of order; put it directly after word {first}"
                )
        elif first != next_word or first <= self._range[1]:
            raise InputError(
                f"range {first}-{last} is out of order; put it directly before its first word and"
                " outside of other ranges"
            )
        else:
            self._range = (first, last)

    def close(self) -> None:
        if self.rows and not self._last_word:
            raise InputError("the sentence has empty nodes only; add its words, or remove it")
        first, last = self._range
        if last > self._last_word:
            raise InputError(
                f"the sentence ends at word {self._last_word}, inside its range {first}-{last};"
                " correct the range or add the missing words"
            )

    def sentence(self, file: Path) -> Sentence:
        text = _text_of(self.rows) if self._text is None else self._text
        return Sentence(text, tuple(self.rows), file, self._line)


def _text_of(rows: list[Row]) -> str:
    """Join the forms of a sentence with the spaces that ``SpaceAfter`` implies."""
    pieces: list[str] = []
    range_end = 0
    for row in rows:
        if isinstance(row.id, int):
            if row.id <= range_end:
                continue
        elif row.id[1] == ".":
            continue
        else:
            range_end = row.id[2]
        pieces.append(row.form)
        if row.space_after:
            pieces.append(" ")
    return "".join(pieces).rstrip(" ")


def _parse_columns(names: str) -> tuple[str, ...]:
    """Parse the comment ``global.columns`` of CoNLL-U Plus."""
    columns = tuple(names.upper().split())
    missing = [name for name in _REQUIRED if name not in columns]
    if missing:
        raise InputError(f"global.columns lacks {', '.join(missing)}; got {_shown(names)}")
    repeated = [name for name in columns if columns.count(name) > 1]
    if repeated:
        raise InputError(f"global.columns names {_shown(repeated[0])} twice; name each column once")
    return columns


def _shown(text: str) -> str:
    """Part of a file as it stands in a message: in one line, and not too long."""
    text = text.strip()
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")


@lru_cache(maxsize=65536)
def _parse_id(column: str) -> RowId:
    row_id: RowId | None = None
    if all(len(number) <= _MOST_DIGITS for number in re.split("[-.]", column)):
        with suppress(ParseException):
            row_id = parse_id_value(column)
    if row_id is None or row_id == 0:
        raise InputError(f"{_shown(column)} is not a valid ID; number words from 1")
    return row_id


def _parse_form(column: str) -> str:
    if not column.strip():
        raise InputError("the column FORM is empty; write the word, or _ if it is unknown")
    return column


@lru_cache(maxsize=65536)
def _parse_feats(column: str) -> str:
    parse_features(column)
    return column
