"""Tables about factorisations: diagnostics, intervals, ranks, and plainer measures."""

from collections.abc import Mapping
from typing import Any, ClassVar

from langsig.schemas.columns import (
    AVERAGE_SIGNATURE,
    CATEGORY,
    HIGH,
    LANGUAGE,
    LANGUAGES,
    LAYER,
    LOW,
    NORMALISE,
    P_ADJUSTED,
    SOURCE,
)
from langsig.schemas.table import Column, Table


class Diagnostics(Table):
    """Whether the signatures of each factorisation can be relied on.

    There is one row per category and layer. :attr:`checks` names the columns that are checks: a
    factorisation that fails one may still change with more iterations, or has components that
    cancel each other, or depends on its start (Mitchell and Burdick 1994, for degeneracy).

    Examples
    --------
    >>> import numpy as np
    >>> import langsig
    >>> slices = {"de": np.diag([4.0, 1.0]), "fi": np.diag([2.0, 3.0])}
    >>> diagnostics = langsig.factorize(slices, rank=2, ridge=0).diagnostics
    >>> type(diagnostics).__name__
    'Diagnostics'
    >>> diagnostics.frame[["layer", "languages", "rank", "converged", "degenerate"]]
       layer  languages  rank  converged  degenerate
    0      0          2     2       True       False
    >>> [langsig.Diagnostics.warnings_of(row) for row in diagnostics.frame.to_dict("records")]
    [[]]
    """

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "control_layer": Column(
            "integer",
            "Layer of the control models, or of another reference if it has layers; missing if "
            "unknown or where control models differ in depth",
            True,
        ),
        "experimental_layer": Column(
            "integer", "Layer of the experimental model; missing if unknown", True
        ),
        "languages": LANGUAGES,
        "rank": Column("integer", "Number of components"),
        "relative_error": Column("number", "Squared residuals over the squared norm of all slices"),
        "loss": Column("number", "Loss that was minimised: the relative error and the ridge"),
        "iterations": Column("integer", "Number of iterations"),
        "converged": Column(
            "boolean", "Whether the loss stopped falling before the last iteration"
        ),
        "blueprint_condition": Column("number", "Condition number of the blueprint B"),
        "congruence": Column("number", "Lowest congruence of two components, from -1 to 1"),
        "cancellation": Column("number", "Squared norms of the components over that of their sum"),
        "degenerate": Column("boolean", "Whether components cancel each other"),
        "starts": Column("integer", "Number of starts; that of the lowest loss is described"),
        "loss_gap": Column(
            "number", "How far the next best loss is above the lowest, over the lowest"
        ),
        "rank_correlation": Column(
            "number", "Spearman's correlation of average signatures with the next best start"
        ),
        "level_spread": Column(
            "number", "Difference of the mean level from that of the next best start, over the mean"
        ),
        "factor_match": Column(
            "number", "Mean absolute cosine of directions with those of the next best start"
        ),
        "starts_disagree": Column(
            "boolean", "Whether the two best starts rank the languages differently"
        ),
    }
    keys: ClassVar = ("category", "layer")
    checks: ClassVar[Mapping[str, tuple[str, bool]]] = {
        "not converged": ("converged", False),
        "degenerate": ("degenerate", True),
        "starts disagree": ("starts_disagree", True),
    }
    """By the name of a warning: the column that raises it, and the value that does."""

    @classmethod
    def warnings_of(cls, row: Mapping[Any, Any]) -> list[str]:
        """Name the checks that a factorisation fails.

        Parameters
        ----------
        row
            A row of the table, by the names of columns.

        Returns
        -------
        list of str
            Names in :attr:`checks`; empty if the factorisation fails none.
        """
        return [name for name, (column, bad) in cls.checks.items() if bool(row[column]) is bad]

    def failed_layers(self) -> dict[str, list[int]]:
        """By category: layers whose factorisation fails a check. Other categories are left out."""
        layers: dict[str, list[int]] = {}
        for row in self.frame.sort_values("layer").to_dict("records"):
            if self.warnings_of(row):
                layers.setdefault(str(row["category"]), []).append(int(row["layer"]))
        return layers


class WordCounts(Table):
    """The number of words in each slice, whether it was used or not.

    Examples
    --------
    >>> import pandas as pd
    >>> import langsig
    >>> counts = pd.DataFrame({"category": "Number", "language": ["de", "fi"], "words": [810, 95]})
    >>> words = langsig.WordCounts(counts)
    >>> words.select(language="fi").frame
      category language  words
    0   Number       fi     95
    >>> langsig.WordCounts(counts.assign(words="many"))
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: WordCounts: column words must hold integers, got 'many'
    """

    columns: ClassVar = {
        "category": CATEGORY,
        "language": LANGUAGE,
        "words": Column("integer", "Number of words that bear the category"),
    }
    keys: ClassVar = ("category", "language")


