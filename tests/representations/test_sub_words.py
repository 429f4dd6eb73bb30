import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.representations.sub_words import Batching, SubWords, tokenise

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def sub_words(lengths: list[int]) -> SubWords:
    """Sentences of the given lengths in which each word is one sub-word."""
    count = sum(lengths)
    return SubWords(
        np.arange(100, 100 + count, dtype=np.int32),
        np.arange(count, dtype=np.int32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 200))
def test_batches_contain_each_sentence_once_and_respect_the_limit(
    lengths: list[int], batch_tokens: int
) -> None:
    whole = sub_words(lengths)
    batches = [batch.tolist() for batch in whole.batches(batch_tokens, Batching.PADDED, 5)]
    assert sorted(chain(*batches)) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[sentence] for sentence in batch)
        assert len(batch) == 1 or len(batch) * longest <= batch_tokens
    batch_lengths = [[lengths[sentence] for sentence in batch] for batch in batches]
    assert list(chain(*batch_lengths)) == sorted(lengths, reverse=True)  # little padding


@given(st.lists(st.integers(1, 20), min_size=1, max_size=7), st.integers(1, 60), st.integers(0, 30))
def test_no_other_batches_cost_less(lengths: list[int], batch_tokens: int, batch_cost: int) -> None:
    batches = sub_words(lengths).batches(batch_tokens, Batching.PADDED, batch_cost)
    cost = sum(batch_cost + len(batch) * lengths[batch[0]] for batch in batches)
    ordered = sorted(lengths, reverse=True)
    for cuts in powerset(range(1, len(lengths))):
        parts = [ordered[start:end] for start, end in pairwise([0, *cuts, len(lengths)])]
        if all(len(part) == 1 or len(part) * part[0] <= batch_tokens for part in parts):
            assert cost <= sum(batch_cost + len(part) * part[0] for part in parts)


def powerset(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(numbers, count) for count in range(len(numbers) + 1))


@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 50))
def test_batches_without_padding_have_one_length(lengths: list[int], batch_tokens: int) -> None:
    whole = sub_words(lengths)
    batches = [batch.tolist() for batch in whole.batches(batch_tokens, Batching.UNPADDED, 5)]
    assert sorted(chain(*batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[sentence] for sentence in batch}) == 1
    full = {length: max(1, batch_tokens // length) for length in lengths}  # sentences per batch
    assert [len(batch) for batch in batches] == [
        min(size, lengths.count(length) - start)
        for length, size in sorted(full.items(), reverse=True)
        for start in range(0, lengths.count(length), size)
    ]
    alone = [batch.tolist() for batch in whole.batches(batch_tokens, Batching.ALONE, 5)]
    assert alone == [[sentence] for sentence in chain(*batches)]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(0, 10))
def test_sentences_up_to_a_length(lengths: list[int], longest: int) -> None:
    whole = sub_words(lengths)
    short = whole.up_to(longest)
    assert whole.longest() == max(lengths)
    assert np.diff(short.offsets).tolist() == [n for n in lengths if n <= longest]
    assert short.too_long == sum(n > longest for n in lengths)
    kept = np.concatenate([[n <= longest] * n for n in lengths])
    assert (short.tokens == whole.tokens[kept]).all() and (short.rows == whole.rows[kept]).all()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.data())
def test_padding_comes_last_and_belongs_to_no_word(lengths: list[int], data: st.DataObject) -> None:
    whole = sub_words(lengths)
    chosen = data.draw(st.permutations(range(len(lengths))))[: len(lengths) // 2 + 1]
    tokens, attended, words = whole.padded(np.array(chosen))
    assert tokens.shape == attended.shape == words.shape
    for row, sentence in enumerate(chosen):
        start, end = whole.offsets[sentence], whole.offsets[sentence + 1]
        padding = tokens.shape[1] - (end - start)
        assert tokens[row, : end - start].tolist() == whole.tokens[start:end].tolist()
        assert words[row].tolist() == [*whole.rows[start:end], *[-1] * padding]
        assert attended[row].tolist() == [*[1] * (end - start), *[0] * padding]
    assert tokens.shape[1] == max(lengths[sentence] for sentence in chosen)


@pytest.mark.parametrize("count", [999, 1_000, 1_001, 2_500])
def test_chunks_of_tokenisation_do_not_split_sentences(
    tokenizer: "PreTrainedTokenizerBase", count: int
) -> None:
    words = pd.DataFrame({"sentence": np.repeat(range(count), 2), "form": ["Kal", "wun"] * count})
    single = tokenise(words[:2], tokenizer, 64)
    many = tokenise(words, tokenizer, 64)
    assert len(many) == count
    assert (many.tokens.reshape(count, -1) == single.tokens).all()
    assert many.index().tolist() == list(range(2 * count))
    expected = single.rows + 2 * np.arange(count)[:, None] * (single.rows >= 0)
    assert (many.rows.reshape(count, -1) == expected).all()


@pytest.mark.slow
def test_tokenisation_takes_few_bytes_per_word(tokenizer: "PreTrainedTokenizerBase") -> None:
    forms = ["Kal", "bibuval", "sizal", "wun", "da", "lu", "pedigak"] * 3
    sentences = 10_000
    words = pd.DataFrame(
        {
            "sentence": np.repeat(np.arange(sentences), len(forms)),
            "form": pd.array(forms * sentences, dtype="string"),
        }
    )
    tokenise(words[:1_000], tokenizer, 64)  # modules that are loaded once do not count
    tracemalloc.start()
    result = tokenise(words, tokenizer, 64)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / len(result.tokens) < 10
    assert peak / len(words) < 100, "two copies of the arrays, and one chunk of the tokenisation"
