"""Download large files: announce their size, resume after interruptions, check their hashes.

``pooch`` decides what has to be downloaded, compares hashes and moves files into place. Its own
downloader starts from the beginning after an interruption, so this module has another one.
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
from langsig.files import write_file

if sys.version_info >= (3, 12):
    import tarfile
else:  # filters of archives are missing before Python 3.11.4
    from backports import tarfile

SUMS = "SHA256SUMS"
"""File in the data folder with the hashes of all downloaded files, readable by ``sha256sum -c``."""

ATTEMPTS = 5
"""Maximum number of successive attempts without progress."""
WAIT = 2.0
"""Seconds before another attempt, multiplied by the number of attempts without progress."""
CHUNK = 2**20
"""Number of bytes to write at once."""

_TIMEOUT = (10, 60)  # seconds to connect and to wait for data
# Content encodings would change the size of a file and the meaning of byte ranges.
_UNENCODED = {"Accept-Encoding": "identity"}
_DAMAGED = (EOFError, OSError, zlib.error, tarfile.TarError)


@dataclass(frozen=True)
class Source:
    """A file to download."""

    path: str
    """Path of the file in the data folder."""
    url: str
    """Address to download it from."""
    bytes: int | None
    """Size in bytes, if known."""
    sha256: str | None
    """SHA-256 hash, if known."""


def read_sources(table: Path, base: str | None = None) -> list[Source]:
    """Read a table of files to download.

    Parameters
    ----------
    table
        CSV file with the columns ``path``, ``url``, ``bytes`` and ``sha256``; the last two may be
        empty.
    base
        Address of a mirror that serves each file under its ``path``. By default, files are
        downloaded from their ``url``.

    Raises
    ------
    InputError
        If the table is missing, is not UTF-8, lacks a column or a value, or names a file outside
        of the data folder; the message names the line.
    """
    try:
        with open(table, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            return [_source(row, base, f"{table}:{reader.line_num}") for row in reader]
    except OSError as error:
        raise InputError(f"{table}: cannot read sources: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table}: not a CSV file in UTF-8: {error}") from error


def _source(row: dict[str, str | None], base: str | None, line: str) -> Source:
    missing = [name for name in ("path", "url", "bytes", "sha256") if row.get(name) is None]
    if missing:
        raise InputError(f"{line}: no {missing[0]}; each line has path, url, bytes and sha256")
    path, size = row["path"] or "", row["bytes"] or ""
    if not path or Path(path).is_absolute() or ".." in Path(path).parts:
        raise InputError(f"{line}: path must be that of a file in the data folder, got {path!r}")
    if size and not (size.isascii() and size.isdigit()):
        raise InputError(f"{line}: bytes must be a number or empty, got {size!r}")
    return Source(
        path=path,
        url=f"{base.rstrip('/')}/{path}" if base else row["url"] or "",
        bytes=int(size) if size else None,
        sha256=row["sha256"] or None,
    )


def fetch(sources: Iterable[Source], folder: Path) -> None:
    """Download the files that are missing, and unpack ``.tgz`` archives.

    Existing files are checked against their hash, if it is known from the table or from an
    earlier run; a file with another hash is downloaded again. The amount of data is printed
    before the download starts.

    Parameters
    ----------
    sources
        Files to download.
    folder
        Data folder, which is created if it is missing.

    Raises
    ------
    InputError
        If a server does not answer or does not have a file, if there is too little space on the
        disk, or if a downloaded file has another hash or is not an archive; such a file is
        deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recorded = _read_sums(folder)
    known = [replace(s, sha256=s.sha256 or recorded.get(s.path)) for s in sources]
    missing = [source for source in known if not _is_present(source, folder)]
    sizes = [source.bytes or _size(source.url) for source in missing]
    remaining = sum(
        max(0, size - _length(_part(folder / source.path)))
        for size, source in zip(sizes, missing, strict=True)
        if size
    )
    _announce(len(known), len(missing), remaining, sizes.count(None), folder)
    with tqdm(total=remaining, unit="B", unit_scale=True, mininterval=1, disable=None) as bar:
        for source in missing:
            bar.set_description(source.path)
            _download(source, folder, bar)
            _record(source, folder)
    for source in known:
        _record(source, folder)
        if source.path.endswith(".tgz"):
            _unpack(folder / source.path)


def _is_present(source: Source, folder: Path) -> bool:
    path = folder / source.path
    if not path.exists() or source.sha256 is None:
        return path.exists()
    print(f"checking {path}")
    return bool(pooch.file_hash(str(path)) == source.sha256)


def _size(url: str) -> int | None:
    """Size in bytes according to the server, or None if it does not tell."""
    try:
        with requests.head(
            url, headers=_UNENCODED, timeout=_TIMEOUT, allow_redirects=True
        ) as response:
            if response.status_code in (405, 501):  # HEAD requests are optional
                return None
            response.raise_for_status()
            length = response.headers.get("Content-Length")
    except requests.RequestException as error:
        raise InputError(f"{url}: download failed: {error}") from error
    return int(length) if length else None


