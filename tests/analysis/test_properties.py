from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.analysis import language_properties, type_token_ratio
from langsig.errors import InputError
from langsig.morphology import ALL_WORDS, CATEGORIES, Words, annotate

LEMMAS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=9)


@pytest.mark.slow
@given(LEMMAS)
def test_ratio_of_all_tokens(lemmas: list[str]) -> None:
    ratio = type_token_ratio(lemmas)
    assert ratio == pytest.approx(len(set(lemmas)) / len(lemmas))
    assert ratio == pytest.approx(type_token_ratio(lemmas, len(lemmas)))
    assert type_token_ratio([*lemmas, "_", "", None]) == ratio
    assert type_token_ratio(pd.Series([*lemmas, None], dtype="string")) == ratio


@given(LEMMAS, st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_ratio_of_fewer_is_the_mean_over_all_samples(lemmas: list[str], tokens: int) -> None:
    result = type_token_ratio(lemmas, tokens)
    if tokens > len(lemmas):
        assert np.isnan(result)
    else:
        samples = [len(set(sample)) / tokens for sample in combinations(lemmas, tokens)]
        assert result == pytest.approx(np.mean(samples))


@pytest.mark.slow
def test_ratio_of_fewer_in_a_text_of_usual_size() -> None:
    rng = np.random.default_rng(0)
    lemmas = [str(rank) for rank in rng.zipf(1.5, 20_000)]
    for tokens in (1, 100, 3000):
        drawn = [len(set(rng.choice(lemmas, tokens, replace=False))) for _ in range(50)]
        error = np.std(drawn) / np.sqrt(50) / tokens
        result = type_token_ratio(lemmas, tokens)
        assert result == pytest.approx(np.mean(drawn) / tokens, abs=4 * error + 1e-9)
    ratios = [type_token_ratio(lemmas, tokens) for tokens in (1, 10, 100, 1000, 20_000)]
    assert ratios == sorted(ratios, reverse=True)


@pytest.mark.parametrize("lemmas", [[], ["_", "_"], ["", None]])
def test_ratio_without_lemmas_is_missing(lemmas: list[str | None]) -> None:
    assert np.isnan(type_token_ratio(lemmas))
    assert np.isnan(type_token_ratio(lemmas, 1))


def test_samples_have_tokens() -> None:
    with pytest.raises(InputError, match="tokens must be positive, got 0"):
        type_token_ratio(["a"], 0)


@pytest.mark.slow
def test_treebank_without_lemmas(real_data: Path) -> None:
    words = annotate(real_data / "ud-treebanks-v2.1/UD_Hindi-PUD", "hi").table
    lemmas = words.loc[words[ALL_WORDS].notna(), "lemma"]
    assert len(lemmas) > 10_000
    assert np.isnan(type_token_ratio(lemmas))


def treebank(lemmas: list[str | None], **categories: int) -> Words:
    """Words that are nouns with these lemmas, a comma, and the number that bears each category."""
    number = len(lemmas)
    table = pd.DataFrame({"form": [*lemmas, ","], "lemma": [*lemmas, ","]})
    table = table.assign(sentence=0, token=range(number + 1))
    columns = {name: [None] * (number + 1) for name in Words.word_columns if name not in table}
    columns[ALL_WORDS] = [*["N"] * number, None]
    for name, bearing in categories.items():
        columns[name] = [*["X"] * bearing, *[None] * (number + 1 - bearing)]
    sentences = pd.DataFrame({"sentence": [0], "text": "", "file": "", "line": 1})
    return Words(table.assign(**columns), sentences)


def test_properties_of_all_languages() -> None:
    words = {
        "de": treebank(["a", "a", "b", "c"], Case=3, Number=2),
        "fr": treebank(["x", "x", "x"], Number=1),
        "hi": treebank([None, "_"]),
    }
    table = language_properties(words, {"de": 60, "hi": 80}).frame
    sizes = table[table["property"] == "data_size"]
    counts = sizes.set_index(["language", "category"])["value"]
    assert len(counts) == 3 * len(CATEGORIES)
    assert counts["de"][["Case", "Number", ALL_WORDS, "Mood"]].tolist() == [3, 2, 4, 0]
    assert counts["fr"][["Case", "Number"]].tolist() == [0, 1]
    others = table[table["property"] != "data_size"]
    assert others["category"].isna().all()
    values = {
        name: rows.set_index("language")["value"] for name, rows in others.groupby("property")
    }
    assert values["unique_characters"].to_dict() == {"de": 60, "hi": 80}
    assert values["type_token_ratio"][["de", "fr"]].tolist() == pytest.approx([3 / 4, 1 / 3])
    # Three tokens of aabc are all different unless both a are among them: 2 of 4 samples.
    equal = values["type_token_ratio_equal"]
    assert equal[["de", "fr"]].tolist() == pytest.approx([(3 + 2) / 2 / 3, 1 / 3])
    assert np.isnan(values["type_token_ratio"]["hi"]) and np.isnan(equal["hi"])


def test_no_language_has_lemmas() -> None:
    table = language_properties({"hi": treebank([None])}, {"hi": 80}).frame
    missing = table["value"].isna().groupby(table["property"]).all()
    assert missing.to_dict() == {
        "data_size": False,
        "unique_characters": False,
        "type_token_ratio": True,
        "type_token_ratio_equal": True,
    }
