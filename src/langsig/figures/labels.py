"""Names of values and axes as readers see them, in print figures and on the page."""

from collections.abc import Collection, Mapping

from langsig.morphology import ALL_WORDS

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


def readable(name: str, labels: Mapping[str, str] | None = None) -> str:
    """The label of a name, or the name with spaces for underscores."""
    return (labels or {}).get(name, name.replace("_", " "))


def layer_label(failed_layers: Collection[int]) -> str:
    """Title of an axis of layers, which explains the asterisk if there is one."""
    return LAYER_WITH_FAILURES if failed_layers else LAYER


def layer_ticks(layers: Collection[int], failed_layers: Collection[int]) -> list[str]:
    """Numbers of the layers, with an asterisk where the factorisation failed a check."""
    return [f"{layer}*" if layer in failed_layers else str(layer) for layer in layers]
