import unicodedata
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.corpora import romaniser
from langsig.corpora.romanisation import has_romanisation
from langsig.errors import InputError
from langsig.morphology import annotate


@pytest.mark.slow
def test_chinese_is_pinyin_without_tones() -> None:
    assert romaniser("zh")("我爱北京") == "wo ai bei jing"


@pytest.mark.slow
def test_japanese_is_hepburn() -> None:
    assert romaniser("ja")("すし").replace(" ", "") == "sushi"
    assert romaniser("ja")("東京").replace(" ", "") in ("toukyou", "tōkyō")


@pytest.mark.parametrize(
    "text", ["＝", "＝＝", "ジャン＝ジャック", "東京＝すし＝", "a ＝ b", "𠮟る"]
)
def test_characters_that_pykakasi_cannot_transcribe_are_kept(text: str) -> None:
    parts = [romaniser("ja")(part) for part in text.replace(" ", "").split("＝")]
    expected = "＝".join(part.replace(" ", "") for part in parts)
    assert romaniser("ja")(text).replace(" ", "") == expected


BLOCKS = {
    "latin": [
        (0x21, 0x24F),
        (0x1E00, 0x1EFF),
        (0x2C60, 0x2C7F),
        (0xA720, 0xA7FF),
        (0xAB30, 0xAB6F),
    ],
    "kana": [(0x3041, 0x30FF), (0x31F0, 0x31FF), (0x1AFF0, 0x1B16F)],
    "hangul": [(0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF)],
    "widths": [(0xFF01, 0xFFEF)],
    "symbols": [(0x2E80, 0x303F), (0x3100, 0x312F), (0x3190, 0x31EF), (0x3200, 0x33FF)],
    "han": [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)],
    "extensions": [(0x20000, 0x3FFFF)],
}
PROLONGED = {"ー": "o", "ｰ": "o"}


def assigned(block: str) -> list[str]:
    """Assigned characters of blocks of Unicode that are not white space."""
    characters = (chr(code) for first, last in BLOCKS[block] for code in range(first, last + 1))
    return [
        character
        for character in characters
        if unicodedata.category(character) not in ("Cn", "Cs") and not character.isspace()
    ]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ("han", "extensions") else ())
        for name in BLOCKS
    ],
)
@pytest.mark.parametrize(
    ("language", "before", "reading"), [("ja", "もも", "momo"), ("zh", "我", "wo")]
)
def test_no_character_is_lost_or_repeats_its_neighbours(
    block: str, language: str, before: str, reading: str
) -> None:
    """Each character is read or kept, and all that stands next to it occurs once."""
    transcribe = romaniser(language)
    for character in assigned(block):
        alone = transcribe(character).replace(" ", "")
        assert alone == character or (alone and alone.isascii()), character
        within = PROLONGED.get(character, alone) if language == "ja" else alone
        transcription = transcribe(f"{before}{character}Novak").replace(" ", "")
        assert transcription == f"{reading}{within}Novak", character


@pytest.mark.parametrize(
    ("text", "transcription"),
    [
        ("Novak Đoković選手", "Novak Đoković senshu"),
        ("习近平は", "习 kinpei ha"),
        ("三韓五六七東京", "sankan goroku shichi toukyou"),
        ("東京㍿", "toukyou ㍿"),
        ("서울の選手", "서울 no senshu"),
        ("人々", "hitobito"),
        ("島々", "shima 々"),
        ("二〇一五年", "ni 〇 ichi gonen"),
        ("々", "々"),
        ("〇", "〇"),
        ("〆", "〆"),
        ("〒", "〒"),
        ("〾", "〾"),
        ("いすゞ", "isu ゞ"),
        ("カード", "kaado"),
        ("ｶｰﾄﾞ", "kaado"),
        ("ﾊﾟﾝ", "pan"),
        ("か\u3099", "ga"),
        ("ー", "-"),
        ("姉ー", "anee"),
        ("ヷー", "ヷ -"),
        ("・ー", "・ -"),
        ("3ー4", "3 - 4"),
        ("10−5", "10 - 5"),
        ("は−8", "ha - 8"),
        ("東京−大阪", "toukyou - oosaka"),
        ("辻\U000e0100さん", "tsuji san"),
        ("习\U000e0100近", "习\U000e0100 kin"),
        ("あ\ufe00", "a\ufe00"),
        ("a\u0301", "a\u0301"),
        ("東京\xa0すし", "toukyou sushi"),
    ],
)
def test_japanese_keeps_what_has_no_reading(text: str, transcription: str) -> None:
    assert romaniser("ja")(text) == transcription


