"""An exact set of fingerprints that may be larger than memory."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

IN_MEMORY = 1_000_000
"""Maximum number of fingerprints in memory, about 90 MB."""
_CACHE_KIB = 64 * 1024


class SeenFingerprints:
    """Recognises fingerprints that have occurred before.

    The latest fingerprints are in a set in memory. Whenever it is full, they move to an SQLite
    table on disk, in ascending order, so that each page of the table is visited once.

    Parameters
    ----------
    folder
        Existing folder for the table, which :meth:`close` removes.
    """

    def __init__(self, folder: Path) -> None:
        self._latest: set[int] = set()
        self._folder = TemporaryDirectory(prefix=".seen-", dir=folder)
        # The table is useless after a crash, so it needs neither a journal nor safe transactions.
        self._table = sqlite3.connect(Path(self._folder.name) / "seen.sqlite", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._table.execute(f"PRAGMA {setting}")
        self._table.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._table.execute("CREATE TABLE seen (fingerprint INTEGER PRIMARY KEY)")
        self._spilt = False

    def add(self, fingerprint: int) -> bool:
        """Add a fingerprint of 64 bits, and return whether it is new."""
        if fingerprint in self._latest or (self._spilt and self._on_disk(fingerprint)):
            return False
        self._latest.add(fingerprint)
        if len(self._latest) >= IN_MEMORY:
            self._spill()
        return True

    def close(self) -> None:
        """Remove the table from disk."""
        self._table.close()
        self._folder.cleanup()

    def __enter__(self) -> "SeenFingerprints":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _on_disk(self, fingerprint: int) -> bool:
        query = "SELECT 1 FROM seen WHERE fingerprint = ?"
        return self._table.execute(query, (_signed(fingerprint),)).fetchone() is not None

    def _spill(self) -> None:
        rows = ((number,) for number in sorted(map(_signed, self._latest)))
        self._table.execute("BEGIN")
        self._table.executemany("INSERT INTO seen VALUES (?)", rows)
        self._table.execute("COMMIT")
        self._latest.clear()
        self._spilt = True


def _signed(fingerprint: int) -> int:
    """Map to the signed integers of SQLite, in the same order."""
    return fingerprint - 2**63
