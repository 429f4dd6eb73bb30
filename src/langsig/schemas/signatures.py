"""Signatures of languages, their averages, and the distances between them."""

from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from langsig.schemas.columns import (
    AVERAGE_SIGNATURE,
    CATEGORY,
    DISTANCE_SCOPE,
    LANGUAGE,
    LAYER,
    MEASURE,
    OPTIONAL_CATEGORY,
)
from langsig.schemas.table import Column, Table


class Signatures(Table):
    r"""How strongly each language uses each direction that all languages share.

    The signature of a language is the vector :math:`s_l` of pseudo-singular values in the joint
    factorisation :math:`\Omega_l \approx U_l \, \mathrm{diag}(s_l) \, V^T` of the languages'
    cross-covariances (paper, sections 2 and 3, equation 2). There is one row per category,
    layer, language and component.

    Parameters
    ----------
    frame
        Table with the columns of :attr:`columns`.

    Raises
    ------
    InputError
        If a column is missing or unknown, a value has the wrong type, or two rows have the same
        category, layer, language and component.

    Examples
    --------
    >>> import pandas as pd
    >>> import langsig
    >>> frame = pd.DataFrame(
    ...     [
    ...         ("Number", 0, "de", 0, 4.0),
    ...         ("Number", 0, "de", 1, 1.0),
    ...         ("Number", 0, "fi", 0, 2.0),
    ...         ("Number", 0, "fi", 1, 3.0),
    ...     ],
    ...     columns=["category", "layer", "language", "component", "value"],
    ... )
    >>> signatures = langsig.Signatures(frame)
    >>> signatures.select(language="fi").frame["value"].tolist()
    [2.0, 3.0]
    >>> signatures.to_xarray()["value"].dims
    ('category', 'layer', 'language', 'component')
    >>> signatures.average().frame
      category  layer language  average_signature
    0   Number      0       de                2.5
    1   Number      0       fi                2.5
    >>> langsig.Signatures(frame.drop(columns="layer"))
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: Signatures: no column layer; columns are ...
    """

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "component": Column("integer", "Number of the component, strongest on average first"),
        "value": Column("number", "Pseudo-singular value, not negative, in units of covariance"),
    }
    keys: ClassVar = ("category", "layer", "language", "component")

    def average(self) -> "AverageSignatures":
        """Mean over the components of each signature (paper, section 3).

        Returns
        -------
        AverageSignatures
            One row per category, layer and language.
        """
        groups = self.frame.groupby(["category", "layer", "language"], sort=True)["value"]
        return AverageSignatures(groups.mean().rename("average_signature").reset_index())

    def distances(self) -> "Distances":
        """Cosine distance of the signatures of any two languages (paper, section 5.2, figure 5).

        Returns
        -------
        Distances
            One row per category, layer and pair of languages. 0 means the same direction, 1 means
            no direction in common. Distances to a signature of zeros are missing.
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
        columns = [name for name in Distances.columns if name != "measure"]
        return Distances(pd.DataFrame(rows, columns=columns))


class AverageSignatures(Table):
    r"""The mean over the components of each signature: the number that the paper reports.

    .. math:: \bar s_l = \frac{1}{k} \sum_{j=1}^k s_{lj}

    for language :math:`l` and :math:`k` components (paper, section 3). It measures how strongly
    the states of the control model and of the experimental model covary, so it follows the scale
    of the states.

    Examples
    --------
    >>> import langsig
    >>> signatures = langsig.load_signatures(repository)
    >>> averages = signatures.average()
    >>> type(averages).__name__
    'AverageSignatures'
    >>> averages.select(language="qaa").frame
             category  layer language  average_signature
    0  Part of Speech      0      qaa           0.750000
    1  Part of Speech      1      qaa           0.416667
    2  Part of Speech      2      qaa           0.291667
    """

    columns: ClassVar = {
        "category": CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "average_signature": AVERAGE_SIGNATURE,
    }
    keys: ClassVar = ("category", "layer", "language")


class Distances(Table):
    r"""Distances between the signatures of any two languages, each pair once.

    The distance of languages :math:`l` and :math:`m` is
    :math:`1 - s_l^T s_m / (\|s_l\| \|s_m\|)` (paper, section 5.2, figure 5).

    Examples
    --------
    >>> import numpy as np
    >>> import langsig
    >>> slices = {"de": np.diag([4.0, 1.0]), "fi": np.diag([1.0, 4.0]), "sv": np.diag([8.0, 2.0])}
    >>> distances = langsig.factorize(slices, rank=2, ridge=0).signatures.distances()
    >>> type(distances).__name__
    'Distances'
    >>> distances.frame[["language", "other", "distance"]].round(3)
      language other  distance
    0       de    fi     0.529
    1       de    sv     0.000
    2       fi    sv     0.529
    """

    columns: ClassVar = {
        "measure": MEASURE,
        "scope": DISTANCE_SCOPE,
        "category": OPTIONAL_CATEGORY,
        "layer": LAYER,
        "language": LANGUAGE,
        "other": Column("text", "Code of the other language, later in the alphabet"),
        "distance": Column(
            "number",
            "Cosine distance of signatures, from 0 to 1; for shared, that of the scores of learned "
            "signatures, from 0 to 2",
        ),
    }
    keys: ClassVar = ("measure", "scope", "category", "layer", "language", "other")
