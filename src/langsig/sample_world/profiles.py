"""The family tree, and the typology of each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from langsig.sample_world.sounds import ANY_VOWEL, BETWEEN_VOWELS, SoundChange

BEFORE_FRONT_VOWEL = "{}(?=[ei])"
WORD_FINAL = "{}$"
FINAL_OF_LONG_WORD = rf"(?<={ANY_VOWEL}[^aeiouy]){{}}$"


@dataclass(frozen=True)
class Branch:
    """An edge of the tree: the changes between a language and its ancestor."""

    name: str
    parent: str | None
    length: float
    """Length of the branch, which is the probability that a root is replaced."""
    sound_changes: tuple[SoundChange, ...] = ()
    lost_categories: tuple[str, ...] = ()
    innovations: tuple[str, ...] = ()


FAMILY = "Sarnic"

BRANCHES: tuple[Branch, ...] = (
    Branch(
        "Northern",
        None,
        0.15,
        (
            SoundChange("k becomes C before front vowels", "k", "C", BEFORE_FRONT_VOWEL),
            SoundChange("w becomes v", "w", "v"),
        ),
        ("Voice",),
    ),
    Branch(
        "Southern",
        None,
        0.25,
        (
            SoundChange("p becomes f", "p", "f"),
            SoundChange("t becomes T between vowels", "t", "T", BETWEEN_VOWELS),
            SoundChange("h is lost", "h", ""),
        ),
    ),
    Branch(
        "Western",
        "Northern",
        0.2,
        (
            SoundChange("p t k s are voiced between vowels", "ptks", "bdgz", BETWEEN_VOWELS),
            SoundChange("h is lost", "h", ""),
        ),
        ("Aspect", "local cases"),
        ("articles",),
    ),
    Branch(
        "Eastern",
        "Northern",
        0.2,
        (
            SoundChange("s becomes S before front vowels", "s", "S", BEFORE_FRONT_VOWEL),
            SoundChange("k becomes x", "k", "x"),
        ),
        ("person in the past",),
        ("Animacy", "gender of verbs in the past", "reflexive possessive"),
    ),
    Branch(
        "qaa",
        "Western",
        0.15,
        (
            SoundChange("final vowels of long words are lost", "aeiou", "", FINAL_OF_LONG_WORD),
            SoundChange("b d g z are devoiced at the end of words", "bdgz", "ptks", WORD_FINAL),
        ),
        (),
        ("future auxiliary",),
    ),
    Branch(
        "qab",
        "Western",
        0.15,
        (
            SoundChange("C becomes S", "C", "S"),
            SoundChange("b becomes v between vowels", "b", "v", BETWEEN_VOWELS),
            SoundChange("u becomes y", "u", "y"),
        ),
        ("Case of nouns", "Gender=Neut", "synthetic Degree"),
        ("contraction of adposition and article",),
    ),
    Branch(
        "qac",
        "Eastern",
        0.15,
        (
            SoundChange("g becomes Z before front vowels", "g", "Z", BEFORE_FRONT_VOWEL),
            SoundChange("final m becomes n", "m", "n", WORD_FINAL),
        ),
        ("copula in the present",),
        ("Voice",),
    ),
    Branch(
        "qad",
        "Eastern",
        0.15,
        (
            SoundChange("t d become C Z before i", "td", "CZ", "{}(?=i)"),
            SoundChange("final l becomes w", "l", "w", WORD_FINAL),
            SoundChange("x becomes h", "x", "h"),
        ),
        ("Gender=Neut", "Degree=Sup"),
        ("definite suffix", "verb last", "negative suffix"),
    ),
    Branch(
        "qae",
        "Southern",
        0.2,
        (
            SoundChange("g becomes x between vowels", "g", "x", BETWEEN_VOWELS),
            SoundChange("w becomes v", "w", "v"),
            SoundChange("u becomes y", "u", "y"),
        ),
        ("local cases",),
        ("articles", "verb first", "gapping"),
    ),
    Branch(
        "qaf",
        "Southern",
        0.2,
        (
            SoundChange("final vowels of long words are lost", "eiou", "", FINAL_OF_LONG_WORD),
            SoundChange("k becomes x between vowels", "k", "x", BETWEEN_VOWELS),
            SoundChange("d becomes z", "d", "z"),
        ),
        ("Gender", "Aspect", "Voice", "Degree"),
        ("definite suffix", "possessive suffixes", "Polite", "verb last", "negative suffix"),
    ),
)


@dataclass(frozen=True)
class Marking:
    """How a language marks a role: by an adposition, a case, both or neither."""

    adposition: str | None = None
    case: str | None = None


def _roles(**marking: str) -> dict[str, Marking]:
    """Parse markings such as ``place="in+Loc"``, ``object="+Acc"`` or ``agent="by+"``."""
    pairs = {role: text.split("+") for role, text in marking.items()}
    return {role: Marking(first or None, case or None) for role, (first, case) in pairs.items()}


@dataclass(frozen=True)
class Profile:
    """The typology of a language."""

    name: str
    family: str
    genus: str
    order: str
    """Order of subject (S), verb (V) and object (O)."""
    roles: Mapping[str, Marking]
    adjective_first: bool = True
    genitive_first: bool = False
    adposition_first: bool = True
    genders: Mapping[str, str] = field(default_factory=dict)
    """Gender in the language by inherited gender; empty if there is no gender."""
    articles: str | None = None
    """``word``, ``suffix`` or None."""
    noun_case: bool = True
    animacy: bool = False
    degrees: tuple[str, ...] = ()
    """Degrees that adjectives express by affixes; others need an adverb."""
    tenses: tuple[str, ...] = ("Past", "Pres", "Fut")
    future_auxiliary: bool = False
    aspects: tuple[str, ...] = ()
    moods: tuple[str, ...] = ("Ind", "Imp")
    voices: tuple[str, ...] = ()
    past_agrees_in_gender: bool = False
    negative_affix: bool = False
    evidential: bool = False
    polite: tuple[str, ...] = ()
    """Parts of speech that show politeness."""
    possessive_suffix: bool = False
    own_possessive: bool = False
    """Whether there is a reflexive possessive, for possessions of the subject."""
    reflexive: float = 0.0
    """Share of transitive clauses with a reflexive object."""
    present_copula: bool = True
    agglutinative: bool = False
    isolating: bool = False
    contraction: bool = False
    gapping: bool = False
    relative: str = "pronoun"
    """Type of relative clauses: ``pronoun``, ``participle`` or ``particle``."""


THREE_GENDERS = {"Masc": "Masc", "Fem": "Fem", "Neut": "Neut"}
TWO_GENDERS = {"Masc": "Masc", "Fem": "Fem", "Neut": "Masc"}

PROFILES: Mapping[str, Profile] = {
    "qaa": Profile(
        "Orvane",
        FAMILY,
        "Western",
        "SVO",
        _roles(
            subject="+Nom", object="+Acc", possessor="+Gen", recipient="+Dat", agent="by+Dat",
            place="in+Dat", source="from+Dat", goal="to+Acc", instrument="with+Dat",
        ),
        genders=THREE_GENDERS,
        articles="word",
        degrees=("Pos", "Cmp", "Sup"),
        future_auxiliary=True,
        moods=("Ind", "Imp", "Sub"),
    ),
    "qab": Profile(
        "Orvesk",
        FAMILY,
        "Western",
        "SVO",
        _roles(
            subject="+Nom", object="+Acc", possessor="of+", recipient="to+", agent="by+",
            place="in+", source="from+", goal="to+", instrument="with+",
        ),
        adjective_first=False,
        genders=TWO_GENDERS,
        articles="word",
        noun_case=False,
        moods=("Ind", "Imp", "Sub", "Cnd"),
        reflexive=0.5,
        contraction=True,
    ),
    "qac": Profile(
        "Dragal",
        FAMILY,
        "Eastern",
        "SVO",
        _roles(
            subject="+Nom", object="+Acc", possessor="+Gen", recipient="+Dat", agent="+Ins",
            place="in+Loc", source="from+Gen", goal="to+Acc", instrument="+Ins",
        ),
        genders=THREE_GENDERS,
        animacy=True,
        degrees=("Pos", "Cmp", "Sup"),
        aspects=("Imp", "Perf"),
        moods=("Ind", "Imp", "Cnd"),
        voices=("Act", "Pass"),
        past_agrees_in_gender=True,
        own_possessive=True,
        reflexive=0.45,
        present_copula=False,
    ),
    "qad": Profile(
        "Dravin",
        FAMILY,
        "Eastern",
        "SOV",
        _roles(
            subject="+Nom", object="+Acc", possessor="+Gen", recipient="+Dat", agent="by+Gen",
            place="in+Loc", source="from+Gen", goal="to+Dat", instrument="with+Gen",
        ),
        genitive_first=True,
        adposition_first=False,
        genders=TWO_GENDERS,
        articles="suffix",
        animacy=True,
        degrees=("Pos", "Cmp"),
        aspects=("Imp", "Perf"),
        past_agrees_in_gender=True,
        negative_affix=True,
        own_possessive=True,
        reflexive=0.45,
    ),
    "qae": Profile(
        "Thelian",
        FAMILY,
        "Southern",
        "VSO",
        _roles(
            subject="+Nom", object="+Acc", possessor="+Gen", recipient="to+Acc", agent="by+Gen",
            place="in+Acc", source="from+Gen", goal="to+Acc", instrument="with+Gen",
        ),
        adjective_first=False,
        genders=THREE_GENDERS,
        articles="word",
        degrees=("Pos", "Cmp", "Sup"),
        aspects=("Imp", "Perf"),
        moods=("Ind", "Imp", "Sub"),
        voices=("Act", "Pass"),
        gapping=True,
    ),
    "qaf": Profile(
        "Arzuni",
        FAMILY,
        "Southern",
        "SOV",
        _roles(
            subject="+Nom", object="+Acc", possessor="+Gen", recipient="+Dat", agent="+Ins",
            place="+Loc", source="+Abl", goal="+Dat", instrument="+Ins",
        ),
        genitive_first=True,
        adposition_first=False,
        articles="suffix",
        moods=("Ind", "Imp", "Sub", "Cnd"),
        negative_affix=True,
        polite=("PRON", "VERB"),
        possessive_suffix=True,
    ),
    "qag": Profile(
        "Kvaruli",
        "Kvaruli",
        "Kvaruli",
        "SOV",
        _roles(
            subject="+Nom", object="+Acc", possessor="+Gen", recipient="+Dat", agent="+Ins",
            place="+Loc", source="+Abl", goal="+All", instrument="+Ins",
        ),
        genitive_first=True,
        adposition_first=False,
        aspects=("Imp", "Perf"),
        moods=("Ind", "Imp", "Cnd"),
        voices=("Act", "Pass", "Cau"),
        negative_affix=True,
        evidential=True,
        polite=("PRON", "VERB"),
        possessive_suffix=True,
        reflexive=0.45,
        agglutinative=True,
        relative="participle",
    ),
    "qah": Profile(
        "Meiyong",
        "Meiyong",
        "Meiyong",
        "SVO",
        _roles(
            subject="+", object="+", possessor="of+", recipient="to+", agent="by+",
            place="in+", source="from+", goal="to+", instrument="with+",
        ),
        genitive_first=True,
        aspects=("Prog", "Perf"),
        polite=("PRON",),
        isolating=True,
        relative="particle",
    ),
}  # fmt: skip


def lineage(name: str) -> list[Branch]:
    """The branches from the proto-language to a language; empty for an isolate."""
    by_name = {branch.name: branch for branch in BRANCHES}
    path = []
    node: str | None = name if name in by_name else None
    while node is not None:
        path.append(by_name[node])
        node = by_name[node].parent
    return path[::-1]


def newick(node: str | None = None) -> str:
    """The family tree in Newick format, with branch lengths."""
    children = [branch for branch in BRANCHES if branch.parent == node]
    inside = ",".join(f"{newick(child.name)}:{child.length}" for child in children)
    text = (f"({inside})" if children else "") + (node or FAMILY)
    return text if node else text + ";"