KEPT = ["Đ", "ć", "한글", "㍿", "＝", "习", "𠮷", "ㇰ", "ヽ", "〇", "々", "\ue000", "😀", "\x00"]
READ = [
    "東京",
    "すし",
    "カード",
    "ー",
    "Novak ",
    "é",
    "。",
    "5",
    "−",
    "ﾊﾟ",
    "葛\U000e0100",
    "\ufe0f",
    " ",
]


@given(st.lists(st.sampled_from(KEPT + READ), max_size=12).map("".join))
def test_what_is_kept_occurs_as_often_as_in_the_text(text: str) -> None:
    transcription = romaniser("ja")(text).replace(" ", "")
    for character in set("".join(KEPT)):
        assert transcription.count(character) == text.count(character)
    assert transcription.count("Novak") == text.count("Novak")
    assert transcription.count("5") == text.count("5")


@given(st.text())
def test_any_text_is_romanised(text: str) -> None:
    for language in ("ja", "zh", "qah"):
        transcription = romaniser(language)(text)
        assert transcription == " ".join(transcription.split())
        assert bool(transcription) == bool(text.strip())


def test_long_lines_are_romanised_in_linear_time() -> None:
    """Each character without a reading ends a run of pykakasi."""
    assert romaniser("ja")("习近" * 2_000) == " ".join(["习 kin"] * 2_000)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "folder"), [("zh", "UD_Chinese"), ("ja", "UD_Japanese")])
def test_real_words_and_text_are_transcribed(real_data: Path, language: str, folder: str) -> None:
    transcribe = romaniser(language)
    words = annotate(real_data / "ud-treebanks-v2.1" / folder, language)
    texts = (real_data / f"ntrex-128/{language}.txt").read_text(encoding="utf-8").splitlines()[:300]
    forms = words.table["form"].drop_duplicates().tolist()
    for text in (*forms, *texts):
        transcription = transcribe(text)
        assert transcription == " ".join(transcription.split())
        # No transcription is empty, and all letters are Latin.
        assert bool(transcription) == bool(text.strip())
        names = [unicodedata.name(letter) for letter in transcription if letter.isalpha()]
        assert not [name for name in names if name.startswith(("CJK", "HIRAGANA", "KATAKANA"))]


@pytest.mark.slow
@pytest.mark.parametrize(("language", "folder"), [("zh", "UD_Chinese"), ("ja", "UD_Japanese")])
def test_words_and_sentences_have_mostly_the_same_transcription(
    real_data: Path, language: str, folder: str
) -> None:
    """Readings depend on context (音楽 and 楽) in few cases."""
    transcribe = romaniser(language)
    words = annotate(real_data / "ud-treebanks-v2.1" / folder, language)
    table = words.table[words.table["sentence"] < 200]
    word_by_word = table["form"].map(transcribe).groupby(table["sentence"]).agg("".join)
    similarity = [
        SequenceMatcher(
            None, word.replace(" ", ""), transcribe(text).replace(" ", ""), autojunk=False
        ).ratio()
        for word, text in zip(word_by_word, words.sentences["text"][:200], strict=True)
    ]
    assert sum(similarity) / len(similarity) > 0.9


def test_table_covers_the_sample_language(samples: Path) -> None:
    transcribe = romaniser("qah")
    for line in (samples / "corpora" / "qah.txt").read_text(encoding="utf-8").splitlines():
        transcription = transcribe(line)
        assert not any("\u4e00" <= character <= "\u9fff" for character in transcription)
        assert transcription == " ".join(transcription.split())
        assert len(transcription.split()) == len("".join(line.split()))


def test_words_and_sentences_have_the_same_transcription(samples: Path) -> None:
    transcribe = romaniser("qah")
    words = annotate(samples / "treebanks" / "qah", "qah")
    forms = words.table["form"].map(transcribe).groupby(words.table["sentence"]).agg(" ".join)
    assert forms.tolist() == words.sentences["text"].map(transcribe).tolist()


@pytest.mark.parametrize("language", ["zh", "ja", "qah"])
def test_supported_languages(language: str) -> None:
    assert has_romanisation(language)
    romaniser(language)


def test_unsupported_languages_are_refused() -> None:
    assert not has_romanisation("qaa")
    with pytest.raises(InputError, match="there is no romanisation of 'qaa'"):
        romaniser("qaa")
