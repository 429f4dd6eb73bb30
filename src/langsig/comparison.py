"""Signatures of languages in any Hugging Face model, without a pipeline.

One language after the other goes all the way from its words to its cross-covariances. Hidden
states are on disk only while their language is processed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.corpora import load_tokenizer, read_lines, romaniser, words_of_text
from langsig.errors import InputError, check_by_language, check_count, check_list
from langsig.factorization import Solver, factorize_layers
from langsig.languages import check_distinct, language_code
from langsig.morphology import ALL_WORDS, CATEGORIES, annotate, category_slug, treebank_files
from langsig.references import word_vectors
from langsig.representations import (
    DTYPES,
    Batching,
    Encoder,
    States,
    covariances_by_category,
    extract,
    load_checked,
    load_encoder,
    load_shape,
    load_untrained,
    without_output_layer,
)
from langsig.schemas import Diagnostics, Signatures, WordCounts
from langsig.terms import MODEL, ONLY_SENTENCES, REFERENCE_WIDTHS, WORD_REFERENCES

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

StrPath = str | Path
Sources = Mapping[str, StrPath | Collection[StrPath]]
Slices = dict[str, dict[str, list[NDArray[np.float32]]]]
"""By category and language: one cross-covariance ``[dim_control, dim_experimental]`` per layer."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Signatures of several languages in one multilingual model.

    Attributes
    ----------
    signatures
        One value per category, layer, language and component.
    diagnostics
        One row per category and layer: whether the factorisation can be relied on.
    words
        The number of words per category and language, whether they were used or not.
    layer_pairs
        By language: the layers of the control model and of the experimental model that each
        ``layer`` of the tables stands for. The first is None for a reference without layers.
    batching
        By model: which sentences shared a batch. Sentences run without padding or alone in models
        whose states would otherwise depend on their neighbours.

    Examples
    --------
    >>> import langsig
    >>> comparison = langsig.compare(
    ...     models / "multilingual",
    ...     controls={"qaa": models / "qaa", "qab": models / "qab"},
    ...     treebanks={"qaa": "samples/treebanks/qaa", "qab": "samples/treebanks/qab"},
    ...     rank=4,
    ... )
    >>> type(comparison).__name__, comparison.layer_pairs["qaa"]
    ('Comparison', [(0, 0), (1, 1), (2, 2)])
    >>> summary = comparison.summary()
    >>> list(summary.columns)
    ['words', 0, 1, 2]
    >>> bool((summary[[0, 1, 2]] > 0).all(axis=None))
    True
    """

    signatures: Signatures
    diagnostics: Diagnostics
    words: WordCounts
    layer_pairs: dict[str, list[tuple[int | None, int]]]
    batching: dict[str, Batching]

    def summary(self) -> pd.DataFrame:
        """Average signatures: one row per category and language, one column per layer.

        The column ``words`` holds the number of words. Averages are missing where a language has
        too few words with the category.
        """
        averages = self.signatures.average().frame.pivot(
            index=["category", "language"], columns="layer", values="average_signature"
        )
        counts = self.words.frame.set_index(["category", "language"])
        return counts.join(averages)


def compare(
    experimental: StrPath,
    controls: Mapping[str, StrPath] | None = None,
    treebanks: Sources | None = None,
    texts: Sources | None = None,
    *,
    reference: str = MODEL,
    rank: int = 16,
    categories: Collection[str] = (ALL_WORDS,),
    romanise: Collection[str] = (),
    dtype: str = "float16",
    batch_tokens: int | None = None,
    min_instances: int = 100,
    ridge: float = 0.2,
    max_iterations: int = 500,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Comparison:
    r"""Compute the signatures of languages in a multilingual model.

    Each language needs a monolingual model, its control, or another reference that its words are
    compared with. For each language :math:`l` and layer, the words of its treebank go through both
    models. The cross-covariance of their states,

    .. math:: \Omega_l = Z_l^T Y_l / m_l \approx U_l \, \mathrm{diag}(s_l) \, V^T,

    of control states :math:`Z_l`, experimental states :math:`Y_l` and :math:`m_l` words, with
    centred columns, is one slice. With another reference, :math:`Z_l` has its vectors. PARAFAC2
    factorises the slices of all languages jointly; :math:`s_l` is the signature of the language
    (paper, sections 2 and 3, equation 2).

    Layers are matched by relative depth, see :func:`match_layers`, and numbered by the layers of
    the shallowest model.

    Parameters
    ----------
    experimental
        The multilingual model: a folder, or a name on the Hugging Face Hub.
    controls
        By language: its monolingual model. Models may differ in architecture, width, depth and
        vocabulary. Only for the reference ``model``. Codes of languages, here and below, are
        brought into one spelling: ``da_DK`` becomes ``da-DK``, and ``dan`` becomes ``da``.
    treebanks
        By language: CoNLL-U files, or folders that contain such files.
    texts
        By language: text files with one sentence per line, or folders of them, for languages
        without a treebank. The only category of their words is `ALL_WORDS`. For the reference
        ``context``, every language needs a text, in which sub-words are counted; if it has a
        treebank too, the words are those of the treebank.
    reference
        What the states of the multilingual model are compared with. ``model``: the states of the
        controls. ``upos``: indicators of 14 parts of speech. ``features``: the same, and those of
        all values of all categories. ``context``: static vectors of the sub-words of each word and
        of its neighbours, from `texts`. ``untrained``: the states of a model of the same shape with
        random weights, layer by layer. ``upos`` and ``features`` need a treebank per language.
    rank
        Number of components, at most the width of the narrowest model and of the reference.
    categories
        Categories whose words are analysed, each separately: names in `CATEGORIES`.
    romanise
        Languages to romanise before their words go through the models.
    dtype
        Type of the hidden states: ``float16`` or ``float32``.
    batch_tokens
        Number of sub-words per batch, padding included (default: 8192 on a GPU, 1024 without).
    min_instances
        Number of words that a language must have with a category. A language with fewer is left
        out of that category.
    ridge, max_iterations, tolerance
        Settings of the :class:`Solver`.
    seed
        Seed of the random starts of factorisations, of random weights, and of context vectors.

    Returns
    -------
    Comparison
        Signatures, diagnostics and word counts.

    Warns
    -----
    ConvergenceWarning
        If the fit of one or more layers did not converge.
    LeftOutWarning
        If sentences are too long for a model, or the reference is the same for all words of a
        category in a language, which is then left out.

    Raises
    ------
    InputError
        Before any work, if an argument is out of range, a model or file is missing, a model cannot
        be loaded or run or has no part for a language that needs one, or the languages of the
        arguments do not match. Later, if a file is malformed, hidden states are not finite, a text
        is too short for context vectors, `rank` exceeds the number of features of a language, or
        no category has two languages with enough words.

    Examples
    --------
    ``models`` is a folder of checkpoints:

    >>> import langsig
    >>> comparison = langsig.compare(
    ...     models / "multilingual",
    ...     controls={"qaa": models / "qaa", "qab": models / "qab"},
    ...     treebanks={"qaa": "samples/treebanks/qaa", "qab": "samples/treebanks/qab"},
    ...     categories=["Part of Speech", "Number"],
    ...     rank=4,
    ... )
    >>> comparison.words.frame
             category language  words
    0  Part of Speech      qaa   2521
    1  Part of Speech      qab   2266
    2          Number      qaa   2061
    3          Number      qab   1865
    >>> comparison.signatures.select(layer=0, language="qaa", category="Number").frame
      category  layer language  component  value
    0   Number      0      qaa          0    ...
    1   Number      0      qaa          1    ...
    2   Number      0      qaa          2    ...
    3   Number      0      qaa          3    ...

    Arguments are checked before any model runs:

    >>> langsig.compare(
    ...     models / "multilingual",
    ...     controls={"qaa": models / "qaa", "qab": models / "qab"},
    ...     treebanks={"qaa": "samples/treebanks/qaa"},
    ... )
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: qab has a control model, but neither a treebank nor text
    """
    _check_reference(reference, controls)
    for name, argument in {"controls": controls, "treebanks": treebanks, "texts": texts}.items():
        if argument is not None or (name == "controls" and reference == MODEL):
            check_by_language(name, argument)
            check_distinct(name, argument or {})
    check_list("romanise", romanise)
    controls = {language_code(language): model for language, model in (controls or {}).items()}
    romanise = {language_code(language) for language in romanise}
    treebank_paths, text_paths = _lists_of_paths(treebanks), _lists_of_paths(texts)
    categories = _category_names(categories)
    solver = Solver(rank=rank, ridge=ridge, max_iterations=max_iterations, tolerance=tolerance)
    _check_numbers(dtype, batch_tokens, min_instances, seed)
    _check_paths("treebanks", treebank_paths)
    _check_paths("texts", text_paths)
    languages = _languages(reference, controls, treebank_paths, text_paths, romanise)
    depth = _check_shapes([experimental, *controls.values()], rank, reference)
    encoder, batching = _check_models(experimental, controls, languages)
    tokenizer = encoder.tokenizer
    untrained = None
    if reference == "untrained":
        untrained = without_output_layer(load_untrained(experimental, seed))
    slices: Slices = {category: {} for category in categories}
    counts: dict[tuple[str, str], int] = {}
    layer_pairs = {}
    for language in languages:
        words = _words(language, treebank_paths, text_paths, language in romanise)
        with TemporaryDirectory(prefix="langsig-") as folder:
            states_in = partial(
                _states, words=words, folder=folder, dtype=dtype, batch_tokens=batch_tokens
            )
            if reference == MODEL:
                control = controls[language]
                control_states = states_in(
                    Encoder(load_encoder(control), load_tokenizer(control), language)
                )
            elif untrained:
                control_states = states_in(Encoder(untrained, tokenizer, language))
            else:
                lines = read_lines(map(Path, text_paths.get(language, ())), language)
                text = map(romaniser(language) if language in romanise else str, lines)
                vectors = _vectors(reference, language, words, tokenizer, text, rank, seed)
                control_states = States([vectors], np.arange(len(words)))
            encoder.select(language)
            experimental_states = states_in(encoder)
            statistics = covariances_by_category(
                control_states,
                experimental_states,
                words,
                language=language,
                categories=categories,
                min_instances=min_instances,
                blocks=1,
                block_layers={},
                resolution=depth,
            )
        layer_pairs[language] = statistics[0].layer_pairs
        for entry in statistics:
            counts[entry.category, language] = entry.words
            if entry.layers:
                # In the precision of the pipeline's files, which gives the same signatures.
                cross = [layer.cross.astype(np.float32) for layer in entry.layers]
                slices[entry.category][language] = cross
    if all(len(of_category) < 2 for of_category in slices.values()):
        raise InputError(
            f"no category has {min_instances} words in at least two languages; give more text, "
            "or a lower min_instances"
        )
    fits = [
        factorize_layers(
            of_category,
            category=category,
            solver=solver,
            layer_pairs=_common_layers([*layer_pairs.values()]),
            seed=seed,
        )
        for category, of_category in slices.items()
        if len(of_category) > 1
    ]
    rows = [
        (category, language, counts[category, language])
        for category in categories
        for language in languages
    ]
    return Comparison(
        signatures=Signatures.concat(fit.signatures for fit in fits),
        diagnostics=Diagnostics.concat(fit.diagnostics for fit in fits),
        words=WordCounts(pd.DataFrame(rows, columns=list(WordCounts.columns))),
        layer_pairs=layer_pairs,
        batching=batching,
    )


def _common_layers(
    layer_pairs: Sequence[Sequence[tuple[int | None, int]]],
) -> list[tuple[int | None, int | None]]:
    """For each layer, that of the control models, None where they differ in depth, and that of
    the experimental model."""
    common: list[tuple[int | None, int | None]] = []
    for pairs in zip(*layer_pairs, strict=True):
        controls = {control for control, _ in pairs}
        common.append((pairs[0][0] if len(controls) == 1 else None, pairs[0][1]))
    return common


def _states(
    encoder: Encoder, words: pd.DataFrame, folder: str, *, dtype: str, batch_tokens: int | None
) -> States:
    """Hidden states in one model, in a new folder below `folder`."""
    output = Path(mkdtemp(dir=folder))
    return extract(encoder, words, output, dtype=dtype, batch_tokens=batch_tokens)


def _vectors(
    reference: str,
    language: str,
    words: pd.DataFrame,
    tokenizer: "PreTrainedTokenizerBase",
    text: Iterable[str],
    rank: int,
    seed: int,
) -> NDArray[np.float64]:
    """Vectors of the words in a reference without layers, ``[words, dim]``, at least `rank`."""
    try:
        vectors = word_vectors(reference, words, tokenizer=tokenizer, text=text, seed=seed)
    except InputError as error:
        raise InputError(f"texts: {language}: {error}") from error
    if rank > vectors.shape[1]:
        raise InputError(
            f"rank must be between 1 and {vectors.shape[1]}, the width of the reference "
            f"{reference!r} of {language}; got {rank}"
        )
    return vectors


def _words(
    language: str,
    treebanks: Mapping[str, list[StrPath]],
    texts: Mapping[str, list[StrPath]],
    romanise: bool,
) -> pd.DataFrame:
    """Words table with the columns ``sentence``, ``form`` and one column per category."""
    if language in treebanks:
        words = annotate(treebanks[language], language)
        return (words.transcribe(romaniser(language)) if romanise else words).table
    transcribe = romaniser(language) if romanise else str
    table = words_of_text(map(Path, texts[language]), language, transcribe)
    return table.reindex(columns=[*table.columns, *CATEGORIES]).assign(**{ALL_WORDS: "X"})


def _lists_of_paths(sources: Sources | None) -> dict[str, list[StrPath]]:
    return {
        language_code(language): [paths] if isinstance(paths, str | Path) else list(paths)
        for language, paths in (sources or {}).items()
    }


def _category_names(names: Collection[str]) -> list[str]:
    """Names in `CATEGORIES` of categories, which may be written as in file names."""
    by_slug = {category_slug(category): category for category in CATEGORIES}
    check_list("categories", names)
    for name in names:
        if category_slug(name) not in by_slug:
            raise InputError(f"categories must be among {', '.join(CATEGORIES)}; got {name!r}")
    if not names:
        raise InputError(f"categories is empty; name at least one of {', '.join(CATEGORIES)}")
    return list(dict.fromkeys(by_slug[category_slug(name)] for name in names))


def _check_paths(argument: str, sources: Mapping[str, list[StrPath]]) -> None:
    for language, paths in sources.items():
        if not paths:
            raise InputError(
                f"{argument} has no path of {language}; name one, or omit the language"
            )


def _check_numbers(dtype: str, batch_tokens: int | None, min_instances: int, seed: int) -> None:
    if dtype not in DTYPES:
        raise InputError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    if batch_tokens is not None:
        check_count("batch_tokens", batch_tokens)
    check_count("min_instances", min_instances)
    check_count("seed", seed, 0)


def _check_reference(reference: str, controls: Mapping[str, StrPath] | None) -> None:
    if reference not in WORD_REFERENCES:
        raise InputError(
            f"reference must be one of {', '.join(WORD_REFERENCES)}; "
            + (ONLY_SENTENCES if reference == "parallel" else f"got {reference!r}")
        )
    if reference != MODEL and controls:
        raise InputError(
            f"controls must not be given with the reference {reference!r}, which takes their "
            f"place; omit them, or give the reference {MODEL!r}"
        )


def _languages(
    reference: str,
    controls: Mapping[str, StrPath],
    treebanks: Mapping[str, list[StrPath]],
    texts: Mapping[str, list[StrPath]],
    romanise: Collection[str],
) -> list[str]:
    """The languages in alphabetical order, if all arguments name the same ones and fit them."""
    languages = sorted(controls if reference == MODEL else {*treebanks, *texts})
    for language in languages:
        if language not in treebanks and language not in texts:
            raise InputError(f"{language} has a control model, but neither a treebank nor text")
        if language in treebanks and language in texts and reference != "context":
            raise InputError(f"{language} has a treebank and text; give only one of them")
        if language not in treebanks and reference in ("upos", "features"):
            raise InputError(
                f"{language} has only text, but the reference {reference!r} needs a treebank; "
                "give one, or another reference"
            )
        if language not in texts and reference == "context":
            raise InputError(
                f"{language} has no text, which the reference 'context' is counted in; give one "
                "in texts, or another reference"
            )
    missing = "control model" if reference == MODEL else "treebank or text"
    for language in (*treebanks, *texts, *romanise):
        if language not in languages:
            raise InputError(f"{language} has no {missing}; give one, or omit the language")
    if len(languages) < 2:
        named_by = "controls" if reference == MODEL else "treebanks and texts"
        raise InputError(f"{named_by} must name at least two languages, got {len(languages)}")
    for language in romanise:
        romaniser(language)
    for paths in treebanks.values():
        treebank_files(paths)
    for language, paths in texts.items():
        for path in map(Path, paths):
            if not path.exists():
                raise InputError(f"{path}: no such file or directory; check the text of {language}")
    return languages


def _check_shapes(names: Collection[StrPath], rank: int, reference: str) -> int:
    """Depth of the shallowest model; all must have a tokenizer and at least the width `rank`, as
    must the reference."""
    width = REFERENCE_WIDTHS.get(reference)
    if width and rank > width:
        raise InputError(
            f"rank must be between 1 and {width}, the width of the reference {reference!r}; got "
            f"{rank}"
        )
    shapes = {str(name): load_shape(name) for name in names}
    narrowest = min(shapes, key=lambda name: shapes[name].dim)
    largest = shapes[narrowest].dim
    if rank > largest:
        raise InputError(
            f"rank must be between 1 and {largest}, the width of {narrowest}; got {rank}"
        )
    for name in shapes:
        load_tokenizer(name)
    return min(shape.layers for shape in shapes.values())


def _check_models(
    experimental: StrPath, controls: Mapping[str, StrPath], languages: list[str]
) -> tuple[Encoder, dict[str, Batching]]:
    """Try each model before any work: the multilingual model, and how sentences share a batch."""
    by_model: dict[str, list[str]] = {}
    for language, name in controls.items():
        by_model.setdefault(str(name), []).append(language)
    by_model.pop(str(experimental), None)  # it is tried with all languages
    encoder = load_checked(experimental, languages).encoder
    batching = {str(experimental): encoder.batching}
    for name, codes in by_model.items():
        batching[name] = load_checked(name, codes).encoder.batching
    return encoder, batching
