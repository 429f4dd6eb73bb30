"""Options that all statistical tests of the analysis share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class InferenceOptions:
    """How tests over languages are computed, and when their results count.

    Attributes
    ----------
    min_languages
        Number of languages that a test must have. Tests of fewer languages are reported, but
        marked as not enough, and left out of the correction for multiple tests.
    permutations
        Number of random permutations. If there are no more permutations than that, each is used
        once.
    seed
        Seed of the random permutations.
    """

    min_languages: int
    permutations: int
    seed: int
