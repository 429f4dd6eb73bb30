"""Roots and affixes, drawn for the proto-language and inherited along the tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from langsig.sample_world.concepts import (
    INFLECTED_FUNCTION_WORDS,
    MODALS,
    PERSONAL_PRONOUNS,
    PLAIN_FUNCTION_WORDS,
    TOPICS,
    Concepts,
)
from langsig.sample_world.profiles import BRANCHES, PROFILES, Profile, lineage
from langsig.sample_world.scripts import SCRIPTS, Script, draw_ideographs
from langsig.sample_world.sounds import SoundChange, draw_unique, evolve

CASES = ("Nom", "Acc", "Gen", "Dat", "Loc", "Ins", "Abl", "All")
NUMBERS = ("Sing", "Plur")
PERSONS = ("1", "2", "3")
# Values without an affix, the unmarked member of each category.
UNMARKED = frozenset(
    [
        "Aspect=Imp",
        "Voice=Act",
        "Polarity=Pos",
        "Tense=Pres",
        "Mood=Ind",
        "Evident=Fh",
        "Polite=Infm",
        "Degree=Pos",
        "Definite=Ind",
        "Number=Sing",
    ]
)
VERB_AFFIXES = [
    "Voice=Pass",
    "Voice=Cau",
    "Aspect=Perf",
    "Polarity=Neg",
    "Tense=Past",
    "Tense=Fut",
    "Mood=Imp",
    "Mood=Sub",
    "Mood=Cnd",
    "Evident=Nfh",
    "Polite=Form",
    "VerbForm=Inf",
    "VerbForm=Part",
    "Degree=Cmp",
    "Degree=Sup",
    "Definite=Def",
]


@dataclass(frozen=True)
class Language:
    """A language with its words and its script."""

    code: str
    profile: Profile
    script: Script
    roots: Mapping[str, str]
    """Root of each concept, before sound changes."""
    affixes: Mapping[str, str]
    """Affix of each value of a category, before sound changes."""
    changes: tuple[SoundChange, ...] = ()
    """Sound changes since the proto-language, in order."""
    writing: Mapping[str, str] = field(default_factory=dict)
    """Ideographs of each concept; empty unless the language is logographic."""
    romanisation: Mapping[str, str] = field(default_factory=dict)
    """Syllable of each ideograph."""

    def underlying(self, concept: str, affixes: Iterable[str] = ()) -> str:
        """Root and affixes of a word before sound changes."""
        return self.roots[concept] + "".join(
            self.affixes[affix] for affix in affixes if affix not in UNMARKED
        )

    def phonemes(self, concept: str, affixes: Iterable[str] = ()) -> str:
        """Pronunciation of a word."""
        if self.writing:
            return "".join(self.romanisation[ideograph] for ideograph in self.writing[concept])
        return evolve(self.underlying(concept, affixes), self.changes)

    def word(self, concept: str, affixes: Iterable[str] = ()) -> str:
        """Spelling of a word."""
        if self.writing:
            return self.writing[concept]
        return self.script.spell(self.phonemes(concept, affixes))


def theme(gender: str) -> str:
    """Key of the affix of a gender."""
    return f"theme={gender}"


def case_number(case: str, number: str) -> str:
    """Key of the fused affix of case and number."""
    return f"Case={case}|Number={number}"


def agreement(person: str, number: str) -> str:
    """Key of the affix by which a verb agrees with its subject."""
    return f"Number={number}|Person={person}"


def possessor(person: str, number: str) -> str:
    """Key of the affix by which a noun shows its possessor."""
    return f"Number[psor]={number}|Person[psor]={person}"


def draw_affixes(rng: Random, agglutinative: bool) -> dict[str, str]:
    """Draw an affix for each value; all nominal affixes differ, and all verbal ones."""
    affixes: dict[str, str] = {}
    nominal: set[str] = set()
    verbal: set[str] = set()
    vowels: set[str] = set()
    for gender in ("Masc", "Fem", "Neut"):
        affixes[theme(gender)] = draw_unique(rng, "V", vowels)
    if agglutinative:
        affixes["Number=Plur"] = draw_unique(rng, "VC", nominal)
        # The nominative has no affix.
        affixes["Case=Nom"] = ""
        for case in CASES[1:]:
            affixes[f"Case={case}"] = draw_unique(rng, "VC", nominal)
    else:
        for number in NUMBERS:
            for case in CASES:
                short = number == "Sing" and case in ("Nom", "Acc", "Gen")
                affixes[case_number(case, number)] = draw_unique(
                    rng, "C" if short else "CV", nominal
                )
    for number in NUMBERS:
        for person in PERSONS:
            affixes[possessor(person, number)] = draw_unique(rng, "VC", nominal)
            affixes[agreement(person, number)] = draw_unique(rng, "VC", verbal)
    for value in VERB_AFFIXES:
        affixes[value] = draw_unique(rng, "VC", verbal)
    return affixes


def root_shapes(concepts: Concepts) -> dict[str, str]:
    """The shape of the root of each concept; frequent ones are short."""
    shapes = dict.fromkeys(INFLECTED_FUNCTION_WORDS, "CVC")
    shapes |= {"the": "C", "a": "C"} | dict.fromkeys(PLAIN_FUNCTION_WORDS, "CV")
    shapes |= dict.fromkeys(PERSONAL_PRONOUNS, "CV")
    frequent = {words[0] for topic in TOPICS.values() for words in (topic.people, topic.things)}
    for concept, upos in concepts.parts_of_speech.items():
        if upos == "PRON":
            continue
        if upos == "ADV":
            shapes[concept] = "CVCV"
        else:
            shapes[concept] = "CVC" if concept in frequent or concept in MODALS else "CVCVC"
    return shapes


def draw_roots(rng: Random, shapes: Mapping[str, str]) -> dict[str, str]:
    """Draw a distinct root for each concept."""
    taken: set[str] = set()
    return {concept: draw_unique(rng, shape, taken) for concept, shape in shapes.items()}


def inherit(
    rng: Random, roots: Mapping[str, str], shapes: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Pass roots down the tree and replace some of them on each branch.

    A new root has the shape of the root that it replaces and undergoes all sound changes.

    Returns
    -------
    dict
        Roots of each language of the family, before sound changes.
    """
    by_node: dict[str | None, dict[str, str]] = {None: dict(roots)}
    taken = set(roots.values())
    for branch in BRANCHES:
        by_node[branch.name] = {
            # Articles are single sounds, of which there are too few for replacements.
            concept: draw_unique(rng, shapes[concept], taken)
            if len(root) > 2 and rng.random() < branch.length
            else root
            for concept, root in by_node[branch.parent].items()
        }
    return {code: by_node[code] for code in PROFILES if code in by_node}


