"""The steps of a profile, from words to tables."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from langsig.arrays import Array
from langsig.corpora import read_lines
from langsig.errors import InputError
from langsig.factorization import Solver
from langsig.outcomes import outcome_table
from langsig.profiling.measured import Measured
from langsig.profiling.progress import by_layer, progress
from langsig.profiling.reading import TRAINED, UNTRAINED, Readers
from langsig.profiling.samples import Samples, Sizes, is_tagged
from langsig.profiling.sentences import (
    ENGLISH,
    ParallelSentences,
    retrieval_rows,
    sentence_slices,
)
from langsig.profiling.slices import WIDEST, balanced_signs, slices_of
from langsig.profiling.sources import find_texts
from langsig.profiling.store import Store, digest, layer_key
from langsig.profiling.tables import LayerTables, Row, layer_tables, measure_row, outcome_row
from langsig.profiling.tasks import TAGS_NAME, Task, tasks_of
from langsig.profiling.training import Shared, TrainingWords
from langsig.references import TAGS, word_vectors
from langsig.representations import States, blocks_of_words, load_masked, load_shape, thread_count
from langsig.schemas import FitReplicates, Fits, LanguageMeasures, Outcomes
from langsig.terms import LEAST_SIZES

_BLOCKS = 12  # of sentences, for intervals and the null
_REPLICATES = 20  # of the null
_EVALUATED = 4  # languages at the same time, at most; the states of each take memory


class _Read(NamedTuple):
    """Words of one language that models have read, first those for measures, then for tests."""

    language: str
    words: pd.DataFrame
    states: dict[str, States]
    """By role of the model."""
    reference: Array | None
    """The reference of each word for measures, ``[words, dim]``; None if the reference is of
    sentences, or the untrained model."""


class Run:
    """One profile while it is computed; see :func:`langsig.profiling.profile`.

    Parameters
    ----------
    samples
        The words of each language.

    Attributes
    ----------
    store
        Its folder.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        samples: Mapping[str, Samples],
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
        if len(samples) < 2:
            only = next(iter(samples), "no language")
            raise InputError(f"a profile needs at least 2 languages with enough words, got {only}")
        self._samples = samples
        self._sentences = None
        if parallel:
            least = _BLOCKS if reference == "parallel" else LEAST_SIZES["sentences"]
            self._sentences = ParallelSentences(parallel, samples, sizes.sentences, least)
        self._texts = find_texts(texts, samples) if texts else {}
        parallel_files = self._sentences.files if self._sentences else {}
        for name, needed, found in (
            (texts, reference == "context", self._texts),
            (parallel, reference == "parallel", parallel_files),
        ):
            missing = [language for language in samples if language not in found]
            if needed and missing:
                raise InputError(f"{name}: no text of {missing[0]}, which the reference needs")
        widest = min(load_shape(model).dim, len(TAGS) if reference == "upos" else WIDEST)
        if solver.rank > widest:
            raise InputError(
                f"rank must be between 1 and {widest}, for the width of the model and of the "
                f"reference; got {solver.rank}"
            )
        self._model = model
        self._reference, self._solver, self._shrinkage = reference, solver, shrinkage
        self._sizes, self._seed = sizes, seed
        self._readers = Readers(model, samples, precision, seed)
        self._layers = self._readers.trained.layers + 1
        files = [path for of_language in samples.values() for path in of_language.files]
        self.store = Store(
            out,
            {
                "model": str(model),
                "languages": {name: of_name.source for name, of_name in samples.items()},
                "data": digest([*files, *parallel_files.values(), *self._texts.values()]),
                "reference": reference,
                "rank": solver.rank,
                "shrinkage": shrinkage,
                "sizes": asdict(sizes),
                "precision": self._readers.trained.precision,
                "seed": seed,
            },
        )

    def measured(self) -> Measured:
        """Compute everything that an earlier run has not computed."""
        training = TrainingWords(self._samples, self._readers, self.store, self._sizes, self._seed)
        shared = by_layer(
            partial(training.shared, shrinkage=self._shrinkage), self._layers, "classifiers"
        )
        outcomes = self._outcomes(training, shared)
        self._readers.drop_untrained()
        if self._sentences:
            outcomes.append(
                self.store.table("retrieval", partial(self._retrieval, self._sentences))
            )
        if self._texts:
            outcomes.append(self.store.table("masked", self._masked))
        layers = by_layer(self._fit, self._layers, "fits")
        fits, replicates, measures = zip(*layers, strict=True)
        return Measured(
            Fits(pd.concat(fits, ignore_index=True)),
            FitReplicates(pd.concat(replicates, ignore_index=True)),
            outcome_table(pd.concat(outcomes, ignore_index=True)),
            LanguageMeasures(pd.concat([self._fertility(), *measures], ignore_index=True)),
        )

    def _outcomes(self, training: TrainingWords, shared: list[Shared]) -> list[pd.DataFrame]:
        """Outcomes of each language. Others are evaluated in threads while models read one."""
        import torch  # late, as in extraction

        tables: list[Future[pd.DataFrame]] = []
        workers = thread_count(_EVALUATED)
        evaluators = ThreadPoolExecutor(workers, "evaluate", torch.set_num_threads, (1,))
        with threadpool_limits(1, "blas"), evaluators as pool:
            for language in progress("test words", self._samples):
                name = f"outcomes/{language}"
                evaluate = partial(self.store.read_table, name)
                if not self.store.has_table(name):
                    read = self._read(language)
                    compute = partial(self._evaluate, read, training, shared)
                    evaluate = partial(self.store.table, name, compute)
                if len(tables) >= workers:
                    tables[-workers].result()  # its states are no longer in memory
                tables.append(pool.submit(evaluate))
        return [table.result() for table in tables]

    def _read(self, language: str) -> _Read:
        samples = self._samples[language]
        shift = np.int32(samples.measures["sentence"].iloc[-1] + 1)
        test = samples.test.assign(sentence=samples.test["sentence"] + shift)
        words = pd.concat([samples.measures, test], ignore_index=True)
        return _Read(
            language,
            words,
            self._readers.states(language, words),
            self._word_reference(language, samples.measures),
        )

    def _evaluate(self, read: _Read, training: TrainingWords, shared: list[Shared]) -> pd.DataFrame:
        """Outcomes of one language, one row per draw. Its slices are kept on the way."""
        language, words, states, _ = read
        samples, index = self._samples[language], states[TRAINED].index
        tagged, for_measures = is_tagged(words)[index], index < len(samples.measures)
        tested = np.flatnonzero(tagged & ~for_measures)
        tasks = tasks_of(
            training.words[language], words.iloc[index[tested]], training.draws[language]
        )
        rows = [outcome_row("majority", language, task.majority(), task.category) for task in tasks]
        tags = words["upos"].iloc[index[tested]].to_numpy(str)

        for layer in range(self._layers):
            own = {
                role: of_role.layers[layer][tested].astype(np.float32)
                for role, of_role in states.items()
            }
            learnt = {role: training.states(role, language, layer) for role in states}
            rows += _probes(language, layer, tasks, learnt, own)
            rows += _transfer(language, layer, shared[layer], own[TRAINED], tags)
        if self._reference != "parallel":
            chosen = np.flatnonzero(tagged & for_measures)
            slices = self._slices(read, chosen, shared)
            self.store.keep(f"slices/{language}", lambda: slices)
        return pd.DataFrame(rows)

    def _slices(
        self, read: _Read, chosen: NDArray[np.int64], shared: list[Shared]
    ) -> dict[str, Array]:
        """Slices of all layers, from the states of the words for measures."""
        language, words, states, reference = read
        rows = states[TRAINED].index[chosen]
        block = self._blocks(language, words["sentence"].iloc[rows].to_numpy(np.int64))
        one_block, signs = np.zeros(len(rows), np.int64), self._signs(language)
        result: dict[str, Array] = {}
        for layer in range(self._layers):
            by_role = {role: of_role.layers[layer][chosen] for role, of_role in states.items()}
            z = by_role[UNTRAINED] if reference is None else reference[rows]
            frames = shared[layer].frames
            slices_in = partial(slices_of, z, shrinkage=self._shrinkage, signs=signs)
            arrays = slices_in(by_role[TRAINED], frames[TRAINED], block=block).arrays()
            if reference is not None:
                untrained = slices_in(by_role[UNTRAINED], frames[UNTRAINED], block=one_block)
                arrays["untrained"] = untrained.whole
            result |= {layer_key(layer, name): array for name, array in arrays.items()}
        return result

    def _word_reference(self, language: str, words: pd.DataFrame) -> Array | None:
        """The reference of each word, ``[words, dim]``.

        None if the reference is of sentences, or the untrained model.
        """
        if self._reference in ("parallel", "untrained"):
            return None
        text = read_lines([self._texts[language]], language) if language in self._texts else ()
        try:
            return word_vectors(
                self._reference,
                words,
                tokenizer=self._readers.trained.tokenizer,
                text=text,
                seed=self._seed,
            )
        except InputError as error:
            raise InputError(f"{language}: {error}") from error

    def _blocks(self, language: str, sentence: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the block of each word, ``[words]``, from the number of its sentence."""
        block = blocks_of_words(sentence, _BLOCKS)
        if len(np.unique(block)) < _BLOCKS:
            raise InputError(
                f"{language}: the {len(np.unique(sentence))} sentences for measures do not divide "
                f"into {_BLOCKS} blocks; use a treebank with more or shorter sentences"
            )
        return block

    def _signs(self, language: str) -> NDArray[np.int64]:
        rng = np.random.default_rng([self._seed, 1, *language.encode()])
        return balanced_signs(_REPLICATES, _BLOCKS, rng)

    def _retrieval(self, sentences: ParallelSentences) -> pd.DataFrame:
        sentences.read(self._readers, self.store)

        def outcomes(layer: int) -> list[Row]:
            return retrieval_rows(sentences.vectors(self.store, layer), layer)

        layers = by_layer(outcomes, self._layers, "retrieval")
        return pd.DataFrame([row for rows in layers for row in rows])

    def _masked(self) -> pd.DataFrame:
        """Gain at masked sub-words of the running text; no rows if the model has no head."""
        from langsig.outcomes.masked import masked_gain

        model = load_masked(self._model)
        rows = []
        if model is not None:
            tokenizer = self._readers.trained.tokenizer
            for language, path in progress("masked sub-words", self._texts.items()):
                lines = list(islice(read_lines([path], language), self._sizes.sentences))
                gain = masked_gain(model, tokenizer, lines, seed=self._seed).gain
                rows.append(outcome_row("masked_gain", language, gain, None))
        return pd.DataFrame(rows, columns=[*Outcomes.keys, "value"])

    def _fertility(self) -> pd.DataFrame:
        """Sub-words per word of the words for measures."""
        return pd.DataFrame(
            measure_row("fertility", language, None, self._readers.fertility(samples.measures))
            for language, samples in self._samples.items()
        )

    def _fit(self, layer: int) -> LayerTables:
        """Fits, their replicates and other measures of all languages in a layer."""
        if self._reference == "parallel" and self._sentences:
            slices = sentence_slices(
                self._sentences.vectors(self.store, layer),
                shrinkage=self._shrinkage, blocks=_BLOCKS, signs=self._signs,
            )  # fmt: skip
        else:
            slices = {
                language: self.store.arrays(f"slices/{language}", layer_key(layer, ""))
                for language in self._samples
            }
        return layer_tables(slices, layer, self._solver, self._seed)


def _probes(
    language: str,
    layer: int,
    tasks: list[Task],
    training: Mapping[str, Array],
    test: Mapping[str, Array],
) -> Iterator[Row]:
    for task in tasks:
        trained, untrained = (
            task.accuracy(training[role], test[role]) for role in (TRAINED, UNTRAINED)
        )
        for outcome, value in (
            ("probe", trained),
            ("probe_untrained", untrained),
            ("selectivity", trained - untrained),
        ):
            yield outcome_row(outcome, language, value, task.category, layer)


def _transfer(
    language: str, layer: int, shared: Shared, states: Array, tags: NDArray[np.str_]
) -> Iterator[Row]:
    for classifiers in shared.classifiers:
        transfer = classifiers.transfer(language, states, tags)
        yield outcome_row("transfer", language, transfer.others, TAGS_NAME, layer)
        for source, accuracy in transfer.single.items():
            row = outcome_row("transfer_single", language, accuracy, TAGS_NAME, layer)
            yield row | {"source": source}
            if source == ENGLISH:
                yield outcome_row("transfer_english", language, accuracy, TAGS_NAME, layer)
