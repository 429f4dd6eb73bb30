"""PARAFAC2 in canonical form: one direction basis for all languages, a signature for each."""

from langsig.factorization.parafac2 import METHODS, Parafac2Result, parafac2
from langsig.factorization.signatures import LayeredSignatures, factorize_layers, signature_table

__all__ = [
    "METHODS",
    "LayeredSignatures",
    "Parafac2Result",
    "factorize_layers",
    "parafac2",
    "signature_table",
]