def make_languages(rng: Random, concepts: Concepts) -> dict[str, Language]:
    """Create the family from one proto-language, and each isolate independently."""
    shapes = root_shapes(concepts)
    inherited = inherit(rng, draw_roots(rng, shapes), shapes)
    family_affixes = draw_affixes(rng, agglutinative=False)
    languages = {}
    for code, profile in PROFILES.items():
        isolate = code not in inherited
        writing: dict[str, str] = {}
        romanisation: dict[str, str] = {}
        if profile.isolating:
            writing, romanisation = _logographs(rng, shapes)
        languages[code] = Language(
            code=code,
            profile=profile,
            script=SCRIPTS[code],
            roots=draw_roots(rng, shapes) if isolate else inherited[code],
            affixes=draw_affixes(rng, profile.agglutinative) if isolate else family_affixes,
            changes=tuple(change for branch in lineage(code) for change in branch.sound_changes),
            writing=writing,
            romanisation=romanisation,
        )
    return languages


def _logographs(rng: Random, shapes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Draw ideographs; the concepts of a topic share their first one."""
    groups = {
        name: [
            *topic.people[1:],
            *topic.animals,
            *topic.things[1:],
            *topic.places,
            *topic.transitive,
            *topic.intransitive,
            *topic.adjectives,
            *topic.names,
        ]
        for name, topic in TOPICS.items()
    }
    grouped = {concept for concepts in groups.values() for concept in concepts}
    return draw_ideographs(rng, [concept for concept in shapes if concept not in grouped], groups)
