"""Signatures of languages in multilingual models, by joint matrix factorisation.

The packages stand in the order in which the data passes through them: ``corpora`` and
``morphology``, ``pretraining``, ``representations``, ``factorization``, ``analysis``,
``figures``. Each imports only from those before it.
"""

__version__ = "0.1.0"
