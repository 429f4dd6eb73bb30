"""Everything that langsig says about one model without training another."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from langsig.errors import InputError, check_count
from langsig.factorization import Solver
from langsig.profiling.run import REFERENCES, Run
from langsig.profiling.samples import Sizes
from langsig.profiling.sources import find_treebanks
from langsig.profiling.tasks import TAGS_NAME
from langsig.representations import SHRINKAGE, shrunken
from langsig.schemas import Fits, LanguageMeasures, Outcomes

StrPath = str | Path
_RANKS = {"upos": 8}
_RANK = 12


@dataclass(frozen=True, eq=False)
class Profile:
    """What one model does in each language.

    Attributes
    ----------
    fits
        How well each language fits the directions that all languages share, by layer.
    outcomes
        Transfer of tags, probes and retrieval, by layer.
    measures
        Other measures of each language.
    layers
        Layers that :meth:`summary` takes the mean of.
    """

    fits: Fits
    outcomes: Outcomes
    measures: LanguageMeasures
    layers: Sequence[int]

    def summary(self) -> pd.DataFrame:
        """One row per language, means over the inner layers; missing where not measured."""
        fits = self.fits.frame[self.fits.frame["layer"].isin(self.layers)]
        columns = fits.groupby("language")[["fit", "low", "high", "null", "untrained"]].mean()
        outcomes = self.outcomes.frame
        inner = outcomes["layer"].isin(self.layers) | outcomes["layer"].isna()
        tags = outcomes["category"].isna() | (outcomes["category"] == TAGS_NAME)
        chosen = outcomes[inner & tags & (outcomes["outcome"] != "transfer_single")]
        wide = chosen.pivot_table(values="value", index="language", columns="outcome")
        fertility = self.measures.select(measure="fertility").frame.set_index("language")["value"]
        return columns.join(wide).join(fertility.rename("fertility"))

    def save(self, folder: StrPath) -> None:
        """Write ``fits.csv``, ``outcomes.csv``, ``measures.csv`` and ``summary.csv``."""
        for name in ("fits", "outcomes", "measures"):
            getattr(self, name).save(Path(folder, f"{name}.csv"))
        self.summary().to_csv(Path(folder, "summary.csv"))


def profile(
    model: StrPath,
    treebanks: StrPath,
    out: StrPath,
    *,
    languages: Collection[str] | None = None,
    parallel: StrPath | None = None,
    texts: StrPath | None = None,
    reference: str = "upos",
    rank: int | None = None,
    shrinkage: float = SHRINKAGE,
    sizes: Sizes | None = None,
    precision: str = "auto",
    seed: int = 0,
) -> Profile:
    """Measure how well a model represents languages, without training another.

    Hidden states of the words of treebanks are held against a reference that needs no training.
    The canonical slices of all languages are factorised jointly, and the *fit* of a language is
    the share of its slice that the directions shared by all languages explain. Beside it stand
    outcomes, measured on the model itself: transfer of part-of-speech tags, probes, retrieval of
    parallel sentences. Each sentence goes through the model once.

    Parameters
    ----------
    model
        The model: a folder, or a name on the Hugging Face Hub.
    treebanks
        Folder of treebanks, see :func:`langsig.profiling.find_treebanks`.
    out
        Folder for tables and intermediate results. A profile that was interrupted goes on.
    languages
        Codes of the languages (default: all that have a treebank).
    parallel
        Folder with one file of parallel sentences per language, see
        :func:`langsig.profiling.find_texts` (default: retrieval is not measured).
    texts
        Folder with one file of running text per language, for the reference ``context``.
    reference
        ``upos``: parts of speech. ``features``: also the values of all categories. ``context``:
        static vectors of sub-words and of their neighbours. ``untrained``: states of a model of the
        same shape with random weights. ``parallel``: mean vector of a sentence in the other
        languages, where slices are of sentences instead of words.
    rank
        Number of components (default: 8 for ``upos``, otherwise 12).
    shrinkage
        See :func:`langsig.representations.shrunken`.
    sizes
        Numbers of words and sentences (default: ``Sizes()``).
    precision
        See :class:`langsig.representations.Encoder`.
    seed
        Seed of all random choices.

    Raises
    ------
    InputError
        If an argument is out of range, data are missing or malformed, the model cannot be used, or
        `out` holds another profile.
    """
    if reference not in REFERENCES:
        raise InputError(f"reference must be one of {', '.join(REFERENCES)}, got {reference!r}")
    needs = {"context": ("texts", texts), "parallel": ("parallel", parallel)}
    argument, given = needs.get(reference, ("", True))
    if not given:
        raise InputError(f"reference {reference!r} needs {argument}; name a folder")
    shrunken(np.eye(1), shrinkage)
    sizes = sizes or Sizes()
    for name, value in asdict(sizes).items():
        check_count(name, value)
    run = Run(
        model,
        treebanks=find_treebanks(treebanks, languages),
        parallel=parallel,
        texts=texts,
        reference=reference,
        solver=Solver(rank=_RANKS.get(reference, _RANK) if rank is None else rank),
        shrinkage=shrinkage,
        sizes=sizes,
        precision=precision,
        seed=seed,
        out=out,
    )
    depth = run.depth
    inner = [layer for layer in range(depth + 1) if depth <= 4 * layer <= 3 * depth]
    result = Profile(*run.tables(), layers=inner)
    result.save(out)
    run.store.done()
    return result
