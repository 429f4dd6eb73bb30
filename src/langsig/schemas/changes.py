"""What changed between two experiments."""

from typing import ClassVar

from langsig.schemas.columns import (
    CATEGORY,
    DISTANCE_SCOPE,
    HIGH,
    LANGUAGE,
    LAYER,
    LAYER_SCOPE,
    LOW,
    MEASURE,
    NORMALISE,
    OPTIONAL_CATEGORY,
    OPTIONAL_LAYER,
    SOURCE,
)
from langsig.schemas.table import Column, Table

_PAIRS = Column("integer", "Number of pairs of experiments")
_GAIN = "Gain over token frequencies on held-out text, in nats per token,"


class SignatureChanges(Table):
    """Changes of the average signatures of all words, on a logarithmic scale."""

    columns: ClassVar = {
        "measure": MEASURE,
        "source": SOURCE,
        "normalise": NORMALISE,
        "kind": Column(
            "text",
            "change: of the language; relative: minus the mean change of the other languages",
            allowed=("change", "relative"),
        ),
        "scope": LAYER_SCOPE,
        "layer": OPTIONAL_LAYER,
        "language": LANGUAGE,
        "estimate": Column("number", "Natural logarithm of after over before"),
        "low": LOW,
        "high": HIGH,
        "half_width_seeds": Column("number", "Half-width of the interval from seeds alone"),
        "half_width_sentences": Column("number", "Half-width of the interval from sentences alone"),
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("measure", "source", "normalise", "kind", "scope", "layer", "language")

    def languages_by_change(self) -> list[str]:
        """Languages by their mean change over the layers, largest first.

        The sign of a change does not count. The table must be of one source and normalisation.
        """
        means = self.select(kind="change", scope="mean").frame.set_index("language")["estimate"]
        return [str(name) for name in means.abs().sort_values(ascending=False).index]


class CategoryChanges(Table):
    """Changes of the average signatures of every category."""

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "before": Column("number", "Average signature before, geometric mean over pairs"),
        "after": Column("number", "Average signature after, geometric mean over pairs"),
        "change": Column("number", "Natural logarithm of after over before"),
        "low": LOW,
        "high": HIGH,
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("category", "layer", "language")


class TreeChanges(Table):
    """How far the trees of two experiments differ."""

    columns: ClassVar = {
        "measure": MEASURE,
        "scope": DISTANCE_SCOPE,
        "category": OPTIONAL_CATEGORY,
        "layer": LAYER,
        "languages": Column("integer", "Number of languages in both trees"),
        "robinson_foulds": Column("number", "Share of clades that only one of the trees has"),
        "cophenetic_correlation": Column("number", "Correlation of distances within the trees"),
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("measure", "scope", "category", "layer", "languages")


class CorrelationChanges(Table):
    """Correlations with properties of languages, before and after."""

    columns: ClassVar = {
        "measure": MEASURE,
        "property": Column("text", "Name of the property"),
        "category": CATEGORY,
        "scope": LAYER_SCOPE,
        "layer": OPTIONAL_LAYER,
        "before": Column("number", "Pearson's r before, mean over pairs"),
        "after": Column("number", "Pearson's r after, mean over pairs"),
        "significant_before": Column(
            "integer", "Number of pairs with an adjusted p below .05 before"
        ),
        "significant_after": Column(
            "integer", "Number of pairs with an adjusted p below .05 after"
        ),
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("measure", "property", "category", "scope", "layer")


class LearningChanges(Table):
    """What models learnt of each language, before and after."""

    columns: ClassVar = {
        "model": Column("text", "Kind of model", allowed=("control", "experimental")),
        "language": LANGUAGE,
        "before": Column("number", _GAIN + " before"),
        "after": Column("number", _GAIN + " after"),
    }
    keys: ClassVar = ("model", "language")
