"""What changed between two experiments."""

from typing import ClassVar

from langsig.schemas.findings import LAYER_SCOPE, OPTIONAL_LAYER
from langsig.schemas.fits import NORMALISE, SOURCE
from langsig.schemas.signatures import CATEGORY, LANGUAGE, LAYER, Distances
from langsig.schemas.table import Column, Table

_PAIRS = Column("integer", "Number of pairs of experiments")
_LOW = Column("number", "Lower end of the 95 % interval")
_HIGH = Column("number", "Upper end of the 95 % interval")


class SignatureChanges(Table):
    """Changes of the average signatures of all words, on a logarithmic scale."""

    columns: ClassVar = {
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
        "low": _LOW,
        "high": _HIGH,
        "half_width_seeds": Column("number", "Half-width of the interval from seeds alone"),
        "half_width_sentences": Column("number", "Half-width of the interval from sentences alone"),
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("source", "normalise", "kind", "scope", "layer", "language")


class CategoryChanges(Table):
    """Changes of the average signatures of every category."""

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "before": Column("number", "Average signature before, geometric mean over pairs"),
        "after": Column("number", "Average signature after, geometric mean over pairs"),
        "change": Column("number", "Natural logarithm of after over before"),
        "low": _LOW,
        "high": _HIGH,
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("category", "layer", "language")


class TreeChanges(Table):
    """How far the trees of two experiments differ."""

    columns: ClassVar = {
        "scope": Distances.columns["scope"],
        "category": Distances.columns["category"],
        "layer": LAYER,
        "languages": Column("integer", "Number of languages in both trees"),
        "robinson_foulds": Column("number", "Share of clades that only one of the trees has"),
        "cophenetic_correlation": Column("number", "Correlation of distances within the trees"),
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("scope", "category", "layer", "languages")


class CorrelationChanges(Table):
    """Correlations with properties of languages, before and after."""

    columns: ClassVar = {
        "property": Column("text", "Name of the property"),
        "category": CATEGORY,
        "scope": LAYER_SCOPE,
        "layer": OPTIONAL_LAYER,
        "before": Column("number", "Pearson's r before, mean over pairs"),
        "after": Column("number", "Pearson's r after, mean over pairs"),
        "significant_before": Column("integer", "Number of pairs with an adjusted p below .05"),
        "significant_after": Column("integer", "Number of pairs with an adjusted p below .05"),
        "pairs": _PAIRS,
    }
    keys: ClassVar = ("property", "category", "scope", "layer")


class LearningChanges(Table):
    """What models learnt of each language, before and after."""

    columns: ClassVar = {
        "model": Column("text", "Which model", allowed=("control", "experimental")),
        "language": LANGUAGE,
        "before": Column("number", "Nat below token frequencies on held-out text"),
        "after": Column("number", "Nat below token frequencies on held-out text"),
    }
    keys: ClassVar = ("model", "language")
