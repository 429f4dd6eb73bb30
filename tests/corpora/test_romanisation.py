import unicodedata
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from langsig.corpora import romaniser
from langsig.corpora.romanisation import has_romanisation
from langsig.errors import InputError
from langsig.morphology import annotate


def test_chinese_is_pinyin_without_tones() -> None:
    assert romaniser("zh")("我爱北京") == "wo ai bei jing"


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
