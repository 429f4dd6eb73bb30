"""Errors and warnings that are meant for users, and checks that raise them."""

import shlex
from collections.abc import Collection, Mapping
from numbers import Integral
from pathlib import PurePath
from textwrap import shorten

_LINE = 300
"""Number of characters of a message of a library that are worth reading."""
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}
"""By the bytes that a compressed file begins with: its format."""
_SHORTEST = 6
"""Least number of bytes from which UTF-16 is recognised without a byte order mark."""


class InputError(Exception):
    """Bad input: a file, a line, a language, an argument or a parameter.

    The message says what is wrong and where (``FILE:LINE:`` for text files), what is allowed, and
    what to do. The command line prints it without a traceback and exits with code 1.

    Examples
    --------
    >>> import langsig
    >>> try:
    ...     langsig.annotate("missing.conllu", "en")
    ... except langsig.InputError as error:
    ...     print(error)
    missing.conllu: no such file or folder; check the path of the treebank
    """


class TooFewWordsError(InputError):
    """A language has too few words for an analysis. A pipeline can leave it out and go on."""


class ConvergenceWarning(UserWarning):
    """A factorisation stopped before its loss settled: more iterations may change the results.

    It is raised through :mod:`warnings` by fits that reach ``max_iterations``. The result says the
    same: ``converged`` is false.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import langsig
    >>> slices = list(np.random.default_rng(0).standard_normal((3, 6, 6)))
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     result = langsig.parafac2(slices, rank=3, max_iterations=2)
    >>> result.converged
    False
    >>> caught[0].category.__name__
    'ConvergenceWarning'
    """


class LeftOutWarning(UserWarning):
    """Part of the input was left out; the message says how much, and why."""


def described(error: OSError) -> str:
    """The message of an error of the system: the file that it concerns, and what is wrong."""
    if error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def in_one_line(error: BaseException) -> str:
    """The message of an error that a library raised, in one line, shortened if it is long.

    Examples
    --------
    >>> in_one_line(RuntimeError("sizes\\n  do not fit")), in_one_line(KeyError("vocab"))
    ('sizes do not fit', "KeyError: 'vocab'")
    """
    text = shorten(str(error).rstrip(" .\n"), _LINE, placeholder=" ...")
    return text if " " in text else ": ".join(filter(None, [type(error).__name__, text]))


def check_count(name: str, value: object, least: int = 1) -> None:
    """Check that an argument is an integer and not too small.

    Parameters
    ----------
    name
        Name of the argument, for the message.
    value
        Value of the argument.
    least
        Smallest value that is allowed (default: 1).

    Raises
    ------
    InputError
        If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        allowed = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise InputError(f"{name} must be {allowed}, got {value!r}")


def check_list(name: str, value: object) -> None:
    """Check that an argument is a collection of names, and not a single name.

    Parameters
    ----------
    name
        Name of the argument, for the message.
    value
        Value of the argument.

    Raises
    ------
    InputError
        If it is not.
    """
    if isinstance(value, str) or not isinstance(value, Collection):
        raise InputError(f"{name} must be a list of names, got {value!r}")


def check_by_language(name: str, value: object) -> None:
    """Check that an argument is a mapping whose keys are strings, such as language codes.

    Parameters
    ----------
    name
        Name of the argument, for the message.
    value
        Value of the argument.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(value, Mapping):
        raise InputError(
            f"{name} must be a mapping with one entry per language, such as a dict; got "
            f"{type(value).__name__}"
        )
    for language in value:
        if not isinstance(language, str) or not language:
            raise InputError(f"{name} must have language codes as keys, got {language!r}")


def decode_line(line: bytes, number: int, where: str) -> str:
    """Decode a line of a text file, which must be UTF-8.

    Parameters
    ----------
    line
        The line.
    number
        Its number, from 1.
    where
        Path of the file, or of an archive and a member of it.

    Raises
    ------
    InputError
        If the line is not UTF-8. The message names the probable encoding, and the command that
        converts the file.
    """
    packed = [kind for start, kind in _PACKED.items() if number == 1 and line.startswith(start)]
    if packed:
        raise InputError(f"{where}:1: is not text but compressed by {packed[0]}; decompress it")
    encoding = _wide_encoding(line) if number == 1 or b"\0" in line else None
    if encoding:
        raise InputError(
            f"{where}:{number}: not UTF-8 but {encoding}; {_conversion(where, encoding)}"
        )
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {line[error.start]:#04x} at position {error.start + 1} of the line"
    others = [byte for byte in line if byte >= 0x80]
    if not line.decode("utf-8", errors="ignore").isascii():
        raise InputError(
            f"{where}:{number}: not UTF-8 ({byte}), although other letters of the line are; the "
            "line is damaged, or the file mixes encodings: correct it"
        )
    if 2 * len(others) > len(line.strip()):
        encoding = "ENCODING"
        guess = "some other encoding, such as WINDOWS-1251 or SHIFT_JIS"
    else:
        encoding = "ISO-8859-1" if min(others) >= 0xA0 else "WINDOWS-1252"
        guess = f"probably {encoding}" + (" (Latin-1)" if encoding == "ISO-8859-1" else "")
    raise InputError(
        f"{where}:{number}: not UTF-8 ({byte}) but {guess}; {_conversion(where, encoding)}"
    )


def _wide_encoding(line: bytes) -> str | None:
    """The encoding of a line in UTF-16 or UTF-32, or None."""
    if line.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    even, odd = line[::2].count(0), line[1::2].count(0)
    if len(line) < _SHORTEST or min(even, odd) or 4 * max(even, odd) < len(line):
        return None
    return "UTF-16LE" if odd else "UTF-16BE"


def _conversion(where: str, encoding: str) -> str:
    """What to do with a file of another encoding."""
    path = PurePath(where)
    if ".tar:" in where:
        return "convert this member of the archive to UTF-8"
    packed = path.suffix in (".gz", ".xz", ".zst")
    path = path.with_suffix("") if packed else path
    names = shlex.join([str(path)]), shlex.join([str(path.with_suffix(f".utf8{path.suffix}"))])
    return (
        f"{'decompress it, then ' if packed else ''}convert it: "
        f"iconv -f {encoding} -t UTF-8 {names[0]} > {names[1]}"
    )
