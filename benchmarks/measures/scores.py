"""Scores of measures, from their values for all variants.

Values are divided by the mean of the baseline over seeds, in each language and layer, and averaged
over layers, so that all layers count alike.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.errors import InputError

Array = NDArray[np.float64]
RESAMPLES = 2_000
OUTCOMES = ("gain", "selectivity")
_KEYS = ["measure", "language", "layer"]


class Cube(NamedTuple):
    """Values of one measure. Missing models are NaN."""

    languages: list[str]
    reduced: list[str]
    doses: list[float]
    """From the largest to the smallest."""
    baseline: Array
    """``[seeds, languages, layers]``"""
    changed: Array
    """Where text of one language is reduced, ``[seeds, reduced, doses, languages, layers]``."""

    @classmethod
    def of(cls, values: pd.DataFrame) -> "Cube":
        """The values of one measure, of the variants `seed` and `dose`."""
        baseline, less = (values[values["kind"] == kind] for kind in ("seed", "dose"))
        seeds, languages, layers = (
            sorted(baseline[key].unique()) for key in ("seed", "language", "layer")
        )
        reduced, doses = sorted(less["reduced"].unique()), sorted(less["dose"].unique())[::-1]
        axes = {"seed": seeds, "reduced": reduced, "dose": doses}
        axes |= {"language": languages, "layer": layers}

        def filled(table: pd.DataFrame, names: Sequence[str]) -> Array:
            lists = [axes[name] for name in names]
            index = pd.MultiIndex.from_product(lists, names=names)
            of_index = table.set_index(list(names))["value"].reindex(index).to_numpy(float)
            return of_index.reshape([len(entries) for entries in lists])

        return cls(
            languages,
            reduced,
            doses,
            filled(baseline, ["seed", "language", "layer"]),
            filled(less, ["seed", "reduced", "dose", "language", "layer"]),
        )

    def of_seeds(self, chosen: NDArray[np.int64]) -> "Cube":
        """The values of some of the seeds, which may be repeated."""
        return self._replace(baseline=self.baseline[chosen], changed=self.changed[chosen])

    def of_layer(self, layer: int) -> "Cube":
        """The values of one layer."""
        one = slice(layer, layer + 1)
        return self._replace(baseline=self.baseline[..., one], changed=self.changed[..., one])

    def noise(self) -> float:
        """Standard deviation over seeds of a language's level, relative to the mean over seeds.

        Levels are means over layers. Variances are averaged over languages.
        """
        relative = (self.baseline / self.baseline.mean(0)).mean(2)  # [seeds, languages]
        return float(np.sqrt(relative.var(0, ddof=1).mean()))

    def changes_by_seed(self) -> Array:
        """Changes relative to the baseline, ``[seeds, reduced, doses, languages]``."""
        changes: Array = (self.changed / self.baseline.mean(0)).mean(4) - 1
        return changes

    def own_and_others(self) -> tuple[Array, Array]:
        """Changes of the language whose text is reduced, and of the others, means over seeds.

        Returns
        -------
        own
            ``[reduced, doses]``.
        others
            ``[reduced, doses, languages - 1]``.
        """
        changes = np.nanmean(self.changes_by_seed(), axis=0)  # [reduced, doses, languages]
        own, others = [], []
        for number, language in enumerate(self.reduced):
            place = self.languages.index(language)
            own.append(changes[number, :, place])
            others.append(np.delete(changes[number], place, axis=1))
        return np.array(own), np.array(others)

    def signal_to_noise(self) -> Array:
        """How far a language falls beyond the others, over the noise, ``[reduced, doses]``."""
        own, others = self.own_and_others()
        return (others.mean(2) - own) / self.noise()


def resampled(cube: Cube, number: int = RESAMPLES) -> Array:
    """Signal to noise of models with seeds drawn with replacement, ``[draws, reduced, doses]``.

    Draws of a single seed are left out. A variance of n draws is too small by a factor of
    (n - 1) / n, which is corrected. All measures have the same draws.
    """
    seeds = len(cube.baseline)
    chosen = np.random.default_rng(0).integers(seeds, size=(number, seeds))
    with_models = ~np.isnan(cube.changed).all(axis=(1, 2, 3, 4))
    results = [
        cube.of_seeds(draw).signal_to_noise()
        for draw in chosen
        if len(np.unique(draw)) > 1 and with_models[draw].any()
    ]
    return np.array(results) * np.sqrt((seeds - 1) / seeds)


def scores(values: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Scores of all measures, the best first.

    Parameters
    ----------
    values
        Values of all variants, see :meth:`benchmarks.measures.variants.Values.compute`.
    reference
        Name of the measure whose median signal to noise others are compared with; the worst may
        be negative.

    Returns
    -------
    DataFrame
        One row per measure, by descending ``snr``.

    Raises
    ------
    InputError
        If there is no such reference.
    """
    measures = [name for name in values["measure"].unique() if name not in OUTCOMES]
    if reference not in measures:
        raise InputError(f"reference must be one of {', '.join(measures)}, got {reference!r}")
    of_reference = Cube.of(values[values["measure"] == reference])
    median_of_reference = _median(of_reference.signal_to_noise())
    medians_of_reference = _median(resampled(of_reference))
    rows = []
    for measure in measures:
        own = values[values["measure"] == measure]
        cube = Cube.of(own)
        draws, found = resampled(cube), cube.signal_to_noise()
        median = _median(found)
        low, high = np.quantile(draws.min(axis=(1, 2)), [0.025, 0.975])
        ratios = np.quantile(_median(draws) / medians_of_reference, [0.025, 0.975])
        rows.append(
            {
                "measure": measure,
                "snr": found.min(),
                "snr_low": low,
                "snr_high": high,
                "snr_median": median,
                "ratio": median / median_of_reference,
                "ratio_low": ratios[0],
                "ratio_high": ratios[1],
                "noise": cube.noise(),
                **_of_changes(cube),
                **_of_states(own),
                **_agreement(own, values),
            }
        )
    return pd.DataFrame(rows).sort_values("snr", ascending=False, ignore_index=True)


