"""Malformed files are read, or refused in one line that names file and line; nothing else."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.commands import main
from langsig.corpora import clean, words_of_text
from langsig.errors import InputError
from langsig.morphology import annotate
from tests.corpora.malformed import CHANGES, WELL_FORMED, malformed

SEEDS = range(2)
FILES = [(f"{seed}, {name}", content) for seed in SEEDS for name, content in malformed(seed)]


def as_treebank(path: Path) -> None:
    words = annotate(path, "da")
    assert len(words) and words.table["form"].str.strip().ne("").all()


def as_text(path: Path) -> None:
    words = words_of_text([path], "da")
    assert len(words) and words["form"].str.strip().ne("").all()


def as_romanised_text(path: Path) -> None:
    from langsig.corpora import romaniser

    words_of_text([path], "ja", romaniser("ja"))


def as_corpus(path: Path) -> None:
    folder = path.parent / "cleaned"
    folder.mkdir(exist_ok=True)
    clean(
        [path], folder, folder / "vocabulary.txt", language="da", analysed=(), min_words=1,
        validation=0.5, vocabulary_sample=10,
    )  # fmt: skip


READERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "treebank": ("a.conllu", as_treebank),
    "treebank as text": ("a.conllu", as_text),
    "text": ("a.txt", as_text),
    "romanised text": ("a.txt", as_romanised_text),
    "compressed text": ("a.txt.gz", as_text),
    "archive": ("a.tar", as_text),
    "corpus": ("a.txt", as_corpus),
}


def outcome(reader: str, content: bytes, folder: Path) -> str:
    """Read a file; what is wrong with it, or nothing."""
    name, read = READERS[reader]
    path = folder / name
    path.write_bytes(content)
    try:
        read(path)
    except InputError as error:
        message = str(error)
        place = re.escape(str(path)) + (r":\d+: " if reader == "treebank" else r"(:\d+)?: ")
        if not (reader == "corpus" and message.startswith("da: cleaning left ")):
            assert re.match(place, message), message
        assert len(message.splitlines()) == 1 and len(message) < 1_000 and message.isprintable()
        return message
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_files_are_read_or_refused_in_one_line(reader: str, tmp_path: Path) -> None:
    outcomes = {name: outcome(reader, content, tmp_path) for name, content in FILES}
    read = [name for name, message in outcomes.items() if not message]
    assert len(outcomes) >= 300
    assert ("0, nothing" in read) == (reader not in ("compressed text", "archive"))
    assert outcomes["0, empty"] and outcomes["0, noise"]


HARMLESS = {
    "nothing", "all twice", "a cycle", "a head beyond", "sentences with one id",
    "spaces in features", "a mark of byte order at the start", "Windows lines", "Mac lines",
    "mixed lines", "no last line end", "no text", "several signs", "layers", "features twice",
    "many features", "a huge form", "UTF-8 twice",
}  # fmt: skip
HARMFUL = {
    "empty", "blank", "comments only", "zero width", "a column less", "a column more",
    "spaces for tabs", "two tabs", "an empty column", "spaces in a column", "columns lacking",
    "columns twice", "a gap", "from zero", "descending", "no number", "a huge number",
    "a huge range", "a negative number", "a number with a point", "digits of another script",
    "a range backwards", "ranges that overlap", "a range twice", "a range beyond the end",
    "an empty node too early", "empty nodes only", "no value", "no name", "no sign",
    "a bar too many", "Latin-1", "Windows", "Shift JIS", "UTF-16", "UTF-16 without mark",
    "UTF-16 the other way", "UTF-32", "many columns", "markup", "compressed",
    "compressed and cut off", "noise", "a pointer", "half a character", "a surrogate",
    "beyond Unicode", "no blank line",
}  # fmt: skip


@pytest.mark.parametrize("change", sorted(HARMLESS | HARMFUL))
def test_treebanks_are_refused_where_counts_would_be_wrong(change: str, tmp_path: Path) -> None:
    message = outcome("treebank", dict(malformed(0))[change], tmp_path)
    assert bool(message) == (change in HARMFUL), message


@pytest.mark.slow
def test_commands_print_one_line_and_write_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.conllu", tmp_path / "words.csv"
    for name, content in FILES:
        path.write_bytes(content)
        code = main(["annotate", str(path), "--language", "da", "--out", str(out)])
        printed = capsys.readouterr()
        assert (code, out.exists()) in ((0, True), (1, False)), name
        lines = (printed.err if code else printed.out).splitlines()
        assert len(lines) == 1 and lines[0].startswith(f"error: {path}:") == bool(code), name
        assert sorted(entry.name for entry in tmp_path.iterdir()) == (
            [path.name] if code else [path.name, out.name]
        )
        out.unlink(missing_ok=True)


lines = st.lists(
    st.one_of(
        st.sampled_from(WELL_FORMED.split(b"\n")),
        st.binary(max_size=30),
        st.lists(st.text(max_size=4), min_size=10, max_size=10).map(
            lambda cells: "\t".join(cells).encode("utf-8", "surrogatepass")
        ),
        st.text(max_size=20).map(lambda text: b"# " + text.encode("utf-8", "surrogatepass")),
    ),
    max_size=12,
)
changes = st.lists(
    st.tuples(st.sampled_from(sorted(CHANGES)), st.randoms(use_true_random=False)), max_size=4
)


@pytest.mark.slow
@settings(max_examples=200)
@given(lines=lines, end=st.sampled_from([b"\n", b"\r\n", b"\r"]), changes=changes)
def test_any_lines_are_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes, changes: list
) -> None:
    content = end.join(lines)
    for name, random in changes:
        if "huge" not in name and "many" not in name:
            try:
                content = CHANGES[name](content, random)
            except (UnicodeDecodeError, ValueError, IndexError):  # nothing left to change
                continue
    folder = tmp_path_factory.mktemp("any")
    for reader in ("treebank", "treebank as text", "text", "romanised text"):
        outcome(reader, content, folder)
