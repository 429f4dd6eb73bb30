"""An exact set of fingerprints that outgrows memory."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

_IN_MEMORY = 1_000_000  # some 90 MB in a set
_CACHE_KIB = 64 * 1024


class Seen:
    """Tells fingerprints that are new from those that came before.

    The latest ones are in a set; whenever that is full, it moves to an SQLite table on disk,
    in ascending order, so that the table's pages are passed through once.

    Parameters
    ----------
    folder
        Existing folder for the table, which is gone after :meth:`close`.
    """

    def __init__(self, folder: Path) -> None:
        self._latest: set[int] = set()
        self._folder = TemporaryDirectory(prefix=".seen-", dir=folder)
        # Nobody reads the table after a crash, so it needs neither a journal nor transactions.
        self._table = sqlite3.connect(Path(self._folder.name) / "seen.sqlite", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._table.execute(f"PRAGMA {setting}")
        self._table.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._table.execute("CREATE TABLE seen (fingerprint INTEGER PRIMARY KEY)")
        self._spilt = False

    def add(self, fingerprint: int) -> bool:
        """Add a fingerprint of 64 bits; True if it is new."""
        if fingerprint in self._latest or (self._spilt and self._on_disk(fingerprint)):
            return False
        self._latest.add(fingerprint)
        if len(self._latest) >= _IN_MEMORY:
            self._spill()
        return True

    def close(self) -> None:
        """Remove the table."""
        self._table.close()
        self._folder.cleanup()

    def __enter__(self) -> "Seen":
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
    """SQLite's integers have a sign."""
    return fingerprint - 2**63