def changes(values: pd.DataFrame) -> pd.DataFrame:
    """For each measure, language and dose: changes in mean, and signal to noise with intervals."""
    rows = []
    for measure in [name for name in values["measure"].unique() if name not in OUTCOMES]:
        cube = Cube.of(values[values["measure"] == measure])
        own, others = cube.own_and_others()
        found = cube.signal_to_noise()
        low, high = np.quantile(resampled(cube), [0.025, 0.975], axis=0)
        for number, language in enumerate(cube.reduced):
            for place, dose in enumerate(cube.doses):
                at = number, place
                of_others = others[at]
                row = {"measure": measure, "language": language, "dose": dose, "change": own[at]}
                row |= {"others_mean": of_others.mean(), "others_rms": _rms(of_others)}
                rows.append(row | {"snr": found[at], "snr_low": low[at], "snr_high": high[at]})
    return pd.DataFrame(rows)


def by_layer(values: pd.DataFrame) -> pd.DataFrame:
    """Signal to noise, worst and median, and noise of each measure in each layer."""
    rows = []
    for measure in [name for name in values["measure"].unique() if name not in OUTCOMES]:
        cube = Cube.of(values[values["measure"] == measure])
        for layer in range(cube.baseline.shape[2]):
            of_layer = cube.of_layer(layer)
            found = of_layer.signal_to_noise()
            row = {"measure": measure, "layer": layer, "snr": found.min()}
            rows.append(row | {"snr_median": np.median(found), "noise": of_layer.noise()})
    return pd.DataFrame(rows)


