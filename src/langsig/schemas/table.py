"""Tables with declared columns."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import pandas as pd
from pandas.api.types import infer_dtype, pandas_dtype

from langsig.errors import InputError
from langsig.files import write_table
from langsig.languages import language_code_if_any

if TYPE_CHECKING:
    import xarray

Kind = Literal["text", "integer", "number", "boolean"]
_PLAIN: dict[Kind, str] = {
    "text": "str",
    "integer": "int64",
    "number": "float64",
    "boolean": "bool",
}
_NULLABLE: dict[Kind, str] = _PLAIN | {"integer": "Int64", "boolean": "boolean"}
_INFERRED: dict[Kind, tuple[str, ...]] = {
    "text": ("string", "categorical"),
    "integer": ("integer", "floating", "integer-na", "mixed-integer-float"),
    "number": ("floating", "integer", "integer-na", "mixed-integer-float"),
    "boolean": ("boolean",),
}
"""Kinds that pandas may infer from valid values. It reads integers with gaps as floats."""


@dataclass(frozen=True)
class Column:
    """What a column of a table holds."""

    kind: Kind
    description: str
    """What the values mean, with their unit."""
    optional: bool = False
    """Whether values may be missing. Numbers may always be: they are NaN then."""
    allowed: tuple[str, ...] = ()
    """All values that a text may have; if empty, any text is allowed."""
    default: str | None = None
    """Value of all rows of a table that lacks the column, as tables of earlier versions do."""

    @property
    def dtype(self) -> str:
        """Name of the pandas dtype."""
        return (_NULLABLE if self.optional else _PLAIN)[self.kind]


class Table:
    """A pandas table whose columns are declared and checked when it is made.

    Each subclass declares its columns and the columns that identify a row. A table never changes
    its frame; methods return new tables.

    Parameters
    ----------
    frame
        Table with all declared columns and no others, in any order.

    Raises
    ------
    InputError
        If a column is missing or unknown, a value has the wrong type or is not allowed, or two
        rows have the same keys.

    Examples
    --------
    >>> import pandas as pd
    >>> from langsig.schemas import AverageSignatures
    >>> frame = pd.DataFrame(
    ...     {
    ...         "category": "Number",
    ...         "layer": 0,
    ...         "language": ["de", "fi"],
    ...         "average_signature": [1.5, 2.0],
    ...     }
    ... )
    >>> averages = AverageSignatures(frame)
    >>> averages.select(language="fi")
    AverageSignatures, 1 row
      category  layer language  average_signature
    0   Number      0       fi                2.0
    >>> AverageSignatures(frame.assign(layer="first"))
    Traceback (most recent call last):
    langsig.errors.InputError: AverageSignatures: column layer must hold integers, got 'first'
    """

    columns: ClassVar[Mapping[str, Column]]
    keys: ClassVar[tuple[str, ...]] = ()
    """Columns that together identify a row. If empty, rows need not differ."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = self._validated(frame)

    @property
    def frame(self) -> pd.DataFrame:
        """The table as a pandas table, columns in the declared order."""
        return self._frame

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table as a pandas table."""
        return self._frame.copy()

    @classmethod
    def empty(cls) -> Self:
        """A table without rows."""
        return cls(pd.DataFrame(columns=list(cls.columns)))

    @classmethod
    def concat(cls, tables: Iterable[Self]) -> Self:
        """The rows of several tables, one table after another."""
        frames = [table.frame for table in tables if len(table)]
        return cls(pd.concat(frames, ignore_index=True)) if frames else cls.empty()

    @classmethod
    def load_all(cls, paths: Iterable[Path]) -> Self:
        """The rows of several files, as :meth:`load` reads them, one file after another."""
        return cls.concat(map(cls.load, paths))

    def select(self, **values: Any) -> Self:
        """The rows in which each named column has the given value, or one of several.

        ``None`` selects the rows in which the value is missing.

        Raises
        ------
        InputError
            If a column is not declared.
        """
        selected = pd.Series(True, index=self._frame.index)
        for name, value in values.items():
            if name not in self.columns:
                raise InputError(
                    f"{type(self).__name__} has no column {name!r}; "
                    f"columns are {', '.join(self.columns)}"
                )
            column = self._frame[name]
            if value is None:
                selected &= column.isna()
            elif isinstance(value, Iterable) and not isinstance(value, str):
                selected &= column.isin(list(value))
            else:
                selected &= (column == value).fillna(False).astype(bool)
        return self._with_rows(self._frame[selected])

    def save(self, path: str | Path) -> None:
        """Write the table to a file: CSV or Parquet, by the suffix of its name.

        The file is written completely or not at all.

        Raises
        ------
        InputError
            If the name ends neither in ``.csv`` nor in ``.parquet``.
        OSError
            If the file cannot be written.
        """
        _check_suffix(Path(path))
        write_table(self._frame, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file does not exist, cannot be read, or holds another table.
        """
        path = Path(path)
        _check_suffix(path)
        try:
            if path.suffix == ".csv":
                # Only empty fields are missing: "nan" and "na" are codes of languages.
                text = {name: str for name, column in cls.columns.items() if column.kind == "text"}
                frame = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=text)
            else:
                frame = pd.read_parquet(path)
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not a UTF-8 file; save it as UTF-8") from error
        except OSError as error:
            reason = error.strerror or " ".join(str(error).split())
            raise InputError(f"{path}: cannot read a table: {reason}") from error
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: cannot read a table: {reason}") from error
        try:
            return cls(frame)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a CSV file that was written by hand.

        In contrast to :meth:`load`, errors name the line, and columns that are not declared are
        ignored. Spaces around values do not count. Codes in a column ``language`` are brought into
        one spelling, so that ``dan`` and ``DA`` are read as ``da``.

        Raises
        ------
        InputError
            If the file or a column is missing, a line has more fields than there are columns, a
            required value is empty or of the wrong type, or two lines have the same keys.
        """
        path = Path(path)
        rows: list[list[Any]] = []
        lines: dict[tuple[Any, ...], int] = {}
        for line, fields in _read_lines(path, list(cls.columns)):
            row = {
                name: _parsed(fields[name].strip(), name, column, f"{path}:{line}")
                for name, column in cls.columns.items()
            }
            if "language" in row:
                row["language"] = language_code_if_any(str(row["language"]))
            if cls.keys:
                key = tuple(row[name] for name in cls.keys)
                if key in lines:
                    raise InputError(
                        f"{path}:{line}: {', '.join(map(str, key))} is in line {lines[key]} "
                        "already; remove one of the two"
                    )
                lines[key] = line
            rows.append(list(row.values()))
        return cls(pd.DataFrame(rows, columns=list(cls.columns)))

    def to_xarray(self) -> "xarray.Dataset":
        """A labelled array whose dimensions are the keys; cells without a row are missing.

        Keys that are missing in all rows are left out.

        Raises
        ------
        InputError
            If a key is missing in some of the rows: select rows first, for example those of one
            scope.
        """
        frame, keys = self._frame, list(self.keys)
        for name in self.keys:
            missing = frame[name].isna()
            if missing.any() and not missing.all():
                raise InputError(
                    f"{type(self).__name__}: {name} is missing in some rows and cannot be a "
                    "dimension; select rows that have it, or rows that lack it"
                )
            if missing.any():
                frame, keys = frame.drop(columns=name), [key for key in keys if key != name]
        plain = {
            name: object if column.kind == "text" else _PLAIN[column.kind]
            for name, column in self.columns.items()
            if name in frame and not frame[name].isna().any()
        }
        return frame.astype(plain).set_index(keys).to_xarray()

    def __len__(self) -> int:
        return len(self._frame)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Table)
            and type(self) is type(other)
            and self._frame.equals(other._frame)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = "1 row" if len(self) == 1 else f"{len(self):,} rows"
        return f"{type(self).__name__}, {rows}" + (f"\n{self._frame}" if len(self) else "")

    def _with_rows(self, rows: pd.DataFrame) -> Self:
        """A table with some of the rows, which need no validation again."""
        table = type(self).__new__(type(self))
        table._frame = rows.reset_index(drop=True)
        return table

    @classmethod
    def _validated(cls, frame: pd.DataFrame) -> pd.DataFrame:
        if not isinstance(frame, pd.DataFrame):
            raise InputError(
                f"{cls.__name__} must be made from a pandas DataFrame, got {type(frame).__name__}"
            )
        given = {
            name: column.default
            for name, column in cls.columns.items()
            if column.default is not None and name not in frame
        }
        frame = frame.assign(**given) if given else frame
        missing = [name for name in cls.columns if name not in frame]
        unknown = [str(name) for name in frame if name not in cls.columns]
        if missing or unknown:
            problems = [f"no column {name}" for name in missing]
            problems += [f"unknown column {name}" for name in unknown]
            raise InputError(
                f"{cls.__name__}: {', '.join(problems)}; columns are {', '.join(cls.columns)}"
            )
        converted = {}
        for name, column in cls.columns.items():
            try:
                converted[name] = _converted(frame[name], column)
            except ValueError as error:
                raise InputError(f"{cls.__name__}: column {name} {error}") from error
        frame = pd.DataFrame(converted).reset_index(drop=True)
        if cls.keys:
            repeated = frame.duplicated(list(cls.keys))
            if repeated.any():
                row = frame[list(cls.keys)].iloc[int(repeated.to_numpy().argmax())]
                keys = ", ".join(f"{name} {value}" for name, value in row.items())
                raise InputError(f"{cls.__name__}: two rows have the same keys: {keys}")
        return frame


def _converted(values: pd.Series, column: Column) -> pd.Series:
    """The values in the type of the column.

    Raises
    ------
    ValueError
        If that would change a value, or if a value is missing or not allowed.
    """
    dtype = pandas_dtype(column.dtype)
    gaps = values.isna()
    present = values[~gaps] if gaps.any() else values
    if len(present) < len(values) and not column.optional and column.kind != "number":
        raise ValueError("has missing values")
    if values.dtype != dtype and len(present):
        _check_kind(present, column.kind)
    if column.kind == "text" and (present == "").any():
        raise ValueError("has empty texts; leave them missing instead")
    unknown = set(present.unique()) - set(column.allowed) if column.allowed else None
    if unknown:
        raise ValueError(
            f"must be one of {', '.join(column.allowed)}, got {min(map(str, unknown))!r}"
        )
    if values.dtype == dtype:
        return values
    if column.kind == "number":
        values = values.where(~gaps, math.nan)  # None and NA cannot become floats
    converted: pd.Series = values.astype(dtype)
    return converted


def _check_kind(present: pd.Series, kind: Kind) -> None:
    """Raise `ValueError` if values are not of a kind, none of them missing."""
    if infer_dtype(present) not in _INFERRED[kind]:
        wrong = [value for value in present if infer_dtype([value]) not in _INFERRED[kind]]
        raise ValueError(f"must hold {kind}s, got {wrong[0]!r}")
    if kind == "integer" and (present.astype("float64") % 1 != 0).any():
        raise ValueError(f"must hold integers, got {present[present % 1 != 0].iloc[0]}")


def _read_lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file, each with the number of its last line."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; check its name")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                raise InputError(
                    f"{path}:1: no column {', '.join(missing)}; add it to the first line"
                )
            for fields in reader:
                if None in fields:
                    raise InputError(
                        f"{path}:{reader.line_num}: more fields than columns; "
                        "put a field with a comma in quotes"
                    )
                yield reader.line_num, fields
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a UTF-8 file; save it as UTF-8") from error


def _parsed(text: str, name: str, column: Column, location: str) -> object:
    """The value of a field; missing if it is empty."""
    if not text:
        if column.optional:
            return None
        raise InputError(f"{location}: no {name}; fill it in or remove the line")
    parse, expected = _PARSERS[column.kind]
    try:
        value = parse(text)
    except (KeyError, ValueError) as error:
        raise InputError(f"{location}: {name} {text!r} is not {expected}") from error
    if column.allowed and value not in column.allowed:
        raise InputError(
            f"{location}: {name} must be one of {', '.join(column.allowed)}, got {text!r}"
        )
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


_PARSERS: dict[Kind, tuple[Callable[[str], object], str]] = {
    "text": (str, "a text"),
    "integer": (int, "an integer, such as 12"),
    "number": (_finite, "a number, such as 71.5"),
    "boolean": ({"True": True, "False": False}.__getitem__, "True or False"),
}
"""By kind: the parser, and the description of valid values in messages."""


def _check_suffix(path: Path) -> None:
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"{path}: the name must end in .csv or .parquet")
