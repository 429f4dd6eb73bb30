"""The sample world: its files, and the properties of its languages."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import conllu
import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from langsig.sample_world import World, generate, write
from langsig.sample_world.profiles import PROFILES, lineage
from langsig.sample_world.sounds import BETWEEN_VOWELS, SoundChange, evolve
from langsig.sample_world.world import (
    DUPLICATE_LINES,
    LEAKED_FROM_ANOTHER_LANGUAGE,
    LEAKED_SENTENCES,
    PARALLEL_SENTENCES,
)

REPOSITORY = Path(__file__).parent.parent
SAMPLES = REPOSITORY / "samples"
ROMANISATION = REPOSITORY / "src" / "langsig" / "corpora" / "romanisation"
LANGUAGES = sorted(PROFILES)
PUNCTUATION = ".,!\N{ARMENIAN FULL STOP}"
SPACED = [code for code in LANGUAGES if code != "qah"]
GENDERED = ["qaa", "qab", "qac", "qad", "qae"]
CATEGORIES = [
    "Animacy",
    "Aspect",
    "Case",
    "Degree",
    "Definite",
    "VerbForm",
    "Gender",
    "Mood",
    "Number",
    "Person",
    "Polarity",
    "Polite",
    "Number[psor]",
    "Person[psor]",
    "Tense",
    "Reflex",
    "Voice",
]


@pytest.fixture(scope="module")
def world() -> World:
    return generate()


@cache
def corpus(code: str) -> list[str]:
    return (SAMPLES / "corpora" / f"{code}.txt").read_text(encoding="utf-8").splitlines()


@cache
def treebank(code: str) -> conllu.SentenceList:
    path = SAMPLES / "treebanks" / code / f"{code}_sample-ud-test.conllu"
    return conllu.parse(path.read_text(encoding="utf-8"))


def words(sentence: conllu.TokenList) -> list[conllu.Token]:
    return [token for token in sentence if isinstance(token["id"], int)]


def feats(token: conllu.Token) -> dict[str, str]:
    return token["feats"] or {}


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


# The files


def test_the_sample_in_the_repository_is_up_to_date(world: World, tmp_path: Path) -> None:
    write(world, tmp_path / "samples", tmp_path / "romanisation")
    assert files(tmp_path / "samples") == files(SAMPLES)
    assert files(tmp_path / "romanisation").items() <= files(ROMANISATION).items()


@pytest.mark.slow
def test_output_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "langsig.sample_world", str(tmp_path / "samples")]
    options = ["--romanisation", str(tmp_path / "romanisation")]
    source = str(REPOSITORY / "src")
    environment = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": source}
    subprocess.run([*command, *options], check=True, env=environment)
    assert files(tmp_path / "samples") == files(SAMPLES)
    assert files(tmp_path / "romanisation").items() <= files(ROMANISATION).items()


def test_parallel_sentences_are_new_and_as_many_in_every_language(world: World) -> None:
    assert {len(lines) for lines in world.parallel.values()} == {PARALLEL_SENTENCES}
    for code, lines in world.parallel.items():
        assert len(set(lines)) == len(lines)
        assert not set(lines) & set(world.corpora[code])


def test_parallel_sentences_have_the_same_meaning(world: World) -> None:
    """Words of related languages descend from the same roots, so that translations are alike."""

    def pairs(text: str) -> set[str]:
        return {text[n : n + 2] for n in range(len(text) - 1)}

    first, second = ([pairs(text) for text in world.parallel[code]] for code in ("qaa", "qab"))
    alike = [[len(one & other) for other in second] for one in first]
    right = sum(row[number] == max(row) for number, row in enumerate(alike))
    assert right > PARALLEL_SENTENCES / 2


def test_samples_are_small() -> None:
    assert 3_000_000 < sum(map(len, files(SAMPLES).values())) <= 4_000_000


def test_files_are_utf8_with_unix_line_ends() -> None:
    for name, content in files(SAMPLES).items():
        assert b"\r" not in content, name
        content.decode("utf-8")


def test_languages_csv_agrees_with_the_truth() -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    with (SAMPLES / "facts" / "languages.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["language"] for row in rows] == LANGUAGES
    for row in rows:
        assert row["language"] in truth["families"][row["family"]]
        assert row["language"] in truth["genera"][row["genus"]]
    assert truth["tree"].count("(") == truth["tree"].count(")") == 5
    assert "(qaa:0.15,qab:0.15)Western" in truth["tree"]
    assert [code for code in LANGUAGES if truth["languages"][code]["logographic"]] == ["qah"]
    tree = (SAMPLES / "facts" / "tree.nwk").read_text(encoding="utf-8").strip()
    assert tree == f"({truth['tree'].removesuffix(';')},qag,qah);"


def test_planted_scores_depend_on_characters_and_the_others_do_not() -> None:
    scores = pd.read_csv(SAMPLES / "facts" / "scores.csv").pivot(
        index="language", columns="task", values="value"
    )
    texts = {code: (SAMPLES / f"corpora/{code}.txt").read_text("utf-8") for code in LANGUAGES}
    characters = pd.Series({code: math.log10(len(set(texts[code]))) for code in LANGUAGES})
    assert scores["planted"].corr(characters) < -0.8
    assert abs(scores["unrelated"].corr(characters)) < 0.5


# Sounds and words


def test_sound_changes_respect_their_condition() -> None:
    voicing = SoundChange("voicing", "pt", "bd", BETWEEN_VOWELS)
    assert evolve("patapt", [voicing]) == "padapt"


def test_sound_changes_are_regular(world: World) -> None:
    """Lost phonemes do not occur: no ``C`` in ``qab``, no ``h`` in ``qae``."""
    for code, forbidden in {"qab": "C", "qae": "hpw", "qaf": "hpd", "qac": "wk"}.items():
        language = world.languages[code]
        assert not set(forbidden) & set("".join(map(language.phonemes, language.roots)))
    qac = world.languages["qac"]
    assert not any(qac.phonemes(concept).endswith("m") for concept in qac.roots)


def test_related_languages_share_the_roots_that_were_not_replaced(world: World) -> None:
    qaa, qac = world.languages["qaa"], world.languages["qac"]
    shared = [concept for concept in qaa.roots if qaa.roots[concept] == qac.roots[concept]]
    expected = math.prod(1 - branch.length for branch in set(lineage("qaa")) ^ set(lineage("qac")))
    assert len(shared) / len(qaa.roots) == pytest.approx(expected, abs=0.08)


def test_lexical_distances_recover_the_tree(
    world: World, edit_distance: Callable[[str, str], float]
) -> None:
    forms = {
        code: [language.phonemes(concept) for concept in world.concepts.content]
        for code, language in world.languages.items()
    }
    distances = np.zeros((8, 8))
    for i, j in combinations(range(8), 2):
        pairs = zip(forms[LANGUAGES[i]], forms[LANGUAGES[j]], strict=True)
        distances[i, j] = distances[j, i] = np.mean([edit_distance(*pair) for pair in pairs])
    clades = [frozenset([code]) for code in LANGUAGES]
    for left, right, *_ in linkage(squareform(distances), method="average"):
        clades.append(clades[int(left)] | clades[int(right)])
    for clade in ("qaa qab", "qac qad", "qae qaf", "qaa qab qac qad", "qaa qab qac qad qae qaf"):
        assert frozenset(clade.split()) in clades


def test_all_ideographs_have_different_romanisations() -> None:
    rows = (ROMANISATION / "qah.tsv").read_text(encoding="utf-8").splitlines()
    table = dict(row.split("\t") for row in rows)
    assert len(table) == len(set(table.values())) == len(rows)
    assert all(syllable.isascii() and syllable.isalpha() for syllable in table.values())
    native = "".join(sentence.metadata["text"] for sentence in treebank("qah"))
    assert set(native) - set(
        "\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH COMMA}\N{FULLWIDTH EXCLAMATION MARK}"
    ) <= set(table)


# Corpora


@pytest.mark.parametrize("code", LANGUAGES)
def test_corpora_contain_leaked_sentences_and_noise(code: str) -> None:
    lines = set(corpus(code))
    own = {sentence.metadata["text"] for sentence in treebank(code)}
    neighbour = LANGUAGES[(LANGUAGES.index(code) + 1) % len(LANGUAGES)]
    foreign = {sentence.metadata["text"] for sentence in treebank(neighbour)}
    assert len(own & lines) == LEAKED_SENTENCES
    assert len(foreign & lines) == LEAKED_FROM_ANOTHER_LANGUAGE
    assert len(corpus(code)) - len(lines) >= DUPLICATE_LINES
    assert sum(len(line) <= 3 for line in lines) > 3


@pytest.mark.parametrize("code", SPACED)
def test_word_frequencies_are_roughly_zipfian(code: str) -> None:
    counts = Counter(
        word.strip(PUNCTUATION).lower() for line in corpus(code) for word in line.split()
    )
    top = np.array([count for _, count in counts.most_common(1_000)])
    slope = np.polyfit(np.log(np.arange(1, len(top) + 1)), np.log(top), 1)[0]
    assert -1.4 < slope < -0.7
    assert 15_000 < counts.total() < 25_000


def pieces(code: str, line: str) -> list[str]:
    """Ideographs, or beginnings and ends of words, similar to those of a small vocabulary."""
    if code == "qah":
        return list(line)
    return [part for word in line.lower().split() for part in (word[:4], word[4:]) if part]


@pytest.mark.parametrize("code", LANGUAGES)
def test_pieces_are_predictable_from_the_previous_piece(code: str) -> None:
    """On held-out text, an interpolated bigram model gains a nat over a unigram model."""
    lines = [pieces(code, line) for line in corpus(code)]
    cut = len(lines) * 9 // 10
    unigrams = Counter(piece for line in lines[:cut] for piece in line)
    following: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines[:cut]:
        for before, piece in pairwise(["", *line]):
            following[before][piece] += 1
    gains = []
    for line in lines[cut:]:
        for before, piece in pairwise(["", *line]):
            unigram = (unigrams[piece] + 0.5) / (unigrams.total() + 0.5 * len(unigrams))
            counts = following[before]
            total = counts.total() + len(counts)
            bigram = (counts[piece] + len(counts) * unigram) / total if counts else unigram
            gains.append(math.log(bigram / unigram))
    assert np.mean(gains) > 1


@pytest.mark.parametrize("code", LANGUAGES)
def test_sentences_of_a_document_share_their_topic(code: str) -> None:
    """A line has more long words or compounds in common with the next line than with others."""
    if code == "qah":
        lines = [{"".join(pair) for pair in pairwise(line)} for line in corpus(code)]
    else:
        lines = [
            {word[:4] for word in line.lower().split() if len(word) > 6} for line in corpus(code)
        ]
    near = np.mean([len(a & b) for a, b in pairwise(lines)])
    far = np.mean([len(a & b) for a, b in zip(lines, lines[500:], strict=False)])
    assert near > 1.4 * far


# Treebanks


@pytest.mark.parametrize("code", LANGUAGES)
def test_treebank_is_valid(code: str) -> None:
    assert 2_500 <= sum(len(words(sentence)) for sentence in treebank(code)) <= 3_500
    identifiers = [sentence.metadata["sent_id"] for sentence in treebank(code)]
    assert len(set(identifiers)) == len(identifiers)
    for sentence in treebank(code):
        tokens = words(sentence)
        assert [token["id"] for token in tokens] == list(range(1, len(tokens) + 1))
        heads = {token["id"]: token["head"] for token in tokens}
        assert [token["deprel"] for token in tokens if token["head"] == 0] == ["root"]
        for token in tokens:
            assert token["deprel"] == "root" or token["head"] in heads
            # Each word leads to the root, so there are no cycles.
            node, steps = token["id"], 0
            while node:
                node, steps = heads[node], steps + 1
                assert steps <= len(tokens)
            names = [name.lower() for name in feats(token)]
            assert names == sorted(names)


@pytest.mark.parametrize("code", LANGUAGES)
def test_text_follows_from_the_forms(code: str) -> None:
    for sentence in treebank(code):
        text = ""
        covered: set[int] = set()
        for token in sentence:
            identifier = token["id"]
            if isinstance(identifier, tuple) and identifier[1] == "-":
                covered |= {identifier[0], identifier[2]}
            elif isinstance(identifier, tuple) or identifier in covered:
                continue
            no_space = (token["misc"] or {}).get("SpaceAfter") == "No"
            text += token["form"] + ("" if no_space else " ")
        assert text.rstrip() == sentence.metadata["text"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_trees_are_projective(code: str) -> None:
    for sentence in treebank(code):
        arcs = [sorted((token["id"], token["head"])) for token in words(sentence)]
        for (a, b), (c, d) in combinations(arcs, 2):
            assert not (a < c < b < d or c < a < d < b)


def test_multiword_tokens_are_only_in_qab_and_empty_nodes_only_in_qae() -> None:
    kinds: dict[str, set[str]] = {"-": set(), ".": set()}
    for code in LANGUAGES:
        for sentence in treebank(code):
            for token in sentence:
                if isinstance(token["id"], tuple):
                    kinds[token["id"][1]].add(code)
    assert kinds == {"-": {"qab"}, ".": {"qae"}}


def test_enhanced_graph_of_qae_refers_to_existing_nodes() -> None:
    for sentence in treebank("qae"):
        nodes = {token["id"] for token in sentence} | {0}
        empty = [token for token in sentence if not isinstance(token["id"], int)]
        for token in sentence:
            assert token["deps"]
            assert {head for _, head in token["deps"]} <= nodes
        for token in empty:
            dependents = [
                dependent["form"]
                for dependent in sentence
                if (token["id"] in {head for _, head in dependent["deps"]})
            ]
            assert len(dependents) >= 2


# Grammar


@pytest.mark.parametrize("code", GENDERED)
def test_determiners_and_adjectives_agree_with_their_noun(code: str) -> None:
    agreeing = 0
    forms: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for sentence in treebank(code):
        tokens = {token["id"]: token for token in words(sentence)}
        for token in tokens.values():
            if token["deprel"] not in ("det", "amod"):
                continue
            noun = feats(tokens[token["head"]])
            agreeing += 1
            for name in ("Gender", "Number", "Case", "Animacy"):
                assert feats(token).get(name) == noun.get(name)
            if feats(token).get("PronType") == "Dem":
                bundle = (feats(token).get("Case", ""), noun["Number"], noun["Gender"])
                forms[bundle].add(token["form"].lower())
    assert agreeing > 250
    # Forms express the features: each combination has one form, and few forms are ambiguous.
    assert all(len(spellings) == 1 for spellings in forms.values())
    assert len({form for spellings in forms.values() for form in spellings}) > 0.6 * len(forms)


@pytest.mark.parametrize("code", SPACED)
def test_finite_verbs_agree_with_their_subject(code: str) -> None:
    agreeing = 0
    for sentence in treebank(code):
        tokens = words(sentence)
        for subject in tokens:
            if not subject["deprel"].startswith("nsubj"):
                continue
            verb = feats(tokens[subject["head"] - 1])
            # Relative pronouns may lack number, and verbs in the past may lack person.
            if verb.get("VerbForm") == "Fin":
                agreeing += 1
                assert feats(subject).get("Number", verb["Number"]) == verb["Number"]
                assert feats(subject).get("Person", "3") == verb.get(
                    "Person", feats(subject).get("Person", "3")
                )
    assert agreeing > 150


@pytest.mark.parametrize("code", LANGUAGES)
def test_word_order_is_that_of_the_profile(code: str) -> None:
    orders: Counter[str] = Counter()
    for sentence in treebank(code):
        tokens = words(sentence)
        for verb in tokens:
            dependents = {token["deprel"]: token for token in tokens if token["head"] == verb["id"]}
            if {"nsubj", "obj"} <= dependents.keys():
                subject, target = dependents["nsubj"], dependents["obj"]
                # Relative pronouns come first in all word orders.
                if feats(subject).get("PronType") != "Rel":
                    position = {"S": subject["id"], "O": target["id"], "V": verb["id"]}
                    orders["".join(sorted(position, key=position.__getitem__))] += 1
    assert orders.total() > 40
    assert set(orders) == {PROFILES[code].order}


def test_every_category_is_frequent_in_two_languages() -> None:
    counts = {
        code: Counter(
            name
            for sentence in treebank(code)
            for token in words(sentence)
            for name in feats(token)
        )
        for code in LANGUAGES
    }
    for category in CATEGORIES:
        assert sum(count[category] >= 100 for count in counts.values()) >= 2, category
    for category in ("Animacy", "Gender", "Definite", "Polite", "Voice", "Tense", "Reflex"):
        assert any(count[category] == 0 for count in counts.values()), category
