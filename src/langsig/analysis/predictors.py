"""How well measures of languages predict outcomes, beyond what other facts predict."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from langsig.analysis.corrections import SIGNIFICANCE
from langsig.analysis.options import InferenceOptions
from langsig.analysis.permutations import orders
from langsig.arrays import Array
from langsig.errors import InputError, check_count
from langsig.schemas import Predictors

_SPARE = 3  # languages beyond the number of covariates and the measure; with fewer, |r| is near 1
_ROUNDING = 1e-10
_ENDS = (SIGNIFICANCE / 2, 1 - SIGNIFICANCE / 2)


def predictors(
    measures: pd.DataFrame,
    outcomes: pd.DataFrame,
    covariates: pd.DataFrame,
    *,
    genera: Mapping[str, str],
    options: InferenceOptions,
    replicates: int = 2_000,
) -> Predictors:
    """Compare each measure with each outcome over languages.

    All three tables have one row per language, with codes as index, and columns of numbers. Each
    pair of a measure and an outcome uses the languages that have both and all covariates.

    The partial correlation is that of ranks, after linear regression of both on the ranks of the
    covariates. Intervals are percentiles of the bootstrap over languages, and over whole genera,
    since languages of one genus are not independent. For the threshold, the languages of all
    measures are permuted together, and the highest absolute partial correlation of all measures
    and outcomes is recorded: by chance, only 5 % of the permutations have one above it (Westfall
    and Young 1993). Leave-one-out R^2 is of ordinary least squares on the values themselves,
    relative to the mean of all languages.

    Parameters
    ----------
    measures
        Measures that may predict outcomes, ``[languages, measures]``.
    outcomes
        Measured outcomes, ``[languages, outcomes]``.
    covariates
        What is known without measuring, such as the number of sub-words per word and indicators
        of families, ``[languages, covariates]``. There may be none.
    genera
        Genus of each language. A language that is missing is a genus of its own.
    options
        Number and seed of permutations, and the number of languages that a pair must have.
    replicates
        Number of bootstrap replicates (default: 2,000).

    Returns
    -------
    Predictors
        One row per pair. Statistics are missing where a pair has fewer languages than
        `options.min_languages` or than the number of covariates plus 4, and where a series does
        not vary, or not beyond the covariates. The threshold is missing if all pairs have too few.

    Raises
    ------
    InputError
        If there are no measures or no outcomes, or `replicates` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from langsig.analysis import InferenceOptions
    >>> rng = np.random.default_rng(0)
    >>> languages = [f"q{first}{second}" for first in "abcde" for second in "abcdef"]
    >>> measures = pd.DataFrame(rng.normal(size=(30, 2)), languages, ["fit", "chance"])
    >>> covariates = pd.DataFrame({"fertility": rng.normal(size=30)}, languages)
    >>> outcomes = pd.DataFrame({"transfer": measures["fit"] + covariates["fertility"]})
    >>> options = InferenceOptions(min_languages=3, permutations=500, seed=0)
    >>> table = predictors(measures, outcomes, covariates, genera={}, options=options)
    >>> table.frame[["measure", "outcome", "languages", "beyond"]]
      measure   outcome  languages  beyond
    0     fit  transfer         30    True
    1  chance  transfer         30   False
    """
    check_count("replicates", replicates)
    if measures.empty or outcomes.empty:
        raise InputError("there must be at least one measure and one outcome, each with a language")
    known = covariates.dropna().astype(float)
    languages = known.index
    x = measures.reindex(languages).to_numpy(float)
    y = outcomes.reindex(languages).to_numpy(float)
    genus = np.unique([genera.get(code, code) for code in languages], return_inverse=True)[1]
    order, _ = orders(np.zeros(len(languages)), options.permutations, options.seed)
    least = max(options.min_languages, known.shape[1] + 1 + _SPARE)
    shape = x.shape[1], y.shape[1]
    counts = np.zeros(shape, np.int64)
    results = {name: np.full(shape, np.nan) for name in _NUMBERS}
    highest = np.full(len(order), np.nan)
    for block in _blocks(x, y):
        rows, pairs = block.rows, np.ix_(block.measures, block.outcomes)
        counts[pairs] = len(rows)
        if len(rows) < least:
            continue
        series = known.to_numpy()[rows], x[rows][:, block.measures], y[rows][:, block.outcomes]
        rng = np.random.default_rng(options.seed)
        values = _estimates(*series) | _intervals(*series, genus[rows], replicates, rng)
        for name, value in values.items():
            results[name][pairs] = value
        permuted = _permuted_partials(*series, order[:, rows].argsort(1))
        highest = np.fmax(highest, np.nan_to_num(np.abs(permuted)).max((1, 2)))
    return _table(measures.columns, outcomes.columns, counts, results, highest)


_NUMBERS = (
    "spearman",
    "spearman_low",
    "spearman_high",
    "partial",
    "low",
    "high",
    "genus_low",
    "genus_high",
    "base_r2",
    "r2",
)


def _table(
    measures: pd.Index,
    outcomes: pd.Index,
    counts: NDArray[np.int64],
    results: Mapping[str, Array],
    highest: Array,
) -> Predictors:
    """One row per pair, from arrays ``[measures, outcomes]``."""
    keys = pd.MultiIndex.from_product([measures, outcomes], names=["measure", "outcome"])
    columns = {"languages": counts, **results}
    frame = pd.DataFrame({name: value.ravel() for name, value in columns.items()}, keys)
    frame["threshold"] = np.quantile(highest, 1 - SIGNIFICANCE)
    excludes_0 = (frame["low"] > 0) | (frame["high"] < 0)
    frame["beyond"] = excludes_0 & (frame["partial"].abs() > frame["threshold"])
    return Predictors(frame.reset_index())


class _Block(NamedTuple):
    """Pairs of measures and outcomes that have the same languages."""

    rows: NDArray[np.intp]
    measures: NDArray[np.intp]
    outcomes: NDArray[np.intp]


def _blocks(x: Array, y: Array) -> Iterator[_Block]:
    """Divide pairs of measures ``[languages, measures]`` and outcomes by their languages."""
    x_known, x_group = np.unique(~np.isnan(x), axis=1, return_inverse=True)
    y_known, y_group = np.unique(~np.isnan(y), axis=1, return_inverse=True)
    for i in range(x_known.shape[1]):
        for j in range(y_known.shape[1]):
            rows = np.flatnonzero(x_known[:, i] & y_known[:, j])
            yield _Block(rows, np.flatnonzero(x_group == i), np.flatnonzero(y_group == j))


def _estimates(c: Array, x: Array, y: Array) -> dict[str, Array]:
    """Estimates from all languages, ``[measures, outcomes]`` each.

    Parameters
    ----------
    c, x, y
        Covariates, measures and outcomes, ``[languages, ...]``.
    """
    spearman, partial = _rank_correlations(c, x, y, np.ones((1, len(c))))
    designs = np.stack([np.column_stack([c, measure]) for measure in x.T])
    return {
        "spearman": spearman[0],
        "partial": partial[0],
        "base_r2": _left_out_r2(c[None], y),
        "r2": _left_out_r2(designs, y),
    }


def _intervals(
    c: Array,
    x: Array,
    y: Array,
    genus: NDArray[np.intp],
    replicates: int,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Ends of intervals over languages and over genera, ``[measures, outcomes]`` each."""
    names, number = np.unique(genus, return_inverse=True)
    by_language = rng.multinomial(len(c), np.full(len(c), 1 / len(c)), replicates)
    by_genus = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), replicates)
    spearman, partial = _rank_correlations(c, x, y, by_language)
    _, genus_partial = _rank_correlations(c, x, y, by_genus[:, number])
    ends: dict[str, Array] = {}
    for name, draws in (("spearman_", spearman), ("", partial), ("genus_", genus_partial)):
        flat = pd.DataFrame(draws.reshape(replicates, -1))  # quantiles leave out missing values
        low, high = flat.quantile(_ENDS).to_numpy().reshape(2, *draws.shape[1:])
        ends |= {f"{name}low": low, f"{name}high": high}
    return ends


