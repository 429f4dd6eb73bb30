"""What a model does in each language: transfer of tags, probes, retrieval, masked sub-words.

All but the last are functions of hidden states and labels, for one layer at a time. The last runs a
model, and is in :mod:`langsig.outcomes.masked`, since it imports torch.
"""

from langsig.outcomes.draws import draws, outcome_table
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
    "Probe",
    "Retrieval",
    "RidgeClassifier",
    "TagStatistics",
    "Transfer",
    "TransferClassifiers",
    "draws",
    "majority_baseline",
    "mexa",
    "outcome_table",
    "probe",
    "retrieval",
    "retrieval_by_language",
    "ridge_classifier",
]
