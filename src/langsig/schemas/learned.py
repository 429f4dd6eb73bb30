"""Tables of learned signatures."""

from typing import ClassVar

from langsig.schemas.columns import HIGH, LANGUAGE, LAYER, LOW
from langsig.schemas.fits import Diagnostics
from langsig.schemas.table import Column, Table
from langsig.terms import LEARNED_MEASURES

_MEASURE = Column(
    "text",
    "shared: sum over components of signature times score; learned_average: mean of the "
    "signature; average_score: mean of the scores",
    allowed=LEARNED_MEASURES,
)
_COMPONENT = Column("integer", "Number of the component, from 0")
_VARIED = Column("text", "What differs", allowed=("sentences", "start"))


class LearnedSignatures(Table):
    """What two models share that neither had before training, with intervals and a test."""

    columns: ClassVar = {
        "layer": LAYER,
        "language": LANGUAGE,
        "measure": _MEASURE,
        "value": Column(
            "number",
            "Value of the measure, in units of correlation, for shared squared; missing if the "
            "model's own start is unknown",
        ),
        "low": LOW,
        "high": HIGH,
        "p": Column("number", "One-sided p of the test by random rotations"),
        "words": Column("integer", "Number of words"),
        "partial": Column(
            "boolean", "Whether words were enough to regress states on the untrained states"
        ),
        "own_start": Column(
            "boolean", "Whether the untrained states are of the models' own initial weights"
        ),
    }
    keys: ClassVar = ("layer", "language", "measure")


class LearnedComponents(Table):
    """The learned signature, component by component; empty if the models' start is unknown."""

    columns: ClassVar = {
        "layer": LAYER,
        "language": LANGUAGE,
        "component": _COMPONENT,
        "signature": Column("number", "Pseudo-singular value s, on the words it was fitted to"),
        "score": Column("number", "Score g of the same directions on the other words"),
    }
    keys: ClassVar = ("layer", "language", "component")


class LearnedReplicates(Table):
    """Measures without each block of sentences, and for other starts.

    Changes between two models are computed from them.
    """

    columns: ClassVar = {
        "layer": LAYER,
        "language": LANGUAGE,
        "measure": _MEASURE,
        "varied": _VARIED,
        "replicate": Column(
            "integer",
            "Number of the block that was left out, or of the start by loss; start 0: the estimate",
        ),
        "value": Column("number", "Value of the measure"),
    }
    keys: ClassVar = ("layer", "language", "measure", "varied", "replicate")


class LearnedDiagnostics(Table):
    """Whether the fit to each half of the lemmas can be relied on."""

    columns: ClassVar = {
        "layer": LAYER,
        "half": Column("integer", "Half of the lemmas that was fitted, 0 or 1"),
        **{
            name: column
            for name, column in Diagnostics.columns.items()
            if name not in ("category", "layer", "control_layer", "experimental_layer", "languages")
        },
    }
    keys: ClassVar = ("layer", "half")


class LearnedStability(Table):
    """How far languages keep their rank and level with another start or other sentences."""

    columns: ClassVar = {
        "layer": LAYER,
        "measure": _MEASURE,
        "varied": Column(
            "text",
            "sentences: fits to even and to odd blocks; start: the two fits of the lowest loss",
            allowed=_VARIED.allowed,
        ),
        "rank_correlation": Column("number", "Spearman's correlation over languages"),
        "level_spread": Column("number", "Difference of the means over languages, over their mean"),
    }
    keys: ClassVar = ("layer", "measure", "varied")


class LearnedChanges(Table):
    """Changes of learned signatures between two models, on the same words."""

    columns: ClassVar = {
        "layer": LAYER,
        "language": LANGUAGE,
        "measure": _MEASURE,
        "change": Column("number", "Change as a share of the first model's value; -0.2: 20 % less"),
        "low": LOW,
        "high": HIGH,
    }
    keys: ClassVar = ("layer", "language", "measure")
