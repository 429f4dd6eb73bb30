import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from langsig.analysis import spread
from langsig.analysis.averages import replicate_cube
from langsig.schemas import AverageSignatures, Replicates, Signatures

CATEGORIES, LANGUAGES = ["Number", "Case"], ["zh", "de", "fr"]
VALUES = arrays(
    np.float64,
    st.tuples(st.just(2), st.integers(1, 3), st.just(3), st.integers(1, 4)),
    elements=st.floats(0, 1e6),
)


def tidy(values: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """``[categories, layers, languages, components]`` as a table with its rows shuffled."""
    rows = [
        (CATEGORIES[c], layer, LANGUAGES[n], component, values[c, layer, n, component])
        for c, layer, n, component in np.ndindex(values.shape)
    ]
    columns = ["category", "layer", "language", "component", "value"]
    return pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=seed)


@pytest.mark.slow
@given(VALUES)
@settings(max_examples=40, deadline=None)
def test_spread_is_the_variance_over_languages(values: np.ndarray) -> None:
    table = spread(Signatures(tidy(values)).average()).frame
    assert len(table) == values[..., 0, 0].size
    result = table.set_index(["category", "layer"])
    averages = values.mean(3)
    for c, layer in np.ndindex(values.shape[:2]):
        row, of_languages = result.loc[(CATEGORIES[c], layer)], averages[c, layer]
        squares = (of_languages - of_languages.mean()) ** 2
        rounding = 1e-12 * of_languages.max() ** 2 + np.finfo(float).tiny
        np.testing.assert_allclose(row["mean"], of_languages.mean())
        np.testing.assert_allclose(row["variance"], squares.sum() / 2, 1e-6, atol=rounding)
        assert row["languages"] == 3


def test_languages_need_not_have_every_category() -> None:
    averages = AverageSignatures(
        pd.DataFrame(
            {
                "category": ["Case", "Number", "Number"],
                "layer": [0, 0, 0],
                "language": ["de", "de", "fr"],
                "average_signature": [1.0, 2.0, 5.0],
            }
        )
    )
    result = spread(averages).frame.set_index("category")
    assert result["languages"].to_dict() == {"Case": 1, "Number": 2}
    assert np.isnan(result.loc["Case", "variance"])
    assert result.loc["Number", "variance"] == 4.5


def test_no_averages_have_no_spread() -> None:
    assert len(spread(Signatures.empty().average())) == 0


def test_replicates_as_an_array_with_gaps() -> None:
    rows = [(1, 0, "fr", 4.0), (0, 0, "de", 1.0), (0, 2, "de", 2.0), (1, 0, "de", 3.0)]
    frame = pd.DataFrame(rows, columns=["replicate", "layer", "language", "average_signature"])
    frame = frame.assign(source="trained", normalise="none", varied="sentences")
    cube = replicate_cube(Replicates(frame), [2, 0], ["de", "fr"])
    expected = [[[2, np.nan], [1, np.nan]], [[np.nan, np.nan], [3, 4]]]
    np.testing.assert_array_equal(cube, expected)
