"""What is measured of one model in each language, and its means."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from langsig.errors import InputError
from langsig.files import write_file
from langsig.profiling.fits import jackknife_interval
from langsig.profiling.tasks import TAGS_NAME
from langsig.schemas import FitReplicates, Fits, LanguageMeasures, Outcomes, Predictors, Table


@dataclass(frozen=True, eq=False)
class Measured:
    """How well languages fit together in a model, and what the model does in each.

    Attributes
    ----------
    fits
        How well each language fits the directions that all languages share, by layer.
    replicates
        The fits without each block of sentences.
    outcomes
        Transfer of tags, probes and retrieval, by layer.
    measures
        Other measures of each language.
    """

    fits: Fits
    replicates: FitReplicates
    outcomes: Outcomes
    measures: LanguageMeasures

    @property
    def inner_layers(self) -> list[int]:
        """Layers between a quarter and three quarters of the depth.

        The embeddings know nothing of the sentence, and the top layer serves the task that the
        model was trained for.
        """
        return inner_layers(int(self.fits.frame["layer"].max()))

    def mean_fits(self) -> pd.DataFrame:
        """Mean fit over the inner layers, with its interval: ``fit``, ``low``, ``high``, ``null``
        and ``untrained``, one row per language."""
        fits = inner_means(self.fits.frame, ["language"], self.inner_layers)
        without = self.mean_replicates()
        low, high = jackknife_interval(fits["fit"].to_numpy(), without[fits.index].to_numpy())
        return fits.assign(low=np.clip(low, 0, 1), high=np.clip(high, 0, 1))

    def mean_replicates(self) -> pd.DataFrame:
        """Mean fit over the inner layers without each block: one row per block, one column per
        language."""
        frame = inner_means(self.replicates.frame, ["block", "language"], self.inner_layers)
        return frame["fit"].unstack("language")

    def mean_outcomes(self) -> pd.DataFrame:
        """Outcomes of parts of speech and of sentences, one row per language.

        They are means over the inner layers; ``transfer_single`` is the mean over the other
        languages.
        """
        frame = self.outcomes.frame
        wanted = frame["layer"].isin(self.inner_layers) | frame["layer"].isna()
        wanted &= frame["category"].isna() | (frame["category"] == TAGS_NAME)
        return frame[wanted].pivot_table("value", "language", "outcome").rename_axis(columns=None)

    def summary(self) -> pd.DataFrame:
        """One row per language: fit, outcomes and sub-words per word (``fertility``)."""
        fertility = self.measures.select(measure="fertility").frame.set_index("language")["value"]
        return self.mean_fits().join([self.mean_outcomes(), fertility.rename("fertility")])

    def save(self, folder: str | Path) -> None:
        """Write one CSV file per table, and ``summary.csv``."""
        for table in fields(self):
            getattr(self, table.name).save(Path(folder, f"{table.name}.csv"))
        summary = self.summary().to_csv()
        write_file(Path(folder, "summary.csv"), summary.encode())

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If a file is missing or holds something else.
        """
        tables: dict[str, Any] = {
            table.name: _TABLES[table.name].load(Path(folder, f"{table.name}.csv"))
            for table in fields(cls)
        }
        return cls(**tables)

    def __sub__(self, other: "Measured") -> pd.DataFrame:
        """Mean fits and outcomes of this model minus those of another, one row per language.

        The interval of the difference of fits (``fit``, ``low``, ``high``) is paired: both models
        must have been profiled with the same words.

        Raises
        ------
        InputError
            If the profiles have different languages or blocks.
        """
        mine, its = self.mean_fits(), other.mean_fits()
        blocks = self.mean_replicates(), other.mean_replicates()
        if list(mine.index) != list(its.index) or len(blocks[0]) != len(blocks[1]):
            raise InputError("the profiles are of different languages or sizes; give both the same")
        fit = mine["fit"] - its["fit"]
        low, high = jackknife_interval(fit.to_numpy(), (blocks[0] - blocks[1]).to_numpy())
        outcomes = self.mean_outcomes() - other.mean_outcomes()
        return pd.DataFrame({"fit": fit, "low": low, "high": high}).join(outcomes)


_TABLES: dict[str, type[Table]] = {
    "fits": Fits,
    "replicates": FitReplicates,
    "outcomes": Outcomes,
    "measures": LanguageMeasures,
    "predictors": Predictors,
}


def inner_layers(depth: int) -> list[int]:
    """Layers between a quarter and three quarters of the depth; the last one if there are none.

    Examples
    --------
    >>> inner_layers(12), inner_layers(1)
    ([3, 4, 5, 6, 7, 8, 9], [1])
    """
    return [layer for layer in range(depth + 1) if depth <= 4 * layer <= 3 * depth] or [depth]


def inner_means(frame: pd.DataFrame, keys: list[str], layers: Collection[int]) -> pd.DataFrame:
    """Means over some layers of all other columns, indexed by `keys`."""
    return frame[frame["layer"].isin(layers)].drop(columns="layer").groupby(keys).mean()