def _of_changes(cube: Cube) -> dict[str, float]:
    """Specificity, and whether values fall with the dose."""
    own, others = cube.own_and_others()
    levels = np.concatenate([np.zeros((len(own), 1)), own], axis=1)  # [reduced, 1 + doses]
    by_seed = cube.changes_by_seed()
    places = [cube.languages.index(language) for language in cube.reduced]
    of_seeds = np.stack([by_seed[:, n, :, place] for n, place in enumerate(places)], axis=1)
    start = (cube.baseline / cube.baseline.mean(0)).mean(2)[:, places, None] - 1
    paths = np.concatenate([start, of_seeds], axis=2)  # [seeds, reduced, 1 + doses]
    complete = paths[~np.isnan(paths).any(2)]
    return {
        "specificity": float(np.median(_rms(others) / np.abs(own))),
        "monotone": float((np.diff(levels) < 0).all(1).mean()),
        "monotone_by_seed": float((np.diff(complete) < 0).all(1).mean()),
    }


def _of_states(values: pd.DataFrame) -> dict[str, float]:
    """What becomes of a measure where its right value is known, relative to the baseline."""
    baseline = values[values["kind"] == "seed"].set_index(["seed", *_KEYS])["value"]
    mean = baseline.groupby(level=_KEYS).mean()

    def relative(kind: str) -> pd.Series:
        chosen = values[values["kind"] == kind].set_index(_KEYS)
        return chosen["value"] / mean.reindex(chosen.index)

    def largest_change(kind: str) -> float:
        changed = values[values["kind"] == kind].set_index(["seed", *_KEYS])["value"]
        return float((changed / baseline.reindex(changed.index) - 1).abs().max())

    untrained = relative("untrained")
    layer = untrained.index.get_level_values("layer")
    inner = (layer > 0) & (layer < layer.max())
    halves = values[values["kind"] == "half"].pivot_table(
        index=["seed", *_KEYS], columns="amount", values="value"
    )
    width = relative("width")
    return {
        "invariance": max(largest_change(kind) for kind in ("rescaled", "rotated")),
        "rescaled": largest_change("rescaled"),
        "rotated": largest_change("rotated"),
        "floor": float(untrained.mean()),
        "floor_inner": float(untrained[inner].mean()),
        "shuffled": float(relative("shuffled").mean()),
        "halves": float(_rms(((halves[0] - halves[1]) / (halves[0] + halves[1])).to_numpy())),
        "width": float(width.mean() - 1) if len(width) else np.nan,
    }


def _agreement(own: pd.DataFrame, values: pd.DataFrame) -> dict[str, float]:
    """Correlations with outcomes within each language and layer, over all trained models.

    ``_reduced``: of the language whose text is reduced only, and of the baseline.
    """
    keys = ["kind", "seed", "reduced", "dose", "amount", "language", "layer"]
    trained = own[own["kind"].isin(["seed", "dose", "step"])].set_index(keys)["value"]
    mean = trained.loc["seed"].groupby(level=["language", "layer"]).mean()
    table = trained.to_frame("value").join(mean.rename("mean"), on=["language", "layer"])
    table["value"] /= table["mean"]
    result = {}
    for outcome in OUTCOMES:
        of_outcome = values[values["measure"] == outcome].set_index(keys)["value"]
        table["outcome"] = of_outcome.reindex(table.index)
        result[f"r_{outcome}"] = _within(table)
        frame = table.reset_index()
        concerned = (frame["kind"] == "seed") | (frame["reduced"] == frame["language"])
        studied = frame["language"].isin(frame.loc[frame["kind"] == "dose", "reduced"])
        result[f"r_{outcome}_reduced"] = _within(frame[concerned & studied])
    return result


def _within(table: pd.DataFrame) -> float:
    """Correlation of the columns value and outcome after their means in each language and layer
    were subtracted."""
    columns = ["value", "outcome"]
    groups = table.groupby(["language", "layer"])[columns]
    centred = table[columns] - groups.transform("mean")
    return float(centred.corr().loc["value", "outcome"])


def _median(signal_to_noise: Array) -> Array:
    """Median over languages and doses, the last two axes."""
    median: Array = np.median(signal_to_noise, axis=(-2, -1))
    return median


def _rms(values: Array) -> Array:
    """Root mean square over the last axis."""
    return np.sqrt(np.mean(np.square(values), axis=-1))
