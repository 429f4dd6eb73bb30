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


def test_table_covers_the_sample_language(samples: Path) -> None:
    transcribe = romaniser("qah")
    for line in (samples / "corpora" / "qah.txt").read_text(encoding="utf-8").splitlines():
        transcription = transcribe(line)
        assert not any("\u4e00" <= character <= "\u9fff" for character in transcription)
        assert transcription == " ".join(transcription.split())
        assert len(transcription.split()) == len("".join(line.split()))


def test_words_and_sentences_are_transcribed_alike(samples: Path) -> None:
    transcribe = romaniser("qah")
    words = annotate(samples / "treebanks" / "qah", "qah")
    forms = words.table["form"].map(transcribe).groupby(words.table["sentence"]).agg(" ".join)
    assert forms.tolist() == words.sentences["text"].map(transcribe).tolist()


@pytest.mark.parametrize("language", ["zh", "ja", "qah"])
def test_known_languages(language: str) -> None:
    assert has_romanisation(language)
    romaniser(language)


def test_unknown_language_is_named() -> None:
    assert not has_romanisation("qaa")
    with pytest.raises(InputError, match=r"languages\.qaa\.romanise"):
        romaniser("qaa")
