"""Fetching large files: announced beforehand, resumed after an interruption, checked.

``pooch`` decides what has to be fetched, compares sums and moves files into place; its own
downloader starts over when interrupted, so there is another one here.
"""

import csv
import os
import shutil
import sys
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pooch
import requests
from tqdm import tqdm

from langsig.errors import InputError
from langsig.files import atomic_file

if sys.version_info >= (3, 12):
    import tarfile
else:  # Python 3.11 knows no filters before 3.11.4
    from backports import tarfile

SUMS = "SHA256SUMS"
"""File beside the data with the sums of all that was fetched, as ``sha256sum -c`` reads it."""

_ATTEMPTS = 5  # in a row that bring nothing
_WAIT = 2.0  # seconds, times the number of the attempt
_TIMEOUT = (10, 60)
_CHUNK = 2**20
# Compressed on the way, a file would have another size, and a range of it another meaning.
_AS_IT_IS = {"Accept-Encoding": "identity"}
_DAMAGED = (EOFError, OSError, zlib.error, tarfile.TarError)


@dataclass(frozen=True)
class Source:
    """A file to fetch; the columns of the table."""

    path: str
    """Below the data folder."""
    url: str
    bytes: int | None
    sha256: str | None


def read_sources(table: Path, base: str | None = None) -> list[Source]:
    """Read a table of files, CSV with the columns ``path``, ``url``, ``bytes``, ``sha256``.

    Parameters
    ----------
    base
        Fetch all from this address instead, which offers the files below it by their ``path``.
    """
    with open(table, encoding="utf-8", newline="") as stream:
        return [
            Source(
                path=row["path"],
                url=f"{base.rstrip('/')}/{row['path']}" if base else row["url"],
                bytes=int(row["bytes"]) if row["bytes"] else None,
                sha256=row["sha256"] or None,
            )
            for row in csv.DictReader(stream)
        ]


