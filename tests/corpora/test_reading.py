import gzip
import io
import lzma
import subprocess
import sys
import tarfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from langsig.corpora.reading import corpus_files, read_lines
from langsig.errors import InputError

LINES = [f"Sentence number {number}, größer als zuvor — 第{number}句。" for number in range(2_000)]
TEXT = "".join(line + "\n" for line in LINES).encode()
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}
DAMAGED = r": damaged or truncated .*; download it again"
every_packing = pytest.mark.parametrize("packed", PACK)
compressed = pytest.mark.parametrize("packed", [".gz", ".xz", ".zst"])


def conllu(lines: list[str]) -> bytes:
    """Content of a CoNLL-U file with the given sentences."""
    blocks = []
    for number, line in enumerate(lines):
        head = f"# newpar\n# sent_id = {number}\n# text = {line}\n"
        first = "1-2\tIm\t_\t_\t_\t_\t_\t_\t_\t_\n" if number % 2 else ""
        rows = (f"{word}\tx\tx\tX\t_\t_\t0\troot\t_\t_\n" for word in range(1, 4))
        blocks.append(head + first + "".join(rows) + "\n")
    return "".join(blocks).encode()


def archive(members: dict[str, bytes]) -> bytes:
    """Content of an archive in the layout of the CoNLL 2017 shared task."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        folder = tarfile.TarInfo("Language")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in members.items():
            member = tarfile.TarInfo(f"Language/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def wikipedia(lines: list[str]) -> dict[str, bytes]:
    """Members of an archive: two parts of Wikipedia, and files to be ignored."""
    return {
        "LICENSE.txt": b"\xff not a text",
        "de-common-crawl-000.conllu.xz": lzma.compress(conllu(["Not this one."])),
        "de-wikipedia-000.conllu.xz": lzma.compress(conllu(lines[:900])),
        "de-wikipedia-001.conllu.xz": lzma.compress(conllu(lines[900:])),
        "de-common-crawl-001.conllu.xz": b"not even read",
    }


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str, bytes], list[str]]:
    """Write a file and read its lines."""

    def run(name: str, content: bytes) -> list[str]:
        path = tmp_path / name
        path.write_bytes(content)
        return list(read_lines([path], "de"))

    return run


@every_packing
def test_text_files_are_read(read: Any, packed: str) -> None:
    assert read(f"a.txt{packed}", PACK[packed](TEXT)) == LINES
    assert read(f"name-of-any-kind{packed}", PACK[packed](TEXT)) == LINES


@every_packing
def test_the_text_of_conllu_files_is_read(read: Any, packed: str) -> None:
    assert read(f"a.conllu{packed}", PACK[packed](conllu(LINES))) == LINES


def test_the_wikipedia_of_an_archive_is_read(read: Any) -> None:
    assert read("German-annotated-conll17.tar", archive(wikipedia(LINES))) == LINES


@compressed
def test_concatenated_compressed_files_are_read(read: Any, packed: str) -> None:
    halves = PACK[packed](TEXT[:1_000]) + PACK[packed](TEXT[1_000:])
    assert read(f"a.txt{packed}", halves) == LINES


def test_byte_order_mark_and_windows_line_ends_are_removed(read: Any) -> None:
    windows = b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n")
    assert read("a.txt", windows) == LINES
    assert read("a.conllu", b"\xef\xbb\xbf" + conllu(LINES)) == LINES


@pytest.mark.slow
def test_real_treebanks_have_a_text_for_every_sentence(real_data: Path) -> None:
    for folder in ("UD_German", "UD_Japanese", "UD_Finnish"):
        files = sorted((real_data / "ud-treebanks-v2.1" / folder).glob("*.conllu"))
        written = [
            " ".join(unicodedata.normalize("NFC", line.removeprefix("# text = ")).split())
            for file in files
            for line in file.read_text(encoding="utf-8").split("\n")
            if line.startswith("# text = ")
        ]
        assert [*read_lines(files, "xx")] == written != []


def test_a_folder_stands_for_all_texts_in_it(tmp_path: Path) -> None:
    names = ["b.txt", "a/z.conllu.xz", "a/y.txt.gz", "a/x.txt.zst", "c.conllu", "d.tar"]
    ignored = ["README.md", "a/notes", "a/x.gz", "e.tar.gz", "x.parquet", "f.txt.bak"]
    for name in (*names, *ignored):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "g.txt").mkdir()
    assert corpus_files([tmp_path], "de") == sorted(tmp_path / name for name in names)
    assert corpus_files([tmp_path / "a/notes", tmp_path / "b.txt"], "de") == [
        tmp_path / "a/notes",
        tmp_path / "b.txt",
    ]


@pytest.mark.parametrize("name", ["nowhere.txt", "empty"])
def test_missing_text_is_reported_with_language_and_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=rf"{name}: no text for de; name a file"):
        corpus_files([tmp_path / name], "de")


@compressed
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.999])
def test_truncated_files_are_reported_with_the_line(read: Any, packed: str, kept: float) -> None:
    content = PACK[packed](TEXT)
    with pytest.raises(InputError, match=rf"a\.txt{packed}:\d+{DAMAGED}"):
        read(f"a.txt{packed}", content[: int(len(content) * kept)])


@compressed
def test_files_of_another_format_are_reported(read: Any, packed: str) -> None:
    with pytest.raises(InputError, match=rf"a\.txt{packed}:1{DAMAGED}"):
        read(f"a.txt{packed}", b"<html>Not found</html>")


@every_packing
def test_bad_utf8_is_reported_with_the_line(read: Any, packed: str) -> None:
    bad = b"".join([*(line.encode() + b"\n" for line in LINES[:41]), b"caf\xe9\n", TEXT])
    with pytest.raises(InputError, match=rf"a\.txt{packed}:42: not UTF-8 .*0xe9"):
        read(f"a.txt{packed}", PACK[packed](bad))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_named(read: Any, encoding: str) -> None:
    with pytest.raises(
        InputError, match=r"a\.txt:1: not UTF-8 but UTF-\d\d.*; convert it: iconv -f"
    ):
        read("a.txt", "First line\nand second.\n".encode(encoding))


def test_the_remedy_for_compressed_files_and_archives_can_be_followed(read: Any) -> None:
    with pytest.raises(InputError, match=r"decompress it, then .*/a\.txt > .*/a\.utf8\.txt$"):
        read("a.txt.gz", gzip.compress("größer\n".encode("iso-8859-1")))
    member = {"de-wikipedia-0.conllu.xz": lzma.compress("# text = ß\n1\tx".encode("iso-8859-1"))}
    with pytest.raises(InputError, match="convert this member of the archive to UTF-8"):
        read("a.tar", archive(member))


def test_zero_bytes_are_no_sign_of_another_encoding(read: Any) -> None:
    assert read("a.txt", b"a\0b, or \0\0\0\0\0\0\0\0\n") == ["a\0b, or " + "\0" * 8]


def test_any_line_ends_and_marks_at_the_start_of_lines_are_read(read: Any) -> None:
    content = "a b\rc\r\n\ufeffd\r\r\n\ne\n\r".encode()
    assert read("a.txt", content) == ["a b", "c", "d", "e"]


@pytest.mark.parametrize("name", ["a.txt", "a.conllu"])
@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "\u200b\n\u2060\u00ad \u200d\n"])
def test_files_without_visible_text_are_reported(read: Any, name: str, content: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: the file has no text; remove or correct it"):
        read(name, content.encode())


def test_text_of_conllu_plus_is_read(read: Any) -> None:
    assert read("a.conllup", b"# global.columns = ID FORM\n" + conllu(LINES)) == LINES


def test_sentences_without_text_are_reported_with_the_line(read: Any) -> None:
    content = conllu(LINES[:2]) + conllu(LINES[2:3]).replace(b"# text", b"# txt")
    with pytest.raises(InputError, match=r"a\.conllu:19: a sentence has no '# text'"):
        read("a.conllu", content)


def test_archive_without_wikipedia_is_refused(read: Any) -> None:
    with pytest.raises(InputError, match=r"a\.tar: no member of the archive has -wikipedia-"):
        read("a.tar", archive({"de-common-crawl-000.conllu.xz": b"x"}))
    with pytest.raises(InputError, match=r"a\.tar: no member of the archive"):
        read("a.tar", archive({}))


def test_truncated_archives_are_refused(read: Any) -> None:
    """Truncation at the end of a block is what tarfile itself may not notice."""
    content = archive(wikipedia(LINES[:40] + LINES[900:940]))
    end = len(content.rstrip(b"\0"))
    for kept in range(0, end, tarfile.BLOCKSIZE // 2):
        with pytest.raises(InputError, match=r"a\.tar.*damaged or truncated"):
            read("a.tar", content[:kept])


def test_a_damaged_header_of_a_later_member_is_reported(read: Any) -> None:
    content = archive(wikipedia(LINES))
    header = content.index(b"Language/de-wikipedia-001")
    with pytest.raises(InputError, match=r"a\.tar: damaged or truncated after byte [\d,]+;"):
        read("a.tar", content[:header] + b"x" * 300 + content[header + 300 :])


def test_damaged_members_are_reported_with_file_and_line(read: Any) -> None:
    members = wikipedia(LINES)
    good = members["de-wikipedia-001.conllu.xz"]
    name = r"a\.tar:Language/de-wikipedia-001\.conllu\.xz"
    members["de-wikipedia-001.conllu.xz"] = good[: len(good) // 2]
    with pytest.raises(InputError, match=rf"{name}:\d+{DAMAGED}"):
        read("a.tar", archive(members))
    members["de-wikipedia-001.conllu.xz"] = lzma.compress(b"# text = caf\xe9\n1\tx\n")
    with pytest.raises(InputError, match=rf"{name}:1: not UTF-8"):
        read("a.tar", archive(members))


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.xz", "a.tgz"])
def test_compressed_archives_are_refused(read: Any, name: str) -> None:
    with pytest.raises(
        InputError, match=rf"{name}: compressed archives cannot be read; decompress"
    ):
        read(name, gzip.compress(archive(wikipedia(LINES))))


PEAK = """
import resource, sys
unit = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss: bytes, or kilobytes
from pathlib import Path
from langsig.corpora.reading import read_lines
count = sum(1 for _ in read_lines([Path(sys.argv[1])], "de"))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.txt.gz", "a.conllu.xz", "a.txt.zst", "a.tar"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    def peak(repeats: int) -> float:
        lines = LINES * repeats
        if name.endswith(".tar"):
            content = archive(wikipedia(lines))
        else:
            whole = conllu(lines) if ".conllu" in name else TEXT * repeats
            content = PACK[Path(name).suffix](whole)
        (tmp_path / name).write_bytes(content)
        process = subprocess.run(
            [sys.executable, "-c", PEAK, tmp_path / name],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        count, megabytes = process.stdout.split()
        assert int(count) == len(lines)
        return float(megabytes)

    assert peak(20) < peak(2) + 5  # megabytes; the texts differ by 1.1, the treebanks by 3.2
