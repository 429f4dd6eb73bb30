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
DAMAGED = r": damaged or cut short .*; fetch it again"
every_packing = pytest.mark.parametrize("packed", PACK)
compressed = pytest.mark.parametrize("packed", [".gz", ".xz", ".zst"])


def conllu(lines: list[str]) -> bytes:
    """A treebank with these sentences."""
    blocks = []
    for number, line in enumerate(lines):
        head = f"# newpar\n# sent_id = {number}\n# text = {line}\n"
        first = "1-2\tIm\t_\t_\t_\t_\t_\t_\t_\t_\n" if number % 2 else ""
        rows = (f"{place}\tx\tx\tX\t_\t_\t0\troot\t_\t_\n" for place in range(1, 4))
        blocks.append(head + first + "".join(rows) + "\n")
    return "".join(blocks).encode()


def archive(members: dict[str, bytes]) -> bytes:
    """A tar of the CoNLL 2017 kind."""
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
    """Members of an archive: Wikipedia in two parts, and what is to be passed over."""
    return {
        "LICENSE.txt": b"\xff not a text",
        "de-common-crawl-000.conllu.xz": lzma.compress(conllu(["Not this one."])),
        "de-wikipedia-000.conllu.xz": lzma.compress(conllu(lines[:900])),
        "de-wikipedia-001.conllu.xz": lzma.compress(conllu(lines[900:])),
        "de-common-crawl-001.conllu.xz": b"not even read",
    }


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str, bytes], list[str]]:
    """Write a file of this name, and read it."""

    def run(name: str, content: bytes) -> list[str]:
        path = tmp_path / name
        path.write_bytes(content)
        return list(read_lines([path], "de"))

    return run


@every_packing
def test_text_reads_alike_however_it_is_packed(read: Any, packed: str) -> None:
    assert read(f"a.txt{packed}", PACK[packed](TEXT)) == LINES
    assert read(f"name-of-any-kind{packed}", PACK[packed](TEXT)) == LINES


@every_packing
def test_conllu_reads_as_its_text(read: Any, packed: str) -> None:
    assert read(f"a.conllu{packed}", PACK[packed](conllu(LINES))) == LINES


def test_archive_reads_as_its_wikipedia(read: Any) -> None:
    assert read("German-annotated-conll17.tar", archive(wikipedia(LINES))) == LINES


@compressed
def test_files_laid_end_to_end_read_as_one(read: Any, packed: str) -> None:
    halves = PACK[packed](TEXT[:1_000]) + PACK[packed](TEXT[1_000:])
    assert read(f"a.txt{packed}", halves) == LINES


def test_byte_order_mark_and_windows_line_ends_are_no_text(read: Any) -> None:
    windows = b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n")
    assert read("a.txt", windows) == LINES
    assert read("a.conllu", b"\xef\xbb\xbf" + conllu(LINES)) == LINES


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


def test_folder_stands_for_all_texts_below_it(tmp_path: Path) -> None:
    names = ["b.txt", "a/z.conllu.xz", "a/y.txt.gz", "a/x.txt.zst", "c.conllu", "d.tar"]
    passed_over = ["README.md", "a/notes", "a/x.gz", "e.tar.gz", "x.parquet", "f.txt.bak"]
    for name in (*names, *passed_over):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "g.txt").mkdir()
    found = corpus_files([tmp_path], "de")
    assert found == sorted(tmp_path / name for name in names)
    assert corpus_files([tmp_path / "a/notes", tmp_path / "b.txt"], "de") == [
        tmp_path / "a/notes",
        tmp_path / "b.txt",
    ]


@pytest.mark.parametrize("name", ["nowhere.txt", "empty"])
def test_missing_text_names_language_and_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=rf"languages\.de\.corpora: no text at .*{name}; name"):
        corpus_files([tmp_path / name], "de")


@compressed
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.999])
def test_file_cut_short_is_named_with_the_line(read: Any, packed: str, kept: float) -> None:
    content = PACK[packed](TEXT)
    with pytest.raises(InputError, match=rf"a\.txt{packed}:\d+{DAMAGED}"):
        read(f"a.txt{packed}", content[: int(len(content) * kept)])


@compressed
def test_file_of_another_kind_is_named(read: Any, packed: str) -> None:
    with pytest.raises(InputError, match=rf"a\.txt{packed}:1{DAMAGED}"):
        read(f"a.txt{packed}", b"<html>Not found</html>")


@every_packing
def test_what_is_not_utf8_is_named_with_the_line(read: Any, packed: str) -> None:
    bad = b"".join([*(line.encode() + b"\n" for line in LINES[:41]), b"caf\xe9\n", TEXT])
    with pytest.raises(InputError, match=rf"a\.txt{packed}:42: not UTF-8 .*0xe9"):
        read(f"a.txt{packed}", PACK[packed](bad))


def test_sentence_without_text_is_named_with_the_line(read: Any) -> None:
    content = conllu(LINES[:2]) + conllu(LINES[2:3]).replace(b"# text", b"# txt")
    with pytest.raises(InputError, match=r"a\.conllu:19: a sentence without a '# text'"):
        read("a.conllu", content)


def test_archive_without_wikipedia_is_refused(read: Any) -> None:
    with pytest.raises(InputError, match=r"a\.tar: the archive has no member with -wikipedia-"):
        read("a.tar", archive({"de-common-crawl-000.conllu.xz": b"x"}))
    with pytest.raises(InputError, match=r"a\.tar: the archive has no member"):
        read("a.tar", archive({}))


def test_archive_is_whole_or_refused(read: Any) -> None:
    """Cut at the end of any block, which is where tarfile itself may not notice."""
    content = archive(wikipedia(LINES[:40] + LINES[900:940]))
    end = len(content.rstrip(b"\0"))
    for kept in range(0, end, tarfile.BLOCKSIZE // 2):
        with pytest.raises(InputError, match=r"a\.tar.*damaged or cut short"):
            read("a.tar", content[:kept])


def test_damaged_header_of_a_later_member_is_noticed(read: Any) -> None:
    content = archive(wikipedia(LINES))
    at = content.index(b"Language/de-wikipedia-001")
    with pytest.raises(InputError, match=r"a\.tar: damaged or cut short after byte [\d,]+;"):
        read("a.tar", content[:at] + b"x" * 300 + content[at + 300 :])


def test_damaged_member_is_named_with_file_and_line(read: Any) -> None:
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
def test_compressed_archives_say_what_to_do(read: Any, name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: a compressed archive; decompress it"):
        read(name, gzip.compress(archive(wikipedia(LINES))))


PEAK = """
import resource, sys
from pathlib import Path
from langsig.corpora.reading import read_lines
count = sum(1 for _ in read_lines([Path(sys.argv[1])], "de"))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


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
        ran = subprocess.run(
            [sys.executable, "-c", PEAK, tmp_path / name],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        count, megabytes = ran.stdout.split()
        assert int(count) == len(lines)
        return float(megabytes)

    assert peak(20) < peak(2) + 5  # twenty times the text is 1.2 MB, the treebank 3.5
