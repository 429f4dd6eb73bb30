"""Do average signatures say more of the languages than plainer measures do?"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import PermutationMethod, pearsonr, spearmanr

MIN_LANGUAGES = 4
"""Of three, a regression leaves one degree of freedom: residuals of two halves are then equal up
to a factor, whatever they are."""
_PERMUTATIONS = 99_999  # of eight languages and fewer this means all that there are


def baseline_agreement(averages: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation over languages of each measure with the average signature.

    Parameters
    ----------
    averages
        Columns ``category``, ``layer``, ``language``, ``average_signature``.
    baselines
        Columns ``category``, ``layer``, ``language``, ``measure``, ``value``.

    Returns
    -------
    DataFrame
        Columns ``category``, ``layer``, ``measure``, ``languages`` (their number), ``spearman``,
        which is missing for fewer than three languages and where either is constant.
    """
    both = baselines.merge(averages, on=["category", "layer", "language"], validate="m:1")
    keys = ["category", "layer", "measure"]
    rows = [
        (*key, len(group), _spearman(group["value"], group["average_signature"]))
        for key, group in both.groupby(keys, sort=True)
    ]
    return pd.DataFrame(rows, columns=[*keys, "languages", "spearman"])


def _spearman(x: pd.Series, y: pd.Series) -> float:
    if len(x) < 3 or x.nunique() == 1 or y.nunique() == 1:
        return np.nan
    return float(spearmanr(x, y).statistic)


def residual_reliability(halves: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Is what the singular values leave of the average signature the same in other sentences?

    In each half of the sentences, log average signature, mean over the starts, is regressed over
    the languages on the log of the mean singular value. Residuals that do not correlate between
    the halves are noise, and PARAFAC2 then adds nothing to the singular values of each slice by
    itself. Those that do say something of the languages *in these models*: both halves are of the
    same ones.

    Parameters
    ----------
    halves
        Columns ``layer``, ``half`` (0 or 1), ``start`` (two or more), ``language``,
        ``average_signature``, ``svd``.
    seed
        Of the permutations of languages, where not all are gone through.

    Returns
    -------
    DataFrame
        Columns ``layer``; ``languages``, their number; ``explained``, share of the variance of log
        average signature that the regression explains, mean of the halves; ``between_starts``,
        correlation of the residuals of two starts in the same half, mean over all pairs;
        ``correlation`` of the residuals of the two halves, and its ``p``,
        one-sided, by permutation. Correlations are Pearson's. Fewer than four languages have none.
    """
    rows = []
    for layer, table in halves.groupby("layer", sort=True):
        signatures, levels = np.log(table["average_signature"]), np.log(table["svd"])
        logs = table.assign(average_signature=signatures, svd=levels)
        fits = [_regression(half) for _, half in logs.groupby("half", sort=True)]
        languages = logs["language"].nunique()
        if languages < MIN_LANGUAGES:
            rows.append((layer, languages, *[np.nan] * 4))
            continue
        method = PermutationMethod(n_resamples=_PERMUTATIONS, rng=np.random.default_rng(seed))
        one, other = (fit.residuals.mean(0) for fit in fits)
        test = pearsonr(one, other, alternative="greater", method=method)
        rows.append(
            (
                layer,
                languages,
                np.mean([fit.explained for fit in fits]),
                np.mean([_mean_correlation(fit.residuals) for fit in fits]),
                float(test.statistic),
                float(test.pvalue),
            )
        )
    columns = ["layer", "languages", "explained", "between_starts", "correlation", "p"]
    return pd.DataFrame(rows, columns=columns)


class _Regression(NamedTuple):
    residuals: NDArray[np.float64]
    """``[starts, languages]``."""
    explained: float
    """Share of the variance of the mean over the starts."""


def _regression(half: pd.DataFrame) -> _Regression:
    signatures = half.pivot(index="language", columns="start", values="average_signature")
    design = np.vander(half.groupby("language")["svd"].first(), 2)
    residuals = signatures - design @ np.linalg.lstsq(design, signatures)[0]
    left = residuals.mean(axis=1).var() / signatures.mean(axis=1).var()
    return _Regression(residuals.to_numpy().T, 1 - left)


def _mean_correlation(residuals: NDArray[np.float64]) -> float:
    """Of all pairs of rows."""
    correlations = np.atleast_2d(np.corrcoef(residuals))
    return float(correlations[np.triu_indices(len(residuals), 1)].mean())


def baseline_metrics(
    agreement: pd.DataFrame, beyond: pd.DataFrame, ranks: pd.DataFrame
) -> dict[str, Any]:
    """The few numbers of these that are compared between revisions.

    Parameters
    ----------
    agreement
        What :func:`baseline_agreement` returns, of one category.
    beyond
        What :func:`residual_reliability` returns.
    ranks
        Columns ``layer``, ``relative_error``, ``shared_pca_error``, ``svd_error`` at one rank.

    Returns
    -------
    dict
        ``spearman`` by measure, median over the layers; ``beyond_svd`` and ``error`` by layer.
    """
    beyond, ranks = (
        table.set_index(table["layer"].map("layer_{:02d}".format)) for table in (beyond, ranks)
    )
    errors = ["relative_error", "shared_pca_error", "svd_error"]
    return {
        "spearman": agreement.groupby("measure")["spearman"].median().to_dict(),
        "beyond_svd": beyond[["explained", "between_starts", "correlation", "p"]].to_dict("index"),
        "error": ranks[errors].to_dict("index"),
    }
