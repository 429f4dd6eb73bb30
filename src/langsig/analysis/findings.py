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

from langsig.factorization import interval

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
    replicates: Array


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
        Columns ``source``, ``normalise``, ``layer``, ``language``, ``blocks``,
        ``average_signature``.
    replicates
        Columns ``source``, ``normalise``, ``layer``, ``language``, ``replicate``,
        ``average_signature``.
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
        cube = _cube(draws[key], wide)
        blocks = int(group["blocks"].min())
        for number in _numbers(wide, cube, blocks, set(logographic)):
            low, high = interval(np.array(number.estimate), number.replicates, blocks)
            holds = "yes" if high < 0 else "no" if low > 0 else "undecided"
            place = (number.finding, number.subject, *key)
            rows.append((*place, number.estimate, float(low), float(high), holds))
    columns = ["finding", "subject", *keys, "estimate", "low", "high", "holds"]
    return pd.DataFrame(rows, columns=columns)


def _cube(replicates: pd.DataFrame, wide: pd.DataFrame) -> Array:
    """``[replicates, layers, languages]``, in the order of the table of estimates."""
    index = ["replicate", "layer", "language"]
    series = replicates.set_index(index)["average_signature"].unstack(["layer", "language"])
    values = series.reindex(columns=pd.MultiIndex.from_product([wide.index, wide.columns]))
    return values.to_numpy().reshape(-1, *wide.shape)


def _numbers(
    wide: pd.DataFrame, cube: Array, blocks: int, logographic: set[str]
) -> Iterator[_Number]:
    languages = [str(name) for name in wide.columns]
    logs, log_draws = np.log(wide.to_numpy()), np.log(cube)
    layers = wide.index.to_numpy(float)
    slopes = _slopes(logs[None], layers)[0]
    slope_draws = _slopes(log_draws, layers)
    yield _Number(DECREASES, "all", float(slopes.mean()), slope_draws.mean(1))
    for index, language in enumerate(languages):
        yield _Number(DECREASES, language, float(slopes[index]), slope_draws[:, index])
    height = layers / layers.max()
    middle = (height >= 1 / 3) & (height <= 2 / 3)
    if middle.any():
        contrast = _middle(wide.to_numpy()[None], middle)[0]
        yield _Number(MIDDLE, "all", float(contrast), _middle(cube, middle))
    means, mean_draws = logs.mean(0), log_draws.mean(1)
    others = [index for index, name in enumerate(languages) if name not in logographic]
    for language in sorted(logographic & set(languages)):
        own = languages.index(language)
        pairs = [
            _Number(
                LOWEST,
                f"{language} < {languages[other]}",
                float(means[own] - means[other]),
                mean_draws[:, own] - mean_draws[:, other],
            )
            for other in others
        ]
        if pairs:
            yield max(pairs, key=lambda pair: interval(np.array(pair[2]), pair[3], blocks)[1])


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
