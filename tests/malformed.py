"""Files that are not what their names say, made by rule from sound ones."""

import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import default_rng
from safetensors.numpy import save

POINTER = b"""\
version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""
OTHERS = {
    "empty": b"",
    "pointer of Git LFS": POINTER,
    "page of an error": b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n",
    "zeros": bytes(4096),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "text": "Zwölf Boxkämpfer\n".encode() * 20,
    "UTF-16": "language,value\nda,1\n".encode("utf-16"),
    "surrogates": b"\xed\xa0\x80\xed\xb0\x80" * 9,
    "newlines": b"\n\r\n\r" * 50,
}
"""Content of other kinds of files."""


def damaged(sound: bytes, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """A sound file cut, extended and with wrong bytes, each with a name; and other files."""
    yield from OTHERS.items()
    rng = default_rng(seed)
    for share in (0.01, 0.1, 0.5, 0.9, 0.99):
        yield f"cut at {share:.0%}", sound[: int(share * len(sound))]
    yield "without its last byte", sound[:-1]
    yield "without its first byte", sound[1:]
    yield "twice", sound * 2
    yield "with zeros at the end", sound + bytes(512)
    yield (
        "with zeros in the middle",
        sound[: len(sound) // 3] + bytes(len(sound) // 3) + sound[2 * len(sound) // 3 :],
    )
    yield "backwards", sound[::-1]
    for number in range(6):
        wrong = bytearray(sound)
        places = rng.integers(0, len(wrong), 1 + number * len(wrong) // 40)
        for place in places:
            wrong[place] ^= 1 << int(rng.integers(8))
        yield f"with {len(places)} wrong bits ({number})", bytes(wrong)
    for number in range(4):
        wrong = bytearray(sound)
        for place in rng.integers(0, min(64, len(wrong)), 3):
            wrong[place] = int(rng.integers(256))
        yield f"with a wrong beginning ({number})", bytes(wrong)


def tensor_file(header: Any, data: bytes = b"", size: int | None = None) -> bytes:
    """A file in the layout of safetensors, with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def tensor_files() -> Iterator[tuple[str, bytes]]:
    """Malformed files of tensors: two languages with matrices of 4 x 3."""
    rng = default_rng(0)
    yield from damaged(save({name: rng.standard_normal((4, 3)) for name in ("da", "sv")}))

    def entry(**changes: Any) -> dict[str, Any]:
        return {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | changes

    second = entry(data_offsets=[16, 32])
    headers: dict[str, Any] = {
        "nothing": {},
        "list": [],
        "number": 1,
        "no types": {"da": {"shape": [2, 2], "data_offsets": [0, 16]}},
        "unknown type": {"da": entry(dtype="F33"), "sv": second},
        "complex": {"da": entry(dtype="C64", shape=[1, 2]), "sv": second},
        "four bits": {"da": entry(dtype="F4", shape=[4, 8]), "sv": second},
        "negative shape": {"da": entry(shape=[-2, -2]), "sv": second},
        "shape of floats": {"da": entry(shape=[2.0, 2.0]), "sv": second},
        "enormous shape": {"da": entry(shape=[2**62, 2**62]), "sv": second},
        "no rows": {"da": entry(shape=[0, 2], data_offsets=[0, 0]), "sv": entry()},
        "scalars": {
            "da": entry(shape=[], data_offsets=[0, 4]),
            "sv": entry(shape=[], data_offsets=[4, 8]),
        },
        "five dimensions": {"da": entry(shape=[1, 1, 1, 2, 2]), "sv": second},
        "overlap": {"da": entry(), "sv": entry(data_offsets=[8, 24])},
        "gap": {"da": entry(), "sv": entry(data_offsets=[20, 36])},
        "offsets in reverse": {"da": entry(data_offsets=[16, 0]), "sv": second},
        "offsets beyond the end": {"da": entry(), "sv": entry(data_offsets=[2**40, 2**40 + 16])},
        "no name": {"": entry(), "sv": second},
        "name with a line": {"d\na": entry(), "sv": second},
        "metadata only": {"__metadata__": {"format": "pt"}},
        "metadata of numbers": {"__metadata__": {"a": 1}, "da": entry(), "sv": second},
        "deep": json.loads("[" * 200 + "]" * 200),
        "one language": {"da": entry()},
        "two widths": {"da": entry(), "sv": entry(shape=[1, 4], data_offsets=[16, 32])},
        "layers and none": {"da": entry(), "sv": entry(shape=[1, 2, 2], data_offsets=[16, 32])},
    }
    for name, header in headers.items():
        yield name, tensor_file(header, np.arange(9, dtype=np.float32).tobytes()[:32])
    yield "length of the header too large", tensor_file({}, size=2**63)
    yield "length of the header negative", tensor_file({}, size=2**64 - 1)
    yield "header twice", tensor_file(b'{"da":1,"da":2}')
    yield "header in Latin-1", tensor_file('{"dä": 1}'.encode("latin-1"))
    for kind in (np.nan, np.inf, 0.0, 1e-320, 1.7e308):
        yield f"values {kind}", save({name: np.full((4, 3), kind) for name in ("da", "sv")})


def archives() -> Iterator[tuple[str, bytes]]:
    """Archives that are damaged, or whose members point elsewhere."""

    def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as file:
            for info, content in members:
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
        return stream.getvalue()

    def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        return info

    text = "Det er en sætning.\n".encode() * 40
    name = "da/da-wikipedia-000.conllu"
    sound = archive((member(name), text))
    yield from damaged(sound)
    for label, info in {
        "member above": member(f"../../{name}"),
        "member at an absolute path": member(f"/{name}"),
        "link to a file of the system": member(name, tarfile.SYMTYPE, "/etc/passwd"),
        "link above": member(name, tarfile.SYMTYPE, "../../../secret"),
        "hard link above": member(name, tarfile.LNKTYPE, "../../../secret"),
        "device": member(name, tarfile.CHRTYPE),
        "pipe": member(name, tarfile.FIFOTYPE),
        "folder": member(name, tarfile.DIRTYPE),
        "name with a line": member(f"da\n/{name}"),
        "long name": member("x" * 300 + name),
    }.items():
        yield label, archive((info, b"" if info.type != tarfile.REGTYPE else text))
    yield "same member twice", archive((member(name), text), (member(name), text[::-1]))
    yield "compressed member", archive((member(f"{name}.xz"), lzma.compress(text)))
    yield "member cut within", archive((member(f"{name}.xz"), lzma.compress(text)[:-9]))
    wrong = bytearray(sound)
    wrong[124:136] = b"77777777777\0"  # the size of the member, in octal digits
    yield "enormous member", bytes(wrong)
    for number in (2, 9):
        yield f"compressed {number} times", _repeatedly(sound, number)


def _repeatedly(content: bytes, times: int) -> bytes:
    for _ in range(times):
        content = gzip.compress(content)
    return content
