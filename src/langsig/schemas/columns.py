"""Columns that several tables have."""

from langsig.schemas.table import Column
from langsig.terms import AVERAGE_SIGNATURE as PUBLISHED
from langsig.terms import MEASURES, NORMALISATIONS, SOURCES

MEASURE = Column(
    "text",
    "What is analysed. average_signature: the published signature; shared, learned_average: the "
    "learned signature",
    allowed=MEASURES,
    default=PUBLISHED,
)
CATEGORY = Column("text", "UniMorph name of the category whose words were analysed")
LAYER = Column("integer", "Layer of the shallower model; 0 is the embeddings")
LANGUAGE = Column("text", "Code of the language")
LANGUAGES = Column("integer", "Number of languages")
SOURCE = Column("text", "What the covariances were computed from", allowed=SOURCES)
NORMALISE = Column("text", "Normalisation of the hidden states", allowed=NORMALISATIONS)
AVERAGE_SIGNATURE = Column("number", "Mean of the signature, in units of covariance")
LOW = Column("number", "Lower end of the 95 % interval")
HIGH = Column("number", "Upper end of the 95 % interval")
P = Column("number", "Two-sided p")
P_ADJUSTED = Column("number", "p after Benjamini and Hochberg")
ENOUGH = Column("boolean", "Whether there are enough languages for the result to count")
LAYER_SCOPE = Column(
    "text",
    "layer: one layer; mean: the mean over the layers",
    allowed=("layer", "mean"),
)
OPTIONAL_LAYER = Column("integer", f"{LAYER.description}; missing where scope is mean", True)
DISTANCE_SCOPE = Column(
    "text",
    "category: signatures of one category; combined: mean over the categories; absences: "
    "only which categories the languages lack",
    allowed=("category", "combined", "absences"),
)
OPTIONAL_CATEGORY = Column(
    "text", f"{CATEGORY.description}; missing unless scope is category", True
)
TASK = Column("text", "Benchmark task")
METRIC = Column("text", "Metric of the task")
SCORED_MODEL = Column("text", "Model that was scored")
