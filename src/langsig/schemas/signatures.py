"""Signatures of languages, their averages, and the distances between them."""

from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from langsig.schemas.table import Column, Table

CATEGORY = Column("text", "UniMorph name of the category whose words were analysed")
LAYER = Column("integer", "Layer of the shallower model; 0 is the embeddings")
LANGUAGE = Column("text", "Code of the language")


class Signatures(Table):
    """Signatures: how strongly each language uses each shared direction (paper, section 3)."""

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "component": Column("integer", "Number of the component, strongest on average first"),
        "value": Column("number", "Pseudo-singular value, not negative, in units of covariance"),
    }
    keys: ClassVar = ("category", "layer", "language", "component")

    def average(self) -> "AverageSignatures":
        """Mean over the components of each signature (paper, section 3)."""
        groups = self.frame.groupby(["category", "layer", "language"], sort=True)["value"]
        return AverageSignatures(groups.mean().rename("average_signature").reset_index())

    def distances(self) -> "Distances":
        """Cosine distance of the signatures of any two languages (paper, section 5.2, figure 5).

        0 means the same direction, 1 means no direction in common. Distances to a signature of
        zeros are missing.
        """
        rows: list[tuple[object, ...]] = []
        for (category, layer), group in self.frame.groupby(["category", "layer"], sort=True):
            vectors = group.pivot(index="language", columns="component", values="value")
            with np.errstate(invalid="ignore"):  # a signature of zeros
                values = pdist(vectors, "cosine")
            pairs = combinations(vectors.index, 2)
            rows += [
                ("category", category, layer, *pair, value)
                for pair, value in zip(pairs, values, strict=True)
            ]
        return Distances(pd.DataFrame(rows, columns=list(Distances.columns)))


class AverageSignatures(Table):
    """The mean over the components of each signature: the number that the paper reports."""

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "average_signature": Column("number", "Mean of the signature, in units of covariance"),
    }
    keys: ClassVar = ("category", "layer", "language")


class Distances(Table):
    """Distances between the signatures of any two languages, each pair once."""

    columns: ClassVar = {
        "scope": Column(
            "text",
            "category: signatures of one category; combined: mean over the categories; absences: "
            "only which categories the languages lack",
            allowed=("category", "combined", "absences"),
        ),
        "category": Column(
            "text", CATEGORY.description + "; missing unless scope is category", True
        ),
        "layer": LAYER,
        "language": LANGUAGE,
        "other": Column("text", "Code of the other language, later in the alphabet"),
        "distance": Column("number", "Cosine distance, from 0 to 1"),
    }
    keys: ClassVar = ("scope", "category", "layer", "language", "other")
