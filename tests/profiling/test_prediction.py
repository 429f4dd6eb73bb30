"""What is compared with what, to say which measure predicts which outcome."""

import numpy as np
import pandas as pd
import pytest

from langsig.analysis import LanguageFacts
from langsig.errors import InputError
from langsig.morphology import ALL_WORDS
from langsig.profiling import confound_table, predictor_table, signature_measures
from langsig.schemas import (
    AverageSignatures,
    Baselines,
    Covariates,
    LanguageMeasures,
    Languages,
    LearnedSignatures,
    Properties,
    Scores,
)
from tests.profile_tables import LAYERS, codes, profile_of


def test_signatures_of_all_words_are_measures_beside_their_baselines() -> None:
    keys = {"category": [ALL_WORDS, "Case"], "layer": 1, "language": "qaa"}
    averages = AverageSignatures(pd.DataFrame({**keys, "average_signature": [0.5, 9]}))
    baselines = Baselines(pd.DataFrame({**keys, "measure": "cka", "value": [0.25, 9]}))
    levels = {"shared": 0.125, "learned_average": np.nan, "average_score": 9.0}
    learned = pd.DataFrame({"measure": levels.keys(), "value": levels.values()})
    learned = learned.assign(
        layer=1, language="qaa", low=0.0, high=1.0, p=0.5, words=9, partial=True, own_start=True
    )
    table = signature_measures(averages, baselines, LearnedSignatures(learned))
    values = table.frame.set_index("measure")["value"]
    assert values.to_dict() == {"signature": 0.5, "pair_cka": 0.25, "shared": 0.125}


def test_a_signature_that_orders_languages_as_an_outcome_predicts_it() -> None:
    languages = codes(12)
    profile = profile_of(12)
    transfer = profile.mean_outcomes()["transfer"]
    rows = [
        (measure, language, layer, value + 100 * (layer not in profile.inner_layers))
        for measure, sign in (("signature", 1), ("pair_cka", -1))
        for language, value in zip(languages, sign * transfer[languages], strict=True)
        for layer in range(LAYERS)
    ]
    signatures = LanguageMeasures(pd.DataFrame(rows, columns=list(LanguageMeasures.columns)))
    table = predictor_table(profile, facts=None, seed=0, signatures=signatures).frame
    of_transfer = table[table["outcome"] == "transfer"].set_index("measure")["spearman"]
    assert np.isclose(of_transfer["signature"], 1) and np.isclose(of_transfer["pair_cka"], -1)
    alone = predictor_table(profile, facts=None, seed=0).frame
    assert set(alone["measure"]) == set(table["measure"]) - {"signature", "pair_cka"}


def confounds_of(covariate: str) -> pd.DataFrame:
    """Confounds of signatures that are the outcome itself, as is the covariate."""
    languages = codes(12)
    profile = profile_of(12)
    transfer = profile.mean_outcomes()["transfer"][languages]
    rows = pd.DataFrame({"language": languages, "value": transfer.to_numpy()})
    layer = profile.inner_layers[0]
    signatures = [rows.assign(measure=name, layer=layer) for name in ("signature", "pair_cka")]
    sizes = [rows.assign(property="data_size", category=name) for name in (ALL_WORDS, "Case")]
    sizes[1]["value"] *= -1
    return confound_table(
        profile,
        LanguageMeasures(pd.concat(signatures)),
        properties=Properties(pd.concat(sizes)),
        facts=LanguageFacts(
            Languages(rows[["language"]].assign(name="a language", family=None, genus=None)),
            tree=None,
            scores=Scores(rows.assign(task="tags", metric="f1", model="XLM-R", source="invented")),
        ),
        covariates=Covariates(rows.assign(covariate=covariate, source="invented")),
        seed=0,
    ).frame


def test_confounds_are_of_signature_and_fit_with_all_that_is_known() -> None:
    table = confounds_of("software")
    assert set(table["measure"]) == {"fit", "signature"}
    assert set(table["covariate"].dropna()) == {"software", "fertility", "all"}
    table = table[table["measure"] == "signature"].set_index(["outcome", "condition", "covariate"])
    for outcome in ("data_size", "XLM-R, tags, f1", "transfer"):
        assert np.isclose(table.loc[(outcome, "none", np.nan), "correlation"], 1)
        assert np.isnan(table.loc[(outcome, "given", "software"), "correlation"])


@pytest.mark.parametrize("name", ["fertility", "all"])
def test_covariates_may_not_have_the_names_of_others(name: str) -> None:
    with pytest.raises(InputError, match=f"covariates: the name {name} has a meaning"):
        confounds_of(name)
