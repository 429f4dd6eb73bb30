"""What a model does in each language, and what predicts it."""

from typing import ClassVar

from langsig.schemas.columns import HIGH, LANGUAGE, LANGUAGES, LOW
from langsig.schemas.table import Column, Table

OUTCOMES = (
    "probe",
    "majority",
    "probe_untrained",
    "selectivity",
    "transfer",
    "transfer_english",
    "transfer_single",
    "retrieval",
    "retrieval_z",
    "retrieval_english",
    "retrieval_english_raw",
    "mexa",
    "masked_gain",
)
"""Names of outcomes. They are accuracies from 0 to 1, except retrieval_z, which is in standard
deviations, and masked_gain, which is in nat per sub-word."""


class Outcomes(Table):
    """Measured outcomes of a model, per language and layer."""

    columns: ClassVar = {
        "outcome": Column(
            "text",
            "probe: tags, learnt within the language; majority: most frequent tag of the word "
            "form; probe_untrained: probe of a model with random weights; selectivity: probe "
            "minus probe_untrained; transfer: tags, learnt on all other languages; "
            "transfer_english: on English; transfer_single: on one other language; retrieval: "
            "parallel sentences, mean over other languages; retrieval_z: their similarity in "
            "standard deviations; retrieval_english: with English; retrieval_english_raw: the same "
            "without centring; mexa: MEXA score with English; masked_gain: masked sub-words, nat "
            "per sub-word above their frequency",
            allowed=OUTCOMES,
        ),
        "category": Column(
            "text", "UPOS or the UniMorph name of a category; missing unless tags are learnt", True
        ),
        "language": LANGUAGE,
        "source": Column(
            "text", "Language that tags were learnt on; missing unless it is transfer_single", True
        ),
        "layer": Column("integer", "Layer; 0 is the embeddings; missing for masked_gain", True),
        "value": Column("number", "Mean over draws of training words"),
        "sd": Column("number", "Standard deviation over draws; missing for a single draw"),
        "draws": Column("integer", "Number of draws"),
    }
    keys: ClassVar = ("outcome", "category", "language", "source", "layer")


class Fits(Table):
    """How well each language fits the directions that all languages share."""

    columns: ClassVar = {
        "language": LANGUAGE,
        "layer": Column("integer", "Layer of the model; 0 is the embeddings"),
        "fit": Column(
            "number", "Share of the language's canonical slice that the joint model explains"
        ),
        "low": LOW,
        "high": HIGH,
        "null": Column(
            "number", "Fit that 5 % of unrelated states exceed, by flipping blocks of sentences"
        ),
        "untrained": Column(
            "number", "Fit of a model of the same shape with random weights; missing if not run"
        ),
    }
    keys: ClassVar = ("language", "layer")


class FitReplicates(Table):
    """Fits without each block of sentences, of which intervals are computed."""

    columns: ClassVar = {
        "language": LANGUAGE,
        "layer": Column("integer", "Layer of the model; 0 is the embeddings"),
        "block": Column("integer", "Number of the block of sentences that was left out"),
        "fit": Column("number", "Fit of the other sentences"),
    }
    keys: ClassVar = ("language", "layer", "block")


class LanguageMeasures(Table):
    """Other measures of each language, to compare with the fit."""

    columns: ClassVar = {
        "measure": Column(
            "text",
            "canonical_average: average signature of canonical slices; canonical_norm: their "
            "squared norm; average: average signature of slices as they are; singular_values: mean "
            "singular value of the slice; cka, svcca: similarity of states and reference; "
            "variance: total variance of the states; fertility: sub-words per word; signature: "
            "average signature with control models; pair_*: baselines of the experimental and the "
            "control model",
        ),
        "language": LANGUAGE,
        "layer": Column("integer", "Layer of the model; missing for fertility", True),
        "value": Column("number", "Value of the measure"),
    }
    keys: ClassVar = ("measure", "language", "layer")


class Predictors(Table):
    """How well measures of languages predict outcomes."""

    columns: ClassVar = {
        "measure": Column("text", "Name of the measure"),
        "outcome": Column("text", "Name of the outcome"),
        "languages": LANGUAGES,
        "spearman": Column("number", "Spearman's rank correlation"),
        "spearman_low": Column("number", f"{LOW.description}, over languages"),
        "spearman_high": Column("number", f"{HIGH.description}, over languages"),
        "partial": Column("number", "Partial rank correlation, given the covariates"),
        "low": Column("number", f"{LOW.description} of partial, over languages"),
        "high": Column("number", f"{HIGH.description} of partial, over languages"),
        "genus_low": Column("number", f"{LOW.description} of partial, over genera"),
        "genus_high": Column("number", f"{HIGH.description} of partial, over genera"),
        "base_r2": Column("number", "Leave-one-out R^2 of the covariates alone"),
        "r2": Column("number", "Leave-one-out R^2 of the covariates and the measure"),
        "threshold": Column(
            "number", "Family-wise 5 % threshold of the absolute value of partial, by permutation"
        ),
        "beyond": Column(
            "boolean",
            "Whether the measure predicts beyond the covariates: the interval of partial over "
            "languages excludes 0, and its absolute value is above the threshold",
        ),
    }
    keys: ClassVar = ("measure", "outcome")


class Confounds(Table):
    """Associations over languages, with something else accounted for."""

    columns: ClassVar = {
        "measure": Column("text", "Name of the measure"),
        "outcome": Column("text", "Name of the outcome, property or score"),
        "condition": Column(
            "text",
            "none: nothing is accounted for; given: the covariate is partialled out; matched: of "
            "languages that are alike in the covariate",
            allowed=("none", "given", "matched"),
        ),
        "covariate": Column(
            "text", "Name of the covariate, or all; missing where condition is none", True
        ),
        "languages": LANGUAGES,
        "correlation": Column("number", "Rank correlation; partial where condition is given"),
        "low": Column("number", f"{LOW.description}, over languages"),
        "high": Column("number", f"{HIGH.description}, over languages"),
        "genus_low": Column("number", f"{LOW.description}, over genera"),
        "genus_high": Column("number", f"{HIGH.description}, over genera"),
        "threshold": Column(
            "number",
            "Family-wise 5 % threshold of the absolute value of the correlation, over all measures "
            "and outcomes of the same condition and covariate, by permutation",
        ),
        "beyond": Column(
            "boolean",
            "Whether the interval over languages excludes 0, and the absolute value is above the "
            "threshold",
        ),
    }
    keys: ClassVar = ("measure", "outcome", "condition", "covariate")