def _announce(total: int, missing: int, remaining: int, unknown: int, folder: Path) -> None:
    """Print the amount of data; raise an error if it does not fit on the disk."""
    free = shutil.disk_usage(folder).free
    others = f" and {unknown} files of unknown size" if unknown else ""
    print(
        f"{total - missing} of {total} files are present; to download: "
        f"{tqdm.format_sizeof(remaining, 'B')}{others}; "
        f"free in {folder}: {tqdm.format_sizeof(free, 'B')}"
    )
    if remaining > free:
        raise InputError(
            f"{folder}: the disk needs {tqdm.format_sizeof(remaining - free, 'B')} more free "
            "space; free some, or choose a folder on another disk"
        )


def _download(source: Source, folder: Path, bar: "tqdm[Any]") -> None:
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
        raise InputError(f"{source.url}: {error}; the file was deleted") from error


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _resume(url: str, part: Path, bar: "tqdm[Any]") -> None:
    """Download the missing end of a file; try again as long as attempts bring more of it."""
    part.parent.mkdir(parents=True, exist_ok=True)
    failures = 0
    while True:
        before = _length(part)
        try:
            return _download_rest(url, part, bar)
        except requests.HTTPError as error:
            raise InputError(f"{url}: download failed: {error}") from error
        except requests.RequestException as error:
            failures = 0 if _length(part) > before else failures + 1
            if failures == ATTEMPTS:
                raise InputError(
                    f"{url}: interrupted after {_length(part):,} bytes: {error}; run this again "
                    "to resume"
                ) from error
            time.sleep(WAIT * failures)
        except OSError as error:
            raise InputError(
                f"{part}: {error}; solve this problem and run this again to resume"
            ) from error


def _download_rest(url: str, part: Path, bar: "tqdm[Any]") -> None:
    start = _length(part)
    headers = _UNENCODED | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        span = response.headers.get("Content-Range", "")
        if response.status_code == 416 and span == f"bytes */{start}":
            return  # the file is already complete
        if response.status_code == 416:
            part.unlink()
            raise requests.RequestException(f"the server has no byte {start:,}; starting over")
        response.raise_for_status()
        if start and not span.startswith(f"bytes {start}-"):
            bar.update(-start)  # the server ignores ranges and sends the whole file
            start = 0
        with open(part, "ab" if start else "wb") as stream:
            for chunk in response.iter_content(CHUNK):
                stream.write(chunk)
                bar.update(len(chunk))


def _check_kind(url: str, part: Path, name: str) -> None:
    """Raise an error if the server sent something else, such as a log-in page, for an archive."""
    if name.endswith((".tar", ".tgz")) and not tarfile.is_tarfile(part):
        part.unlink()
        raise InputError(f"{url}: the server did not send an archive; the file was deleted")


def _unpack(archive: Path) -> None:
    """Unpack an archive into a folder next to it, unless that folder exists."""
    target = archive.with_suffix("")
    if target.exists():
        return
    try:
        with tarfile.open(archive) as content:
            size = sum(member.size for member in content)
            free = shutil.disk_usage(target.parent).free
            if size > free:
                raise InputError(
                    f"{archive}: unpacking takes {tqdm.format_sizeof(size, 'B')}, but only "
                    f"{tqdm.format_sizeof(free, 'B')} are free; free some space"
                )
            with TemporaryDirectory(prefix=".unpacking-", dir=target.parent) as scratch:
                content.extractall(scratch, filter="data")
                (Path(scratch) / target.name).rename(target)
    except _DAMAGED as error:
        reason = str(error).splitlines()[0].rstrip(":") if str(error) else type(error).__name__
        raise InputError(
            f"{archive}: cannot be unpacked: {reason}; delete it and download it again"
        ) from error


def _read_sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    if not path.exists():
        return {}
    sums = {}
    for number, line in enumerate(
        path.read_text(encoding="utf-8", errors="replace").split("\n"), 1
    ):
        value, space, name = line.partition("  ")
        if line and not (value and space and name):
            raise InputError(
                f"{path}:{number}: must have the form HASH  FILE, got {line!r}; delete {path}, and "
                "hashes are recorded again"
            )
        if line:
            sums[name] = value
    return sums


def _record(source: Source, folder: Path) -> None:
    """Record the hash of a file, unless one is recorded already."""
    sums = _read_sums(folder)
    if source.path in sums:
        return
    sums[source.path] = source.sha256 or pooch.file_hash(str(folder / source.path))
    lines = (f"{sums[name]}  {name}\n" for name in sorted(sums))
    write_file(folder / SUMS, "".join(lines).encode())