def _rank_correlations(
    c: Array, x: Array, y: Array, times: NDArray[np.generic]
) -> tuple[Array, Array]:
    """Rank correlations of samples in which languages occur several times.

    Parameters
    ----------
    c, x, y
        Covariates, measures and outcomes, ``[languages, ...]``.
    times
        How often each language occurs, ``[samples, languages]``.

    Returns
    -------
    tuple
        Rank correlations, and those given the covariates, ``[samples, measures, outcomes]`` each;
        NaN where a series does not vary.
    """
    z = np.column_stack([c, x, y])
    times = times.astype(float)
    below = (z < z[:, None]) + 0.5 * (z == z[:, None])  # [language, other, series]
    ranks = np.tensordot(times, below, (1, 1))  # [samples, languages, series]
    weights = times[:, :, None]
    ranks -= np.sum(weights * ranks, 1, keepdims=True) / np.sum(weights, 1, keepdims=True)
    products = (weights * ranks).transpose(0, 2, 1) @ ranks  # [samples, series, series]
    known, rest = slice(c.shape[1]), slice(c.shape[1], None)
    cross = products[:, rest, known]
    inverse = np.linalg.pinv(products[:, known, known], rcond=_ROUNDING, hermitian=True)
    plain = products[:, rest, rest]
    left = plain - cross @ inverse @ cross.transpose(0, 2, 1)
    scale = plain.diagonal(0, 1, 2)  # [samples, measures and outcomes]
    measures = x.shape[1]
    return _normalised(plain, scale, measures), _normalised(left, scale, measures)