class Baselines(Table):
    """Measures that need no joint factorisation, or a plainer one."""

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "measure": Column("text", "Name of the measure"),
        "value": Column("number", "Value of the measure"),
    }
    keys: ClassVar = ("category", "layer", "language", "measure")


class Estimates(Table):
    """Average signatures of all words with intervals, and a test against chance."""

    columns: ClassVar = {
        "source": SOURCE,
        "normalise": NORMALISE,
        "layer": LAYER,
        "language": LANGUAGE,
        "words": Column("integer", "Number of words"),
        "blocks": Column("integer", "Number of blocks of sentences that have words"),
        "average_signature": AVERAGE_SIGNATURE,
        "low": LOW,
        "high": HIGH,
        "p": Column("number", "One-sided p of the test that flips the signs of blocks"),
    }
    keys: ClassVar = ("source", "normalise", "layer", "language")


class Intervals(Table):
    """Estimates with p-values adjusted over languages."""

    columns: ClassVar = {
        **Estimates.columns,
        "p_adjusted": P_ADJUSTED,
    }
    keys: ClassVar = Estimates.keys


class Replicates(Table):
    """Average signatures of all words for resampled sentences and for other starts."""

    columns: ClassVar = {
        "source": SOURCE,
        "normalise": NORMALISE,
        "layer": LAYER,
        "language": LANGUAGE,
        "varied": Column(
            "text",
            "What differs between replicates. sentences: blocks of sentences are drawn; block: one "
            "block is left out; start: another start of the fit",
            allowed=("sentences", "block", "start"),
        ),
        "replicate": Column(
            "integer",
            "Number of the replicate, of the block, or of the start by loss; start 0: the estimate",
        ),
        "average_signature": AVERAGE_SIGNATURE,
    }
    keys: ClassVar = ("source", "normalise", "layer", "language", "varied", "replicate")


class RankSweep(Table):
    """How well each candidate rank fits, generalises and repeats."""

    columns: ClassVar = {
        "layer": LAYER,
        "rank": Column("integer", "Number of components"),
        "in_use": Column("boolean", "Whether the pipeline uses this rank"),
        "relative_error": Column("number", "Error of the fit of the lowest loss"),
        "shared_pca_error": Column("number", "Error of shared principal components"),
        "svd_error": Column("number", "Error of truncated singular value decompositions"),
        "agreement": Column(
            "number", "Spearman's correlation of average signatures of the two best starts"
        ),
        "held_out_error": Column("number", "Error on held-out blocks of sentences, mean of folds"),
        "held_out_se": Column("number", "Standard error of the held-out error"),
        "unfactorized_error": Column("number", "Held-out error of the slices themselves"),
        "converged": Column("boolean", "Whether all starts and folds converged"),
        "blueprint_condition": Column(
            "number", "Largest condition number of the blueprint B over the starts"
        ),
    }
    keys: ClassVar = ("layer", "rank")


class RankRecommendations(Table):
    """The recommended rank of each layer, and of all layers together."""

    columns: ClassVar = {
        "scope": Column(
            "text", "Whether the row is of one layer or of all", allowed=("layer", "all")
        ),
        "layer": Column("integer", "Layer; missing where all layers are meant", True),
        "rank": Column(
            "integer", "Recommended rank; missing for a layer in which no candidate is stable", True
        ),
        "decided_by": Column(
            "text",
            "What limits or decides the rank",
            allowed=(
                "held-out error",
                "stability",
                "candidates",
                "mean held-out error",
                "no stable rank",
            ),
        ),
    }
    keys: ClassVar = ("scope", "layer")


class Halves(Table):
    """Average signatures of the even and the odd blocks of sentences, fitted separately."""

    columns: ClassVar = {
        "layer": LAYER,
        "half": Column("integer", "0: even blocks; 1: odd blocks"),
        "start": Column("integer", "Number of the random start"),
        "language": LANGUAGE,
        "average_signature": AVERAGE_SIGNATURE,
        "svd": Column("number", "Mean of the largest singular values of the slice"),
    }
    keys: ClassVar = ("layer", "half", "start", "language")


class SetAverages(Table):
    """Average signatures of sets of languages, each set factorised separately."""

    columns: ClassVar = {
        "set": Column("text", "diverse, or the name of a set of related languages"),
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "average_signature": AVERAGE_SIGNATURE,
    }
    keys: ClassVar = ("set", "category", "layer", "language")
