"""Everything that langsig says about one model without training another."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from langsig.errors import InputError, check_count
from langsig.factorization import Solver
from langsig.profiling.measured import Measured
from langsig.profiling.prediction import predictor_table
from langsig.profiling.progress import progress
from langsig.profiling.run import Run
from langsig.profiling.samples import Sizes, choose_words
from langsig.profiling.sources import find_treebanks
from langsig.representations import SHRINKAGE, shrunken
from langsig.schemas import Languages, Predictors
from langsig.terms import LEAST_SIZES, REFERENCES

StrPath = str | Path
_RANKS = {"upos": 8}
_RANK = 12


@dataclass(frozen=True, eq=False)
class Profile(Measured):
    """What one model does in each language.

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
    predictors
        How well fits and other measures predict the outcomes, means over the inner layers.

    Examples
    --------
    >>> import langsig
    >>> result = langsig.profile(
    ...     models / "multilingual",
    ...     "samples/treebanks",
    ...     models / "profile",
    ...     languages=["qaa", "qab"],
    ...     rank=4,
    ... )
    >>> type(result).__name__, result.inner_layers
    ('Profile', [1])
    >>> result.summary().index.tolist()
    ['qaa', 'qab']
    >>> langsig.Profile.load(models / "profile").summary().equals(result.summary())
    True
    """

    predictors: Predictors


def profile(
    model: StrPath,
    treebanks: StrPath,
    out: StrPath,
    *,
    languages: Collection[str] | None = None,
    parallel: StrPath | None = None,
    texts: StrPath | None = None,
    facts: StrPath | None = None,
    reference: str = "upos",
    rank: int | None = None,
    shrinkage: float = SHRINKAGE,
    sizes: Sizes | None = None,
    precision: str = "auto",
    seed: int = 0,
) -> Profile:
    """Measure how well a model represents languages, without training another.

    Hidden states of the words of treebanks are compared with a reference that needs no training.
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
        Folder with one file of running text per language, for the reference ``context`` and for
        the gain at masked sub-words, if the model has a head for them.
    facts
        Table of the languages with the columns of :class:`langsig.schemas.Languages`; what
        predicts outcomes is then adjusted for the family (default: for sub-words per word only).
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

    Returns
    -------
    Profile
        The tables, which are also in `out`.

    Raises
    ------
    InputError
        If an argument is out of range, data are missing or malformed, the model cannot be used, or
        `out` holds another profile.

    Examples
    --------
    >>> import langsig
    >>> result = langsig.profile(
    ...     models / "multilingual",
    ...     "samples/treebanks",
    ...     models / "profile",
    ...     languages=["qaa", "qab"],
    ...     rank=4,
    ... )
    >>> probes = result.mean_outcomes()
    >>> bool((probes["probe"] > probes["selectivity"]).all())
    True
    """
    if reference not in REFERENCES:
        raise InputError(f"reference must be one of {', '.join(REFERENCES)}, got {reference!r}")
    needs = {"context": ("texts", texts), "parallel": ("parallel", parallel)}
    argument, given = needs.get(reference, ("", True))
    if not given:
        raise InputError(f"reference {reference!r} needs {argument}; name a folder")
    shrunken(np.eye(1), shrinkage)
    check_count("seed", seed, 0)
    known = Languages.load(facts) if facts else None
    sizes = sizes or Sizes()
    for name, value in asdict(sizes).items():
        check_count(f"sizes.{name}", value, LEAST_SIZES[name])
    sources = find_treebanks(treebanks, languages)
    run = Run(
        model,
        samples={
            language: choose_words(source, language, sizes, seed)
            for language, source in progress("words", sources.items())
        },
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
    measured = run.measured()
    table = predictor_table(measured, facts=known, seed=seed)
    result = Profile(**vars(measured), predictors=table)
    result.save(out)
    run.store.done()
    return result
