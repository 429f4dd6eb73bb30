"""Fixed values that parameters, tables and files share. Importing this module is cheap."""

SOURCES = ("trained", "equal-words", "untrained")
"""What covariances were computed from: the trained models; the same with an equal number of words
per language; the models before training."""
NORMALISATIONS = ("none", "variance")
"""Hidden states as they are, or scaled to a mean variance of 1 per dimension."""
AVERAGE_SIGNATURE = "average_signature"
"""The measure that the paper publishes: the mean of a signature."""
SHARED, LEARNED_AVERAGE, AVERAGE_SCORE = "shared", "learned_average", "average_score"
LEARNED_MEASURES = (SHARED, LEARNED_AVERAGE, AVERAGE_SCORE)
"""Measures of a learned signature: the sum over components of signature times score, the mean of
the signature, and the mean of the scores."""
MEASURES = (AVERAGE_SIGNATURE, SHARED, LEARNED_AVERAGE)
"""What is analysed of each language and layer."""
MODEL = "model"
"""The reference that is a model of its own per language, the control."""
REFERENCES = ("upos", "features", "context", "untrained", "parallel")
"""What the states of one model can be compared with, instead of those of another model."""
WORD_REFERENCES = (MODEL, "upos", "features", "context", "untrained")
"""What the states of words can be compared with."""
ONLY_SENTENCES = "'parallel' compares sentences, not words, and is for langsig profile only"
"""Why the other reference is refused where words are compared."""
REFERENCE_WIDTHS = {"upos": 14, "context": 192}
"""Number of dimensions of references in which it depends on neither data nor model."""
PRECISIONS = ("float32", "bfloat16", "auto")
"""Number formats of a model's matrix products."""
TRAINING_PRECISIONS = ("float32", "bfloat16")
"""The same of models in training."""
LEAST_SIZES = {"training": 100, "measures": 200, "test": 200, "sentences": 3, "draws": 1}
"""Least numbers of words per language and purpose, of parallel sentences, and of draws that say
something about a model."""
