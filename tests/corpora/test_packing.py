import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.corpora import Packed, Sequences, downsample, pack
from langsig.errors import InputError
from tests.sequences import of_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WORDS = ["kal", "bibuval", "sizal", "u", "pedigak", "nap"]
WORDS += ["понаў", "сущєлаг", "міпагєд", "乚九乚", "东乚", ".", "!"]
Sentences = list[tuple[str, list[int]]]

texts = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
identities = st.lists(st.integers(1, 2**64 - 1), max_size=2, unique=True).map(sorted)
sentences = st.lists(st.tuples(texts, identities), max_size=8)


def rows_of(sequences: Sequences) -> list[tuple[list[int], list[int]]]:
    """Tokens and fingerprints of each sequence."""
    bounds = sequences.fingerprint_offsets.tolist()
    return [
        (sequences[index].tolist(), sequences.fingerprints[start:end].tolist())
        for index, (start, end) in enumerate(pairwise(bounds))
    ]


sequences_of = st.lists(
    st.tuples(
        st.lists(st.integers(0, 99), min_size=1, max_size=4),
        st.lists(st.integers(1, 6), max_size=3, unique=True).map(sorted),
    ),
    max_size=8,
).map(lambda rows: of_rows([tokens for tokens, _ in rows], [values for _, values in rows]))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(sentences, st.integers(3, 24), st.booleans())
def test_packing_keeps_all_tokens_in_order(
    tokenizer: "PreTrainedTokenizerBase", text: Sentences, max_length: int, join: bool
) -> None:
    packed = Sequences.concatenate(pack(text, tokenizer, max_length=max_length, join=join))
    pieces = [tokenizer(sentence, add_special_tokens=False)["input_ids"] for sentence, _ in text]
    sentence_of_token = [number for number, tokens in enumerate(pieces) for _ in tokens]
    rows = rows_of(packed)
    assert [token for row, _ in rows for token in row[1:-1]] == [*chain(*pieces)]

    room = max_length - 2
    position = 0
    sentences_of_rows: list[set[int]] = []
    for row, fingerprints in rows:
        assert row[0] == tokenizer.bos_token_id and row[-1] == tokenizer.eos_token_id
        assert 2 < len(row) <= max_length
        numbers = {*sentence_of_token[position : position + len(row) - 2]}
        sentences_of_rows.append(numbers)
        position += len(row) - 2
        assert fingerprints == sorted({value for number in numbers for value in text[number][1]})

    for number, tokens in enumerate(pieces):
        parts = sum(number in numbers for numbers in sentences_of_rows)
        assert parts == ceil(len(tokens) / room)  # split only if too long
    if join:
        for (row, _), (next_row, _) in pairwise(rows):
            assert len(row) + len(next_row) - 4 > room
    else:
        assert all(len(numbers) == 1 for numbers in sentences_of_rows)


def test_long_streams_are_packed_like_short_ones(tokenizer: "PreTrainedTokenizerBase") -> None:
    text: Sentences = [(" ".join(WORDS[n % 7 : n % 13]), [n + 1]) for n in range(2_500)]
    packed = pack(iter(text), tokenizer, max_length=16, join=False)
    separate = [pack([sentence], tokenizer, max_length=16, join=False) for sentence in text]
    assert rows_of(Sequences.concatenate(packed)) == rows_of(
        Sequences.concatenate(chain(*separate))
    )


@pytest.mark.slow
@settings(deadline=None)
@given(sequences_of)
def test_sequences_can_be_saved_and_loaded(
    tmp_path_factory: pytest.TempPathFactory, sequences: Sequences
) -> None:
    path = tmp_path_factory.mktemp("saved") / "sequences.safetensors"
    sequences.save(path)
    loaded = Sequences.load(path)
    for name in Sequences.__dataclass_fields__:
        value, copy = getattr(sequences, name), getattr(loaded, name)
        assert value.dtype == copy.dtype
        np.testing.assert_array_equal(value, copy)


@pytest.mark.slow
@given(sequences_of, st.sets(st.integers(1, 8)))
def test_without_removes_the_sequences_that_contain_a_sentence(
    sequences: Sequences, analysed: set[int]
) -> None:
    remaining = sequences.without(np.array(sorted(analysed), np.uint64))
    assert rows_of(remaining) == [row for row in rows_of(sequences) if not analysed & {*row[1]}]


def test_without_distinguishes_large_fingerprints() -> None:
    sequences = of_rows([[5], [6]], [[2**64 - 1], [2**64 - 2]])
    assert rows_of(sequences.without(np.array([2**64 - 1], np.uint64))) == [([6], [2**64 - 2])]


