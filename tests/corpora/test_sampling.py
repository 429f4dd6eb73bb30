import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from langsig.corpora.sampling import Reservoir


def sample(total: int, size: int, seed: int) -> list[int]:
    reservoir: Reservoir[int] = Reservoir(size, seed)
    for item in range(total):
        reservoir.offer(item)
    assert reservoir.offered == total
    return reservoir.items()


@given(st.integers(0, 40), st.integers(0, 20), st.integers(0, 5))
def test_draws_distinct_items_in_order(total: int, size: int, seed: int) -> None:
    drawn = sample(total, size, seed)
    assert len(drawn) == min(total, size)
    assert drawn == sorted({*drawn})
    assert {*drawn} <= {*range(total)}
    assert drawn == sample(total, size, seed)


@pytest.mark.parametrize(("total", "size"), [(10, 3), (25, 10), (50, 1)])
def test_all_items_are_equally_likely(total: int, size: int) -> None:
    drawn = [item for seed in range(2_000) for item in sample(total, size, seed)]
    # Items of one sample are distinct, so the statistic is slightly smaller than for independent
    # draws, and the test is conservative.
    assert chisquare(np.bincount(drawn, minlength=total)).pvalue > 1e-3


def test_all_pairs_are_equally_likely() -> None:
    total, size = 6, 3
    pairs = np.zeros((total, total))
    for seed in range(3_000):
        drawn = sample(total, size, seed)
        pairs[np.ix_(drawn, drawn)] += 1
    assert chisquare(pairs[np.triu_indices(total, 1)]).pvalue > 1e-3
