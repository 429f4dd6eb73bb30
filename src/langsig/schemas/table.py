"""Tables with declared columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import pandas as pd

from langsig.errors import InputError
from langsig.files import atomic_file

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


@dataclass(frozen=True)
class Column:
    """What a column of a table holds."""

    kind: Kind
    description: str
    """What the values mean, with their unit."""
    optional: bool = False
    """Whether values may be missing."""
    allowed: tuple[str, ...] = ()
    """All values that a text may have; empty: any."""

    @property
    def dtype(self) -> str:
        """Name of the pandas dtype."""
        return (_NULLABLE if self.optional else _PLAIN)[self.kind]


class Table:
    """A pandas table whose columns are declared and checked when it is made.

    Subclasses declare their columns and the columns that identify a row. A table never changes
    what its frame holds; methods return new tables.

    Parameters
    ----------
    frame
        Must have all declared columns and no others, in any order.

    Raises
    ------
    InputError
        If a column is missing or unknown, a value has the wrong type or is not allowed, or two
        rows have the same keys.
    """

    columns: ClassVar[Mapping[str, Column]]
    keys: ClassVar[tuple[str, ...]] = ()
    """Columns that together identify a row; empty if nothing does."""

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

    def select(self, **values: Any) -> Self:
        """The rows in which each named column has the given value, or one of several.

        ``None`` selects the rows in which the value is missing.

        Raises
        ------
        InputError
            If a column is not declared.
        """
        chosen = pd.Series(True, index=self._frame.index)
        for name, value in values.items():
            if name not in self.columns:
                raise InputError(f"{type(self).__name__} has no column {name!r}: {self._names()}")
            column = self._frame[name]
            if value is None:
                chosen &= column.isna()
            elif isinstance(value, Iterable) and not isinstance(value, str):
                chosen &= column.isin(list(value))
            else:
                chosen &= (column == value).fillna(False).astype(bool)
        return type(self)(self._frame[chosen])

    def save(self, path: str | Path) -> None:
        """Write to a file, CSV or Parquet by its suffix. The file appears whole or not at all."""
        path = Path(path)
        _check_suffix(path)
        with atomic_file(path) as output:
            if path.suffix == ".csv":
                self._frame.to_csv(output, index=False)
            else:
                self._frame.to_parquet(output, index=False)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

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
                frame = pd.read_csv(
                    path,
                    keep_default_na=False,
                    na_values=[""],
                    dtype=text,
                    float_precision="round_trip",
                )
            else:
                frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot read a table: {error}") from error
        try:
            return cls(frame)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    def to_xarray(self) -> "xarray.Dataset":
        """A labelled array with the keys as dimensions; cells without a row are missing."""
        return self._frame.set_index(list(self.keys)).to_xarray()

    def __len__(self) -> int:
        return len(self._frame)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._frame.equals(other._frame)  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}, {len(self)} rows\n{self._frame}"

    @classmethod
    def _validated(cls, frame: pd.DataFrame) -> pd.DataFrame:
        missing = [name for name in cls.columns if name not in frame]
        unknown = [str(name) for name in frame if name not in cls.columns]
        if missing or unknown:
            problem = f"no column {', '.join(missing)}" if missing else ""
            surplus = f"unknown column {', '.join(unknown)}" if unknown else ""
            raise InputError(
                f"{cls.__name__}: {'; '.join(filter(None, (problem, surplus)))}; "
                f"columns are {cls._names()}"
            )
        frame = frame[list(cls.columns)].reset_index(drop=True)
        for name, column in cls.columns.items():
            if not column.optional and frame[name].isna().any() and column.kind != "number":
                raise InputError(f"{cls.__name__}: column {name} has missing values")
            try:
                frame[name] = frame[name].astype(column.dtype)
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"{cls.__name__}: column {name} must hold {column.kind} values: {error}"
                ) from error
            if column.allowed:
                values = set(frame[name].dropna()) - set(column.allowed)
                if values:
                    raise InputError(
                        f"{cls.__name__}: column {name} must be one of "
                        f"{', '.join(column.allowed)}, got {sorted(values)[0]!r}"
                    )
        if cls.keys:
            repeated = frame.duplicated(list(cls.keys))
            if repeated.any():
                row = frame.loc[repeated.idxmax(), list(cls.keys)].to_dict()
                raise InputError(f"{cls.__name__}: two rows with the keys {row}")
        return frame

    @classmethod
    def _names(cls) -> str:
        return ", ".join(cls.columns)


def _check_suffix(path: Path) -> None:
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"{path}: the name must end in .csv or .parquet")
