import re
from pathlib import Path

import pytest

from langsig.errors import InputError
from langsig.morphology import annotate
from langsig.profiling import (
    AnnotatedWords,
    Sizes,
    Treebank,
    choose_words,
    find_texts,
    find_treebanks,
    read_parallel,
)
from langsig.profiling.samples import is_tagged
from tests.treebanks import copy_beginning

NAMES = (
    "UD_German/de-ud-dev.conllu",
    "UD_German/de-ud-test.conllu",
    "UD_German-PUD/de_pud-ud-test.conllu",
    "UD_Korean/ko-ud-train.conllu",
    "UD_Korean/ko-ud-test.conllu",
    "UD_Hindi-PUD/hi_pud-ud-test.conllu",
    "fi/something.conllu",
    "notes/readme.txt",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def test_one_treebank_per_language(folder: Path) -> None:
    found = find_treebanks(folder)
    assert list(found) == ["de", "fi", "hi", "ko"]
    assert found["de"].name == "UD_German"
    assert [file.name for file in found["de"].training] == ["de-ud-dev.conllu"]
    assert [file.name for file in found["de"].test] == ["de-ud-test.conllu"]
    assert [file.name for file in found["ko"].training] == ["ko-ud-train.conllu"]
    assert found["hi"].test == found["fi"].test == []


def test_the_largest_treebank_where_all_have_a_suffix(folder: Path) -> None:
    larger = folder / "UD_Hindi-HDTB"
    larger.mkdir()
    (larger / "hi_hdtb-ud-dev.conllu").write_text("# text\n")
    assert find_treebanks(folder)["hi"].name == "UD_Hindi-HDTB"


def test_languages_that_are_named(folder: Path) -> None:
    assert list(find_treebanks(folder, ["deu", "fi"])) == ["de", "fi"]
    with pytest.raises(InputError, match=r"no treebank of sv, only of de, fi, hi, ko"):
        find_treebanks(folder, ["sv"])


def test_no_treebanks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no treebanks"):
        find_treebanks(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        find_treebanks(tmp_path / "missing")


def test_layouts_of_texts(tmp_path: Path) -> None:
    for name in ("newstest2019-ref.deu.txt", "fin_Latn.devtest", "sv.txt.xz", "LICENSE", "xx.txt"):
        (tmp_path / name).write_text("a\n")
    found = find_texts(tmp_path, ["de", "fi", "sv", "en"])
    assert {language: path.name for language, path in found.items()} == {
        "de": "newstest2019-ref.deu.txt",
        "fi": "fin_Latn.devtest",
        "sv": "sv.txt.xz",
    }
    with pytest.raises(InputError, match=r"sv.txt.xz: parallel sentences must not be compressed"):
        read_parallel(found, 1)
    (tmp_path / "swe_Latn.devtest").write_text("a\n")
    with pytest.raises(InputError, match=r"sv.txt.xz and swe_Latn.devtest are both of sv"):
        find_texts(tmp_path, ["sv"])
    with pytest.raises(InputError, match="no text of en"):
        find_texts(tmp_path, ["en"])


def test_parallel_sentences_stay_in_line(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_bytes("\ufeffeins\r\nzwei\r\n\r\nvier\r\n".encode())
    (tmp_path / "fi.txt").write_bytes("yksi\nkaksi\u2028ja\nkolme\nneljä".encode())
    files = find_texts(tmp_path, ["de", "fi"])
    assert read_parallel(files, 10) == {
        "de": ["eins", "zwei", "vier"],
        "fi": ["yksi", "kaksi\u2028ja", "neljä"],
    }
    assert read_parallel(files, 1) == {"de": ["eins"], "fi": ["yksi"]}
    (tmp_path / "fi.txt").write_text("yksi\n")
    with pytest.raises(InputError, match=r"fi.txt: 1 lines, but .*de.txt has 4"):
        read_parallel(files, 10)
    (tmp_path / "fi.txt").write_bytes(b"yksi\n\xff\n\n\n")
    with pytest.raises(InputError, match=r"fi.txt:2: not UTF-8"):
        read_parallel(files, 10)


def test_words_for_different_purposes_are_of_different_sentences(samples: Path) -> None:
    treebank = find_treebanks(samples / "treebanks")["qaa"]
    chosen = choose_words(treebank, "qaa", Sizes(training=100, measures=600, test=400), seed=1)
    texts = [
        {" ".join(sentence) for _, sentence in table.groupby("sentence")["form"]}
        for table in chosen.tables.values()
    ]
    assert [int(is_tagged(table).sum()) // 50 * 50 for table in chosen.tables.values()] == [
        200, 600, 400,
    ]  # fmt: skip
    assert len(texts[0] & texts[2]) + len(texts[1] & texts[2]) < 5, "some sentences occur twice"
    again = choose_words(treebank, "qaa", Sizes(training=100, measures=600, test=400), seed=1)
    other = choose_words(treebank, "qaa", Sizes(training=100, measures=600, test=400), seed=2)
    assert again.training.equals(chosen.training)
    assert not other.training.equals(chosen.training)


def test_words_of_the_pipeline_are_halved(samples: Path, tmp_path: Path) -> None:
    treebank = find_treebanks(samples / "treebanks")["qaa"]
    annotate(treebank.files, "qaa").save(tmp_path / "qaa")
    sizes = Sizes(training=100, measures=600, test=400)
    kept = choose_words(AnnotatedWords(tmp_path / "qaa"), "qaa", sizes, seed=1)
    read = choose_words(treebank, "qaa", sizes, seed=1)
    assert kept.training.equals(read.training) and kept.test.equals(read.test)


def test_small_treebanks_are_shared_out_or_refused(samples: Path, tmp_path: Path) -> None:
    treebank = find_treebanks(samples / "treebanks")["qaa"]
    chosen = choose_words(treebank, "qaa", Sizes(), seed=0)
    words = {name: int(is_tagged(table).sum()) for name, table in chosen.tables.items()}
    assert words["training"] == pytest.approx(0.4 * (words["training"] + words["measures"]), abs=15)
    short = tmp_path / "short.conllu"
    copy_beginning(treebank.training[0], short, 60)
    with pytest.raises(InputError, match=r"qaa: qaa has only \d+ words .* for training, of"):
        choose_words(treebank._replace(training=[short]), "qaa", Sizes(), seed=0)
    copy_beginning(treebank.training[0], short, 1)
    for parts in ([short], []), ([short], [short]):
        with pytest.raises(InputError, match=r"qaa: qaa has only [08] words .* for training, of"):
            choose_words(Treebank("qaa", *parts), "qaa", Sizes(), seed=0)
    nouns = re.sub(r"(?m)^(\d+\t.*?\t.*?\t)\w+", r"\1NOUN", treebank.training[0].read_text("utf-8"))
    short.write_text(nouns, encoding="utf-8")
    with pytest.raises(InputError, match=r"qaa: all words for training in qaa are NOUN, but"):
        choose_words(Treebank("qaa", [short], []), "qaa", Sizes(), seed=0)
