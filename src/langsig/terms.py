"""Fixed values that parameters, tables and files share. Importing this module is cheap."""

SOURCES = ("trained", "equal-words", "untrained")
"""What covariances were computed from: the trained models; the same with an equal number of words
per language; the models before training."""
NORMALISATIONS = ("none", "variance")
"""Hidden states as they are, or scaled to a mean variance of 1 per dimension."""
