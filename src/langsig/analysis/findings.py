"""The paper's findings on all words, held against intervals, and against what needs no training.

Each is one number with a sign, computed from average signatures ``[layers, languages]`` on a
logarithmic scale, so that it does not depend on their level.
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import theilslopes

from langsig.analysis.averages import replicate_cube
from langsig.intervals import interval

Array = NDArray[np.floating[Any]]
DECREASES = "decreases over layers"
MIDDLE = "variance smallest in the middle"
LOWEST = "logographic language lowest"
MIN_LAYERS = 3


class _Number(NamedTuple):
    finding: str
    subject: str
    estimate: float
    """Negative where the finding holds."""
    sentences: Array
    starts: Array

    def interval(self) -> tuple[float, float]:
        low, high = interval(np.array(self.estimate), self.sentences, self.starts)
        return float(low), float(high)


def findings(
    estimates: pd.DataFrame, replicates: pd.DataFrame, *, logographic: Collection[str] = ()
) -> pd.DataFrame:
    """For every source and normalisation, whether each finding holds beyond its interval.

    - `decreases over layers` (paper, section 5.1): Sen's slope of the logarithm of the average
      signature over layers, for each language and, as ``all``, the mean of the languages' slopes.
    - `variance smallest in the middle` (section 5.1): mean logarithm of the variance over
      languages in the layers between a third and two thirds of the height, minus that in the
      others.
    - `logographic language lowest` (section 5.1): logarithm of the average signature of the
      language, minus that of another without such a script, both as means over layers; for the
      language where that is least surely negative, which is the subject after the ``<``.

    Parameters
    ----------
    estimates
        Columns ``source``, ``normalise``, ``layer``, ``language``, ``average_signature``.
    replicates
        Columns ``source``, ``normalise``, ``layer``, ``language``, ``varied``, ``replicate``,
        ``average_signature``, see :class:`langsig.factorization.LayeredUncertainty`.
    logographic
        Languages with such a script; those without signatures are left out.

    Returns
    -------
    DataFrame
        Columns ``finding``, ``subject``, ``source``, ``normalise``, ``estimate``, ``low``,
        ``high`` (95 %), ``holds``: ``yes`` if the whole interval is negative, ``no`` if it is
        positive, else ``undecided``. With fewer than three layers or languages there are no rows;
        where languages do not vary in some layer, the contrast of variances is missing.
    """
    rows = []
    keys = ["source", "normalise"]
    draws = dict(iter(replicates.groupby(keys)))
    for key, group in estimates.groupby(keys, sort=False):
        wide = group.pivot(index="layer", columns="language", values="average_signature")
        if min(wide.shape) < MIN_LAYERS:
            continue
        sentences, starts = (
            replicate_cube(
                draws[key].query("varied == @varied"), list(wide.index), list(wide.columns)
            )
            for varied in ("sentences", "start")
        )
        for number in _numbers(wide, sentences, starts, set(logographic)):
            low, high = number.interval()
            holds = "yes" if high < 0 else "no" if low > 0 else "undecided"
            place = (number.finding, number.subject, *key)
            rows.append((*place, number.estimate, low, high, holds))
    columns = ["finding", "subject", *keys, "estimate", "low", "high", "holds"]
    return pd.DataFrame(rows, columns=columns)


def _numbers(
    wide: pd.DataFrame, sentences: Array, starts: Array, logographic: set[str]
) -> Iterator[_Number]:
    languages = [str(name) for name in wide.columns]
    layers = wide.index.to_numpy(float)
    cubes = wide.to_numpy()[None], sentences, starts
    slopes = [_slopes(np.log(cube), layers) for cube in cubes]
    yield _number(DECREASES, "all", [slope.mean(1) for slope in slopes])
    for index, language in enumerate(languages):
        yield _number(DECREASES, language, [slope[:, index] for slope in slopes])
    height = layers / layers.max()
    middle = (height >= 1 / 3) & (height <= 2 / 3)
    if middle.any():
        yield _number(MIDDLE, "all", [_middle(cube, middle) for cube in cubes])
    means = [np.log(cube).mean(1) for cube in cubes]
    others = [index for index, name in enumerate(languages) if name not in logographic]
    for language in sorted(logographic & set(languages)):
        own = languages.index(language)
        pairs = [
            _number(
                LOWEST,
                f"{language} < {languages[other]}",
                [mean[:, own] - mean[:, other] for mean in means],
            )
            for other in others
        ]
        if pairs:
            yield max(pairs, key=lambda pair: pair.interval()[1])


def _number(finding: str, subject: str, values: list[Array]) -> _Number:
    """From the estimate ``[1]``, and replicates of sentences and starts."""
    (estimate,), sentences, starts = values
    return _Number(finding, subject, float(estimate), sentences, starts)


def _slopes(logs: Array, layers: Array) -> Array:
    """Sen's slopes of ``[replicates, layers, languages]`` over layers."""
    flat = np.moveaxis(logs, 1, -1)
    slopes = [theilslopes(series, layers).slope for series in flat.reshape(-1, flat.shape[-1])]
    return np.array(slopes).reshape(flat.shape[:-1])


def _middle(averages: Array, middle: NDArray[np.bool_]) -> Array:
    """Of ``[replicates, layers, languages]``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = np.log(averages.var(-1, ddof=1))
        contrast: Array = variances[:, middle].mean(1) - variances[:, ~middle].mean(1)
    return contrast


def findings_markdown(table: pd.DataFrame) -> str:
    """One table: a row a finding and its subject, a column a source and normalisation."""
    variants = list(dict.fromkeys(zip(table["source"], table["normalise"], strict=True)))
    heads = [f"{source}, {normalise}" for source, normalise in variants]
    lines = [
        f"| finding | {' | '.join(heads)} |",
        f"| --- |{' ---: |' * len(heads)}",
    ]
    subjects = table["subject"].str.split(" < ").str[0]
    for (finding, subject), rows in table.groupby(["finding", subjects], sort=False):
        cells = {}
        for row in rows.to_dict("records"):
            against = row["subject"].partition(" < ")[2]
            cells[row["source"], row["normalise"]] = (
                f"{row['holds']}: {row['estimate']:+.2g} ({row['low']:+.2g} to {row['high']:+.2g})"
                + (f" against {against}" if against else "")
            )
        shown = " | ".join(cells.get(variant, "") for variant in variants)
        lines.append(f"| {finding}: {subject} | {shown} |")
    return "\n".join(lines) + "\n"
