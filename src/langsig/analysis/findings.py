"""The paper's findings on all words, as numbers with intervals.

Each finding is one number with a sign, computed from average signatures ``[layers, languages]`` on
a logarithmic scale, so that it does not depend on their level.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.analysis.averages import logarithms, replicate_cube, resampled_cube
from langsig.arrays import Array
from langsig.intervals import Variance, half_width, variance_of_starts
from langsig.schemas import Estimates, Findings, Replicates
from langsig.terms import AVERAGE_SIGNATURE

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
    variance: Callable[[Array], Variance]
    """Variance of the estimate, from the replicates of sentences."""

    @property
    def estimate(self) -> float:
        return float(self.values[0][0])

    def interval(self) -> tuple[float, float]:
        _, sentences, starts = self.values
        half = float(half_width([self.variance(sentences), variance_of_starts(starts)]))
        return self.estimate - half, self.estimate + half


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
        variances is missing where languages do not vary in some layer. A finding is missing, and
        undecided, if it needs the logarithm of a number that is not positive.
    """
    rows = []
    keys = ["source", "normalise"]
    for (source, normalise), group in estimates.frame.groupby(keys, sort=False):
        wide = group.pivot(index="layer", columns="language", values="average_signature")
        if wide.shape[0] < _MIN_LAYERS or wide.shape[1] < _MIN_LANGUAGES:
            continue
        draws = replicates.select(source=source, normalise=normalise)
        layers, languages = list(wide.index), list(wide.columns)
        sentences, variance = resampled_cube(draws, layers, languages)
        starts = replicate_cube(draws.select(varied="start"), layers, languages)
        cubes = wide.to_numpy()[None], sentences, starts
        for contrast in _contrasts(wide, cubes, variance, set(logographic)):
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
    columns = [name for name in Findings.columns if name != "measure"]
    return Findings(pd.DataFrame(rows, columns=columns))


def _contrasts(
    wide: pd.DataFrame,
    cubes: tuple[Array, Array, Array],
    variance: Callable[[Array], Variance],
    logographic: set[str],
) -> Iterator[_Contrast]:
    """Contrasts of the estimates and replicates ``[replicates, layers, languages]``."""
    languages = [str(name) for name in wide.columns]
    layers = wide.index.to_numpy(float)

    def contrast(
        finding: str, values: list[Array], language: str | None = None, opponent: str | None = None
    ) -> _Contrast:
        triple = (values[0], values[1], values[2])
        return _Contrast(finding, language, opponent, triple, variance)

    logs = [logarithms(cube) for cube in cubes]
    slopes = [_slopes(of_cube, layers) for of_cube in logs]
    yield contrast(DECREASES, [slope.mean(1) for slope in slopes])
    for index, language in enumerate(languages):
        yield contrast(DECREASES, [slope[:, index] for slope in slopes], language)
    height = layers / layers.max()
    middle = (height >= 1 / 3) & (height <= 2 / 3)
    if middle.any():
        yield contrast(MIDDLE, [_middle(cube, middle) for cube in cubes])
    means = [of_cube.mean(1) for of_cube in logs]
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

    There is one row per finding and language, and one column per variant
    (:func:`variants_of_findings`).
    """
    frame = findings.frame.assign(variant=variants_of_findings(findings))
    variants = list(dict.fromkeys(frame["variant"]))
    lines = [
        f"| finding | {' | '.join(variants)} |",
        f"| --- |{' ---: |' * len(variants)}",
    ]
    subjects = frame["language"].fillna("all")
    for (finding, subject), rows in frame.groupby(["finding", subjects], sort=False):
        cells = {}
        for row in rows.to_dict("records"):
            against = "" if pd.isna(row["opponent"]) else f" against {row['opponent']}"
            cells[row["variant"]] = (
                f"{row['holds']}: {row['estimate']:+.2g} ({row['low']:+.2g} to {row['high']:+.2g})"
                f"{against}"
            )
        shown = " | ".join(cells.get(variant, "") for variant in variants)
        lines.append(f"| {finding}: {subject} | {shown} |")
    return "\n".join(lines) + "\n"


def variants_of_findings(findings: Findings) -> pd.Series:
    """What each row was computed from: source and normalisation, or a measure that has neither."""
    frame = findings.frame
    published = frame["source"] + ", " + frame["normalise"]
    return published.where(frame["measure"] == AVERAGE_SIGNATURE, frame["measure"])
