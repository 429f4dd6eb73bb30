"""Fixed values that parameters, tables and files share. Importing this module is cheap."""

SOURCES = ("trained", "equal-words", "untrained")
"""What covariances were computed from: the trained models; the same with an equal number of words
per language; the models before training."""
NORMALISATIONS = ("none", "variance")
"""Hidden states as they are, or scaled to a mean variance of 1 per dimension."""
REFERENCES = ("upos", "features", "context", "untrained", "parallel")
"""What the states of one model can be compared with, instead of those of another model."""
PRECISIONS = ("float32", "bfloat16", "auto")
"""Number formats of a model's matrix products."""
