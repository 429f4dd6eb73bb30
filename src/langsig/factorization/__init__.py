"""PARAFAC2 in canonical form: directions shared by all languages, one signature per language."""

from langsig.factorization.baselines import baselines
from langsig.factorization.diagnostics import MIN_AGREEMENT
from langsig.factorization.layers import (
    Factorization,
    factorize_category,
    factorize_layers,
    fits_from_starts,
)
from langsig.factorization.matrices import factorize
from langsig.factorization.model import Parafac2Result
from langsig.factorization.ranks import (
    RankTables,
    rank_sweep,
    ranks_by_layer,
    recommend_ranks,
    split_halves,
)
from langsig.factorization.sets import factorize_sets
from langsig.factorization.solver import METHODS, Solver, parafac2, signatures_under
from langsig.factorization.uncertainty import (
    LayeredUncertainty,
    NullTest,
    bootstrap,
    flip_test,
    uncertainty_by_layer,
)
from langsig.factorization.workers import worker_pool

__all__ = [
    "METHODS",
    "MIN_AGREEMENT",
    "Factorization",
    "LayeredUncertainty",
    "NullTest",
    "Parafac2Result",
    "RankTables",
    "Solver",
    "baselines",
    "bootstrap",
    "factorize",
    "factorize_category",
    "factorize_layers",
    "factorize_sets",
    "fits_from_starts",
    "flip_test",
    "parafac2",
    "rank_sweep",
    "ranks_by_layer",
    "recommend_ranks",
    "signatures_under",
    "split_halves",
    "uncertainty_by_layer",
    "worker_pool",
]
