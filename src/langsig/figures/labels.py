"""Names of values and axes as readers see them, in print figures and on the page."""

from collections.abc import Collection, Mapping

from langsig.morphology import ALL_WORDS
from langsig.terms import LEARNED_AVERAGE, SHARED

LAYER = "layer (0: embeddings)"
LAYER_WITH_FAILURES = "layer (0: embeddings; *: fit failed a check)"
JOINING_DISTANCE = "mean cosine distance at which clusters join"
"""Axis of a dendrogram: the heights of :func:`scipy.cluster.hierarchy.dendrogram`."""
SOURCE_LABELS: Mapping[str, str] = {
    "trained": "trained models",
    "equal-words": "trained models, equal word counts",
    "untrained": "untrained models",
}
NORMALISATION_LABELS: Mapping[str, str] = {
    "none": "not normalised",
    "variance": "unit variance",
}
CATEGORY_LABELS: Mapping[str, str] = {ALL_WORDS: "All words"}
"""Categories whose name alone does not say what they are."""
PROPERTY_LABELS: Mapping[str, str] = {
    "data_size": "words with the category",
    "unique_characters": "unique characters",
    "type_token_ratio": "type-token ratio",
    "type_token_ratio_equal": "type-token ratio, equal token counts",
}
OUTCOME_LABELS: Mapping[str, str] = {
    "transfer": "transfer from all other languages",
    "transfer_english": "transfer from English",
    "transfer_single": "transfer from one other language",
    "probe": "accuracy of the probe",
    "retrieval_z": "z-score of retrieval",
    "probe_untrained": "the same, random weights",
}
"""Outcomes of a profile."""
MEASURE_LABELS: Mapping[str, str] = {
    "fit_untrained": "fit of random weights",
    "average": "average signature",
    "canonical_average": "average signature of canonical slices",
    "canonical_norm": "squared norm of canonical slices",
    "singular_values": "mean singular value",
    "cka": "CKA",
    "svcca": "SVCCA",
    "fertility": "sub-words per word",
    "signature": "average signature, control models",
    SHARED: "learned signature, shared",
    LEARNED_AVERAGE: "learned signature, mean",
    "pair_svd": "mean singular value, control models",
    "pair_shared_pca": "shared PCA, control models",
    "pair_frobenius": "norm of the slice, control models",
    "pair_cka": "CKA, control models",
    "pair_svcca": "SVCCA, control models",
    "pair_control_variance": "variance of the control model",
    "pair_experimental_variance": "variance of the experimental model",
}
"""Measures of a profile, and of the comparison with control models."""


def readable(name: str, labels: Mapping[str, str] | None = None) -> str:
    """The label of a name, or the name with spaces for underscores."""
    return (labels or {}).get(name, name.replace("_", " "))


def layer_label(failed_layers: Collection[int]) -> str:
    """Title of an axis of layers, which explains the asterisk if there is one."""
    return LAYER_WITH_FAILURES if failed_layers else LAYER


def layer_ticks(layers: Collection[int], failed_layers: Collection[int]) -> list[str]:
    """Numbers of the layers, with an asterisk where the factorisation failed a check."""
    return [f"{layer}*" if layer in failed_layers else str(layer) for layer in layers]


def layer_range(layers: Collection[int]) -> str:
    """``layer 3``, or ``layers 3 to 9`` for layers that follow each other."""
    first, last = min(layers), max(layers)
    return f"layer {first}" if first == last else f"layers {first} to {last}"
