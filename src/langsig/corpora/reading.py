"""Running text from files of any kind: text, CoNLL-U, compressed, or in an archive.

Everything is streamed: no file is held in memory or unpacked to disk.
"""

import gzip
import io
import lzma
import re
import tarfile
import unicodedata
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, cast

import pyarrow as pa
from tqdm import tqdm

from langsig.errors import InputError

_DECOMPRESSORS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": gzip.open,
    ".xz": lzma.open,
    ".zst": lambda stream: pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"),
}
_KINDS = (".txt", ".conllu")
_NAMES = (".tar", *_KINDS, *(kind + packed for kind in _KINDS for packed in _DECOMPRESSORS))
_WIKIPEDIA = "-wikipedia-"
_DAMAGED = (EOFError, OSError, lzma.LZMAError, zlib.error, tarfile.TarError)
_BUFFER = 2**18
_TEXT_COMMENT = re.compile(rb"#\s*text\s*=\s*(.*)", re.DOTALL)


def corpus_files(paths: Iterable[Path], language: str) -> list[Path]:
    """List the files that the corpora of a language stand for.

    Parameters
    ----------
    paths
        Files of any name, and folders. A folder stands for every ``.txt`` and ``.conllu`` below
        it, compressed (``.gz``, ``.xz``, ``.zst``) or not, and every ``.tar``, sorted.

    Raises
    ------
    InputError
        If a path is missing, or a folder has no such file.
    """
    files: list[Path] = []
    for path in paths:
        below = sorted(
            file for file in path.rglob("*") if file.name.endswith(_NAMES) and file.is_file()
        )
        found = below if path.is_dir() else [path] if path.is_file() else []
        if not found:
            raise InputError(
                f"languages.{language}.corpora: no text at {path}; name a file, or a folder of "
                "*.txt, *.conllu (also .gz, .xz, .zst) or *.tar"
            )
        files.extend(found)
    return files


def read_lines(paths: Iterable[Path], language: str) -> Iterator[str]:
    """Stream the lines of text files, and the sentences of CoNLL-U files.

    The name says what a file is: ``.gz``, ``.xz`` or ``.zst`` is decompressed; then ``.conllu``
    is CoNLL-U, whose sentences are their ``# text`` comments, and anything else UTF-8 text. A
    ``.tar`` is an archive of the CoNLL 2017 kind, of which the members with ``-wikipedia-`` in
    their names are read and all others passed over. Shows a progress bar.

    Parameters
    ----------
    paths
        As in :func:`corpus_files`.

    Yields
    ------
    str
        In composed characters (NFC), with single spaces; empty ones are left out.

    Raises
    ------
    InputError
        If a file is missing, cut short, damaged or not UTF-8, naming file, member and line; if
        a sentence has no ``# text``, or an archive no Wikipedia.
    """
    files = corpus_files(paths, language)
    total = sum(file.stat().st_size for file in files)
    with tqdm(
        desc=f"read {language}", total=total, unit="B", unit_scale=True, mininterval=1, disable=None
    ) as bar:
        for file in files:
            with open(file, "rb", buffering=0) as raw:
                stream = io.BufferedReader(_Counted(raw, bar), _BUFFER)
                if file.suffix == ".tar":
                    yield from _archive(stream, file)
                else:
                    yield from _texts(stream, file.name, str(file))


class _Counted(io.RawIOBase):
    """A file that tells a progress bar how much of it has been read."""

    def __init__(self, file: io.FileIO, bar: "tqdm[Any]") -> None:
        self._file = file
        self._bar = bar

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self._bar.update(count)
        return count


def _archive(stream: BinaryIO, file: Path) -> Iterator[str]:
    """The texts of the Wikipedia members of an archive."""
    found = False
    end = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER) as archive:
            for member in archive:
                blocks = -(-member.size // tarfile.BLOCKSIZE) if member.isfile() else 0
                end = member.offset_data + blocks * tarfile.BLOCKSIZE
                if _WIKIPEDIA not in member.name or not member.isfile():
                    continue
                found = True
                content = cast(IO[bytes], archive.extractfile(member))
                yield from _texts(content, member.name, f"{file}:{member.name}")
    except _DAMAGED as error:
        raise InputError(f"{file}: damaged or cut short ({error}); fetch it again") from error
    if not _ends_at(file, end):
        raise InputError(f"{file}: damaged or cut short after byte {end:,}; fetch it again")
    if not found:
        raise InputError(f"{file}: the archive has no member with {_WIKIPEDIA} in its name")


def _ends_at(file: Path, end: int) -> bool:
    """Whether an archive has its end mark there: tarfile takes any bad header for the end."""
    with open(file, "rb") as stream:
        stream.seek(end)
        return stream.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)


def _texts(stream: IO[bytes], name: str, where: str) -> Iterator[str]:
    """The texts of a file or a member, which its name says how to read."""
    path = PurePath(name)
    if path.suffix == ".tgz" or (path.suffix in _DECOMPRESSORS and path.stem.endswith(".tar")):
        raise InputError(f"{where}: a compressed archive; decompress it to a .tar")
    if path.suffix in _DECOMPRESSORS:
        stream = io.BufferedReader(_DECOMPRESSORS[path.suffix](stream), _BUFFER)
        path = path.with_suffix("")
    lines = _numbered(stream, where)
    yield from _decoded(_comments(lines, where) if path.suffix == ".conllu" else lines, where)


def _numbered(stream: IO[bytes], where: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        for number, line in enumerate(stream, start=1):
            yield number, line.removeprefix(BOM_UTF8) if number == 1 else line
    except _DAMAGED as error:
        raise InputError(
            f"{where}:{number + 1}: damaged or cut short ({error}); fetch it again"
        ) from error


def _comments(lines: Iterable[tuple[int, bytes]], where: str) -> Iterator[tuple[int, bytes]]:
    """The ``# text`` of each sentence."""
    text = None
    inside = False
    for number, line in lines:
        if line.startswith(b"#"):
            if match := _TEXT_COMMENT.match(line):
                text = number, match[1]
        elif line.isspace():
            text, inside = None, False
        elif not inside:
            if text is None:
                raise InputError(
                    f"{where}:{number}: a sentence without a '# text' comment; add it, or name "
                    "the running text instead"
                )
            yield text
            inside = True


def _decoded(lines: Iterable[tuple[int, bytes]], where: str) -> Iterator[str]:
    for number, line in lines:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{where}:{number}: not UTF-8 ({error}); convert it") from error
        if text := " ".join(unicodedata.normalize("NFC", text).split()):
            yield text
