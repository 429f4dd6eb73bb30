import gzip
import lzma
import random
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.errors import InputError
from langsig.morphology.treebank import parse_features, read_sentences, treebank_files


def row(row_id: str, form: str = "x", feats: str = "_", misc: str = "_") -> str:
    return "\t".join([row_id, form, form, "NOUN", "_", feats, "0", "root", "_", misc])


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    return path


def test_sentences_have_text_rows_and_position(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.conllu",
        "# sent_id = 1",
        "# text = Le chat = ici .",
        row("1", "Le"),
        row("2", "chat", "Gender=Masc|Number=Sing"),
        "",
        "",
        row("1", "Oui"),
    )
    first, second = read_sentences(path)
    assert (first.text, first.file, first.line) == ("Le chat = ici .", path, 1)
    assert [(r.id, r.form, r.upos, r.feats) for r in first.rows] == [
        (1, "Le", "NOUN", "_"),
        (2, "chat", "NOUN", "Gender=Masc|Number=Sing"),
    ]
    assert (second.text, second.line) == ("Oui", 7)


def test_text_is_built_from_tokens_if_the_comment_is_missing(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.conllu",
        row("1", "Il"),
        row("2-3", "du", misc="SpaceAfter=No"),
        row("2", "de"),
        row("3", "le"),
        row("3.1", "sous-entendu"),
        row("4", ","),
        row("5", "fin", misc="Gloss=end|SpaceAfter=No"),
        row("6", ".", misc="SpaceAfter=No"),
    )
    (sentence,) = read_sentences(path)
    assert sentence.text == "Il du, fin."
    assert [r.id for r in sentence.rows] == [1, (2, "-", 3), 2, 3, (3, ".", 1), 4, 5, 6]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: "# newdoc\n\n" + text + "\n\n# the end\n",
        lambda text: text.replace("\n\n", "\n  \n\n"),
    ],
    ids=["crlf", "bom", "no-final-newline", "only-comments", "blank-lines"],
)
def test_harmless_variations_do_not_matter(tmp_path: Path, change: Callable[[str], str]) -> None:
    text = "\n".join([row("1", "a\u2028b"), "", "# text = c", row("1", "c"), "", ""])
    path = tmp_path / "a.conllu"
    path.write_bytes(change(text).encode())
    assert [(s.text, s.rows[0].form) for s in read_sentences(path)] == [
        ("a\u2028b", "a\u2028b"),
        ("c", "c"),
    ]


def test_files_of_folders_are_sorted_and_at_any_depth(tmp_path: Path) -> None:
    treebanks = [tmp_path / name for name in ("a/z.conllu", "b.conllu", "c/d/e.conllu")]
    for path in random.Random(0).sample(treebanks, len(treebanks)):
        write(path, row("1", path.name))
    text_file = write(tmp_path / "notes.txt", row("1", "plain"))
    assert treebank_files(tmp_path) == treebanks
    assert treebank_files(str(tmp_path / "c")) == treebanks[2:]
    assert treebank_files([text_file, tmp_path / "a"]) == [text_file, treebanks[0]]
    assert [s.text for s in read_sentences([tmp_path])] == [path.name for path in treebanks]


def test_sentences_are_streamed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.conllu", row("1", "good"), "", "bad")
    sentences = read_sentences(path)
    assert next(sentences).text == "good"
    with pytest.raises(InputError):
        next(sentences)


GOOD = [row("1"), ""]


