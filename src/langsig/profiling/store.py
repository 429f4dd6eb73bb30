"""Intermediate results on disk, so that a profile that was interrupted goes on."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from langsig.errors import InputError
from langsig.files import atomic_file, remove, write_file, write_table

_SETTINGS = "settings.json"
_PARTS = ".parts"


class Store:
    """A folder for the results of one profile.

    Parameters
    ----------
    folder
        The folder, which is made if it is missing.
    settings
        What results depend on, as JSON can hold it.

    Raises
    ------
    InputError
        If the folder holds results of other settings.
    """

    def __init__(self, folder: str | Path, settings: Mapping[str, object]) -> None:
        self.folder = Path(folder)
        self._parts = self.folder / _PARTS
        text = json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        path = self.folder / _SETTINGS
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise InputError(
                f"{self.folder}: holds a profile of another model, other data or other settings "
                f"(see {_SETTINGS}); choose another folder, or remove this one"
            )
        self._parts.mkdir(parents=True, exist_ok=True)
        write_file(path, text.encode())

    def keep(self, name: str, compute: Callable[[], Mapping[str, NDArray[np.generic]]]) -> None:
        """Compute arrays and write them, unless an earlier run has done so."""
        path = self._path(name)
        if path.exists():
            return
        arrays = {key: np.ascontiguousarray(array) for key, array in compute().items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as temporary:
            save_file(arrays, temporary)

    def array(self, name: str, key: str) -> NDArray[Any]:
        """One of the arrays that were kept under a name."""
        with safe_open(self._path(name), "np") as file:
            array: NDArray[Any] = file.get_tensor(key)
            return array

    def arrays(self, name: str, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays under a name whose keys have a prefix, by the rest of the key."""
        with safe_open(self._path(name), "np") as file:
            keys = [key for key in file.keys() if key.startswith(prefix)]  # noqa: SIM118
            return {key.removeprefix(prefix): file.get_tensor(key) for key in keys}

    def _path(self, name: str) -> Path:
        return self._parts / f"{name}.safetensors"

    def has_table(self, name: str) -> bool:
        """Whether an earlier run has computed this table."""
        return self._table_path(name).exists()

    def table(self, name: str, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A table, computed unless an earlier run has done so."""
        path = self._table_path(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_table(compute(), path)
        return self.read_table(name)

    def read_table(self, name: str) -> pd.DataFrame:
        """A table that there is."""
        return pd.read_parquet(self._table_path(name))

    def _table_path(self, name: str) -> Path:
        return self._parts / f"{name}.parquet"

    def done(self) -> None:
        """Remove intermediate results."""
        remove(self._parts)


def layer_key(layer: int, name: str) -> str:
    """The key of an array of one layer."""
    return f"{layer:02d}.{name}"


def digest(paths: Iterable[Path]) -> str:
    """MD5 of the contents of files, in this order."""
    total = hashlib.md5(usedforsecurity=False)
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "md5").digest())
    return total.hexdigest()
