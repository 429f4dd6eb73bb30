import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig import InputError
from langsig.outcomes import draws, outcome_table

SENTENCES = st.lists(st.integers(0, 9), min_size=1, max_size=40)


@given(SENTENCES, st.integers(1, 50), st.integers(0, 9))
@settings(max_examples=40)
def test_draws_are_whole_sentences_up_to_a_number_of_words(
    sentences: list[int], words: int, seed: int
) -> None:
    sentence = np.array(sentences)
    (drawn,) = draws(sentences, words=words, number=1, language="fi", seed=seed)
    assert len(drawn) == min(words, len(sentences))
    assert (np.diff(drawn) > 0).all()
    cut = 0
    for name in set(sentence[drawn].tolist()):
        used, whole = drawn[sentence[drawn] == name], np.flatnonzero(sentence == name)
        assert (used == whole[: len(used)]).all()
        cut += len(used) < len(whole)
    assert cut <= 1


def test_draws_depend_on_seed_language_and_number() -> None:
    sentences = np.repeat(np.arange(100), 5)

    def drawn(language: str, seed: int) -> list[list[int]]:
        result = draws(sentences, words=100, number=2, language=language, seed=seed)
        return [words.tolist() for words in result]

    first, second = drawn("fi", 0)
    assert first != second
    assert [first, second] == drawn("fi", 0)
    assert not {tuple(first), tuple(second)} & {
        tuple(words) for words in (*drawn("fi", 1), *drawn("de", 0))
    }


def test_all_sentences_are_drawn_equally_often() -> None:
    sentences = np.repeat(np.arange(10), 3)
    drawn = draws(sentences, words=6, number=2000, language="fi", seed=0)
    counts = np.bincount(np.concatenate(drawn) // 3, minlength=10) / 3
    assert counts == pytest.approx(np.full(10, 400), abs=5 * np.sqrt(2000 * 0.2 * 0.8))


@pytest.mark.parametrize("name", ["words", "number"])
def test_numbers_of_words_and_draws_must_be_positive(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be a positive integer, got 0"):
        draws([0], **({"words": 1, "number": 1} | {name: 0}), language="fi", seed=0)


def test_a_table_has_mean_spread_and_number_of_draws() -> None:
    values = pd.DataFrame(
        [
            ("probe", "UPOS", "fi", 3, 0.5),
            ("probe", "UPOS", "fi", 3, 0.7),
            ("probe", "Case", "fi", 3, 0.9),
            ("retrieval", None, "fi", 3, 0.8),
            ("masked_gain", None, "fi", None, 1.5),
        ],
        columns=["outcome", "category", "language", "layer", "value"],
    )
    table = outcome_table(values)
    row = table.select(category="UPOS").frame.iloc[0]
    assert (row["value"], row["sd"], row["draws"]) == pytest.approx((0.6, np.sqrt(0.02), 2))
    assert table.frame["draws"].tolist() == [2, 1, 1, 1]
    assert table.frame["sd"].isna().tolist() == [False, True, True, True]
    with pytest.raises(InputError, match=r"must be one of probe, .*, got 'accuracy'"):
        outcome_table(values.assign(outcome="accuracy"))