@pytest.mark.parametrize(
    ("lines", "number", "message"),
    [
        ([*GOOD, row("1").rpartition("\t")[0]], 3, "expected 10 columns, got 9"),
        ([*GOOD, row("1") + "\t_"], 3, "expected 10 columns, got 11"),
        ([*GOOD, "1 word NOUN"], 3, "expected 10 columns, got 1"),
        ([*GOOD, row("1", "")], 3, "the column FORM is empty"),
        ([*GOOD, row("one")], 3, "'one' is not a valid ID"),
        ([*GOOD, row("_")], 3, "'_' is not a valid ID"),
        ([*GOOD, row("0")], 3, "'0' is not a valid ID"),
        ([*GOOD, row("-1")], 3, "'-1' is not a valid ID"),
        ([*GOOD, row("2")], 3, "expected word 1, got word 2"),
        ([row("1"), row("1")], 2, "expected word 2, got word 1"),
        ([row("2-1"), row("1"), row("2")], 1, "'2-1' is not a valid ID"),
        ([row("1"), row("1-2"), row("2")], 2, "range 1-2 is out of order"),
        ([row("1"), row("3-4"), row("2"), row("3"), row("4")], 2, "range 3-4 is out of order"),
        ([row("1-2"), row("1"), row("2-3"), row("2"), row("3")], 3, "range 2-3 is out of order"),
        ([row("1-2"), row("1"), "", row("1")], 3, "inside its range 1-2"),
        ([row("1"), row("2-3"), row("2")], 3, "inside its range 2-3"),
        ([row("1"), row("2.1")], 2, "empty node 2.1 is out of order"),
        ([row("1", feats="Case")], 1, "feature 'Case'"),
        ([row("1", feats="Case=Nom|")], 1, "feature ''"),
        ([row("1", feats="Case=")], 1, "feature 'Case='"),
        ([row("1", feats="")], 1, "feature ''"),
        ([row("1", feats="Case=Nom || Number=Sing")], 1, "feature ''"),
        ([row("9" * 5_000)], 1, "'9999999999999999999999999999999999999999...' is not a valid ID"),
        ([row("1-" + "9" * 5_000)], 1, "is not a valid ID"),
        ([row("٣")], 1, "'٣' is not a valid ID"),
        ([row("1", "\u3000")], 1, "the column FORM is empty"),
        ([row("0.1"), "", row("1")], 2, "the sentence has empty nodes only"),
        (["\u200b\u2060", "\ufeff"], 2, "the file has no sentence"),
        (["# global.columns =", "1\ta\t_"], 1, "global.columns lacks ID, FORM, UPOS; got ''"),
        (["# global.columns = ID FORM FEATS", "1\ta\t_"], 1, "global.columns lacks UPOS"),
        (["# global.columns = ID FORM UPOS FORM"], 1, "global.columns names 'FORM' twice"),
        (["# global.columns = ID FORM UPOS", row("1")], 2, "expected 3 columns, got 10"),
        ([], 1, "the file has no sentence"),
        (["# text = nothing", "", "# more"], 3, "the file has no sentence"),
    ],
)
def test_malformed_lines_are_reported(
    tmp_path: Path, lines: list[str], number: int, message: str
) -> None:
    path = write(tmp_path / "bad.conllu", *lines)
    with pytest.raises(InputError) as error:
        list(read_sentences(path))
    assert str(error.value).startswith(f"{path}:{number}: ")
    assert message in str(error.value)


