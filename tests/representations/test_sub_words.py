import tracemalloc
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.representations.sub_words import SubWords, tokenise

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def sub_words(lengths: list[int]) -> SubWords:
    """Sentences of these lengths, each sub-word a word of its own."""
    count = sum(lengths)
    return SubWords(
        np.arange(100, 100 + count, dtype=np.int32),
        np.arange(count, dtype=np.int32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 200))
def test_batches_hold_every_sentence_once_and_respect_the_limit(
    lengths: list[int], batch_tokens: int
) -> None:
    batches = [batch.tolist() for batch in sub_words(lengths).batches(batch_tokens)]
    assert sorted(chain(*batches)) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[sentence] for sentence in batch)
        assert len(batch) == 1 or len(batch) * longest <= batch_tokens
    of_batches = [[lengths[sentence] for sentence in batch] for batch in batches]
    assert list(chain(*of_batches)) == sorted(lengths, reverse=True)  # so that little is padding


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.data())
def test_padding_comes_last_and_is_of_no_word(lengths: list[int], data: st.DataObject) -> None:
    whole = sub_words(lengths)
    chosen = data.draw(st.permutations(range(len(lengths))))[: len(lengths) // 2 + 1]
    tokens, attended, words = whole.padded(np.array(chosen))
    assert tokens.shape == attended.shape == words.shape
    for place, sentence in enumerate(chosen):
        start, end = whole.offsets[sentence], whole.offsets[sentence + 1]
        padding = tokens.shape[1] - (end - start)
        assert tokens[place, : end - start].tolist() == whole.tokens[start:end].tolist()
        assert words[place].tolist() == [*whole.words[start:end], *[-1] * padding]
        assert attended[place].tolist() == [*[1] * (end - start), *[0] * padding]
    assert tokens.shape[1] == max(lengths[sentence] for sentence in chosen)


@pytest.mark.parametrize("count", [999, 1_000, 1_001, 2_500])
def test_sentences_are_whole_wherever_a_tokenisation_ends(
    tokenizer: "PreTrainedTokenizerBase", count: int
) -> None:
    words = pd.DataFrame({"sentence": np.repeat(range(count), 2), "form": ["Kal", "wun"] * count})
    one = tokenise(words[:2], tokenizer, 64)
    many = tokenise(words, tokenizer, 64)
    assert len(many) == count
    assert (many.tokens.reshape(count, -1) == one.tokens).all()
    assert many.index().tolist() == list(range(2 * count))
    expected = one.words + 2 * np.arange(count)[:, None] * (one.words >= 0)
    assert (many.words.reshape(count, -1) == expected).all()


def test_a_treebank_takes_few_bytes_a_word(tokenizer: "PreTrainedTokenizerBase") -> None:
    forms = ["Kal", "bibuval", "sizal", "wun", "da", "lu", "pedigak"] * 3
    sentences = 10_000
    words = pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(sentences), len(forms)),
            "form": pd.array(forms * sentences, dtype="string"),
        }
    )
    tokenise(words[:1_000], tokenizer, 64)  # what is loaded once is not counted
    tracemalloc.start()
    result = tokenise(words, tokenizer, 64)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    bytes_a_sub_word = held / len(result.tokens)
    assert bytes_a_sub_word < 10
    assert peak / len(words) < 100, "arrays at both ends of the joining, and one tokenisation"
