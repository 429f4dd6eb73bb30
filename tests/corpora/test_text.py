import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.corpora import romaniser, words_of_text
from langsig.corpora.text import split_words
from langsig.errors import InputError


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def by_sentence(path: Path, language: str = "qaa") -> list[list[str]]:
    table = words_of_text([path], language)
    for _, sentence in table.groupby("sentence"):
        assert sentence["token"].tolist() == list(range(len(sentence)))
    return [sentence["form"].tolist() for _, sentence in table.groupby("sentence")]


def test_lines_are_sentences_and_spaces_separate_words(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "Der Hund  bellt.", "", "  Ja! ", "   ")
    assert by_sentence(path) == [["Der", "Hund", "bellt."], ["Ja!"]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("我有iPhone手机。", ["我", "有", "iPhone", "手", "机", "。"]),
        ("日本語 テスト", ["日", "本", "語", "テ", "ス", "ト"]),
        ("ที่นี่", ["ที่", "นี่"]),  # vowel signs and tone marks stay with their consonant
        ("한국어 시험", ["한국어", "시험"]),
        ("हिन्दी है", ["हिन्दी", "है"]),
    ],
)
def test_scripts_without_spaces_are_split_at_each_character(
    tmp_path: Path, line: str, words: list[str]
) -> None:
    assert by_sentence(write(tmp_path / "a.txt", line)) == [words]


@given(st.text())
def test_splitting_keeps_all_characters(line: str) -> None:
    words = list(split_words(line))
    assert "".join(words) == "".join(line.split())
    assert all(words) and not any(character.isspace() for word in words for character in word)


def test_files_and_lines_are_read_in_order(tmp_path: Path) -> None:
    write(tmp_path / "b.txt", "drei")
    write(tmp_path / "a.txt", "eins", unicodedata.normalize("NFD", "zwölf"))
    table = words_of_text([tmp_path, tmp_path / "a.txt"], "de")
    assert table["form"].tolist() == ["eins", "zwölf", "drei", "eins", "zwölf"]
    assert table["sentence"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_lines_are_transcribed_before_they_are_split(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "我有手机")
    assert words_of_text([path], "zh", romaniser("zh"))["form"].tolist() == [
        "wo", "you", "shou", "ji",
    ]  # fmt: skip


def test_real_text(real_data: Path) -> None:
    german = real_data / "ntrex-128/de.txt"
    table = words_of_text([german], "de")
    lines = unicodedata.normalize("NFC", german.read_text(encoding="utf-8")).splitlines()
    assert table["form"].tolist() == " ".join(lines).split()
    assert table["sentence"].nunique() == len(lines)
    chinese = words_of_text([real_data / "ntrex-128/zh.txt"], "zh")["form"]
    ideographs = chinese[chinese.str.contains("[\u4e00-\u9fff]")]
    assert (ideographs.str.len() == 1).all() and len(ideographs) > len(chinese) / 2


def test_a_file_without_words_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "", " ", "\u200b")
    with pytest.raises(InputError, match=f"{path}: the file has no text; remove or correct it"):
        words_of_text([path], "qaa")


def test_bad_files_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.txt: no text for qaa"):
        words_of_text([tmp_path / "missing.txt"], "qaa")
    path = tmp_path / "latin.txt"
    path.write_bytes("ja\nfür\n".encode("latin-1"))
    with pytest.raises(InputError, match=f"{path}:2: not UTF-8"):
        words_of_text([path], "qaa")
