"""All languages with their corpora and treebanks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from random import Random

from langsig.sample_world.concepts import Concepts, make_concepts
from langsig.sample_world.grammar import Grammar
from langsig.sample_world.lexicon import Language, make_languages
from langsig.sample_world.meaning import Narrator
from langsig.sample_world.sentences import Sentence, write_sentence

DEFAULT_SEED = 2021
CORPUS_WORDS = 22_000
TREEBANK_WORDS = 2_900
PARALLEL_SENTENCES = 200
WORDS_PER_SENTENCE = range(4, 17)
# Numbers of lines in each corpus that cleaning has to remove.
LEAKED_SENTENCES = 10
LEAKED_FROM_ANOTHER_LANGUAGE = 3
SHORT_LINES = 12
DUPLICATE_LINES = 12


@dataclass(frozen=True)
class World:
    """A generated world."""

    seed: int
    concepts: Concepts
    languages: dict[str, Language]
    corpora: dict[str, list[str]]
    """Lines of the corpus of each language."""
    treebanks: dict[str, list[Sentence]]
    """Sentences of the treebank of each language."""
    parallel: dict[str, list[str]]
    """The same meanings in each language."""


def generate(seed: int = DEFAULT_SEED) -> World:
    """Generate a world; the same seed always gives the same world."""
    concepts = make_concepts(_rng(seed, "concepts"))
    languages = make_languages(_rng(seed, "languages"), concepts)
    treebanks = {}
    corpora = {}
    for code, language in languages.items():
        sentences = _sentences(language, concepts, _rng(seed, f"sentences of {code}"))
        treebanks[code] = _take(sentences, TREEBANK_WORDS)
        corpora[code] = [sentence.text for sentence in _take(sentences, CORPUS_WORDS)]
    codes = list(languages)
    for code, neighbour in zip(codes, codes[1:] + codes[:1], strict=True):
        _spoil(corpora[code], treebanks[code], treebanks[neighbour], _rng(seed, f"noise of {code}"))
    parallel = _parallel(languages, concepts, corpora, _rng(seed, "parallel sentences"))
    return World(seed, concepts, languages, corpora, treebanks, parallel)


def _rng(seed: int, purpose: str) -> Random:
    # Random hashes strings by SHA-512, independently of PYTHONHASHSEED.
    return Random(f"{seed}: {purpose}")


def _sentences(language: Language, concepts: Concepts, rng: Random) -> Iterator[Sentence]:
    """An endless stream of distinct sentences."""
    grammar = Grammar(language, concepts)
    seen: set[str] = set()
    for document in Narrator(rng, concepts, language.profile).documents():
        for event in document:
            sentence = write_sentence(grammar.sentence(event), language)
            if sentence.words in WORDS_PER_SENTENCE and sentence.text not in seen:
                seen.add(sentence.text)
                yield sentence


def _parallel(
    languages: dict[str, Language],
    concepts: Concepts,
    corpora: dict[str, list[str]],
    rng: Random,
) -> dict[str, list[str]]:
    """Translations of meanings that no corpus has in these words, by language."""
    grammars = {code: Grammar(language, concepts) for code, language in languages.items()}
    first = next(iter(languages.values()))
    seen = {code: set(lines) for code, lines in corpora.items()}
    parallel: dict[str, list[str]] = {code: [] for code in languages}
    documents = Narrator(rng, concepts, first.profile).documents()
    for event in chain.from_iterable(documents):
        translations = {
            code: write_sentence(grammar.sentence(event), languages[code])
            for code, grammar in grammars.items()
        }
        new = all(item.text not in seen[code] for code, item in translations.items())
        if new and all(item.words in WORDS_PER_SENTENCE for item in translations.values()):
            for code, item in translations.items():
                seen[code].add(item.text)
                parallel[code].append(item.text)
        if all(len(lines) == PARALLEL_SENTENCES for lines in parallel.values()):
            break
    return parallel


def _take(sentences: Iterator[Sentence], words: int) -> list[Sentence]:
    """Take sentences until they have the given number of words."""
    taken = []
    total = 0
    while total < words:
        taken.append(next(sentences))
        total += taken[-1].words
    return taken


def _spoil(
    corpus: list[str], treebank: list[Sentence], foreign: list[Sentence], rng: Random
) -> None:
    """Insert leaked sentences, short lines and duplicates at random positions."""
    texts = [sentence.text for sentence in rng.sample(treebank, LEAKED_SENTENCES)]
    texts += [sentence.text for sentence in rng.sample(foreign, LEAKED_FROM_ANOTHER_LANGUAGE)]
    texts += [line[:3].strip() for line in rng.sample(corpus, SHORT_LINES)]
    texts += rng.sample(corpus, DUPLICATE_LINES)
    for text in texts:
        corpus.insert(rng.randrange(len(corpus)), text)