@given(sequences_of, st.data())
def test_take_keeps_tokens_and_fingerprints_together(
    sequences: Sequences, data: st.DataObject
) -> None:
    index = st.integers(0, max(0, len(sequences) - 1))
    indices = data.draw(st.lists(index, max_size=6 if len(sequences) else 0))
    rows = rows_of(sequences)
    taken = sequences.take(np.array(indices, np.int64))
    assert rows_of(taken) == [rows[index] for index in indices]


def numbered(total: int) -> Iterator[Packed]:
    """Sequences of different lengths that consist of their own number."""
    for number in range(total):
        yield Packed(
            np.full(number % 7 + 1, number, np.int32), np.array([number] * (number % 3), np.uint64)
        )


def draw(packed: Iterable[Packed], count: int, seed: int) -> Sequences:
    return downsample(packed, count, seed=seed)[0]


@pytest.mark.slow
@given(sequences_of, st.integers(0, 5))
def test_smaller_samples_are_part_of_larger_ones(sequences: Sequences, seed: int) -> None:
    rows: list[list[tuple[list[int], list[int]]]] = [rows_of(sequences)]
    for share in (0.8, 0.5):
        if round(share * len(sequences)):
            drawn = sequences.sample(share, seed=seed)
            assert len(drawn) == round(share * len(sequences))
            rows.append(rows_of(drawn))
    for larger, smaller in pairwise(rows):
        remaining = iter(larger)
        assert all(row in remaining for row in smaller), "in order, and none twice"


def test_samples_are_random() -> None:
    sequences = of_rows([[n] for n in range(1_000)], [[] for _ in range(1_000)])
    first, second = (sequences.sample(0.1, seed=seed) for seed in (1, 2))
    shared = set(first.tokens.tolist()) & set(second.tokens.tolist())
    assert len(shared) < 30, "10 are expected by chance"
    assert 400 < first.tokens.mean() < 600


@pytest.mark.parametrize("share", [0, -0.5, 1.1, None, "half", float("nan")])
def test_shares_are_numbers_up_to_one(share: Any) -> None:
    sequences = of_rows([[1], [2]], [[], []])
    with pytest.raises(InputError, match="share must be a number above 0 and at most 1, got"):
        sequences.sample(share, seed=1)


def test_a_share_too_small_for_a_sequence_is_named() -> None:
    with pytest.raises(InputError, match=r"share 0\.1 of 2 sequences rounds to zero"):
        of_rows([[1], [2]], [[], []]).sample(0.1, seed=1)


def test_downsampling_is_uniform_without_replacement() -> None:
    total, count, runs = 12, 5, 2_000
    rows = rows_of(Sequences.concatenate(numbered(total)))
    times_drawn = np.zeros(total)
    for seed in range(runs):
        drawn = rows_of(draw(numbered(total), count, seed))
        numbers = [tokens[0] for tokens, _ in drawn]
        assert numbers == sorted({*numbers}) and len(numbers) == count
        assert drawn == [rows[number] for number in numbers]
        times_drawn[numbers] += 1
    share = count / total
    assert np.abs(times_drawn / runs - share).max() < 5 * np.sqrt(share * (1 - share) / runs)


def test_downsampling_is_deterministic() -> None:
    assert rows_of(draw(numbered(100), 10, 3)) == rows_of(draw(numbered(100), 10, 3))
    assert rows_of(draw(numbered(100), 10, 3)) != rows_of(draw(numbered(100), 10, 4))
    assert rows_of(draw(numbered(100), 100, 3)) == rows_of(Sequences.concatenate(numbered(100)))


def test_downsampling_counts_the_sequences() -> None:
    drawn, total = downsample(numbered(100), 7, seed=0)
    assert (len(drawn), total) == (7, 100)


def test_too_few_sequences_are_refused() -> None:
    with pytest.raises(InputError, match=r"count must be at most 2, .*; got 3"):
        draw(numbered(2), 3, 0)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_text(tokenizer: "PreTrainedTokenizerBase") -> None:
    def peak(sentences: int) -> int:
        text = ((f"{WORDS[n % 7]} {n}", [n + 1]) for n in range(sentences))
        tracemalloc.start()
        draw(pack(text, tokenizer, max_length=16, join=True), 100, 0)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(1_000)  # modules that are loaded once do not count
    small, large = peak(3_000), peak(30_000)
    assert large < small * 1.2


@pytest.mark.parametrize("max_length", [2, 0])
def test_sequences_without_room_for_a_sub_word_are_refused(
    max_length: int, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    with pytest.raises(InputError, match=f"max_length must be at least 3, .* got {max_length}"):
        list(pack([("a", [1])], tokenizer, max_length=max_length, join=True))
