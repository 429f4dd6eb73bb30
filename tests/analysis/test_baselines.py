import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from langsig.analysis import baseline_agreement, residual_reliability
from langsig.schemas import AverageSignatures, Baselines, Halves

LANGUAGES = ["cs", "de", "fr", "nl", "zh"]
KEYS = ["category", "layer", "language"]


def averages(values: list[float], category: str = "Case", layer: int = 0) -> pd.DataFrame:
    names = LANGUAGES[: len(values)]
    table = pd.DataFrame({"language": names, "average_signature": values})
    return table.assign(category=category, layer=layer)


def measured(table: pd.DataFrame, measure: str, values: object) -> pd.DataFrame:
    return table[KEYS].assign(measure=measure, value=values)


def agreement(averages: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    return baseline_agreement(AverageSignatures(averages), Baselines(baselines)).frame


def test_agreement_is_of_ranks_within_a_category_and_layer() -> None:
    first, second = averages([1, 2, 3, 4, 5]), averages([5, 1, 2, 4, 3], "Number", 2)
    tables = [
        measured(first, "grows", np.exp(first["average_signature"])),
        measured(first, "falls", -first["average_signature"]),
        measured(first, "swaps", [1, 2, 3, 5, 4]),
        measured(second, "grows", second["average_signature"]),
    ]
    plainer = pd.concat(tables).sample(frac=1, random_state=0)
    result = agreement(pd.concat([first, second]), plainer)
    by_key = result.set_index(["category", "layer", "measure"])["spearman"].to_dict()
    assert by_key == pytest.approx(
        {
            ("Case", 0, "grows"): 1,
            ("Case", 0, "falls"): -1,
            ("Case", 0, "swaps"): 0.9,
            ("Number", 2, "grows"): 1,
        }
    )
    assert set(result["languages"]) == {5}


@pytest.mark.parametrize("values", [[1.0, 2.0], [2.0, 2.0, 2.0, 2.0]])
def test_agreement_of_too_few_or_equal_values_is_missing(values: list[float]) -> None:
    table = averages(values)
    result = agreement(table, measured(table, "svd", np.arange(len(values))))
    assert result["spearman"].isna().all() and result["languages"].tolist() == [len(values)]


SVD = np.array([1.0, 1.5, 0.7, 2.0, 1.2])
Array = NDArray[np.float64]


def residuals(seed: int, size: float = 0.1) -> Array:
    """Factors about one, ``[starts, languages]``, the same from both starts."""
    factors: Array = np.exp(size * default_rng(seed).normal(size=5))
    return np.stack([factors, factors])


def reliability(even: Array, odd: Array, svd: Array = SVD) -> pd.DataFrame:
    """The result for average signatures ``[starts, languages]`` of the two halves."""
    rows = [
        (3, half, start, LANGUAGES[n], signatures[start, n], svd[n])
        for half, signatures in enumerate((even, odd))
        for start, n in np.ndindex(signatures.shape)
    ]
    frame = pd.DataFrame(rows, columns=list(Halves.columns)).sample(frac=1, random_state=0)
    return residual_reliability(Halves(frame)).frame


def test_residuals_shared_by_both_halves_are_reliable() -> None:
    kept = residuals(0)
    result = reliability(3 * SVD**0.8 * kept, SVD * kept).iloc[0]
    assert (result["layer"], result["languages"]) == (3, 5)
    assert result["correlation"] == pytest.approx(1)
    assert result["between_starts"] == pytest.approx(1)
    assert result["p"] == pytest.approx(1 / 120), "the smallest that five languages can have"
    assert 0.9 < result["explained"] < 1


def test_opposite_residuals_are_no_evidence() -> None:
    kept = residuals(0)
    result = reliability(SVD * kept, SVD / kept).iloc[0]
    assert result["correlation"] == pytest.approx(-1)
    assert result["p"] > 0.95


def test_starts_are_averaged_and_compared_with_each_other() -> None:
    kept, noise = residuals(0), residuals(1, 0.5)
    noise[1] = 1 / noise[0]  # cancels in the mean of logs
    result = reliability(SVD * kept * noise, SVD * kept).iloc[0]
    assert result["correlation"] == pytest.approx(1)
    design = np.column_stack([np.ones(5), np.log(SVD)])
    remainder = np.eye(5) - design @ np.linalg.pinv(design)
    first, second = (remainder @ np.log(signatures) for signatures in kept * noise)
    expected = (np.corrcoef(first, second)[0, 1] + 1) / 2  # the odd half's starts are equal
    assert result["between_starts"] == pytest.approx(expected) and expected < 0.5


@pytest.mark.slow
def test_noise_is_rejected_as_often_as_it_should_be() -> None:
    p_values = [
        reliability(SVD * residuals(2 * n), SVD * residuals(2 * n + 1))["p"].item()
        for n in range(300)
    ]
    assert 0.02 < np.mean(np.array(p_values) <= 0.05) < 0.10


def test_explained_is_the_share_of_the_variance_of_logs() -> None:
    signatures = SVD * residuals(1), SVD * residuals(2)
    result = reliability(*signatures)["explained"].item()
    squares = [np.corrcoef(np.log(SVD), np.log(values[0]))[0, 1] ** 2 for values in signatures]
    assert result == pytest.approx(np.mean(squares))


def test_three_languages_say_nothing() -> None:
    three = SVD[:3] * residuals(1)[:, :3]
    result = reliability(three, three, SVD[:3]).iloc[0]
    assert result[["explained", "between_starts", "correlation", "p"]].isna().all()
    assert result["languages"] == 3
