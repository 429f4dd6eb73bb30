import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.errors import InputError
from langsig.pretraining.sampling import draw

sizes = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@given(sizes, st.integers(0, 300), st.floats(0, 2), st.integers(0, 9))
def test_all_sequences_of_a_language_are_used_before_any_is_repeated(
    sizes: list[int], count: int, alpha: float, seed: int
) -> None:
    draws = draw(sizes, count, alpha=alpha, seed=seed)
    assert len(draws) == count
    for language, size in enumerate(sizes):
        drawn = draws.sequence[draws.language == language]
        for start in range(0, len(drawn), size):
            epoch = drawn[start : start + size]
            assert len(set(epoch)) == len(epoch)
            assert set(epoch) <= set(range(size))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_alpha_determines_the_shares_of_languages(alpha: float) -> None:
    sizes = np.array([1000, 1000, 100])
    count = 60_000
    drawn = np.bincount(draw(list(sizes), count, alpha=alpha, seed=0).language, minlength=3)
    expected = sizes**alpha / (sizes**alpha).sum() * count
    spread = np.sqrt(expected * (1 - expected / count))
    assert (np.abs(drawn - expected) < 4 * spread).all()


def test_the_seed_determines_the_draws() -> None:
    first, repeated, different = (draw([50, 50], 200, alpha=1.0, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.sequence, repeated.sequence)
    assert np.array_equal(first.language, repeated.language)
    assert not np.array_equal(first.sequence, different.sequence)
    assert not np.array_equal(first.language, different.language)


@given(st.integers(1, 1000), st.integers(1, 8), st.integers(1, 9), st.integers(0, 9))
def test_batches_by_length_have_the_same_draws(
    count: int, batch_size: int, batches: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    lengths = [generator.integers(1, 60, size) for size in (30, 20)]
    draws = draw([30, 20], count, alpha=1.0, seed=seed)
    sorted_draws = draws.batched_by_length(
        lengths, batch_size=batch_size, batches=batches, seed=seed
    )
    before = sorted(zip(draws.language, draws.sequence, strict=True))
    assert sorted(zip(sorted_draws.language, sorted_draws.sequence, strict=True)) == before


def test_batches_by_length_have_similar_lengths_in_random_order() -> None:
    lengths = [np.random.default_rng(0).integers(1, 100, 5000)]
    draws = draw([5000], 5000, alpha=1.0, seed=0)
    draws = draws.batched_by_length(lengths, batch_size=25, batches=50, seed=0)
    batches = lengths[0][draws.sequence].reshape(-1, 25)
    assert np.ptp(batches, axis=1).max() < 25
    assert np.ptp(batches, axis=1).mean() < 5
    assert abs(np.corrcoef(np.arange(200), batches.mean(1))[0, 1]) < 0.3


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="alpha must not be negative, got -1"):
        draw([3], 5, alpha=-1, seed=0)
    with pytest.raises(InputError, match=r"at least one sequence.* got \[3, 0\]"):
        draw([3, 0], 5, alpha=1, seed=0)
