"""PARAFAC2 in canonical form: one direction basis for all languages, a signature for each."""

from langsig.factorization.baselines import baselines
from langsig.factorization.parafac2 import METHODS, Parafac2Result, parafac2
from langsig.factorization.ranks import (
    Recommendation,
    rank_sweep,
    recommended_rank,
    split_halves,
)
from langsig.factorization.signatures import LayeredSignatures, factorize_layers, signature_table

__all__ = [
    "METHODS",
    "LayeredSignatures",
    "Parafac2Result",
    "Recommendation",
    "baselines",
    "factorize_layers",
    "parafac2",
    "rank_sweep",
    "recommended_rank",
    "signature_table",
    "split_halves",
]
