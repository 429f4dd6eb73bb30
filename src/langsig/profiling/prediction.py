"""Which measures of languages predict the outcomes of a profile."""

from collections.abc import Collection

import pandas as pd

from langsig.analysis import InferenceOptions, predictors
from langsig.profiling.tasks import TAGS_NAME
from langsig.schemas import Fits, LanguageMeasures, Languages, Outcomes, Predictors

_PREDICTED = (
    "transfer", "transfer_english", "transfer_single", "probe", "selectivity", "retrieval",
    "retrieval_z",
)  # fmt: skip
_LEAST_LANGUAGES = 8
_PERMUTATIONS = 2_000


def inner_layers(depth: int) -> list[int]:
    """Layers between a quarter and three quarters of the depth."""
    return [layer for layer in range(depth + 1) if depth <= 4 * layer <= 3 * depth]


def inner_means(frame: pd.DataFrame, keys: list[str], layers: Collection[int]) -> pd.DataFrame:
    """Means over some layers of all other columns, indexed by `keys`."""
    return frame[frame["layer"].isin(layers)].drop(columns="layer").groupby(keys).mean()


def mean_outcomes(outcomes: Outcomes, layers: Collection[int]) -> pd.DataFrame:
    """Outcomes of parts of speech and of sentences: means over some layers.

    Returns
    -------
    DataFrame
        One row per language, one column per outcome; `transfer_single` is the mean over the other
        languages.
    """
    frame = outcomes.frame
    wanted = frame["layer"].isin(layers) | frame["layer"].isna()
    wanted &= frame["category"].isna() | (frame["category"] == TAGS_NAME)
    return frame[wanted].pivot_table("value", "language", "outcome").rename_axis(columns=None)


def predictor_table(
    fits: Fits,
    outcomes: Outcomes,
    measures: LanguageMeasures,
    *,
    facts: Languages | None,
    seed: int,
) -> Predictors:
    """Compare all measures with all outcomes over languages, means over the inner layers.

    Parameters
    ----------
    fits, outcomes, measures
        Tables of a profile.
    facts
        Families and genera of the languages. Correlations are adjusted for sub-words per word,
        and for belonging to the largest family.
    seed
        Seed of permutations and of the bootstrap.
    """
    layers = inner_layers(int(fits.frame["layer"].max()))
    of_fits = inner_means(fits.frame, ["language"], layers)[["fit", "untrained"]]
    other = measures.frame
    other = other[other["layer"].isin(layers) | other["layer"].isna()]
    wide = other.pivot_table("value", "language", "measure").rename_axis(columns=None)
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
    means = mean_outcomes(outcomes, layers)
    predicted = means[[name for name in _PREDICTED if name in means]]
    options = InferenceOptions(_LEAST_LANGUAGES, _PERMUTATIONS, seed)
    return predictors(
        table.dropna(axis="columns", how="all"),
        predicted,
        covariates,
        genera=genera,
        options=options,
    )
