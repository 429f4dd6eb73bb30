from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.stats import theilslopes

from langsig.analysis import findings, findings_markdown
from langsig.analysis.findings import DECREASES, LOWEST, MIDDLE
from langsig.schemas import Estimates, Findings, Replicates

Array = NDArray[np.float64]
LANGUAGES = ["aa", "bb", "cc", "zz"]


def tables(
    values: Array, draws: Array, languages: Sequence[str] = LANGUAGES, *, source: str = "trained"
) -> tuple[Estimates, Replicates]:
    """Tables of estimates ``[layers, languages]`` and draws ``[replicates, layers, languages]``."""

    def long(array: Array) -> pd.DataFrame:
        rows = [
            (layer, name, array[layer, n])
            for layer in range(len(array))
            for n, name in enumerate(languages)
        ]
        return pd.DataFrame(rows, columns=["layer", "language", "average_signature"]).assign(
            source=source, normalise="none"
        )

    replicates = pd.concat(
        [
            *(
                long(draw).assign(replicate=number, varied="sentences")
                for number, draw in enumerate(draws)
            ),
            long(values).assign(replicate=0, varied="start"),
        ]
    )
    estimates = long(values).assign(words=9, blocks=2, low=0.0, high=9.0, p=0.5)
    return Estimates(estimates), Replicates(replicates.sample(frac=1, random_state=0))


def noisy(values: Array, scale: float, count: int = 80) -> Array:
    return values * np.exp(scale * default_rng(0).standard_normal((count, *values.shape)))


def findings_of(values: Array, scale: float, logographic: Sequence[str] = ("zz",)) -> pd.DataFrame:
    table = findings(*tables(values, noisy(values, scale)), logographic=logographic).frame
    return table.set_index(["finding", table["language"].fillna("all")])


def falling(rate: float, levels: Sequence[float] = (4, 3, 2, 1), layers: int = 7) -> Array:
    return np.exp(-rate * np.arange(layers))[:, None] * np.array([levels], float)


def test_rates_are_sens_slopes_of_the_logarithms() -> None:
    values = noisy(falling(0.1), 0.3, count=1)[0]
    table = findings_of(values, 0.01).loc[DECREASES]
    slopes = [theilslopes(series, range(len(series))).slope for series in np.log(values).T]
    np.testing.assert_allclose(table.loc[LANGUAGES, "estimate"], slopes)
    assert table.loc["all", "estimate"] == pytest.approx(np.mean(slopes))


@pytest.mark.slow
def test_a_steady_decrease_has_its_rate_and_lies_beyond_a_narrow_interval() -> None:
    table = findings_of(falling(0.1), 0.01).loc[DECREASES]
    assert table.index.tolist() == ["all", *LANGUAGES]
    assert table["scope"].tolist() == ["all", *["language"] * 4]
    assert table["opponent"].isna().all()
    np.testing.assert_allclose(table["estimate"], -0.1)
    assert (table["holds"] == "yes").all()
    assert (findings_of(falling(-0.1), 0.01).loc[DECREASES, "holds"] == "no").all()
    assert (findings_of(falling(0.1), 1.0).loc[DECREASES, "holds"] == "undecided").all()


def test_intervals_have_the_width_of_the_replicates() -> None:
    values, scale = falling(0.1), 0.02
    table = findings_of(values, scale, ["zz"])
    # A difference of two means over seven layers, each with this error.
    row = table.loc[(LOWEST, "zz")]
    error = scale * np.sqrt(2 / 7)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * error, rel=0.25)
    assert row["low"] < row["estimate"] < row["high"]


@pytest.mark.slow
def test_the_closest_language_decides_whether_the_logographic_one_is_lowest() -> None:
    clear = findings_of(falling(0.1, (4, 3, 2, 1)), 0.01).loc[(LOWEST, "zz")]
    assert clear["holds"] == "yes" and clear["opponent"] == "cc"
    assert clear["estimate"] == pytest.approx(np.log(1 / 2))
    beaten = findings_of(falling(0.1, (4, 0.5, 2, 1)), 0.01).loc[(LOWEST, "zz")]
    assert beaten["holds"] == "no" and beaten["opponent"] == "bb"
    close = findings_of(falling(0.1, (4, 3, 1.001, 1)), 0.05).loc[(LOWEST, "zz")]
    assert close["holds"] == "undecided"


@pytest.mark.slow
def test_logographic_languages_are_not_compared_with_one_another() -> None:
    table = findings_of(falling(0.1, (4, 3, 1, 1.5)), 0.01, ["cc", "zz", "absent"]).loc[LOWEST]
    assert table["opponent"].to_dict() == {"cc": "bb", "zz": "bb"}
    assert (table["holds"] == "yes").all()
    assert LOWEST not in findings_of(falling(0.1), 0.01, []).index.get_level_values(0)


@pytest.mark.slow
def test_variance_in_the_middle() -> None:
    spread = np.array([3.0, 2, 1, 0.5, 1, 2, 3])
    values = 10 + spread[:, None] * np.array([[-1, -0.5, 0.5, 1]])
    row = findings_of(values, 0.001).loc[(MIDDLE, "all")]
    middle, outer = np.log(spread[2:5] ** 2).mean(), np.log(spread[[0, 1, 5, 6]] ** 2).mean()
    assert row["estimate"] == pytest.approx(middle - outer)
    assert row["holds"] == "yes"
    upside_down = 10 + (4 - spread)[:, None] * np.array([[-1, -0.5, 0.5, 1]])
    assert findings_of(upside_down, 0.001).loc[(MIDDLE, "all"), "holds"] == "no"


@pytest.mark.slow
def test_findings_do_not_depend_on_the_level() -> None:
    first = findings_of(falling(0.1), 0.05)
    second = findings_of(1e6 * falling(0.1), 0.05)
    np.testing.assert_allclose(first["estimate"], second["estimate"], atol=1e-9)
    np.testing.assert_allclose(first["high"], second["high"], atol=1e-9)


@pytest.mark.parametrize("shape", [(2, 4), (7, 2)])
def test_too_few_layers_or_languages_give_no_rows(shape: tuple[int, int]) -> None:
    values = falling(0.1)[: shape[0], : shape[1]]
    estimates, replicates = tables(values, noisy(values, 0.1), LANGUAGES[: shape[1]])
    assert findings(estimates, replicates, logographic=["aa"]) == Findings.empty()


def test_languages_that_do_not_vary_have_no_contrast() -> None:
    row = findings_of(falling(0.1, (1, 1, 1, 1)), 0.0).loc[(MIDDLE, "all")]
    assert np.isnan(row["estimate"]) and row["holds"] == "undecided"


@pytest.mark.slow
def test_markdown_has_one_column_per_source_and_normalisation() -> None:
    values = falling(0.1)
    parts = [tables(values, noisy(values, 0.01), source=name) for name in ("trained", "untrained")]
    estimates = Estimates.concat(part[0] for part in parts)
    replicates = Replicates.concat(part[1] for part in parts)
    text = findings_markdown(findings(estimates, replicates, logographic=["zz"]))
    lines = text.splitlines()
    assert lines[0] == "| finding | trained, none | untrained, none |"
    assert len({line.count("|") for line in lines}) == 1
    (lowest,) = (line for line in lines if line.startswith(f"| {LOWEST}: zz"))
    assert lowest.count("yes: -0.69") == 2 and lowest.count("against cc") == 2
    assert len(lines) == 2 + 1 + len(LANGUAGES) + 1 + 1
