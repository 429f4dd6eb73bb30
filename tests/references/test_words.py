"""Vectors of words in references without layers."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from langsig.errors import InputError
from langsig.references import TAGS, ContextVectors, word_vectors
from langsig.terms import REFERENCE_WIDTHS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SENTENCES = [["kal", "wun", "lu"], ["wun", "kal", "da", "kal"]]


def words_of(sentences: list[list[str]]) -> pd.DataFrame:
    rows = [(n, form) for n, sentence in enumerate(sentences) for form in sentence]
    return pd.DataFrame(rows, columns=["sentence", "form"])


@pytest.fixture(scope="module")
def text(samples: Any) -> list[str]:
    lines: list[str] = (samples / "corpora/qaa.txt").read_text(encoding="utf-8").splitlines()
    return lines[:300]


def test_parts_of_speech(tokenizer: "PreTrainedTokenizerBase") -> None:
    words = words_of(SENTENCES).assign(upos=["NOUN", "VERB", "X", "VERB", "NOUN", "ADP", "NOUN"])
    vectors = word_vectors("upos", words, tokenizer=tokenizer, text=())
    assert vectors.shape == (7, REFERENCE_WIDTHS["upos"])
    assert [[TAGS[n] for n in np.flatnonzero(row)] for row in vectors] == [
        ["NOUN"], ["VERB"], [], ["VERB"], ["NOUN"], ["ADP"], ["NOUN"],
    ]  # fmt: skip


def test_context_is_of_the_word_and_its_neighbours(
    tokenizer: "PreTrainedTokenizerBase", text: list[str]
) -> None:
    words = words_of(SENTENCES)
    vectors = word_vectors("context", words, tokenizer=tokenizer, text=iter(text))
    assert vectors.shape == (7, REFERENCE_WIDTHS["context"])
    own, before, after = np.split(vectors, 3, axis=1)
    assert own.any(axis=1).all()
    np.testing.assert_array_equal(own[0], own[4], "the same form")
    for row, neighbours, other in ((1, before, 0), (4, before, 3), (1, after, 2), (5, after, 6)):
        np.testing.assert_array_equal(neighbours[row], own[other])
    assert not before[[0, 3]].any() and not after[[2, 6]].any(), "there is none"


def test_context_does_not_depend_on_the_length_of_the_sentence(
    tokenizer: "PreTrainedTokenizerBase", text: list[str]
) -> None:
    long = words_of([SENTENCES[0] * 100])
    vectors = word_vectors("context", long, tokenizer=tokenizer, text=text)
    np.testing.assert_array_equal(vectors[3:6], vectors[30:33])
    assert vectors[150].any()


def test_what_gives_no_vectors_is_refused(tokenizer: "PreTrainedTokenizerBase") -> None:
    words = words_of(SENTENCES)
    for reference in ("untrained", "model", "tags"):
        with pytest.raises(InputError, match=f"one of upos, features, context; got '{reference}'"):
            word_vectors(reference, words, tokenizer=tokenizer, text=())
    with pytest.raises(InputError, match="too few for 64 dimensions; give more text"):
        word_vectors("context", words, tokenizer=tokenizer, text=["kal wun"])
    with pytest.raises(InputError, match="no sub-words of the text are neighbours"):
        ContextVectors([[5], [6], [7]], dim=2)
