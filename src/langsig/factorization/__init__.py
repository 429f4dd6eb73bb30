"""PARAFAC2 in canonical form: one direction basis for all languages, a signature for each."""

from langsig.factorization.baselines import baselines
from langsig.factorization.diagnostics import MIN_AGREEMENT
from langsig.factorization.parafac2 import (
    METHODS,
    Parafac2Result,
    parafac2,
    signatures_under,
)
from langsig.factorization.ranks import (
    Recommendation,
    rank_sweep,
    recommended_rank,
    split_halves,
)
from langsig.factorization.signatures import (
    LayeredSignatures,
    factorize_layers,
    fits_from_starts,
    signature_table,
)
from langsig.factorization.uncertainty import (
    LayeredUncertainty,
    NullTest,
    bootstrap,
    flip_test,
    uncertainty_by_layer,
)

__all__ = [
    "METHODS",
    "MIN_AGREEMENT",
    "LayeredSignatures",
    "LayeredUncertainty",
    "NullTest",
    "Parafac2Result",
    "Recommendation",
    "baselines",
    "bootstrap",
    "factorize_layers",
    "fits_from_starts",
    "flip_test",
    "parafac2",
    "rank_sweep",
    "recommended_rank",
    "signature_table",
    "signatures_under",
    "split_halves",
    "uncertainty_by_layer",
]
