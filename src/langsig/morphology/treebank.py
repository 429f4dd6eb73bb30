"""CoNLL-U treebanks, read one sentence at a time.

The ``conllu`` library takes each line apart. It lets through what would silently spoil counts
(missing columns, features without a value, numbers that jump), so that is checked here, where
the line number is known.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from conllu.exceptions import ParseException
from conllu.parser import DEFAULT_FIELDS, parse_comment_line, parse_id_value, parse_line

from langsig.errors import InputError

RowId = int | tuple[int, str, int]
"""``8`` for a word, ``(3, "-", 4)`` for a multiword range, ``(8, ".", 1)`` for an empty node."""

StrPath = str | os.PathLike[str]


class Row(NamedTuple):
    """One line of a sentence, without the columns that nobody here asks for."""

    id: RowId
    form: str
    lemma: str
    upos: str
    feats: str
    """``Case=Nom|Number=Sing``, or ``_`` for none."""
    space_after: bool
    """False where MISC says ``SpaceAfter=No``."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a treebank and where it stands."""

    text: str
    """The ``# text`` comment; without one, the forms joined as ``SpaceAfter`` says."""
    rows: tuple[Row, ...]
    """Words numbered from 1 without gaps, multiword ranges before their words, empty nodes."""
    file: Path
    line: int
    """Number of its first line, comments included, from 1."""


def treebank_files(paths: StrPath | Iterable[StrPath]) -> list[Path]:
    """List the CoNLL-U files that `paths` stand for.

    Parameters
    ----------
    paths
        Files and directories, or one of them. A directory stands for every ``*.conllu`` below
        it, sorted; a file may have any name.

    Raises
    ------
    InputError
        If a path is missing, or a directory has no such file, or `paths` is empty.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            below = sorted(path.rglob("*.conllu"))
            if not below:
                raise InputError(f"{path}: no *.conllu file below; name the treebank's directory")
            files.extend(below)
        elif path.exists():
            files.append(path)
        else:
            raise InputError(f"{path}: no such file or directory; check the path of the treebank")
    if not files:
        raise InputError("no treebank given; name at least one CoNLL-U file or directory")
    return files


def read_sentences(paths: StrPath | Iterable[StrPath]) -> Iterator[Sentence]:
    """Read sentences from CoNLL-U files, in order, one at a time.

    Parameters
    ----------
    paths
        As in `treebank_files`.

    Yields
    ------
    Sentence
        Blocks of comments without any row are passed over.

    Raises
    ------
    InputError
        At the first malformed line, with file and line; also where a file has no sentence.
    """
    for path in treebank_files(paths):
        yield from _read_file(path)


def parse_features(feats: str) -> tuple[tuple[str, str], ...]:
    """Split a FEATS column into pairs of feature and value.

    Raises
    ------
    InputError
        If a feature has no ``=``, or nothing on one side of it.
    """
    if feats == "_":
        return ()
    pairs = []
    for feature in feats.split("|"):
        name, _, value = feature.partition("=")
        if not (name and value):
            raise InputError(
                f"feature '{feature}' is not of the form Name=Value; write FEATS as"
                " Name=Value|Name=Value, or _ for none"
            )
        pairs.append((name, value))
    return tuple(pairs)


def _read_file(path: Path) -> Iterator[Sentence]:
    number = 1
    found = False
    block = _Block()
    for number, line in _read_lines(path):
        try:
            if line.strip():
                block.add(line, number)
                continue
            block.close()
        except (ParseException, InputError) as error:
            raise InputError(f"{path}:{number}: {error}") from error
        if block.rows:
            found = True
            yield block.sentence(path)
        block = _Block()
    if not found:
        raise InputError(f"{path}:{number}: the file ends without any sentence; remove or mend it")


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number the lines from 1 and decode them; after the last one comes one more empty line."""
    number = 1
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}:{number}: not UTF-8 (byte {error.start + 1} of the line); convert"
                    " the file to UTF-8"
                ) from error
            yield number, line.rstrip("\r\n")
    yield number, ""


class _Block:
    """The lines of one sentence as they come in, and the order that their numbers must keep."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._line = 0
        self._text: str | None = None
        self._last_word = 0
        self._range = (0, 0)

    def add(self, line: str, number: int) -> None:
        self._line = self._line or number
        if line.startswith("#"):
            self._text = dict(parse_comment_line(line)).get("text", self._text)
            return
        columns = line.count("\t") + 1
        if columns != len(DEFAULT_FIELDS):
            raise InputError(
                f"expected {len(DEFAULT_FIELDS)} columns, found {columns}; separate them by single"
                " tabs and put _ into empty ones"
            )
        if "  " in line:
            raise InputError("two spaces in a row, which conllu takes for a tab; leave one")
        token = parse_line(line, _FIELDS, _FIELD_PARSERS)
        misc = line.rpartition("\t")[2]
        row = Row(
            token["id"],
            token["form"],
            token["lemma"],
            token["upos"],
            token["feats"],
            "SpaceAfter=No" not in misc.split("|"),
        )
        self._check_order(row.id)
        self.rows.append(row)

    def _check_order(self, row_id: RowId) -> None:
        next_word = self._last_word + 1
        if isinstance(row_id, int):
            if row_id != next_word:
                raise InputError(
                    f"word {row_id} where word {next_word} should be; number the words of a"
                    " sentence 1, 2, 3, ... and put an empty line between sentences"
                )
            self._last_word = row_id
            return
        first, kind, last = row_id
        if kind == ".":
            if first != self._last_word:
                raise InputError(
                    f"empty node {first}.{last} out of order; put it right after word {first}"
                )
        elif first != next_word or first <= self._range[1]:
            raise InputError(
                f"range {first}-{last} out of order; put it right before its first word and"
                " outside any other range"
            )
        else:
            self._range = (first, last)

    def close(self) -> None:
        first, last = self._range
        if last > self._last_word:
            raise InputError(
                f"the sentence ends at word {self._last_word}, inside its range {first}-{last};"
                " mend the range or add the missing words"
            )

    def sentence(self, file: Path) -> Sentence:
        text = _text_of(self.rows) if self._text is None else self._text
        return Sentence(text, tuple(self.rows), file, self._line)


def _text_of(rows: list[Row]) -> str:
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


@lru_cache(maxsize=65536)
def _parse_id(column: str) -> RowId:
    row_id: RowId | None = parse_id_value(column)
    if row_id is None or row_id == 0:
        raise InputError(f"'{column}' is not a valid ID; number the words from 1")
    return row_id


def _parse_form(column: str) -> str:
    if not column:
        raise InputError("no word form; put the word there")
    return column


@lru_cache(maxsize=65536)
def _parse_feats(column: str) -> str:
    parse_features(column)
    return column


# The columns after FEATS play no part in the conversion and would only cost time.
_FIELDS = DEFAULT_FIELDS[: DEFAULT_FIELDS.index("feats") + 1]
_FIELD_PARSERS = {
    "id": lambda columns, index: _parse_id(columns[index]),
    "form": lambda columns, index: _parse_form(columns[index]),
    "feats": lambda columns, index: _parse_feats(columns[index]),
}
