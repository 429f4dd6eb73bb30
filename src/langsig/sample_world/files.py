"""The files of the sample."""

from __future__ import annotations

import csv
import io
import json
import math
import random
from pathlib import Path

from langsig.sample_world.profiles import BRANCHES, FAMILY, newick
from langsig.sample_world.world import (
    DUPLICATE_LINES,
    LEAKED_FROM_ANOTHER_LANGUAGE,
    LEAKED_SENTENCES,
    PARALLEL_SENTENCES,
    SHORT_LINES,
    World,
)

SCORES_FALL = 15  # decrease in points for ten times the number of characters

README = """\
# Sample: eight invented languages

Corpora to train on and treebanks to analyse, small enough for a laptop and with known
answers. Nothing here is real. The language codes are from the range that ISO 639-3
reserves for local use. `make samples` (`python -m langsig.sample_world samples`) writes
everything from one seed, byte for byte the same on every machine.

Licence: CC0 1.0 (public domain dedication). No text was taken from elsewhere.

| file | content |
| --- | --- |
| `corpora/CODE.txt` | running text, one sentence per line; documents of about eight sentences |
| `treebanks/CODE/CODE_sample-ud-test.conllu` | other sentences by the same grammar, in CoNLL-U |
| `parallel/CODE.txt` | {parallel} sentences with the same meanings in all languages, line by line |
| `facts/languages.csv` | code, name, family, genus |
| `facts/tree.nwk` | the family tree in Newick format, with the two isolates at its root |
| `facts/scores.csv` | invented scores of two benchmarks, `planted` and `unrelated` |
| `truth.json` | tree, scripts, word order, categories, changes on every branch |

## The languages

The six {family} languages descend from one proto-language. On every branch of the tree, some
words were replaced, regular sound changes applied to roots and affixes, and categories were
lost or gained. Kvaruli (`qag`, agglutinating) and Meiyong (`qah`, isolating, written with
ideographs and without spaces) have no relatives.

Every document has a topic, which prefers some words. Verbs select their objects, adverbs of
time determine the tense, and determiners, adjectives and verbs agree. So there is much to
learn from context. `qab` contracts adpositions with articles (multiword tokens), and `qae`
omits repeated verbs (empty nodes).

## The scores

No model has these scores. `planted` falls by {fall} points with every tenfold increase of the
number of characters in a corpus, with noise of one point. `unrelated` is noise.

## Imperfections

The corpora are imperfect on purpose. Each contains {leaked} sentences of its own treebank,
{foreign} of another language's, {short} lines that are too short and {duplicate} duplicates.
"""


def write(world: World, directory: Path, romanisation: Path) -> None:
    """Write the sample into one folder, and the romanisation tables into another."""
    for code, language in world.languages.items():
        _write_text(directory / "corpora" / f"{code}.txt", "\n".join(world.corpora[code]) + "\n")
        _write_text(directory / "parallel" / f"{code}.txt", "\n".join(world.parallel[code]) + "\n")
        treebank = "".join(
            sentence.conllu(f"{code}-{number}")
            for number, sentence in enumerate(world.treebanks[code], start=1)
        )
        path = directory / "treebanks" / code / f"{code}_sample-ud-test.conllu"
        _write_text(path, treebank)
        if language.romanisation:
            table = "".join(f"{char}\t{roman}\n" for char, roman in language.romanisation.items())
            _write_text(romanisation / f"{code}.tsv", table)
    _write_text(directory / "facts" / "languages.csv", _languages_csv(world))
    _write_text(directory / "facts" / "tree.nwk", _tree(world))
    _write_text(directory / "facts" / "scores.csv", _scores_csv(world))
    truth = json.dumps(_truth(world), ensure_ascii=False, indent=1)
    _write_text(directory / "truth.json", truth + "\n")
    _write_text(directory / "README.md", _readme())


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _readme() -> str:
    return README.format(
        family=FAMILY,
        fall=SCORES_FALL,
        leaked=LEAKED_SENTENCES,
        foreign=LEAKED_FROM_ANOTHER_LANGUAGE,
        short=SHORT_LINES,
        duplicate=DUPLICATE_LINES,
        parallel=PARALLEL_SENTENCES,
    )


def _languages_csv(world: World) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["language", "name", "family", "genus"])
    for code, language in world.languages.items():
        profile = language.profile
        writer.writerow([code, profile.name, profile.family, profile.genus])
    return table.getvalue()


def _tree(world: World) -> str:
    isolates = [
        code for code, language in world.languages.items() if language.profile.family != FAMILY
    ]
    return f"({','.join([newick().removesuffix(';'), *isolates])});\n"


def _scores_csv(world: World) -> str:
    """Invented scores: one that depends on a property of the languages, and one that does not."""
    generator = random.Random(world.seed)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["task", "metric", "model", "language", "value", "source"])
    for code, lines in world.corpora.items():
        characters = len(set("".join(lines)) - {" "})
        planted = 100 - SCORES_FALL * math.log10(characters) + generator.gauss(0, 1)
        unrelated = generator.uniform(50, 90)
        for task, value in (("planted", planted), ("unrelated", unrelated)):
            writer.writerow([task, "points", "none", code, f"{value:.1f}", "invented"])
    return table.getvalue()


def _truth(world: World) -> dict[str, object]:
    languages = {}
    families: dict[str, list[str]] = {}
    genera: dict[str, list[str]] = {}
    for code, language in world.languages.items():
        profile = language.profile
        families.setdefault(profile.family, []).append(code)
        genera.setdefault(profile.genus, []).append(code)
        languages[code] = {
            "name": profile.name,
            "family": profile.family,
            "genus": profile.genus,
            "script": language.script.name,
            "logographic": bool(language.romanisation),
            "word_order": profile.order,
            "adjective_before_noun": profile.adjective_first,
            "genitive_before_noun": profile.genitive_first,
            "prepositions": profile.adposition_first,
            "features": _features(world, code),
        }
    branches = {
        branch.name: {
            "parent": branch.parent or FAMILY,
            "length": branch.length,
            "sound_changes": [change.name for change in branch.sound_changes],
            "lost": list(branch.lost_categories),
            "gained": list(branch.innovations),
        }
        for branch in BRANCHES
    }
    return {
        "seed": world.seed,
        "tree": newick(),
        "families": families,
        "genera": genera,
        "languages": languages,
        "branches": branches,
    }


def _features(world: World, code: str) -> dict[str, list[str]]:
    """The features that occur in the treebank, with their values."""
    values: dict[str, set[str]] = {}
    for sentence in world.treebanks[code]:
        for line in sentence.lines:
            feats = line.split("\t")[5]
            if feats != "_":
                for pair in feats.split("|"):
                    name, _, value = pair.partition("=")
                    values.setdefault(name, set()).add(value)
    return {name: sorted(values[name]) for name in sorted(values)}
