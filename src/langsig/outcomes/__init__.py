"""What a model does in each language: transfer of tags, probes, retrieval, masked sub-words.

All but the last are functions of hidden states and labels, for one layer at a time.
"""

from langsig.outcomes.draws import draws, outcome_table
from langsig.outcomes.masked import MaskedGain, masked_gain
from langsig.outcomes.probes import Probe, majority_baseline, probe
from langsig.outcomes.retrieval import (
    LanguageRetrieval,
    Retrieval,
    mexa,
    retrieval,
    retrieval_by_language,
)
from langsig.outcomes.ridge import PENALTIES, RidgeClassifier
from langsig.outcomes.transfer import (
    TagStatistics,
    Transfer,
    TransferClassifiers,
    ridge_classifier,
)

__all__ = [
    "PENALTIES",
    "LanguageRetrieval",
    "MaskedGain",
    "Probe",
    "Retrieval",
    "RidgeClassifier",
    "TagStatistics",
    "Transfer",
    "TransferClassifiers",
    "draws",
    "majority_baseline",
    "masked_gain",
    "mexa",
    "outcome_table",
    "probe",
    "retrieval",
    "retrieval_by_language",
    "ridge_classifier",
]
