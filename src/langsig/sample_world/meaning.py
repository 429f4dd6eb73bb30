"""Meanings of sentences, independent of a language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from langsig.sample_world.concepts import (
    GENERAL_ADJECTIVES,
    GENERAL_THINGS,
    GENERAL_VERBS,
    MANNER_ADVERBS,
    MODALS,
    SPEECH_VERBS,
    TIME_ADVERBS,
    TOPICS,
    Concepts,
    some,
    zipf,
)
from langsig.sample_world.profiles import Profile

SENTENCES_PER_DOCUMENT = 8


@dataclass(frozen=True)
class Participant:
    """A participant of an event."""

    kind: str
    """``noun``, ``name``, ``pronoun`` or ``reflexive``."""
    concept: str = ""
    person: str = "3"
    number: str = "Sing"
    gender: str = "Masc"
    determiner: str | None = None
    """``the``, ``a``, ``this`` or None."""
    adjective: str | None = None
    degree: str = "Pos"
    possessor: Participant | None = None
    relative: Event | None = None
    polite: bool = False


@dataclass(frozen=True)
class Event:
    """A meaning that a clause expresses."""

    kind: str
    """``verb`` for an action, ``adjective`` for a property."""
    predicate: str
    subject: Participant | None
    object: Participant | None = None
    obliques: tuple[tuple[str, Participant], ...] = ()
    """Other participants with their roles."""
    time: str | None = None
    manner: str | None = None
    tense: str = "Pres"
    aspect: str = "Imp"
    mood: str = "Ind"
    voice: str = "Act"
    negative: bool = False
    hearsay: bool = False
    """Whether the speaker has not witnessed the event."""
    polite: bool = False
    modal: str | None = None
    degree: str = "Pos"
    complement: Event | None = None
    conjunction: str | None = None
    conjunct: Event | None = None
    gapped: bool = False
    """Whether the verb of the conjunct is left out."""
    condition: Event | None = None


@dataclass(frozen=True)
class Document:
    """Properties that the sentences of a document have in common."""

    topic: str
    cast: tuple[str, ...]
    transitive: tuple[str, ...]
    intransitive: tuple[str, ...]
    tense: str
    polite: bool
    hearsay: bool


class Narrator:
    """Draws documents and their events."""

    def __init__(self, rng: Random, concepts: Concepts, profile: Profile) -> None:
        self.rng = rng
        self.concepts = concepts
        self.profile = profile

    def documents(self) -> Iterator[list[Event]]:
        """An endless stream of documents with ``SENTENCES_PER_DOCUMENT`` events."""
        while True:
            topic = zipf(self.rng, list(TOPICS))
            document = Document(
                topic=topic,
                cast=some(self.rng, TOPICS[topic].names, 2),
                transitive=some(self.rng, TOPICS[topic].transitive, 3),
                intransitive=some(self.rng, TOPICS[topic].intransitive, 2),
                tense=zipf(self.rng, ("Past", "Pres", "Fut")),
                polite=self._chance(0.5),
                hearsay=self._chance(0.5),
            )
            yield [self.event(document) for _ in range(SENTENCES_PER_DOCUMENT)]

    def event(self, document: Document) -> Event:
        """Draw the meaning of a sentence."""
        kind = zipf(
            self.rng,
            ("clause", "clause", "property", "modal", "coordination", "report", "if", "order"),
        )
        if kind == "property":
            return self._property(document)
        event = self._clause(document, active=kind in ("modal", "order"))
        if kind == "coordination":
            return self._coordinate(event, document)
        if kind == "modal":
            modal = replace(event, modal=zipf(self.rng, MODALS), aspect="Imp")
            return replace(modal, tense="Pres") if modal.tense == "Fut" else modal
        if kind == "report":
            return self._report(event, document)
        if kind == "if":
            condition = replace(
                self._clause(document, short=True), mood="Cnd", tense="Pres", time=None
            )
            return replace(event, condition=condition, mood="Cnd", tense="Pres", time=None)
        if kind == "order":
            addressee = Participant("pronoun", person="2", polite=document.polite)
            order = replace(event, subject=addressee, mood="Imp", tense="Pres", time=None)
            return replace(order, aspect="Imp", negative=False, hearsay=False)
        return event

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _clause(
        self, document: Document, short: bool = False, inner: bool = False, active: bool = False
    ) -> Event:
        topic = TOPICS[document.topic]
        transitive = self._chance(0.65)
        if transitive:
            verb = zipf(self.rng, document.transitive if self._chance(0.9) else GENERAL_VERBS)
        else:
            verb = zipf(self.rng, document.intransitive)
        favourites = self.concepts.agents.get(verb, topic.people)
        subject = self._subject(document, favourites, plain=short or inner)
        event = Event(
            kind="verb",
            predicate=verb,
            subject=subject,
            aspect=self.rng.choice(("Imp", "Perf")),
            negative=self._chance(0.15),
            hearsay=document.hearsay,
            polite=document.polite,
        )
        event = self._when(event, document, adverb=not (short or inner))
        if transitive:
            event = self._with_object(event, document, plain=short or inner, active=active)
        obliques: list[tuple[str, Participant]] = []
        if not short and self._chance(0.2 if transitive else 0.75):
            places = self.concepts.places.get(verb, topic.places)
            role = zipf(self.rng, ("place", "goal", "source"))
            obliques.append((role, self._noun(zipf(self.rng, places), plain=True)))
        elif transitive and not short and self._chance(0.3):
            role = zipf(self.rng, ("recipient", "instrument"))
            nouns = topic.people if role == "recipient" else topic.things[:4]
            obliques.append((role, self._noun(zipf(self.rng, nouns), plain=True)))
        manner = zipf(self.rng, MANNER_ADVERBS) if not short and self._chance(0.15) else None
        return replace(event, obliques=(*event.obliques, *obliques), manner=manner)

    def _with_object(self, event: Event, document: Document, plain: bool, active: bool) -> Event:
        """Add an object; in the passive, it is the subject, and the agent is an oblique."""
        if self._chance(self.profile.reflexive):
            return replace(event, object=Participant("reflexive"))
        topic = TOPICS[document.topic]
        favourites = self.concepts.objects.get(event.predicate, tuple(GENERAL_THINGS))
        if self._chance(0.85):
            thing = zipf(self.rng, favourites)
        else:
            thing = zipf(self.rng, topic.things if self._chance(0.7) else GENERAL_THINGS)
        target = self._noun(thing, document, plain=plain)
        if "Pass" in self.profile.voices and event.subject is not None and not active:
            if event.subject.kind != "pronoun" and self._chance(0.3):
                agent = replace(event.subject, relative=None)
                return replace(event, voice="Pass", subject=target, obliques=(("agent", agent),))
        if "Cau" in self.profile.voices and self._chance(0.2):
            return replace(event, voice="Cau", object=target)
        return replace(event, object=target)

    def _when(self, event: Event, document: Document, adverb: bool) -> Event:
        tense = document.tense if self._chance(0.7) else zipf(self.rng, ("Past", "Pres", "Fut"))
        time = zipf(self.rng, TIME_ADVERBS[tense]) if adverb and self._chance(0.3) else None
        return replace(event, tense=tense, time=time)

    def _property(self, document: Document) -> Event:
        topic = TOPICS[document.topic]
        noun = zipf(self.rng, topic.things if self._chance(0.6) else topic.people)
        adjective = zipf(self.rng, self.concepts.adjectives[noun])
        degree = zipf(self.rng, ("Pos", "Cmp"))
        event = Event(
            kind="adjective",
            predicate=adjective,
            subject=self._noun(noun, document),
            degree=degree,
            negative=self._chance(0.15),
            hearsay=document.hearsay,
            polite=document.polite,
        )
        return self._when(event, document, adverb=True)

    def _coordinate(self, event: Event, document: Document) -> Event:
        """Add a second clause; a gapped one has the same verb and leaves it out."""
        second = self._clause(document, short=True, inner=True)
        conjunction = zipf(self.rng, ("and", "but"))
        if self.profile.gapping and event.object is not None and self._chance(0.7):
            subject = self._subject(document, TOPICS[document.topic].people, plain=True)
            favourites = self.concepts.objects.get(event.predicate, tuple(GENERAL_THINGS))
            second = replace(
                event,
                subject=subject,
                object=self._noun(zipf(self.rng, favourites), plain=True),
                obliques=(),
                time=None,
                manner=None,
                negative=False,
            )
            first = replace(event, obliques=(), manner=None, negative=False)
            return replace(first, conjunction="and", conjunct=second, gapped=True)
        second = replace(second, tense=event.tense, negative=conjunction == "but")
        return replace(event, conjunction=conjunction, conjunct=second)

    def _report(self, event: Event, document: Document) -> Event:
        speaker = self._subject(document, TOPICS[document.topic].people, plain=True)
        verb = zipf(self.rng, SPEECH_VERBS)
        # Only "believe" requires a subjunctive.
        mood = "Sub" if verb == "believe" else "Ind"
        report = Event("verb", verb, speaker, hearsay=document.hearsay, polite=document.polite)
        report = self._when(report, document, adverb=False)
        if mood == "Sub":
            event = replace(event, tense="Pres", time=None)
        return replace(report, complement=replace(event, mood=mood))

    def _subject(self, document: Document, favourites: tuple[str, ...], plain: bool) -> Participant:
        if self._chance(0.4 if self.profile.isolating else 0.25):
            gender = self.rng.choice(("Masc", "Fem"))
            return replace(self._pronoun(document), gender=gender)
        if self._chance(0.3):
            name = zipf(self.rng, document.cast)
            return Participant("name", name, gender=self.concepts.gender[name])
        topic = TOPICS[document.topic]
        noun = zipf(self.rng, favourites if self._chance(0.85) else topic.people)
        return self._noun(noun, document, plain=plain)

    def _noun(
        self, noun: str, document: Document | None = None, plain: bool = False
    ) -> Participant:
        """Draw a noun phrase; a plain one has neither possessor nor relative clause."""
        participant = Participant(
            kind="noun",
            concept=noun,
            number="Plur" if self._chance(0.35) else "Sing",
            gender=self.concepts.gender[noun],
            determiner=zipf(self.rng, ("the", "a", "this")),
        )
        if self._chance(0.35):
            favourites = self.concepts.adjectives[noun]
            adjective = zipf(self.rng, favourites if self._chance(0.85) else GENERAL_ADJECTIVES)
            degree = zipf(self.rng, ("Pos", "Pos", "Sup", "Cmp"))
            participant = replace(participant, adjective=adjective, degree=degree)
        if plain or document is None:
            return participant
        if self._chance(0.3):
            owner = self._owner(document)
            return replace(participant, possessor=owner, determiner="the")
        if self._chance(0.12):
            relative = self._clause(document, short=True, inner=True, active=True)
            return replace(participant, relative=replace(relative, subject=participant))
        return participant

    def _owner(self, document: Document) -> Participant:
        kind = zipf(self.rng, ("pronoun", "noun", "own", "name"))
        if kind == "own" and self.profile.own_possessive:
            return Participant("reflexive")
        if kind == "name":
            name = zipf(self.rng, document.cast)
            return Participant("name", name, gender=self.concepts.gender[name])
        if kind == "noun":
            owner = self._noun(zipf(self.rng, TOPICS[document.topic].people), plain=True)
            return replace(owner, adjective=None, determiner="the")
        return self._pronoun(document)

    def _pronoun(self, document: Document) -> Participant:
        # In languages that express politeness, the second person is the most frequent.
        persons = ("2", "1", "3") if self.profile.polite else ("3", "1", "2")
        person = zipf(self.rng, persons)
        number = zipf(self.rng, ("Sing", "Plur"))
        return Participant("pronoun", person=person, number=number, polite=document.polite)
