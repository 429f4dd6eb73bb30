"""The paper's findings on all words, as numbers with intervals.

Each finding is one number with a sign, computed from average signatures ``[layers, languages]`` on
a logarithmic scale, so that it does not depend on their level.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.analysis.averages import replicate_cube
from langsig.arrays import Array
from langsig.intervals import interval
from langsig.schemas import Estimates, Findings, Replicates

DECREASES = "decreases over layers"
MIDDLE = "variance smallest in the middle"
LOWEST = "logographic language lowest"
_MIN_LAYERS = _MIN_LANGUAGES = 3


@dataclass(frozen=True)
class _Contrast:
    """One finding, with its values for replicates of sentences and for other starts."""

    finding: str
    language: str | None
    opponent: str | None
    values: tuple[Array, Array, Array]
    """The estimate ``[1]``, then one value per replicate of sentences, and per start."""

    @property
    def estimate(self) -> float:
        return float(self.values[0][0])

    def interval(self) -> tuple[float, float]:
        _, sentences, starts = self.values
        low, high = interval(np.array(self.estimate), sentences, starts)
        return float(low), float(high)


def findings(
    estimates: Estimates, replicates: Replicates, *, logographic: Collection[str] = ()
) -> Findings:
    """Test whether each finding holds beyond its 95 % interval, per source and normalisation.

    - `decreases over layers` (paper, section 5.1): Sen's slope over layers of the logarithm of the
      average signature; for each language, and the mean of the slopes for all languages.
    - `variance smallest in the middle` (section 5.1): mean logarithm of the variance over
      languages in the middle third of the layers, minus that in the other layers.
    - `logographic language lowest` (section 5.1): logarithm of the average signature of a
      language with a logographic script, minus that of another language, both as means over
      layers. The opponent is the language whose
      interval has the highest upper end.

    A finding holds if the whole interval is negative; it does not if the whole interval is
    positive; otherwise it is undecided.

    Parameters
    ----------
    estimates
        Average signatures of all words.
    replicates
        The same for resampled sentences and other starts.
    logographic
        Languages with a logographic script. Those without signatures are left out.

    Returns
    -------
    Findings
        There are no rows for sources with fewer than three layers or languages. The contrast of
        variances is missing where languages do not vary in some layer.
    """
    rows = []
    keys = ["source", "normalise"]
    for (source, normalise), group in estimates.frame.groupby(keys, sort=False):
        wide = group.pivot(index="layer", columns="language", values="average_signature")
        if wide.shape[0] < _MIN_LAYERS or wide.shape[1] < _MIN_LANGUAGES:
            continue
        draws = replicates.select(source=source, normalise=normalise)
        layers, languages = list(wide.index), list(wide.columns)
        sentences = replicate_cube(draws.select(varied="sentences"), layers, languages)
        starts = replicate_cube(draws.select(varied="start"), layers, languages)
        for contrast in _contrasts(wide, sentences, starts, set(logographic)):
            low, high = contrast.interval()
            rows.append(
                {
                    "finding": contrast.finding,
                    "scope": "all" if contrast.language is None else "language",
                    "language": contrast.language,
                    "opponent": contrast.opponent,
                    "source": source,
                    "normalise": normalise,
                    "estimate": contrast.estimate,
                    "low": low,
                    "high": high,
                    "holds": "yes" if high < 0 else "no" if low > 0 else "undecided",
                }
            )
    return Findings(pd.DataFrame(rows, columns=list(Findings.columns)))


def _contrasts(
    wide: pd.DataFrame, sentences: Array, starts: Array, logographic: set[str]
) -> Iterator[_Contrast]:
    languages = [str(name) for name in wide.columns]
    layers = wide.index.to_numpy(float)
    cubes = wide.to_numpy()[None], sentences, starts

    def contrast(
        finding: str, values: list[Array], language: str | None = None, opponent: str | None = None
    ) -> _Contrast:
        return _Contrast(finding, language, opponent, (values[0], values[1], values[2]))

    slopes = [_slopes(np.log(cube), layers) for cube in cubes]
    yield contrast(DECREASES, [slope.mean(1) for slope in slopes])
    for index, language in enumerate(languages):
        yield contrast(DECREASES, [slope[:, index] for slope in slopes], language)
    height = layers / layers.max()
    middle = (height >= 1 / 3) & (height <= 2 / 3)
    if middle.any():
        yield contrast(MIDDLE, [_middle(cube, middle) for cube in cubes])
    means = [np.log(cube).mean(1) for cube in cubes]
    others = [index for index, name in enumerate(languages) if name not in logographic]
    for language in sorted(logographic & set(languages)):
        index = languages.index(language)
        pairs = [
            contrast(
                LOWEST,
                [mean[:, index] - mean[:, other] for mean in means],
                language,
                languages[other],
            )
            for other in others
        ]
        if pairs:
            yield max(pairs, key=lambda pair: pair.interval()[1])


def _slopes(logs: Array, layers: Array) -> Array:
    """Sen's slopes over the layers of ``[replicates, layers, languages]``."""
    lower, upper = np.triu_indices(len(layers), 1)
    rises = logs[:, upper] - logs[:, lower]  # [replicates, pairs, languages]
    slopes: Array = np.median(rises / (layers[upper] - layers[lower])[:, None], axis=1)
    return slopes


def _middle(averages: Array, middle: NDArray[np.bool_]) -> Array:
    """Contrast of variances for each replicate of ``[replicates, layers, languages]``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = np.log(averages.var(-1, ddof=1))
        contrast: Array = variances[:, middle].mean(1) - variances[:, ~middle].mean(1)
    return contrast


def findings_markdown(findings: Findings) -> str:
    """The findings as a Markdown table: whether each holds, its estimate and its interval.

    There is one row per finding and language, and one column per source and normalisation.
    """
    frame = findings.frame
    variants = list(dict.fromkeys(zip(frame["source"], frame["normalise"], strict=True)))
    heads = [f"{source}, {normalise}" for source, normalise in variants]
    lines = [
        f"| finding | {' | '.join(heads)} |",
        f"| --- |{' ---: |' * len(heads)}",
    ]
    subjects = frame["language"].fillna("all")
    for (finding, subject), rows in frame.groupby(["finding", subjects], sort=False):
        cells = {}
        for row in rows.to_dict("records"):
            against = "" if pd.isna(row["opponent"]) else f" against {row['opponent']}"
            cells[row["source"], row["normalise"]] = (
                f"{row['holds']}: {row['estimate']:+.2g} ({row['low']:+.2g} to {row['high']:+.2g})"
                f"{against}"
            )
        shown = " | ".join(cells.get(variant, "") for variant in variants)
        lines.append(f"| {finding}: {subject} | {shown} |")
    return "\n".join(lines) + "\n"
