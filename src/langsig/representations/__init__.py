"""Hidden states of words, and the covariances between those of two models."""

from langsig.representations.canonical import (
    SHRINKAGE,
    CommonFrame,
    canonical_slices,
    shrunken,
    whitening_root,
)
from langsig.representations.covariance import (
    BlockStatistics,
    CategoryStatistics,
    CovarianceFitter,
    LayerStatistics,
    blocks_of_words,
    chunks,
    covariances_by_category,
    match_layers,
    normalising_factors,
    paired_layers,
)
from langsig.representations.encoders import Encoder, load_checked
from langsig.representations.extraction import (
    DTYPES,
    States,
    extract,
    sentence_vectors,
    states_of,
)
from langsig.representations.memory import release_free_memory
from langsig.representations.models import (
    Shape,
    load_encoder,
    load_masked,
    load_shape,
    load_untrained,
    without_output_layer,
)
from langsig.representations.similarity import linear_cka, svcca
from langsig.representations.sub_words import Batching, tokenise
from langsig.representations.threads import in_threads, thread_count

__all__ = [
    "DTYPES",
    "SHRINKAGE",
    "Batching",
    "BlockStatistics",
    "CategoryStatistics",
    "CommonFrame",
    "CovarianceFitter",
    "Encoder",
    "LayerStatistics",
    "Shape",
    "States",
    "blocks_of_words",
    "canonical_slices",
    "chunks",
    "covariances_by_category",
    "extract",
    "in_threads",
    "linear_cka",
    "load_checked",
    "load_encoder",
    "load_masked",
    "load_shape",
    "load_untrained",
    "match_layers",
    "normalising_factors",
    "paired_layers",
    "release_free_memory",
    "sentence_vectors",
    "shrunken",
    "states_of",
    "svcca",
    "thread_count",
    "tokenise",
    "whitening_root",
    "without_output_layer",
]
