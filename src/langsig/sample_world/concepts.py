"""Concepts and topics, and which concepts occur together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Topic:
    """The concepts that a topic prefers, each list from frequent to rare."""

    people: tuple[str, ...]
    animals: tuple[str, ...]
    things: tuple[str, ...]
    places: tuple[str, ...]
    transitive: tuple[str, ...]
    intransitive: tuple[str, ...]
    adjectives: tuple[str, ...]
    names: tuple[str, ...]


def _topic(*lists: str) -> Topic:
    return Topic(*(tuple(words.split()) for words in lists))


TOPICS: Mapping[str, Topic] = {
    "farm": _topic(
        "farmer shepherd miller girl",
        "cow horse dog sheep hen",
        "grain milk hay plough wheel apple seed fence cart egg",
        "field barn village",
        "sow feed milk.v gather mend",
        "graze work.v ripen",
        "ripe fat green brown",
        "Ada Bero Cita Dano",
    ),
    "sea": _topic(
        "sailor fisher captain pilot",
        "fish gull whale crab",
        "boat net sail oar rope anchor wave mast lamp pearl",
        "sea harbour island",
        "catch row steer pull tie",
        "swim sink drift",
        "salty wet wide blue",
        "Ewan Fila Goro Hela",
    ),
    "market": _topic(
        "merchant buyer tailor thief",
        "donkey cat pigeon",
        "coin cloth purse ring carpet sack scale.n jewel shoe mirror",
        "market shop street",
        "sell buy weigh steal praise",
        "haggle shout stroll",
        "cheap rich bright red",
        "Iva Joran Kali Lumo",
    ),
    "kitchen": _topic(
        "cook baker mother guest",
        "mouse goose pig",
        "bread soup knife pot spoon salt cake oil oven cup",
        "kitchen cellar table",
        "bake cut stir taste serve",
        "eat.i boil smell",
        "hot sweet fresh bitter",
        "Mira Nestor Oda Pavo",
    ),
    "war": _topic(
        "soldier king guard enemy",
        "raven lion wolf",
        "sword shield tower gate bow spear flag helmet wall drum",
        "castle camp border",
        "attack defend break.v conquer raise",
        "fight flee march",
        "brave cruel iron.a strong",
        "Quin Rada Sorin Tula",
    ),
    "school": _topic(
        "teacher pupil poet scribe",
        "owl parrot",
        "book letter pen word page song map ink question lesson",
        "school library city",
        "read write learn copy explain",
        "study think.i sing",
        "wise difficult clear young",
        "Ugo Vera Wilo Xena",
    ),
    "forest": _topic(
        "hunter woodman witch child",
        "bear deer fox bird snake",
        "tree branch leaf mushroom axe berry root trap nest stone",
        "forest hill river",
        "hunt fell find hide chase",
        "grow hunt.i howl",
        "dark wild tall grey",
        "Yaro Zita Abel Brina",
    ),
    "temple": _topic(
        "priest monk pilgrim widow",
        "dove snail",
        "altar candle prayer bell gift statue grave incense book.holy crown",
        "temple valley garden",
        "bless light.v ring.v carry wash",
        "pray kneel weep",
        "holy old silent white",
        "Celo Dina Erin Faro",
    ),
}

GENERAL_THINGS = [
    "house",
    "day",
    "water",
    "thing",
    "road",
    "name.n",
    "hand",
    "door",
    "fire",
    "friend.gift",
]
GENERAL_VERBS = ["see", "take", "love", "need", "know.t"]
GENERAL_ADJECTIVES = ["good", "big", "small", "new"]
SPEECH_VERBS = ["say", "believe", "hear"]
MODALS = ["want", "can", "must"]
# A time adverb determines the tense, so that a model can predict one from the other.
TIME_ADVERBS = {
    "Past": ("yesterday", "once"),
    "Pres": ("now", "always"),
    "Fut": ("tomorrow", "soon"),
}
MANNER_ADVERBS = ["slowly", "quickly", "together", "secretly", "well", "gladly"]
PERSONAL_PRONOUNS = ["I", "we", "you", "you.all"]
# Frequent concepts, whose root is a single sound or syllable.
INFLECTED_FUNCTION_WORDS = [
    "the",
    "a",
    "this",
    "he",
    "who",
    "self",
    "own",
    "my",
    "our",
    "your",
    "your.all",
    "his",
    "their",
    "be",
    "will",
    "have.aux",
]
PLAIN_FUNCTION_WORDS = [
    "and",
    "but",
    "that",
    "if",
    "not",
    "more",
    "of",
    "in",
    "to",
    "from",
    "with",
    "by",
    "perf",
    "prog",
    "which.rel",
    "I.polite",
    "you.polite",
]


@dataclass(frozen=True)
class Concepts:
    """The concepts of a world, and which of them occur together.

    Gender and animacy are properties of concepts, since languages of the family inherit them
    together with the words.
    """

    gender: Mapping[str, str]
    """Gender of each noun and name."""
    animate: frozenset[str]
    """Animate nouns and names."""
    objects: Mapping[str, tuple[str, ...]]
    """Preferred objects of each transitive verb."""
    agents: Mapping[str, tuple[str, ...]]
    """Preferred subjects of each verb."""
    places: Mapping[str, tuple[str, ...]]
    """Preferred places of each verb."""
    adjectives: Mapping[str, tuple[str, ...]]
    """Preferred adjectives of each noun."""
    parts_of_speech: Mapping[str, str]
    """Universal part of speech of each concept."""

    @property
    def content(self) -> list[str]:
        """Nouns, verbs, adjectives and adverbs."""
        content = {"NOUN", "VERB", "ADJ", "ADV"}
        return [name for name, upos in self.parts_of_speech.items() if upos in content]


def zipf(rng: Random, ranked: Sequence[T]) -> T:
    """Draw an item; the weight of the r-th is 1/r (Zipf's law)."""
    cumulative = list(accumulate(1 / rank for rank in range(1, len(ranked) + 1)))
    point = rng.random() * cumulative[-1]
    return next(item for item, edge in zip(ranked, cumulative, strict=True) if point < edge)


def some(rng: Random, items: Sequence[T], count: int) -> tuple[T, ...]:
    """Draw distinct items; earlier items of the list are drawn more often."""
    remaining = list(items)
    drawn = []
    for _ in range(min(count, len(remaining))):
        choice = zipf(rng, remaining)
        remaining.remove(choice)
        drawn.append(choice)
    return tuple(drawn)


def make_concepts(rng: Random) -> Concepts:
    """Draw the genders of concepts, and which concepts occur together."""
    upos: dict[str, str] = {}
    gender: dict[str, str] = {}
    animate: set[str] = set()
    objects: dict[str, tuple[str, ...]] = {}
    agents: dict[str, tuple[str, ...]] = {}
    places: dict[str, tuple[str, ...]] = {}
    adjectives: dict[str, tuple[str, ...]] = {}
    for topic in TOPICS.values():
        animate.update(topic.people, topic.animals, topic.names)
        nouns = (*topic.people, *topic.animals, *topic.things, *topic.places)
        upos |= dict.fromkeys(nouns, "NOUN") | dict.fromkeys(topic.names, "PROPN")
        for position, person in enumerate((*topic.people, *topic.names)):
            gender[person] = ("Masc", "Fem")[position % 2]
        for noun in nouns:
            gender.setdefault(noun, rng.choice(("Masc", "Fem", "Neut")))
            adjectives[noun] = some(rng, (*topic.adjectives, *GENERAL_ADJECTIVES[:2]), 2)
        for verb in (*topic.transitive, *topic.intransitive):
            upos[verb] = "VERB"
            agents[verb] = some(rng, (*topic.people, *topic.animals), 3)
            places[verb] = some(rng, topic.places, 2)
        for verb in topic.transitive:
            objects[verb] = some(rng, (*topic.things, *topic.animals[:2]), 3)
        upos |= dict.fromkeys(topic.adjectives, "ADJ")
    for noun in GENERAL_THINGS:
        upos[noun] = "NOUN"
        gender[noun] = rng.choice(("Masc", "Fem", "Neut"))
        adjectives[noun] = some(rng, GENERAL_ADJECTIVES, 2)
    adverbs = [word for words in TIME_ADVERBS.values() for word in words] + MANNER_ADVERBS
    upos |= dict.fromkeys((*GENERAL_VERBS, *SPEECH_VERBS, *MODALS), "VERB")
    upos |= dict.fromkeys(GENERAL_ADJECTIVES, "ADJ") | dict.fromkeys(adverbs, "ADV")
    upos |= dict.fromkeys(PERSONAL_PRONOUNS, "PRON")
    return Concepts(gender, frozenset(animate), objects, agents, places, adjectives, upos)
