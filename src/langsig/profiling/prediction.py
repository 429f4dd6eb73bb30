"""Which measures of languages predict the outcomes of a profile."""

import pandas as pd

from langsig.analysis import InferenceOptions, predictors
from langsig.morphology import ALL_WORDS
from langsig.profiling.measured import Measured, inner_layers
from langsig.schemas import (
    MEASURES,
    AverageSignatures,
    Baselines,
    LanguageMeasures,
    Languages,
    LearnedSignatures,
    Predictors,
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
    of_fits = measured.mean_fits()[["fit", "untrained"]]
    wide = _wide(measured.measures)
    if signatures is not None:
        wide = wide.join(_wide(signatures))
    table = of_fits.rename(columns={"untrained": "fit_untrained"}).join(wide)
    covariates = wide[["fertility"]]
    genera: dict[str, str] = {}
    if facts is not None:
        known = facts.frame.set_index("language").reindex(table.index)
        largest = known["family"].mode()
        if len(largest):
            related = (known["family"] == largest[0]).astype(float)
            covariates = covariates.assign(largest_family=related)
        genera = {str(code): genus for code, genus in known["genus"].dropna().items()}
    means = measured.mean_outcomes()
    predicted = means[[name for name in _PREDICTED if name in means]]
    options = InferenceOptions(_LEAST_LANGUAGES, _PERMUTATIONS, seed)
    return predictors(
        table.dropna(axis="columns", how="all"),
        predicted,
        covariates,
        genera=genera,
        options=options,
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


def _wide(measures: LanguageMeasures) -> pd.DataFrame:
    """Means over the inner layers, one row per language, one column per measure."""
    frame = measures.frame
    layers = inner_layers(int(max(frame["layer"].dropna(), default=0)))
    frame = frame[frame["layer"].isin(layers) | frame["layer"].isna()]
    return frame.pivot_table("value", "language", "measure").rename_axis(columns=None)
