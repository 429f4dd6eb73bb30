"""Read running text from text files, CoNLL-U files, compressed files and archives.

Everything is streamed: no file is held in memory or unpacked to disk.
"""

import gzip
import io
import lzma
import re
import tarfile
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, cast

import pyarrow as pa
from tqdm import tqdm

from langsig.errors import InputError, decode_line
from langsig.files import files_below

_DECOMPRESSORS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": gzip.open,
    ".xz": lzma.open,
    ".zst": lambda stream: pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"),
}
_TREEBANKS = (".conllu", ".conllup")
_KINDS = (".txt", *_TREEBANKS)
_NAMES = (".tar", *_KINDS, *(kind + packed for kind in _KINDS for packed in _DECOMPRESSORS))
_WIKIPEDIA = "-wikipedia-"
_DAMAGED = (EOFError, OSError, lzma.LZMAError, zlib.error, tarfile.TarError)
_BUFFER = 2**18
_LONGEST_LINE = 2**27
_TEXT_COMMENT = re.compile(r"#\s*text\s*=\s*(.*)", re.DOTALL)
_INVISIBLE = ("Cc", "Cf", "Mn", "Zl", "Zp", "Zs")
"""Categories of Unicode whose characters cannot be seen on their own."""


def corpus_files(paths: Iterable[Path], language: str) -> list[Path]:
    """List the files of the corpora of a language.

    Parameters
    ----------
    paths
        Files of any name, and folders. A folder stands for all ``.txt``, ``.conllu`` and
        ``.conllup`` files in it and its subfolders, compressed (``.gz``, ``.xz``, ``.zst``) or not,
        and for all ``.tar`` files, in alphabetical order.
    language
        Code of the language, for the error message.

    Raises
    ------
    InputError
        If a path is missing, or a folder contains no such file.
    OSError
        If a folder cannot be read, or has a link to a file that does not exist.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_file():
            files.append(path)
            continue
        contained = files_below(path, _NAMES) if path.is_dir() else []
        if not contained:
            raise InputError(
                f"{path}: no text for {language}; name a file, or a folder that contains *.txt or "
                "*.conllu (also .gz, .xz, .zst) or *.tar"
            )
        files.extend(contained)
    return files


def read_lines(paths: Iterable[Path], language: str) -> Iterator[str]:
    """Stream the lines of text files and the sentences of CoNLL-U files, with a progress bar.

    The suffix determines the format. Files that end in ``.gz``, ``.xz`` or ``.zst`` are
    decompressed. ``.conllu`` and ``.conllup`` files are CoNLL-U, of which the ``# text`` comments
    are read. A ``.tar`` file is an archive in the layout of the CoNLL 2017 shared task; only its
    members with ``-wikipedia-`` in their names are read. Any other file is UTF-8 text.

    Parameters
    ----------
    paths
        Files and folders as in :func:`corpus_files`.
    language
        Code of the language, for the progress bar and error messages.

    Yields
    ------
    str
        The next line, in composed characters (NFC) and with single spaces. Lines end with LF, CR
        or both. Lines without visible characters are left out.

    Raises
    ------
    InputError
        If a file is missing, truncated, damaged or not UTF-8, or has no text; if a sentence has no
        ``# text`` comment, or an archive no Wikipedia. The message names file, member and line.
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
                    yield from _not_empty(_texts(stream, file.name, str(file)), file)


def _not_empty(lines: Iterable[str], file: Path) -> Iterator[str]:
    is_empty = True
    for line in lines:
        is_empty = False
        yield line
    if is_empty:
        raise InputError(f"{file}: the file has no text; remove or correct it")


class _Counted(io.RawIOBase):
    """A file that advances a progress bar while it is read."""

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
    """Read the texts of the Wikipedia members of an archive."""
    has_wikipedia = False
    end = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER) as archive:
            for member in archive:
                blocks = -(-member.size // tarfile.BLOCKSIZE) if member.isfile() else 0
                end = member.offset_data + blocks * tarfile.BLOCKSIZE
                if _WIKIPEDIA not in member.name or not member.isfile():
                    continue
                has_wikipedia = True
                content = cast(IO[bytes], archive.extractfile(member))
                yield from _texts(content, member.name, f"{file}:{member.name}")
    except _DAMAGED as error:
        raise InputError(f"{file}: damaged or truncated ({error}); download it again") from error
    if not _ends_at(file, end):
        raise InputError(f"{file}: damaged or truncated after byte {end:,}; download it again")
    if not has_wikipedia:
        raise InputError(f"{file}: no member of the archive has {_WIKIPEDIA} in its name")


def _ends_at(file: Path, end: int) -> bool:
    """Whether the end mark of an archive is at this byte; tarfile takes any bad header for it."""
    with open(file, "rb") as stream:
        stream.seek(end)
        return stream.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)


def _texts(stream: IO[bytes], name: str, where: str) -> Iterator[str]:
    """Read the texts of a file, or of a member of an archive, in the format of its name."""
    path = PurePath(name)
    if path.suffix == ".tgz" or (path.suffix in _DECOMPRESSORS and path.stem.endswith(".tar")):
        raise InputError(
            f"{where}: compressed archives cannot be read; decompress it to a .tar file"
        )
    if path.suffix in _DECOMPRESSORS:
        stream = io.BufferedReader(_DECOMPRESSORS[path.suffix](stream), _BUFFER)
        path = path.with_suffix("")
    lines = _numbered(stream, where)
    for text in (
        _comments(lines, where) if path.suffix in _TREEBANKS else (text for _, text in lines)
    ):
        line = " ".join(unicodedata.normalize("NFC", text).split())
        if not _is_invisible(line):
            yield line


def _is_invisible(line: str) -> bool:
    return all(unicodedata.category(character) in _INVISIBLE for character in line)


def _numbered(stream: IO[bytes], where: str) -> Iterator[tuple[int, str]]:
    """Decode the lines, and number them from 1.

    The file may be a few bytes that decompress to terabytes.
    """
    number = 0
    try:
        for chunk in iter(partial(stream.readline, _LONGEST_LINE), b""):
            if len(chunk) == _LONGEST_LINE:
                raise InputError(
                    f"{where}:{number + 1}: longer than {_LONGEST_LINE:,} bytes; put each "
                    "sentence on a line of its own"
                )
            for line in chunk.rstrip(b"\r\n").split(b"\r"):
                number += 1
                yield number, decode_line(line, number, where).removeprefix("\ufeff")
    except _DAMAGED as error:
        raise InputError(
            f"{where}:{number + 1}: damaged or truncated ({error}); download it again"
        ) from error


def _comments(lines: Iterable[tuple[int, str]], where: str) -> Iterator[str]:
    """Read the ``# text`` comment of each sentence of a CoNLL-U file."""
    text = None
    inside = False
    for number, line in lines:
        if line.startswith("#"):
            if match := _TEXT_COMMENT.match(line):
                text = match[1]
        elif _is_invisible(line):
            text, inside = None, False
        elif not inside:
            if text is None:
                raise InputError(
                    f"{where}:{number}: a sentence has no '# text' comment; add it, or use a file "
                    "of running text"
                )
            yield text
            inside = True