def _normalised(products: Array, scale: Array, measures: int) -> Array:
    """Correlations of the first `measures` series with the others, from sums of products."""
    squares = products.diagonal(0, 1, 2)
    lengths = np.sqrt(np.where(squares > _ROUNDING * scale, squares, np.nan))
    lengths = lengths[:, :measures, None] * lengths[:, None, measures:]
    correlations: Array = products[:, :measures, measures:] / lengths
    return correlations


def _permuted_partials(c: Array, x: Array, y: Array, order: NDArray[np.intp]) -> Array:
    """Partial rank correlations after permutations of the measures' languages.

    Parameters
    ----------
    c, x, y
        Covariates, measures and outcomes, ``[languages, ...]``.
    order
        Indices of languages, ``[permutations, languages]``.

    Returns
    -------
    ndarray
        ``[permutations, measures, outcomes]``; NaN where a series does not vary.
    """
    c, x, y = (rankdata(series, axis=0) for series in (c, x, y))
    left, values, _ = np.linalg.svd(np.column_stack([np.ones(len(c)), c]), full_matrices=False)
    basis = left[:, values > _ROUNDING * values[0]]  # of the covariates and the mean
    y = y - basis @ (basis.T @ y)
    x = x[order]  # [permutations, languages, measures]
    x = x - basis @ (basis.T @ x)
    lengths = np.linalg.norm(x, axis=1)[:, :, None] * np.linalg.norm(y, axis=0)
    products = np.tensordot(x, y, (1, 0))
    smallest = _ROUNDING * len(c) ** 3  # the square of a series of ranks is of this order
    correlations: Array = products / np.where(lengths > smallest, lengths, np.nan)
    return correlations


def _left_out_r2(designs: Array, y: Array) -> Array:
    """R^2 of predictions for each language from the others, ``[designs, outcomes]``.

    Parameters
    ----------
    designs
        Variables of least squares, ``[designs, languages, variables]``.
    y
        Outcomes, ``[languages, outcomes]``.
    """
    number = len(y)
    spread = designs.std(1, keepdims=True)
    designs = designs / np.where(spread > 0, spread, 1)  # units are no reason for rounding errors
    rest = np.nonzero(~np.eye(number, dtype=bool))[1].reshape(number, -1)  # without each language
    x_mean, y_mean = designs[:, rest].mean(2), y[rest].mean(1)
    inverse = np.linalg.pinv(designs[:, rest] - x_mean[:, :, None])
    slopes = inverse @ (y[rest] - y_mean[:, None])  # [designs, languages, variables, outcomes]
    predicted = y_mean + np.einsum("dlv,dlvo->dlo", designs - x_mean, slopes)
    total = np.sum((y - y.mean(0)) ** 2, axis=0)
    errors = np.sum((y - predicted) ** 2, axis=1)
    explained: Array = 1 - errors / np.where(total > 0, total, np.nan)
    return explained