def test_files_of_folders_are_not_left_out_unnoticed(tmp_path: Path) -> None:
    write(tmp_path / "a.conllu", row("1"))
    (tmp_path / "b.conllu").symlink_to("nowhere")
    (tmp_path / "nowhere.txt").symlink_to("nowhere")
    with pytest.raises(OSError, match=f"{tmp_path}/b.conllu: is a link to a file that does not ex"):
        treebank_files(tmp_path)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_compressed_files_are_named(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "da.conllu"
    path.write_bytes(pack(b"1\n"))
    with pytest.raises(InputError, match=f"{path}:1: is not text but compressed by .*; decompress"):
        list(read_sentences(path))


@pytest.mark.parametrize(
    ("encoding", "number", "message"),
    [
        (
            "iso-8859-1",
            3,
            "not UTF-8 (byte 0xe9 at position 3 of the line) but probably ISO-8859-1",
        ),
        ("windows-1252", 4, "not UTF-8 (byte 0x93 at position 3 of the line) but probably WIN"),
        ("utf-16", 1, "not UTF-8 but UTF-16;"),
        ("utf-16-le", 1, "not UTF-8 but UTF-16LE;"),
        ("utf-16-be", 1, "not UTF-8 but UTF-16BE;"),
        ("utf-32", 1, "not UTF-8 but UTF-32;"),
    ],
)
def test_other_encodings_are_named(
    tmp_path: Path, encoding: str, number: int, message: str
) -> None:
    path = tmp_path / "other name.conllu"
    forms = "“" if encoding == "windows-1252" else "é"
    lines = [row("1", "word"), "", row("1", "x" if forms == "“" else forms), row("2", forms), ""]
    path.write_bytes("\n".join(lines).encode(encoding))
    with pytest.raises(InputError) as error:
        list(read_sentences(path))
    assert str(error.value).startswith(f"{path}:{number}: {message}")
    command = shlex.split(str(error.value).rpartition("convert it: ")[2])
    assert command[:2] == ["iconv", "-f"]
    assert command[3:] == ["-t", "UTF-8", str(path), ">", str(tmp_path / "other name.utf8.conllu")]
    assert path.read_bytes().decode(command[2]) == "\n".join(lines)


def test_letters_in_two_encodings_are_not_taken_for_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_bytes(row("1", "é").encode() + b"\xe9\n")
    with pytest.raises(
        InputError, match=r":1: not UTF-8 .* the line is damaged, or .*: correct it"
    ):
        list(read_sentences(path))


def test_other_alphabets_have_no_encoding_that_can_be_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_bytes(("# text = " + "Привет, мир! " * 4 + "\n").encode("windows-1251"))
    with pytest.raises(
        InputError, match=r":1: not UTF-8 .* some other encoding.*iconv -f ENCODING"
    ):
        list(read_sentences(path))


def test_columns_of_conllu_plus_are_found_by_their_names(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.conllup",
        "# global.columns = ID FORM PARSEME:MWE FEATS UPOS",
        "# text = a b",
        "1\ta\t*\tNumber=Sing\tNOUN",
        "2\tb\t*\t_\tVERB",
        "",
        "1\tc\t*\t_\tX",
        "",
        "# global.columns = ID UPOS MISC FORM LEMMA",
        "1\tADJ\tSpaceAfter=No\td\te",
        "2\tADJ\t_\tf\tg",
    )
    sentences = list(read_sentences(tmp_path))
    assert treebank_files(tmp_path) == [path]
    assert [s.text for s in sentences] == ["a b", "c", "df"]
    assert sentences[0].rows[0] == (1, "a", "_", "NOUN", "Number=Sing", True)
    assert sentences[2].rows[0] == (1, "d", "e", "ADJ", "_", False)


def test_spaces_do_not_matter(tmp_path: Path) -> None:
    loose = row(" 1 ", "two  words", " Case = Nom |Number=Sing ", "Gloss=a  b | SpaceAfter=No")
    path = write(tmp_path / "a.conllu", loose.replace("NOUN", " NOUN "), row("2", ","))
    (sentence,) = read_sentences(path)
    assert sentence.text == "two  words,"
    assert (sentence.rows[0].id, sentence.rows[0].upos) == (1, "NOUN")
    assert parse_features(sentence.rows[0].feats) == (("Case", "Nom"), ("Number", "Sing"))


def test_line_ends_and_byte_order_marks_may_be_mixed(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    parts = [
        row("1", "a"),
        "\r\r",
        row("1", "b"),
        "\r\n\n\ufeff",
        row("1", "c"),
        "\n",
        row("2", "d"),
    ]
    path.write_bytes("".join(parts).encode())
    assert [(s.text, s.line) for s in read_sentences(path)] == [("a", 1), ("b", 3), ("c d", 5)]


def test_missing_paths_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such file"):
        list(read_sentences(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"no \*\.conllu file in this folder"):
        list(read_sentences(tmp_path))
    with pytest.raises(InputError, match="paths must name at least one CoNLL-U file"):
        list(read_sentences([]))
    with pytest.raises(InputError, match="paths must be a path or a list of paths, got 3"):
        list(read_sentences(3))  # type: ignore[arg-type]


names = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1)


@given(st.lists(st.tuples(names, names), min_size=1))
def test_features_can_be_written_and_parsed(pairs: list[tuple[str, str]]) -> None:
    written = "|".join(f"{name}={value}" for name, value in pairs)
    assert parse_features(written) == tuple(pairs)
