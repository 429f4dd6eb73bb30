import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from langsig.analysis import with_adjusted

p_values = st.lists(st.floats(0.001, 1), min_size=1, max_size=12)


def table(p: list[float], source: str = "trained", layer: int = 0) -> pd.DataFrame:
    return pd.DataFrame({"source": source, "layer": layer, "p": p})


def by_hand(p: list[float]) -> list[float]:
    """The smallest m / j p_(j) among all p_(j) that are no smaller; at most 1."""
    ranked = sorted(p)
    scaled = [len(p) / (rank + 1) * value for rank, value in enumerate(ranked)]
    return [
        min(1, *(s for s, other in zip(scaled, ranked, strict=True) if other >= value))
        for value in p
    ]


@settings(deadline=None, max_examples=50)
@given(p_values, p_values)
def test_families_are_corrected_apart_and_each_as_benjamini_and_hochberg_do(
    one: list[float], other: list[float]
) -> None:
    both = pd.concat([table(one), table(other, layer=3)], ignore_index=True)
    mixed = both.sample(frac=1, random_state=0)
    found = with_adjusted(mixed, ["source", "layer"])
    assert found.drop(columns="p_adjusted").equals(mixed)
    expected = by_hand(one) + by_hand(other)
    np.testing.assert_allclose(found["p_adjusted"].sort_index(), expected)
    together = with_adjusted(mixed, ["source"])["p_adjusted"].sort_index()
    np.testing.assert_allclose(together, by_hand(one + other))


@settings(deadline=None, max_examples=50)
@given(p_values, st.integers(0, 5))
def test_missing_p_stay_missing_and_are_not_counted(p: list[float], missing: int) -> None:
    found = with_adjusted(table([*[np.nan] * missing, *p]), ["source"])["p_adjusted"]
    assert found[:missing].isna().all()
    np.testing.assert_allclose(found[missing:], by_hand(p))


def test_nothing_tested() -> None:
    assert with_adjusted(table([np.nan] * 3), ["layer"])["p_adjusted"].isna().all()
    assert with_adjusted(table([]), ["layer"])["p_adjusted"].empty