def fetch(sources: Iterable[Source], folder: Path) -> None:
    """Fetch what is not there yet, and unpack ``.tgz`` archives.

    What is there is checked against its sum, where one is known from the table or from an
    earlier run; with a wrong sum it is fetched again. Prints how much there is to fetch.

    Raises
    ------
    InputError
        If a server does not answer or does not have a file, if there is too little room on the
        disk, or if what came is not what should have come; then nothing of it is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recorded = _read_sums(folder)
    known = [replace(s, sha256=s.sha256 or recorded.get(s.path)) for s in sources]
    missing = [source for source in known if not _is_there(source, folder)]
    sizes = [source.bytes or _size(source.url) for source in missing]
    left = sum(
        max(0, size - _length(_part(folder / source.path)))
        for size, source in zip(sizes, missing, strict=True)
        if size
    )
    _announce(len(known), len(missing), left, sizes.count(None), folder)
    with tqdm(total=left, unit="B", unit_scale=True, mininterval=1, disable=None) as bar:
        for source in missing:
            bar.set_description(source.path)
            _fetch_one(source, folder, bar)
            _record(source, folder)
    for source in known:
        _record(source, folder)
        if source.path.endswith(".tgz"):
            _unpack(folder / source.path)


def _is_there(source: Source, folder: Path) -> bool:
    path = folder / source.path
    if not path.exists() or source.sha256 is None:
        return path.exists()
    print(f"checking {path}")
    return bool(pooch.file_hash(str(path)) == source.sha256)


def _size(url: str) -> int | None:
    """What the server says; None if it does not say."""
    try:
        with requests.head(
            url, headers=_AS_IT_IS, timeout=_TIMEOUT, allow_redirects=True
        ) as response:
            if response.status_code in (405, 501):  # a server need not answer HEAD
                return None
            response.raise_for_status()
            length = response.headers.get("Content-Length")
    except requests.RequestException as error:
        raise InputError(f"{url}: cannot be fetched: {error}") from error
    return int(length) if length else None


def _announce(total: int, missing: int, left: int, unknown: int, folder: Path) -> None:
    """Say what is to come; refuse it if it does not fit."""
    free = shutil.disk_usage(folder).free
    more = f" and {unknown} of unknown size" if unknown else ""
    print(
        f"there: {total - missing} of {total} files; to fetch: "
        f"{tqdm.format_sizeof(left, 'B')}{more}; free in {folder}: {tqdm.format_sizeof(free, 'B')}"
    )
    if left > free:
        raise InputError(
            f"{folder}: {tqdm.format_sizeof(left - free, 'B')} too little room on the disk; "
            "free some, or name a folder on another disk"
        )


def _fetch_one(source: Source, folder: Path, bar: "tqdm[Any]") -> None:
    def download(url: str, output: str, _: pooch.Pooch) -> None:
        part = _part(folder / source.path)
        _resume(url, part, bar)
        _check_kind(url, part, source.path)
        os.replace(part, output)

    collection = pooch.create(
        folder, base_url="", registry={source.path: source.sha256}, urls={source.path: source.url}
    )
    try:
        collection.fetch(source.path, downloader=download)
    except ValueError as error:
        raise InputError(f"{source.url}: {error}; nothing of it is kept") from error


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _resume(url: str, part: Path, bar: "tqdm[Any]") -> None:
    """Fetch what is missing at the end of a file, in as many attempts as bring something."""
    part.parent.mkdir(parents=True, exist_ok=True)
    fruitless = 0
    while True:
        before = _length(part)
        try:
            return _fetch_rest(url, part, bar)
        except requests.HTTPError as error:
            raise InputError(f"{url}: cannot be fetched: {error}") from error
        except requests.RequestException as error:
            fruitless = 0 if _length(part) > before else fruitless + 1
            if fruitless == _ATTEMPTS:
                raise InputError(
                    f"{url}: broken off after {_length(part):,} bytes: {error}; run this again "
                    "to go on from there"
                ) from error
            time.sleep(_WAIT * fruitless)
        except OSError as error:
            raise InputError(f"{part}: {error}; mend it and run this again to go on") from error


def _fetch_rest(url: str, part: Path, bar: "tqdm[Any]") -> None:
    start = _length(part)
    headers = _AS_IT_IS | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        span = response.headers.get("Content-Range", "")
        if response.status_code == 416 and span == f"bytes */{start}":
            return  # all of it was there already
        if response.status_code == 416:
            part.unlink()
            raise requests.RequestException(f"the server has no byte {start:,}; starting over")
        response.raise_for_status()
        if start and not span.startswith(f"bytes {start}-"):
            bar.update(-start)  # the server sends all of it once more
            start = 0
        with open(part, "ab" if start else "wb") as stream:
            for chunk in response.iter_content(_CHUNK):
                stream.write(chunk)
                bar.update(len(chunk))


def _check_kind(url: str, part: Path, name: str) -> None:
    """A server may send a page, or a log-in, in place of an archive."""
    if name.endswith((".tar", ".tgz")) and not tarfile.is_tarfile(part):
        part.unlink()
        raise InputError(f"{url}: what the server sent is no archive; nothing of it is kept")


def _unpack(archive: Path) -> None:
    """Unpack an archive beside it, unless it is there."""
    target = archive.with_suffix("")
    if target.exists():
        return
    try:
        with tarfile.open(archive) as content:
            size, free = (
                sum(member.size for member in content),
                shutil.disk_usage(target.parent).free,
            )
            if size > free:
                raise InputError(
                    f"{archive}: takes {tqdm.format_sizeof(size, 'B')} unpacked, "
                    f"{tqdm.format_sizeof(free, 'B')} are free; free some"
                )
            with TemporaryDirectory(prefix=".unpacking-", dir=target.parent) as scratch:
                content.extractall(scratch, filter="data")
                (Path(scratch) / target.name).rename(target)
    except _DAMAGED as error:
        raise InputError(
            f"{archive}: cannot be unpacked: {error}; remove it, and fetch it again"
        ) from error


def _read_sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    if not path.exists():
        return {}
    pairs = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return {name: value for value, name in pairs}


def _record(source: Source, folder: Path) -> None:
    """Note the sum of a file that has none noted yet."""
    sums = _read_sums(folder)
    if source.path in sums:
        return
    sums[source.path] = source.sha256 or pooch.file_hash(str(folder / source.path))
    with atomic_file(folder / SUMS) as output:
        output.write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))
