"""The steps of a profile, from words to tables."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from langsig.arrays import Array
from langsig.corpora import load_tokenizer, read_lines
from langsig.errors import InputError
from langsig.factorization import Solver
from langsig.outcomes import (
    TagStatistics,
    TransferClassifiers,
    draws,
    outcome_table,
    retrieval_by_language,
)
from langsig.profiling.fits import best_fit, fit_layer, jackknife_interval
from langsig.profiling.measured import Measured
from langsig.profiling.samples import Sizes, WordSource, choose_words, is_tagged
from langsig.profiling.slices import WIDEST, Slices, balanced_signs, slices_of
from langsig.profiling.sources import find_texts, read_parallel
from langsig.profiling.store import Store, digest
from langsig.profiling.tasks import TAGS_NAME, Task, tasks_of
from langsig.references import TAGS, word_vectors
from langsig.representations import (
    CommonFrame,
    Encoder,
    States,
    blocks_of_words,
    linear_cka,
    load_encoder,
    load_masked,
    load_shape,
    load_untrained,
    sentence_vectors,
    shrunken,
    states_of,
    svcca,
    tokenise,
)
from langsig.schemas import FitReplicates, Fits, LanguageMeasures, Outcomes
from langsig.terms import LEAST_SIZES

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Item = TypeVar("Item")
Result = TypeVar("Result")
Row = dict[str, object]
_BLOCKS = 12  # of sentences, for intervals and the null
_REPLICATES = 20  # of the null
_SHARE_OF_DRAW = 0.6  # of the training words, at most
_ENGLISH = "en"
_TRAINED, _UNTRAINED = "trained", "untrained"


class Run:
    """One profile while it is computed; see :func:`langsig.profiling.profile`.

    Attributes
    ----------
    store
        Its folder.
    depth
        Number of layers of the model above the embeddings.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        sources: Mapping[str, WordSource],
        parallel: str | Path | None,
        texts: str | Path | None,
        reference: str,
        solver: Solver,
        shrinkage: float,
        sizes: Sizes,
        precision: str,
        seed: int,
        out: str | Path,
    ) -> None:
        self._languages = list(sources)
        if len(self._languages) < 2:
            only = self._languages[0] if self._languages else "no language"
            raise InputError(f"a profile needs at least 2 languages with enough words, got {only}")
        self._parallel = find_texts(parallel, sources) if parallel else {}
        self._texts = find_texts(texts, sources) if texts else {}
        for name, needed, found in (
            (texts, reference == "context", self._texts),
            (parallel, reference == "parallel", self._parallel),
        ):
            missing = [language for language in self._languages if language not in found]
            if needed and missing:
                raise InputError(f"{name}: no text of {missing[0]}, which the reference needs")
        self._model = model
        self._reference, self._solver, self._shrinkage = reference, solver, shrinkage
        self._sizes, self._seed = sizes, seed
        tokenizer = load_tokenizer(model)
        self._encoders = {
            _TRAINED: self._encoder(load_encoder(model), tokenizer, precision),
            _UNTRAINED: self._encoder(load_untrained(model, seed), tokenizer, precision),
        }
        self.depth = self._encoders[_TRAINED].layers
        widest = min(load_shape(model).dim, len(TAGS) if reference == "upos" else WIDEST)
        if solver.rank > widest:
            raise InputError(
                f"rank must be between 1 and {widest}, for the width of the model and of the "
                f"reference; got {solver.rank}"
            )
        self._sentences = self._parallel_sentences(parallel) if self._parallel else {}
        self._samples = {
            language: choose_words(source, language, sizes, seed)
            for language, source in _progress("words", sources.items())
        }
        files = [path for source in sources.values() for path in source.files]
        files += [*self._parallel.values(), *self._texts.values()]
        self.store = Store(
            out,
            {
                "model": str(model),
                "languages": {name: source.name for name, source in sources.items()},
                "data": digest(files),
                "reference": reference,
                "rank": solver.rank,
                "shrinkage": shrinkage,
                "sizes": asdict(sizes),
                "precision": self._encoders[_TRAINED].precision,
                "seed": seed,
            },
        )

    def _encoder(
        self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", precision: str
    ) -> Encoder:
        encoder = Encoder(model, tokenizer, self._languages[0], precision)
        for language in self._languages:
            encoder.select(language)
        return encoder

    def _parallel_sentences(self, folder: str | Path | None) -> dict[str, list[str]]:
        if len(self._parallel) < 2:
            raise InputError(
                f"{folder}: has only sentences of {', '.join(self._parallel)}; add their "
                "translations, or give no parallel sentences"
            )
        sentences = read_parallel(self._parallel, self._sizes.sentences)
        number = len(next(iter(sentences.values())))
        least = _BLOCKS if self._reference == "parallel" else LEAST_SIZES["sentences"]
        if number < least:
            raise InputError(
                f"{folder}: only {number} sentences are used that no language lacks, of at least "
                f"{least}; give more"
            )
        return sentences

    def _blocks(self, language: str, sentence: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the block of each word, ``[words]``, from the number of its sentence."""
        block = blocks_of_words(sentence, _BLOCKS)
        if len(np.unique(block)) < _BLOCKS:
            raise InputError(
                f"{language}: the {len(np.unique(sentence))} sentences for measures do not divide "
                f"into {_BLOCKS} blocks; use a treebank with more or shorter sentences"
            )
        return block

    def measured(self) -> Measured:
        """Compute everything that an earlier run has not computed."""
        for language in _progress("training words", self._languages):
            for role in self._encoders:
                self._run_training_words(role, language)
        self._training = {language: self._training_words(language) for language in self._languages}
        self._draws = self._draw()
        shared = self._by_layer("classifiers", self._shared)
        self._frames = [frames for frames, _ in shared]
        self._classifiers = [classifiers for _, classifiers in shared]
        values = [
            self.store.table(f"outcomes/{language}", partial(self._evaluate, language))
            for language in _progress("test words", self._languages)
        ]
        if self._sentences:
            values.append(self.store.table("retrieval", self._retrieval))
        if self._texts:
            values.append(self.store.table("masked", self._masked))
        fits, replicates, measures = zip(*self._by_layer("fits", self._fit), strict=True)
        return Measured(
            Fits(pd.concat(fits, ignore_index=True)),
            FitReplicates(pd.concat(replicates, ignore_index=True)),
            outcome_table(pd.concat(values, ignore_index=True)),
            LanguageMeasures(pd.concat([self._fertility(), *measures], ignore_index=True)),
        )

    def _by_layer(self, title: str, function: Callable[[int], Result]) -> list[Result]:
        """Call a function of the number of the layer for all layers, in threads."""
        with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(function, range(self.depth + 1))
            return list(_progress(title, results, self.depth + 1) if title else results)

    def _run_training_words(self, role: str, language: str) -> None:
        """Keep the states of the tagged training words."""
        words = self._samples[language].training

        def compute() -> dict[str, NDArray[np.generic]]:
            states = self._states(role, language, words)
            tagged = is_tagged(words)[states.index]
            layers = {_key(n): layer[tagged] for n, layer in enumerate(states.layers)}
            return {"rows": states.index[tagged], **layers}

        self.store.keep(f"training/{role}/{language}", compute)

    def _states(self, role: str, language: str, words: pd.DataFrame) -> States:
        encoder = self._encoders[role]
        encoder.select(language)
        return states_of(encoder, words)

    def _training_words(self, language: str) -> pd.DataFrame:
        rows = self.store.array(f"training/{_TRAINED}/{language}", "rows")
        return self._samples[language].training.iloc[rows]

    def _training_states(self, role: str, language: str, layer: int) -> Array:
        """States of the training words of a language, ``[words, dim]``."""
        states = self.store.array(f"training/{role}/{language}", _key(layer))
        return states.astype(np.float32)

    def _draw(self) -> dict[str, list[NDArray[np.int64]]]:
        """Training words of each draw, the same number in each language."""
        least = min(map(len, self._training.values()))
        count = min(self._sizes.training, int(_SHARE_OF_DRAW * least))
        return {
            language: draws(
                words["sentence"],
                words=count,
                number=self._sizes.draws,
                language=language,
                seed=self._seed,
            )
            for language, words in self._training.items()
        }

    def _shared(self, layer: int) -> tuple[dict[str, CommonFrame], list[TransferClassifiers]]:
        """What languages share in a layer: the frame of each model, classifiers of each draw."""
        frames = {}
        statistics: list[dict[str, TagStatistics]] = [{} for _ in range(self._sizes.draws)]
        for role in self._encoders:
            covariances = []
            for language in self._languages:
                states = self._training_states(role, language, layer)
                covariances.append(shrunken(np.cov(states, rowvar=False), self._shrinkage))
                if role == _TRAINED:
                    tags = self._training[language]["upos"].to_numpy(str)
                    for chosen, of_draw in zip(self._draws[language], statistics, strict=True):
                        of_draw[language] = TagStatistics.of(states[chosen], tags[chosen], TAGS)
            frames[role] = CommonFrame(covariances)
        return frames, [TransferClassifiers.fit(of_draw) for of_draw in statistics]

    def _evaluate(self, language: str) -> pd.DataFrame:
        """Outcomes of one language, one row per draw. Its slices are kept on the way."""
        samples = self._samples[language]
        shift = np.int32(samples.measures["sentence"].iloc[-1] + 1)
        test = samples.test.assign(sentence=samples.test["sentence"] + shift)
        words = pd.concat([samples.measures, test], ignore_index=True)
        states = {role: self._states(role, language, words) for role in self._encoders}
        index = states[_TRAINED].index
        tagged, for_measures = is_tagged(words)[index], index < len(samples.measures)
        tested = np.flatnonzero(tagged & ~for_measures)
        tasks = tasks_of(self._training[language], words.iloc[index[tested]], self._draws[language])
        rows = [_row("majority", language, task.majority(), task.category) for task in tasks]
        test_tags = words["upos"].iloc[index[tested]].to_numpy(str)

        def outcomes(layer: int) -> list[Row]:
            test_states = {
                role: of_role.layers[layer][tested].astype(np.float32)
                for role, of_role in states.items()
            }
            return [
                *self._probes(language, layer, tasks, test_states),
                *self._transfer(language, layer, test_states[_TRAINED], test_tags),
            ]

        for of_layer in self._by_layer("", outcomes):
            rows += of_layer
        if self._reference != "parallel":
            chosen = np.flatnonzero(tagged & for_measures)
            self._keep_slices(language, states, chosen)
        return pd.DataFrame(rows)

    def _probes(
        self, language: str, layer: int, tasks: list[Task], test: Mapping[str, Array]
    ) -> Iterator[Row]:
        training = {role: self._training_states(role, language, layer) for role in test}
        for task in tasks:
            trained, untrained = (
                task.accuracy(training[role], test[role]) for role in (_TRAINED, _UNTRAINED)
            )
            yield _row("probe", language, trained, task.category, layer)
            yield _row("probe_untrained", language, untrained, task.category, layer)
            yield _row("selectivity", language, trained - untrained, task.category, layer)

    def _transfer(
        self, language: str, layer: int, states: Array, tags: NDArray[np.str_]
    ) -> Iterator[Row]:
        for classifiers in self._classifiers[layer]:
            transfer = classifiers.transfer(language, states, tags)
            yield _row("transfer", language, transfer.others, TAGS_NAME, layer)
            for source, accuracy in transfer.single.items():
                row = _row("transfer_single", language, accuracy, TAGS_NAME, layer)
                yield row | {"source": source}
                if source == _ENGLISH:
                    yield _row("transfer_english", language, accuracy, TAGS_NAME, layer)

    def _keep_slices(
        self, language: str, states: Mapping[str, States], chosen: NDArray[np.int64]
    ) -> None:
        """Compute the slices of all layers from the states of the words for measures."""
        words = self._samples[language].measures
        rows = states[_TRAINED].index[chosen]
        reference = self._word_reference(language, words)
        sentence = words["sentence"].iloc[rows].to_numpy(np.int64)
        everything = np.zeros(len(rows), np.int64)
        block, signs = self._blocks(language, sentence), self._signs(language)

        def slices(layer: int) -> dict[str, Array]:
            by_role = {role: of_role.layers[layer][chosen] for role, of_role in states.items()}
            z = by_role[_UNTRAINED] if reference is None else reference[rows]
            frames = self._frames[layer]
            slices_in = partial(slices_of, z, shrinkage=self._shrinkage, signs=signs)
            trained = slices_in(by_role[_TRAINED], frames[_TRAINED], block=block)
            arrays = _arrays_of(trained)
            if reference is not None:
                untrained = slices_in(by_role[_UNTRAINED], frames[_UNTRAINED], block=everything)
                arrays["untrained"] = untrained.whole
            return {f"{_key(layer)}.{name}": array for name, array in arrays.items()}

        arrays = {
            name: array for part in self._by_layer("", slices) for name, array in part.items()
        }
        self.store.keep(f"slices/{language}", lambda: arrays)

    def _word_reference(self, language: str, words: pd.DataFrame) -> Array | None:
        """The reference of each word, ``[words, dim]``; None if it is the untrained model."""
        if self._reference == "untrained":
            return None
        text = read_lines([self._texts[language]], language) if language in self._texts else ()
        try:
            return word_vectors(
                self._reference,
                words,
                tokenizer=self._encoders[_TRAINED].tokenizer,
                text=text,
                seed=self._seed,
            )
        except InputError as error:
            raise InputError(f"{language}: {error}") from error

    def _signs(self, language: str) -> NDArray[np.int64]:
        rng = np.random.default_rng([self._seed, 1, *language.encode()])
        return balanced_signs(_REPLICATES, _BLOCKS, rng)

    def _vectors(self) -> dict[str, Array]:
        """Sentence vectors of each language with parallel text, ``[layers, sentences, dim]``."""

        def compute(language: str) -> dict[str, Array]:
            encoder = self._encoders[_TRAINED]
            encoder.select(language)
            return {
                "vectors": sentence_vectors(encoder, self._sentences[language], dtype="float16")
            }

        for language in _progress("parallel sentences", self._sentences):
            self.store.keep(f"sentences/{language}", partial(compute, language))
        return {
            language: self.store.array(f"sentences/{language}", "vectors")
            for language in self._sentences
        }

    def _retrieval(self) -> pd.DataFrame:
        vectors = self._vectors()

        def outcomes(layer: int) -> list[Row]:
            of_layer = {name: of_all[layer].astype(np.float32) for name, of_all in vectors.items()}
            rows = []
            for language, result in retrieval_by_language(of_layer, _ENGLISH).items():
                for outcome, value in (
                    ("retrieval", result.accuracy),
                    ("retrieval_z", result.z),
                    ("retrieval_english", result.english),
                    ("retrieval_english_raw", result.english_raw),
                    ("mexa", result.mexa),
                ):
                    if not np.isnan(value):
                        rows.append(_row(outcome, language, value, None, layer))
            return rows

        layers = self._by_layer("retrieval", outcomes)
        return pd.DataFrame([row for rows in layers for row in rows])

    def _masked(self) -> pd.DataFrame:
        """Gain at masked sub-words of the running text; no rows if the model has no head."""
        from langsig.outcomes.masked import masked_gain

        model = load_masked(self._model)
        rows = []
        if model is not None:
            tokenizer = self._encoders[_TRAINED].tokenizer
            for language, path in _progress("masked sub-words", self._texts.items()):
                lines = list(islice(read_lines([path], language), self._sizes.sentences))
                gain = masked_gain(model, tokenizer, lines, seed=self._seed).gain
                rows.append(_row("masked_gain", language, gain, None))
        return pd.DataFrame(rows, columns=[*Outcomes.keys, "value"])

    def _fertility(self) -> pd.DataFrame:
        """Sub-words per word of the words for measures."""
        rows = []
        encoder = self._encoders[_TRAINED]
        for language, samples in self._samples.items():
            sub_words = tokenise(samples.measures, encoder.tokenizer, encoder.positions).rows
            own = sub_words[sub_words >= 0]
            rows.append(_measure("fertility", language, None, len(own) / len(np.unique(own))))
        return pd.DataFrame(rows)

    def _fit(self, layer: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Fits, their replicates and other measures of all languages in a layer."""
        if self._reference == "parallel":
            slices = self._sentence_slices(layer)
        else:
            slices = [
                self.store.arrays(f"slices/{language}", f"{_key(layer)}.")
                for language in self._languages
            ]
        by_name = {name: [of_language[name] for of_language in slices] for name in slices[0]}
        fit = fit_layer(
            by_name["whole"], by_name["without"], by_name["flipped"], self._solver, self._seed
        )
        untrained = np.full(len(slices), np.nan)
        if "untrained" in by_name:
            best = best_fit(by_name["untrained"], self._solver, self._seed)
            untrained = best.shares_explained(by_name["untrained"])
        raw = best_fit(by_name["cross"], self._solver, self._seed)
        columns: dict[str, Iterable[float]] = {
            "canonical_average": fit.average,
            "canonical_norm": [float(np.sum(whole**2)) for whole in by_name["whole"]],
            "average": raw.average_signatures,
            "singular_values": [
                float(np.linalg.norm(cross, "nuc")) / min(cross.shape) for cross in by_name["cross"]
            ],
            **{name: np.concatenate(by_name[name]) for name in ("cka", "svcca", "variance")},
        }
        low, high = jackknife_interval(fit.fit, fit.without)
        blocks = len(fit.without)
        replicates = pd.DataFrame(
            {
                "language": np.tile(self._languages, blocks),
                "layer": layer,
                "block": np.repeat(np.arange(blocks), len(self._languages)),
                "fit": fit.without.ravel(),
            }
        )
        fits = pd.DataFrame(
            {
                "language": self._languages,
                "layer": layer,
                "fit": fit.fit,
                "low": np.clip(low, 0, 1),
                "high": np.clip(high, 0, 1),
                "null": fit.null,
                "untrained": untrained,
            }
        )
        measures = [
            _measure(name, language, layer, float(value))
            for name, values in columns.items()
            for language, value in zip(self._languages, values, strict=True)
        ]
        return fits, replicates, pd.DataFrame(measures)

    def _sentence_slices(self, layer: int) -> list[dict[str, Array]]:
        """Slices of sentences, whose reference is the mean of their translations."""
        vectors = {
            language: self.store.array(f"sentences/{language}", "vectors")[layer].astype(np.float32)
            for language in self._languages
        }
        total = np.sum(list(vectors.values()), axis=0)
        frame = CommonFrame(
            shrunken(np.cov(own, rowvar=False), self._shrinkage) for own in vectors.values()
        )
        block = blocks_of_words(np.arange(len(total)), _BLOCKS)
        return [
            _arrays_of(
                slices_of(
                    (total - own) / (len(vectors) - 1), own, frame,
                    shrinkage=self._shrinkage, block=block, signs=self._signs(language),
                )
            )
            for language, own in vectors.items()
        ]  # fmt: skip


def _arrays_of(slices: Slices) -> dict[str, Array]:
    statistics = slices.statistics
    return {
        "whole": slices.whole,
        "without": slices.without,
        "flipped": slices.flipped,
        "cross": statistics.cross.astype(np.float32),
        "cka": np.array([linear_cka(statistics)]),
        "svcca": np.array([svcca(statistics)]),
        "variance": np.array([np.trace(statistics.experimental)], np.float64),
    }


def _key(layer: int) -> str:
    return f"{layer:02d}"


def _row(
    outcome: str, language: str, value: float, category: str | None, layer: int | None = None
) -> Row:
    return {
        "outcome": outcome,
        "category": category,
        "language": language,
        "source": None,
        "layer": layer,
        "value": value,
    }


def _measure(measure: str, language: str, layer: int | None, value: float) -> Row:
    return {"measure": measure, "language": language, "layer": layer, "value": value}


def _progress(title: str, items: Iterable[Item], total: int | None = None) -> Iterator[Item]:
    return iter(tqdm(items, title, total, mininterval=1, disable=None))
