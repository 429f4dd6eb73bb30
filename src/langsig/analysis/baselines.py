"""Comparison of average signatures with plainer measures."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import PermutationMethod, pearsonr, spearmanr

from langsig.schemas import (
    AverageSignatures,
    BaselineAgreement,
    Baselines,
    Halves,
    ResidualReliability,
)

_MIN_LANGUAGES = 4
"""With three languages, a regression leaves one degree of freedom, and the residuals of the two
halves are always proportional to each other."""
_PERMUTATIONS = 99_999  # more than there are of eight languages, whose test is exact


def baseline_agreement(averages: AverageSignatures, baselines: Baselines) -> BaselineAgreement:
    """Correlate each plainer measure with the average signature over languages, by ranks.

    The correlation is missing for fewer than three languages, and where either is constant.
    """
    keys = ["category", "layer", "language"]
    both = baselines.frame.merge(averages.frame, on=keys, validate="m:1")
    keys = ["category", "layer", "measure"]
    rows = [
        (*key, len(group), _spearman(group["value"], group["average_signature"]))
        for key, group in both.groupby(keys, sort=True)
    ]
    return BaselineAgreement(pd.DataFrame(rows, columns=[*keys, "languages", "spearman"]))


def _spearman(x: pd.Series, y: pd.Series) -> float:
    if len(x) < 3 or x.nunique() == 1 or y.nunique() == 1:
        return np.nan
    return float(spearmanr(x, y).statistic)


def residual_reliability(halves: Halves, *, seed: int = 0) -> ResidualReliability:
    """Test whether average signatures hold more than singular values, repeatably.

    In each half of the sentences, the logarithm of the average signature (mean over the starts)
    is regressed over the languages on the logarithm of the mean singular value. If the residuals
    of the two halves do not correlate, they are noise, and PARAFAC2 adds nothing to the singular
    values of each slice. If they do, they describe the languages *in these models*: both halves
    go through the same ones.

    Parameters
    ----------
    halves
        Average signatures and singular values of the two halves, from two or more starts each.
    seed
        Seed of the permutations of languages, where there are too many to use all.

    Returns
    -------
    ResidualReliability
        Statistics are missing for fewer than four languages.
    """
    rows = []
    for layer, table in halves.frame.groupby("layer", sort=True):
        signatures, levels = np.log(table["average_signature"]), np.log(table["svd"])
        logs = table.assign(average_signature=signatures, svd=levels)
        fits = [_regression(half) for _, half in logs.groupby("half", sort=True)]
        languages = logs["language"].nunique()
        if languages < _MIN_LANGUAGES:
            rows.append((layer, languages, *[np.nan] * 4))
            continue
        method = PermutationMethod(n_resamples=_PERMUTATIONS, rng=np.random.default_rng(seed))
        residuals = [fit.residuals.mean(0) for fit in fits]
        test = pearsonr(residuals[0], residuals[1], alternative="greater", method=method)
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
    return ResidualReliability(pd.DataFrame(rows, columns=list(ResidualReliability.columns)))


class _Regression(NamedTuple):
    residuals: NDArray[np.float64]
    """Residuals ``[starts, languages]``."""
    explained: float
    """Share of the variance over languages that is explained, of the mean over the starts."""


def _regression(half: pd.DataFrame) -> _Regression:
    signatures = half.pivot(index="language", columns="start", values="average_signature")
    design = np.vander(half.groupby("language")["svd"].first(), 2)
    residuals = signatures - design @ np.linalg.lstsq(design, signatures)[0]
    unexplained = residuals.mean(axis=1).var() / signatures.mean(axis=1).var()
    return _Regression(residuals.to_numpy().T, 1 - unexplained)


def _mean_correlation(residuals: NDArray[np.float64]) -> float:
    """Mean of Pearson's correlation over all pairs of rows."""
    correlations = np.atleast_2d(np.corrcoef(residuals))
    return float(correlations[np.triu_indices(len(residuals), 1)].mean())
