"""Signatures of languages in multilingual models, by joint matrix factorisation.

Three functions do most of the work. :func:`compare` goes from models and words to signatures;
:func:`profile` measures one model without training another; :func:`factorize` starts from
cross-covariances. The names listed here load on first use, so that importing langsig is quick.

The packages below build on each other in this order: ``corpora`` and ``morphology``,
``pretraining``, ``representations``, ``factorization``, ``outcomes`` and ``references``,
``analysis`` and ``learned``, ``figures``, ``profiling``, ``report``, ``repository``, ``commands``.

Examples
--------
Morphosyntactic categories select the words of an analysis. The one that every word bears, and
that therefore selects all words, is `ALL_WORDS`:

>>> import langsig
>>> langsig.ALL_WORDS
'Part of Speech'
>>> len(langsig.CATEGORIES)
17
>>> langsig.CATEGORIES[:3]
('Animacy', 'Aspect', 'Case')
"""

from importlib import import_module
from typing import TYPE_CHECKING

from langsig.errors import ConvergenceWarning, InputError

if TYPE_CHECKING:
    from langsig.analysis.difference import Difference
    from langsig.comparison import Comparison, compare
    from langsig.factorization import (
        Factorization,
        Parafac2Result,
        Solver,
        factorize,
        parafac2,
    )
    from langsig.morphology import ALL_WORDS, CATEGORIES, Words, annotate
    from langsig.profiling import Profile, profile
    from langsig.repository.diff import diff
    from langsig.repository.registry import load_model
    from langsig.repository.signatures import load_signatures
    from langsig.representations import CovarianceFitter, LayerStatistics, match_layers
    from langsig.schemas import AverageSignatures, Diagnostics, Distances, Signatures, WordCounts

__all__ = [
    "ALL_WORDS",
    "CATEGORIES",
    "AverageSignatures",
    "Comparison",
    "ConvergenceWarning",
    "CovarianceFitter",
    "Diagnostics",
    "Difference",
    "Distances",
    "Factorization",
    "InputError",
    "LayerStatistics",
    "Parafac2Result",
    "Profile",
    "Signatures",
    "Solver",
    "WordCounts",
    "Words",
    "__version__",
    "annotate",
    "compare",
    "diff",
    "factorize",
    "load_model",
    "load_signatures",
    "match_layers",
    "parafac2",
    "profile",
]
__version__ = "0.1.0"

_MODULES = {
    "analysis.difference": ("Difference",),
    "comparison": ("Comparison", "compare"),
    "factorization": ("Factorization", "Parafac2Result", "Solver", "factorize", "parafac2"),
    "morphology": ("ALL_WORDS", "CATEGORIES", "Words", "annotate"),
    "profiling": ("Profile", "profile"),
    "repository.diff": ("diff",),
    "repository.registry": ("load_model",),
    "repository.signatures": ("load_signatures",),
    "representations": ("CovarianceFitter", "LayerStatistics", "match_layers"),
    "schemas": ("AverageSignatures", "Diagnostics", "Distances", "Signatures", "WordCounts"),
}
"""Public names by the module that defines them."""


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
