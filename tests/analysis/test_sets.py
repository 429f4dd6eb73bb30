from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from scipy.stats import chi2, f_oneway

from langsig.analysis import InferenceOptions, separate_variance_tests, variance_tests
from langsig.errors import InputError
from langsig.schemas import AverageSignatures, SetAverages

DIVERSE = [f"d{n}" for n in range(10)]
RELATED = [f"r{n}" for n in range(5)]
KEYS = ["category", "layer", "related", "test"]
NUMBERS = ["ratio", "statistic", "p", "p_adjusted"]


def averages(values: dict[str, float], category: str = "Case", layer: int = 0) -> pd.DataFrame:
    table = pd.DataFrame({"language": [*values], "average_signature": [*values.values()]})
    table.insert(0, "category", category)
    table.insert(1, "layer", layer)
    return table.sample(frac=1, random_state=0)


def drawn(seed: int, *, spread: float = 1.0, apart: float = 0.0) -> dict[str, float]:
    """Normal values: those of the diverse set have this standard deviation and mean."""
    rng = default_rng(seed)
    values = {name: apart + spread * rng.normal() for name in DIVERSE}
    return values | {name: rng.normal() for name in RELATED}


def run(table: pd.DataFrame, **changes: object) -> pd.DataFrame:
    sets: dict[str, object] = {"diverse": DIVERSE, "related": {"Romance": RELATED}, "layers": [0]}
    options: dict[str, object] = {"min_languages": 3, "permutations": 199, "seed": 0}
    sets |= {name: value for name, value in changes.items() if name in sets}
    options |= {name: value for name, value in changes.items() if name in options}
    return variance_tests(
        AverageSignatures(table),
        **sets,  # type: ignore[arg-type]
        options=InferenceOptions(**options),  # type: ignore[arg-type]
    ).frame


def by_test(table: pd.DataFrame, **changes: object) -> pd.DataFrame:
    return run(table, **changes).set_index("test")


def test_one_row_per_category_layer_set_and_test() -> None:
    tables = [averages(drawn(0)), averages(drawn(1), layer=6), averages(drawn(2), layer=3)]
    result = run(pd.concat(tables), layers=[0, 6], related={"A": RELATED, "B": RELATED[:4]})
    assert set(result["fit"]) == {"joint"}
    assert len(result) == 2 * 2 * 3 and not result.duplicated(KEYS).any()
    assert set(result["layer"]) == {0, 6}


def test_statistics_by_hand() -> None:
    values = drawn(3)
    far, close = (np.array([values[name] for name in names]) for names in (DIVERSE, RELATED))
    result = by_test(averages(values))
    variances = far.var(ddof=1), close.var(ddof=1)
    assert (result["diverse_languages"] == 10).all() and (result["related_languages"] == 5).all()
    for column, variance in zip(["diverse_variance", "related_variance"], variances, strict=True):
        np.testing.assert_allclose(result[column], variance)
    np.testing.assert_allclose(result["ratio"], variances[0] / variances[1])
    statistic = 9 * variances[0] / variances[1]
    one_sided = min(chi2(9).cdf(statistic), chi2(9).sf(statistic))
    assert result.loc["chi-square", ["statistic", "p"]].tolist() == pytest.approx(
        [statistic, 2 * one_sided]
    )
    distances = [np.abs(x - np.median(x)) for x in (far, close)]
    expected = f_oneway(*distances)
    assert result.loc["Brown-Forsythe", ["statistic", "p"]].tolist() == pytest.approx([*expected])
    log_ratio = np.log(variances[0] / variances[1])
    assert result.loc["permutation", "statistic"] == pytest.approx(log_ratio)


def test_few_permutations_are_all_gone_through() -> None:
    values = {name: drawn(4)[name] for name in [*DIVERSE[:4], *RELATED[:3]]}
    far, close = np.array([*values.values()][:4]), np.array([*values.values()][4:])
    pool = np.concatenate([far - far.mean(), close - close.mean()])
    observed = abs(np.log(far.var(ddof=1) / close.var(ddof=1)))
    ratios = []
    for chosen in combinations(range(7), 4):
        inside = np.isin(np.arange(7), chosen)
        ratios.append(abs(np.log(pool[inside].var(ddof=1) / pool[~inside].var(ddof=1))))
    result = by_test(averages(values), permutations=35)
    assert result.loc["permutation", "p"] == pytest.approx(
        np.mean(np.array(ratios) >= observed - 1e-12)
    )


def test_drawn_permutations_follow_the_seed() -> None:
    table = averages(drawn(5))
    first, same, second = (
        by_test(table, seed=seed, permutations=19).loc["permutation", "p"] for seed in (0, 0, 1)
    )
    assert first == same
    assert (first * 20) % 1 == pytest.approx(0) and (second * 20) % 1 == pytest.approx(0)


def test_languages_of_both_sets_are_related_ones_but_for_the_chi_square() -> None:
    table = averages(drawn(6))
    mixed = {"Romance": [*RELATED, "d0", "d1"]}
    result = by_test(table, related=mixed)
    assert result["diverse_languages"].to_dict() == {
        "chi-square": 10,
        "Brown-Forsythe": 8,
        "permutation": 8,
    }
    assert (result["related_languages"] == 7).all()
    apart = by_test(table, related=mixed, diverse=DIVERSE[2:])
    others = ["Brown-Forsythe", "permutation"]
    pd.testing.assert_frame_equal(result.loc[others], apart.loc[others])


