"""Whether an association over languages holds once something else is accounted for."""

from collections.abc import Mapping

import pandas as pd

from langsig.analysis.options import InferenceOptions
from langsig.analysis.predictors import predictors
from langsig.errors import InputError
from langsig.schemas import Confounds

_NUMBERS = ["low", "high", "genus_low", "genus_high", "threshold", "beyond"]


def confounds(
    measures: pd.DataFrame,
    outcomes: pd.DataFrame,
    covariates: pd.DataFrame,
    *,
    genera: Mapping[str, str],
    options: InferenceOptions,
    replicates: int = 2_000,
) -> Confounds:
    """Compare measures with outcomes over languages, with each covariate accounted for.

    There are two ways. *Given* a covariate is the partial rank correlation, see
    :func:`~langsig.analysis.predictors`; the last covariate, ``all``, stands for all of them
    together. *Matched* is the rank correlation over those languages that are alike: no further
    from the median of the covariate than half of all languages are.

    Parameters
    ----------
    measures, outcomes
        Numbers by language, ``[languages, measures]`` and ``[languages, outcomes]``.
    covariates
        What might explain an association, ``[languages, covariates]``. Languages that lack one
        are left out everywhere, so that all rows can be compared.
    genera, options, replicates
        As in :func:`~langsig.analysis.predictors`.

    Returns
    -------
    Confounds
        One row per measure, outcome, condition and covariate.

    Raises
    ------
    InputError
        As in :func:`~langsig.analysis.predictors`, or if no language has all covariates.
    """
    known = covariates.dropna()
    if known.empty:
        raise InputError(f"no language has all covariates ({', '.join(covariates.columns)})")
    names = list(known.columns)
    conditions: list[tuple[str, str | None, pd.DataFrame]] = [("none", None, known[[]])]
    conditions += [("given", name, known[[name]]) for name in names]
    conditions += [("given", "all", known)]
    conditions += [("matched", name, known.loc[_alike(known[name]), []]) for name in names]
    tables = []
    for condition, covariate, given in conditions:
        table = predictors(
            measures, outcomes, given, genera=genera, options=options, replicates=replicates
        ).frame
        keys = table[["measure", "outcome"]].assign(condition=condition, covariate=covariate)
        renamed = table.rename(columns={"partial": "correlation"})
        tables.append(keys.join(renamed[["languages", "correlation", *_NUMBERS]]))
    return Confounds(pd.concat(tables, ignore_index=True))


def _alike(values: pd.Series) -> pd.Series:
    """Whether a language is no further from the median than half of the languages are."""
    distance = (values - values.median()).abs()
    return distance <= distance.median()
