"""Any Hugging Face models, compared without a pipeline: models and words to signatures.

One language after the other goes all the way to its covariances; hidden states are on disk only
as long as their language takes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from langsig.analysis import warnings
from langsig.corpora import load_tokenizer, romaniser, words_of_text
from langsig.errors import InputError
from langsig.factorization import LayeredSignatures, factorize_layers
from langsig.morphology import ALL_WORDS, CATEGORIES, annotate, category_slug, treebank_files
from langsig.representations import (
    States,
    covariances_by_category,
    extract,
    load_model,
    load_shape,
)
from langsig.schemas import Signatures

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

StrPath = str | Path
Sources = Mapping[str, StrPath | Collection[StrPath]]
Slices = dict[str, dict[str, list[NDArray[np.float32]]]]
"""By category and language, a cross-covariance ``[dim_control, dim_experimental]`` a layer."""


@dataclass(frozen=True)
class Comparison:
    """Signatures of several languages in one experimental model."""

    signatures: pd.DataFrame
    """Columns ``category``, ``layer``, ``language``, ``component``, ``value``."""
    diagnostics: pd.DataFrame
    """A row a category and layer, see :class:`langsig.factorization.LayeredSignatures`."""
    words: pd.DataFrame
    """Columns ``category``, ``language``, ``words``: the size of every slice, used or not."""
    layer_pairs: dict[str, list[tuple[int, int]]]
    """By language: the layers of the control and the experimental model behind each ``layer``."""

    def report(self) -> str:
        """Average signatures as tables for the terminal: a row a language, a column a layer."""
        tables = [self._table(category) for category in self.words["category"].unique()]
        return "\n\n".join([*tables, *self._unequal_depths()])

    def _table(self, category: str) -> str:
        averages, fits, words = (
            table[table["category"] == category]
            for table in (Signatures(self.signatures).average().frame, self.diagnostics, self.words)
        )
        if averages.empty:
            return f"{category}: too few words in all languages, or all but one"
        wide = averages.pivot(index="language", columns="layer", values="average_signature")
        lines = [
            f"{category}: average signature by language and layer (0: embeddings)",
            "",
            f"{'':10}{'words':>10}" + "".join(f"{layer:>9}" for layer in wide.columns),
        ]
        for language, count in zip(words["language"], words["words"], strict=True):
            values = wide.loc[language] if language in wide.index else ["-"] * wide.shape[1]
            cells = (v if isinstance(v, str) else format(v, "#.3g") for v in values)
            lines.append(f"{language:10}{count:>10,}" + "".join(f"{cell:>9}" for cell in cells))
        lines += warnings({int(fit["layer"]): fit for fit in fits.to_dict("records")})
        return "\n".join(lines)

    def _unequal_depths(self) -> list[str]:
        """Which layers were paired, where that is more than each with its own like."""
        rows = [
            f"{language:20}" + "".join(f"{f'{z}-{y}':>9}" for z, y in pairs)
            for language, pairs in self.layer_pairs.items()
            if any(pair != (layer, layer) for layer, pair in enumerate(pairs))
        ]
        head = "Layers matched by relative depth, control-experimental:"
        return ["\n".join([head, "", *rows])] if rows else []


def compare(
    experimental: StrPath,
    controls: Mapping[str, StrPath],
    treebanks: Sources | None = None,
    texts: Sources | None = None,
    *,
    rank: int = 16,
    categories: Collection[str] = (ALL_WORDS,),
    romanise: Collection[str] = (),
    dtype: str = "float16",
    batch_tokens: int | None = None,
    min_instances: int = 100,
    ridge: float = 1e-2,
    max_iterations: int = 500,
    seed: int = 0,
) -> Comparison:
    """Signatures of languages in a multilingual model, each against a model of its own.

    Layers are matched by relative depth (:func:`langsig.representations.match_layers`) and
    numbered by those of the shallowest model.

    Parameters
    ----------
    experimental
        The multilingual model: a folder, or a name on the Hugging Face hub.
    controls
        By language: its monolingual model. Models may differ in kind, width, depth, vocabulary.
    treebanks
        By language: CoNLL-U files, or folders of them.
    texts
        By language: text files, or folders of them, for languages without a treebank. All that
        is known of their words is that they are words: they only come under `ALL_WORDS`.
    rank
        Number of components, at most the width of the narrowest model.
    categories
        Of :data:`langsig.morphology.CATEGORIES`.
    romanise
        Languages to transcribe, see :func:`langsig.corpora.romaniser`.
    dtype, batch_tokens
        Of :func:`langsig.representations.extract`; by default 8,192 sub-words on a GPU and 1,024
        without, where larger batches do not fit the cache.
    min_instances
        Words that a language must have with a category, or it is left out there.
    ridge, max_iterations, seed
        Of :func:`langsig.factorization.parafac2`.

    Raises
    ------
    InputError
        Before any model runs, if languages, models, files or numbers do not fit together; later,
        if a file is malformed, hidden states are not finite, or no category has two languages.
    """
    treebanks, texts = _listed(treebanks), _listed(texts)
    categories = _known_categories(categories)
    _check_languages(controls, treebanks, texts, romanise)
    depth = _check_models([experimental, *controls.values()], rank)
    model, tokenizer = load_model(experimental), load_tokenizer(experimental)
    options: dict[str, Any] = {
        "dtype": dtype,
        "batch_tokens": batch_tokens or (8192 if model.device.type == "cuda" else 1024),
    }
    slices: Slices = {category: {} for category in categories}
    counts: dict[tuple[str, str], int] = {}
    layer_pairs = {}
    for language in sorted(controls):
        words = _words(language, treebanks, texts, language in romanise)
        with TemporaryDirectory(prefix="langsig-") as folder:
            options["language"] = language
            statistics = covariances_by_category(
                _states_of_control(controls[language], words, folder, **options),
                _states(model, tokenizer, words, folder, **options),
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
            "or ask for fewer (min_instances)"
        )
    fits = _factorized(slices, rank=rank, ridge=ridge, max_iterations=max_iterations, seed=seed)
    rows = [(c, language, counts[c, language]) for c in categories for language in sorted(controls)]
    return Comparison(
        signatures=pd.concat([fit.signatures for fit in fits], ignore_index=True),
        diagnostics=pd.concat([fit.diagnostics for fit in fits], ignore_index=True),
        words=pd.DataFrame(rows, columns=["category", "language", "words"]),
        layer_pairs=layer_pairs,
    )


def _factorized(slices: Slices, **options: Any) -> list[LayeredSignatures]:
    """A factorisation a category, of those that two languages have."""
    return [
        factorize_layers(of_category, category=category, **options)
        for category, of_category in slices.items()
        if len(of_category) > 1
    ]


def _states_of_control(name: StrPath, words: pd.DataFrame, folder: str, **options: Any) -> States:
    """Of a model that is in memory no longer than it runs."""
    return _states(load_model(name), load_tokenizer(name), words, folder, **options)


def _states(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    words: pd.DataFrame,
    folder: str,
    **options: Any,
) -> States:
    output = Path(mkdtemp(dir=folder))
    extract(model, tokenizer, words, output, **options)
    return States.open(output)


def _words(
    language: str,
    treebanks: Mapping[str, list[StrPath]],
    texts: Mapping[str, list[StrPath]],
    romanise: bool,
) -> pd.DataFrame:
    """Words table with the columns ``sentence``, ``form`` and one a category."""
    transcribe = romaniser(language) if romanise else str
    if language in treebanks:
        table = annotate(treebanks[language], language).table
        return table.assign(form=table["form"].map(transcribe))
    table = words_of_text(map(Path, texts[language]), language, transcribe)
    return table.reindex(columns=[*table.columns, *CATEGORIES]).assign(**{ALL_WORDS: "X"})


def _listed(sources: Sources | None) -> dict[str, list[StrPath]]:
    return {
        language: [paths] if isinstance(paths, str | Path) else list(paths)
        for language, paths in (sources or {}).items()
    }


def _known_categories(names: Collection[str]) -> list[str]:
    """UniMorph names of categories, which may be written as in file names."""
    by_slug = {category_slug(category): category for category in CATEGORIES}
    unknown = [name for name in names if category_slug(name) not in by_slug]
    if unknown or not names:
        raise InputError(f"categories: {unknown or 'none'}: choose among {', '.join(CATEGORIES)}")
    return list(dict.fromkeys(by_slug[category_slug(name)] for name in names))


def _check_languages(
    controls: Mapping[str, StrPath],
    treebanks: Mapping[str, list[StrPath]],
    texts: Mapping[str, list[StrPath]],
    romanise: Collection[str],
) -> None:
    for language in controls:
        if language not in treebanks and language not in texts:
            raise InputError(f"{language}: a control model, but neither treebank nor text")
        if language in treebanks and language in texts:
            raise InputError(f"{language}: a treebank and text; give one of them")
    for language in (*treebanks, *texts, *romanise):
        if language not in controls:
            raise InputError(f"{language}: no control model; give one, or leave the language out")
    if len(controls) < 2:
        raise InputError(f"{len(controls)} language: a comparison needs at least two")
    for language in romanise:
        romaniser(language)
    for paths in treebanks.values():
        treebank_files(paths)
    for language, paths in texts.items():
        for path in map(Path, paths):
            if not path.exists():
                raise InputError(f"{language}: no text at {path}")


def _check_models(names: Collection[StrPath], rank: int) -> int:
    """Depth of the shallowest model, if all can be loaded and none is narrower than the rank."""
    shapes = {str(name): load_shape(name) for name in names}
    narrowest = min(shapes, key=lambda name: shapes[name].dim)
    largest = shapes[narrowest].dim
    if not 1 <= rank <= largest:
        raise InputError(f"rank: {rank} is not between 1 and {largest}, the width of {narrowest}")
    for name in shapes:
        load_tokenizer(name)
    return min(shape.layers for shape in shapes.values())
