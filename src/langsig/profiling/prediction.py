"""Which measures of languages predict the outcomes of a profile."""

import pandas as pd

from langsig.analysis import InferenceOptions, LanguageFacts, confounds, predictors
from langsig.errors import InputError
from langsig.morphology import ALL_WORDS
from langsig.profiling.measured import Measured, inner_layers
from langsig.schemas import (
    MEASURES,
    AverageSignatures,
    Baselines,
    Confounds,
    Covariates,
    LanguageMeasures,
    Languages,
    LearnedSignatures,
    Predictors,
    Properties,
)

_PREDICTED = (
    "transfer", "transfer_english", "transfer_single", "probe", "selectivity", "retrieval",
    "retrieval_z",
)  # fmt: skip
_LEAST_LANGUAGES = 8
_PERMUTATIONS = 2_000


def predictor_table(
    measured: Measured,
    *,
    facts: Languages | None,
    seed: int,
    signatures: LanguageMeasures | None = None,
) -> Predictors:
    """Compare all measures with all outcomes over languages, means over the inner layers.

    Parameters
    ----------
    measured
        Fits, outcomes and measures of a model.
    facts
        Families and genera of the languages. Correlations are adjusted for sub-words per word,
        and for belonging to the largest family.
    seed
        Seed of permutations and of the bootstrap.
    signatures
        Measures of the comparison with control models, see :func:`signature_measures` (default:
        none).
    """
    table = _measures(measured, signatures)
    covariates = table[["fertility"]]
    genera: dict[str, str] = {}
    if facts is not None:
        known = facts.frame.set_index("language").reindex(table.index)
        largest = known["family"].mode()
        if len(largest):
            related = (known["family"] == largest[0]).astype(float)
            covariates = covariates.assign(largest_family=related)
        genera = _genera(facts)
    predicted = _outcomes(measured)
    options = InferenceOptions(_LEAST_LANGUAGES, _PERMUTATIONS, seed)
    return predictors(
        table.dropna(axis="columns", how="all"),
        predicted,
        covariates,
        genera=genera,
        options=options,
    )


def confound_table(
    measured: Measured,
    signatures: LanguageMeasures,
    *,
    properties: Properties,
    facts: LanguageFacts,
    covariates: Covariates,
    seed: int,
) -> Confounds:
    """Compare signatures and fit with properties, scores and outcomes, given each covariate.

    Parameters
    ----------
    measured
        Fits, outcomes and measures of a model. Sub-words per word are a covariate, too.
    signatures
        Measures of the comparison with control models, see :func:`signature_measures`; baselines
        are left out.
    properties
        Properties of the languages; of those by category, the one of all words.
    facts
        Genera, and benchmark scores if there are any.
    covariates
        What else differs between languages.
    seed
        Seed of permutations and of the bootstrap.

    Raises
    ------
    InputError
        If a covariate is called ``all`` or ``fertility``, or no language has all covariates.
    """
    taken = sorted({"all", "fertility"} & set(covariates.frame["covariate"]))
    if taken:
        raise InputError(f"covariates: the name {taken[0]} has a meaning of its own; use another")
    table = _measures(measured, signatures)
    names = [name for name in table if name in {"fit", "signature", *MEASURES}]
    known = covariates.frame.pivot(index="language", columns="covariate", values="value")
    known = known[[*covariates.frame["covariate"].unique()]].join(table["fertility"], how="inner")
    rows = properties.frame
    rows = rows[rows["category"].isna() | (rows["category"] == ALL_WORDS)]
    compared = [rows.pivot(index="language", columns="property", values="value")]
    if facts.scores is not None:
        scores = facts.scores.frame
        names_of_scores = scores["model"] + ", " + scores["task"] + ", " + scores["metric"]
        wide = scores.assign(score=names_of_scores).pivot(
            index="language", columns="score", values="value"
        )
        compared.append(wide)
    compared.append(_outcomes(measured))
    return confounds(
        table[names].dropna(axis="columns", how="all"),
        pd.concat(compared, axis="columns").reindex(table.index),
        known,
        genera=facts.genera,
        options=InferenceOptions(_LEAST_LANGUAGES, _PERMUTATIONS, seed),
    )


def signature_measures(
    averages: AverageSignatures, baselines: Baselines, learned: LearnedSignatures
) -> LanguageMeasures:
    """Measures of the comparison with control models, of all words.

    Parameters
    ----------
    averages
        Become the measure ``signature``.
    baselines
        Keep their names, after ``pair_``.
    learned
        Measures that are analysed keep their names. Those without levels are left out.
    """
    signatures = averages.select(category=ALL_WORDS).frame
    plainer = baselines.select(category=ALL_WORDS).frame
    parts = [
        signatures.rename(columns={"average_signature": "value"}).assign(measure="signature"),
        plainer.assign(measure="pair_" + plainer["measure"]),
        learned.frame[learned.frame["measure"].isin(MEASURES)].dropna(subset="value"),
    ]
    return LanguageMeasures(pd.concat(parts, ignore_index=True)[list(LanguageMeasures.columns)])


def _measures(measured: Measured, signatures: LanguageMeasures | None) -> pd.DataFrame:
    """All measures, ``[languages, measures]``."""
    table = measured.mean_fits()[["fit", "untrained"]].rename(
        columns={"untrained": "fit_untrained"}
    )
    table = table.join(_wide(measured.measures))
    return table if signatures is None else table.join(_wide(signatures))


def _outcomes(measured: Measured) -> pd.DataFrame:
    """Outcomes that measures may predict, ``[languages, outcomes]``."""
    means = measured.mean_outcomes()
    return means[[name for name in _PREDICTED if name in means]]


def _genera(facts: Languages) -> dict[str, str]:
    known = facts.frame.dropna(subset="genus").set_index("language")["genus"]
    return {str(code): genus for code, genus in known.items()}


def _wide(measures: LanguageMeasures) -> pd.DataFrame:
    """Means over the inner layers, one row per language, one column per measure."""
    frame = measures.frame
    layers = inner_layers(int(max(frame["layer"].dropna(), default=0)))
    frame = frame[frame["layer"].isin(layers) | frame["layer"].isna()]
    return frame.pivot_table("value", "language", "measure").rename_axis(columns=None)