@pytest.mark.slow
def test_true_rejection_rates_under_equal_variances() -> None:
    # Of the chi-square .307 by the F distribution of the ratio: P(F(9, 4) beyond the quantiles of
    # chi-square / 9). The others hold their level, Brown and Forsythe's far below it.
    tables = [averages(drawn(100 + n, apart=3.0), f"c{n:03d}") for n in range(300)]
    result = run(pd.concat(tables), permutations=99)
    rates = (result["p"] <= 0.05).groupby(result["test"]).mean()
    assert rates["chi-square"] == pytest.approx(0.307, abs=0.08)
    assert 0.02 < rates["permutation"] < 0.085
    assert rates["Brown-Forsythe"] < 0.05


def test_unequal_variances_are_found() -> None:
    tables = [averages(drawn(n, spread=10.0), f"c{n}") for n in range(20)]
    result = run(pd.concat(tables))
    rates = (result["p"] <= 0.05).groupby(result["test"]).mean()
    assert (rates > 0.5).all()
    assert result.loc[result["test"] == "permutation", "statistic"].min() > 0


def test_each_test_is_its_own_family_and_counts_enough_languages_only() -> None:
    full = pd.concat([averages(drawn(n), f"c{n}") for n in range(4)])
    few = averages({name: drawn(9)[name] for name in [*DIVERSE, "r0", "r1"]}, "few")
    together = run(pd.concat([full, few]))
    separate = run(full)
    columns = [*KEYS, "p", "p_adjusted"]
    kept = together[together["category"] != "few"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept[columns], separate[columns])
    rows = separate[separate["test"] == "chi-square"].sort_values("p")
    step = rows["p"].to_numpy() * 4 / np.arange(1, 5)
    expected = np.minimum.accumulate(step[::-1])[::-1]
    np.testing.assert_allclose(rows["p_adjusted"], expected)
    small = together[together["category"] == "few"].set_index("test")
    assert not small["enough"].any() and small["p_adjusted"].isna().all()
    assert small.loc[["chi-square", "permutation"], "p"].notna().all()


@pytest.mark.parametrize(
    "values",
    [
        {"d0": 1.0, "d1": 2.0, "r0": 1.0},
        {"d0": 1.0, "d1": 2.0, "d2": 4.0},
        {"d0": 0.1, "d1": 0.1, "d2": 0.1, "r0": 1.0, "r1": 2.0, "r2": 4.0},
        {"d0": 1.0, "d1": 2.0, "d2": 4.0, "r0": 0.1, "r1": 0.1, "r2": 0.1},
    ],
)
def test_sets_without_any_variance_are_missing(values: dict[str, float]) -> None:
    result = run(averages(values))
    assert result[NUMBERS].isna().all(axis=None)
    assert (result["diverse_languages"] == sum(name in DIVERSE for name in values)).all()


def test_of_two_languages_distances_to_the_median_say_nothing() -> None:
    result = by_test(averages({"d0": 1.0, "d1": 9.0, "r0": 1.0, "r1": 2.0}), min_languages=2)
    assert result.loc["Brown-Forsythe", ["statistic", "p"]].isna().all()
    assert result.loc[["chi-square", "permutation"], "p"].notna().all()
    assert result["ratio"].notna().all()


def test_layers_without_average_signatures_are_an_error() -> None:
    with pytest.raises(InputError, match=r"layers must be among .* \(0\), got 7"):
        run(averages(drawn(0)), layers=[0, 7])


def test_separate_fits_are_tested_as_if_their_rows_were_of_one_fit() -> None:
    rng = np.random.default_rng(5)
    diverse, related = ["a", "b", "c", "d"], {"near": ["d", "e", "f"], "far": ["g", "h", "i"]}

    def fit(name: str, members: list[str]) -> pd.DataFrame:
        rows = {"language": members, "average_signature": rng.normal(size=len(members))}
        return pd.DataFrame(rows).assign(set=name, category="Case", layer=0)

    fits = pd.concat([fit("diverse", diverse), *(fit(*item) for item in related.items())])
    options = InferenceOptions(min_languages=3, permutations=99, seed=0)
    result = separate_variance_tests(
        SetAverages(fits), diverse=diverse, related=related, layers=[0], options=options
    ).frame
    assert set(result["fit"]) == {"separate"}
    of_near = fits["set"].eq("near") | (fits["set"].eq("diverse") & fits["language"].ne("d"))
    expected = variance_tests(
        AverageSignatures(fits[of_near].drop(columns="set")),
        diverse=["a", "b", "c"],
        related={"near": related["near"]},
        layers=[0],
        options=options,
    ).frame
    columns = ["test", "ratio", "statistic", "p", "diverse_languages"]
    shown = result[result["related"] == "near"][columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(shown, expected[columns])
    smallest = result.groupby("test")["p"].min()
    adjusted = result.groupby("test")["p_adjusted"].min()
    assert ((adjusted >= smallest) & (adjusted <= 2 * smallest + 1e-12)).all()


def test_sets_without_separate_fits_have_no_tests() -> None:
    options = InferenceOptions(min_languages=3, permutations=9, seed=0)
    sets = {"diverse": ["d0"], "layers": [0], "options": options}
    for related in ({}, {"Romance": ["r0"]}):
        result = separate_variance_tests(SetAverages.empty(), related=related, **sets)
        assert len(result) == 0
