import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.corpora import fingerprint, fingerprints_of_line
from langsig.morphology import annotate

LETTERS = "abzéüßçñœαβςσжщыёթժთი中丁ガथ0123४"
NOT_LETTERS = string.punctuation + " \t\u00a0«»„“”’…—。、！？։؟।"
words = st.text(LETTERS, min_size=1, max_size=8)
sentences = st.lists(words, min_size=1, max_size=6)


@given(sentences, st.lists(st.text(NOT_LETTERS, max_size=3), min_size=7, max_size=7))
def test_spacing_punctuation_and_case_do_not_matter(
    sentence: list[str], between: list[str]
) -> None:
    plain = fingerprint(" ".join(sentence))
    decorated = between[-1] + "".join(map("".join, zip(sentence, between, strict=False)))
    assert fingerprint(decorated) == plain
    assert fingerprint(decorated.upper()) == plain
    assert fingerprint(decorated.lower()) == plain


@given(st.text("abcdé123", max_size=6), st.text("abcdé123", max_size=6))
def test_letters_and_digits_matter(first: str, second: str) -> None:
    assert (fingerprint(first) == fingerprint(second)) == (first == second)


@pytest.mark.parametrize(
    ("form", "plain"), [("ﬁn", "fin"), ("Ｌａｎｇ １", "lang 1"), ("ｶﾞ", "ガ"), ("e\u0301", "é")]
)
def test_compatibility_forms_are_folded(form: str, plain: str) -> None:
    assert fingerprint(form) == fingerprint(plain)


@given(st.text())
def test_only_sentences_without_letters_have_fingerprint_zero(text: str) -> None:
    value = fingerprint(text)
    assert 0 <= value < 2**64
    if re.search(r"[^\W_]", text) is None:
        assert value == 0
    if any(character in string.ascii_letters + string.digits for character in text):
        assert value != 0


@given(
    st.lists(sentences, min_size=1, max_size=5),
    st.sampled_from([". ", "! ", "?\u00a0", "… ", "。", "！", "？", "։ ", "؟ ", "۔ ", "। ", "?! "]),
)
def test_each_sentence_of_a_paragraph_has_a_fingerprint(
    paragraph: list[list[str]], end: str
) -> None:
    pieces = [" ".join(sentence) for sentence in paragraph]
    line = end.join(pieces) + end.rstrip()
    fingerprints = fingerprints_of_line(line)
    runs = [
        end.join(pieces[start:stop])
        for start in range(len(pieces))
        for stop in range(start + 1, len(pieces) + 1)
        if stop - start <= 3
    ]
    assert {fingerprint(line), *map(fingerprint, runs)} == set(fingerprints)
    assert fingerprints == sorted(set(fingerprints))


def test_punctuation_has_no_fingerprint() -> None:
    assert fingerprints_of_line("... !!! ?") == []


@pytest.mark.parametrize("code", "abcdefgh")
def test_treebank_sentences_are_recognised_in_paragraphs(samples: Path, code: str) -> None:
    texts = annotate(samples / "treebanks" / f"qa{code}", f"qa{code}").sentences["text"].tolist()
    space = "" if code == "h" else " "
    for start in range(0, len(texts), 3):
        paragraph = texts[start : start + 3]
        assert {*map(fingerprint, paragraph)} <= {*fingerprints_of_line(space.join(paragraph))}


def test_words_and_text_of_a_treebank_sentence_have_the_same_fingerprint(samples: Path) -> None:
    words = annotate(samples / "treebanks" / "qab", "qab")
    spaced = words.table.groupby("sentence")["form"].agg(" ".join)
    assert [fingerprint(s) for s in spaced] == [fingerprint(s) for s in words.sentences["text"]]


@pytest.mark.parametrize(
    "line",
    [
        "Yes. Dr. Smith came. He sat down.",
        'She said: "Dr. Smith came." He sat down.',
        "Dr. Smith came! Nobody knew. Why?",
    ],
)
def test_sentences_with_a_stop_inside_are_recognised(line: str) -> None:
    sentence = 'She said: "Dr. Smith came."' if "She" in line else "Dr. Smith came."
    assert fingerprint(sentence) in fingerprints_of_line(line)
    assert fingerprint("Smith sat down.") not in fingerprints_of_line(line)
