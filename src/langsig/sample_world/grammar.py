"""Turn meanings into dependency trees of one language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from langsig.sample_world.concepts import Concepts
from langsig.sample_world.lexicon import (
    NUMBERS,
    PERSONS,
    Language,
    agreement,
    case_number,
    possessor,
    theme,
)
from langsig.sample_world.meaning import Event, Participant
from langsig.sample_world.profiles import Marking

POSSESSIVES = dict(
    zip(
        [(number, person) for number in NUMBERS for person in PERSONS],
        ["my", "your", "his", "our", "your.all", "their"],
        strict=True,
    )
)
PRONOUNS = {("Sing", "1"): "I", ("Plur", "1"): "we", ("Sing", "2"): "you", ("Plur", "2"): "you.all"}


@dataclass
class Node:
    """A word with its dependents, in their order."""

    form: str
    lemma: str
    upos: str
    feats: dict[str, str] = field(default_factory=dict)
    deprel: str = "root"
    left: list[Node] = field(default_factory=list)
    right: list[Node] = field(default_factory=list)
    sounds: str = ""
    """Phonemes before sound changes, for contractions with the next word."""
    elided: Node | None = None
    """The omitted verb on which this word depends in the enhanced graph."""
    capital: bool = False

    def attach(self, deprel: str, node: Node | None, before: bool) -> None:
        """Append a node to the left or to the right dependents."""
        if node is not None:
            node.deprel = deprel
            (self.left if before else self.right).append(node)


class Grammar:
    """Expresses events in a language."""

    def __init__(self, language: Language, concepts: Concepts) -> None:
        self.language = language
        self.profile = language.profile
        self.concepts = concepts
        self._form = cache(language.word)

    def sentence(self, event: Event) -> Node:
        """Express an event as a sentence with final punctuation."""
        root = self._clause(event)
        script = self.language.script
        mark = script.exclamation if event.mood == "Imp" else script.full_stop
        root.attach("punct", self._punctuation(mark), before=False)
        return root

    # Words

    def _word(
        self,
        concept: str,
        upos: str,
        feats: dict[str, str] | None = None,
        affixes: Iterable[str] = (),
        citation: Iterable[str] = (),
    ) -> Node:
        affixes = () if self.profile.isolating else tuple(affixes)
        capital = upos == "PROPN" and self.language.script.capitals
        form = self._form(concept, affixes)
        lemma = self._form(concept, tuple(citation))
        return Node(
            form=form.capitalize() if capital else form,
            lemma=lemma.capitalize() if capital else lemma,
            upos=upos,
            feats=feats or {},
            sounds=self.language.underlying(concept, affixes),
            capital=capital,
        )

    def _punctuation(self, mark: str) -> Node:
        return Node(mark, mark, "PUNCT")

    def _gender(self, participant: Participant) -> str | None:
        return self.profile.genders.get(participant.gender)

    def _theme(self, gender: str) -> str:
        """The theme of a noun; languages without gender keep the inherited one."""
        return theme(self.profile.genders.get(gender, gender))

    def _nominal_affixes(self, case: str | None, number: str) -> list[str]:
        if self.profile.agglutinative:
            return [f"Number={number}", f"Case={case}"]
        # In languages that have lost case, nouns have the form of the accusative.
        return [case_number(case or "Acc", number)]

    def _agreeing(
        self,
        concept: str,
        upos: str,
        head: Participant,
        case: str | None,
        feats: dict[str, str] | None = None,
        degree: str = "Pos",
    ) -> Node:
        """A determiner, adjective or pronoun that agrees with its noun."""
        feats = dict(feats or {})
        citation: list[str] = []
        affixes: list[str] = []
        inflects = not (self.profile.agglutinative or self.profile.isolating)
        if inflects:
            gender = self._gender(head) or "Masc"
            affixes = [f"Degree={degree}", theme(gender), *self._nominal_affixes(case, head.number)]
            citation = [theme("Masc"), *self._nominal_affixes(case and "Nom", "Sing")]
            feats["Number"] = head.number
            if self.profile.genders:
                feats["Gender"] = gender
            if self.profile.animacy:
                feats["Animacy"] = self._animacy(head)
            if case:
                feats["Case"] = case
        return self._word(concept, upos, feats, affixes, citation)

    def _animacy(self, participant: Participant) -> str:
        return "Anim" if participant.concept in self.concepts.animate else "Inan"

    # Noun phrases

    def _marking(self, role: str) -> Marking:
        marking = self.profile.roles[role]
        return marking if self.profile.noun_case else Marking(marking.adposition)

    def _noun_phrase(self, participant: Participant, role: str) -> Node:
        marking = self._marking(role)
        if participant.kind == "pronoun":
            node = self._pronoun(participant, self.profile.roles[role].case)
        elif participant.kind == "reflexive":
            node = self._reflexive(self.profile.roles[role].case)
        else:
            node = self._noun(participant, marking.case)
        if marking.adposition:
            adposition = self._word(marking.adposition, "ADP")
            adposition.deprel = "case"
            if self.profile.adposition_first:
                node.left.insert(0, adposition)
            else:
                node.right.append(adposition)
        return node

    def _pronoun(self, participant: Participant, case: str | None) -> Node:
        person, number = participant.person, participant.number
        feats = {"Number": number, "Person": person, "PronType": "Prs"}
        if person == "3":
            return self._agreeing("he", "PRON", participant, case, feats)
        if case:
            feats["Case"] = case
        concept = PRONOUNS[number, person]
        # Languages with politeness mark it in the second person; the isolating one also has a
        # humble first person.
        if "PRON" in self.profile.polite and (person == "2" or self.profile.isolating):
            feats["Polite"] = "Infm"
            if participant.polite:
                feats["Polite"] = "Form" if person == "2" else "Humb"
                concept = "you.polite" if person == "2" else "I.polite"
        affixes = self._nominal_affixes(case, "Sing") if case else []
        return self._word(concept, "PRON", feats, affixes, self._bare_nominative())

    def _bare_nominative(self) -> list[str]:
        return [] if self.profile.isolating else self._nominal_affixes("Nom", "Sing")

    def _reflexive(self, case: str | None) -> Node:
        feats = {"PronType": "Prs", "Reflex": "Yes"} | ({"Case": case} if case else {})
        affixes = self._nominal_affixes(case, "Sing") if case else []
        return self._word("self", "PRON", feats, affixes, self._bare_nominative())

    def _noun(self, participant: Participant, case: str | None) -> Node:
        profile = self.profile
        name = participant.kind == "name"
        number = participant.number
        owner = participant.possessor
        affixes = [self._theme(participant.gender)]
        feats: dict[str, str] = {}
        if profile.agglutinative:
            affixes = []
        if not profile.isolating:
            feats["Number"] = number
            nominal = self._nominal_affixes(case, number)
            citation = affixes + self._nominal_affixes(case and "Nom", "Sing")
            psor = None
            if profile.possessive_suffix and owner is not None and owner.kind != "reflexive":
                psor = possessor(owner.person, owner.number)
                feats |= {"Number[psor]": owner.number, "Person[psor]": owner.person}
            # In the agglutinating language, the possessor affix is between number and case.
            if psor and profile.agglutinative:
                nominal = [nominal[0], psor, nominal[1]]
            elif psor:
                nominal = [*nominal, psor]
            affixes += nominal
        else:
            citation = []
        if profile.genders:
            feats["Gender"] = self._gender(participant) or "Masc"
        if profile.animacy:
            feats["Animacy"] = self._animacy(participant)
        if case:
            feats["Case"] = case
        if profile.articles == "suffix" and not name:
            definite = "Ind" if participant.determiner == "a" else "Def"
            feats["Definite"] = definite
            if "Person[psor]" not in feats:
                affixes.append(f"Definite={definite}")
        node = self._word(
            participant.concept, "PROPN" if name else "NOUN", feats, affixes, citation
        )
        if not name:
            self._add_determiner(node, participant, case)
            self._add_possessor(node, participant, case)
            self._add_adjective(node, participant, case)
            if participant.relative is not None:
                self._add_relative(node, participant, participant.relative)
        return node

    def _add_determiner(self, node: Node, noun: Participant, case: str | None) -> None:
        if noun.determiner == "this":
            demonstrative = self._agreeing("this", "DET", noun, case, {"PronType": "Dem"})
            node.attach("det", demonstrative, before=True)
        elif self.profile.articles == "word" and noun.determiner in ("the", "a"):
            if noun.possessor is not None and noun.possessor.kind == "pronoun":
                return
            definite = "Def" if noun.determiner == "the" else "Ind"
            feats = {"Definite": definite, "PronType": "Art"}
            node.attach(
                "det", self._agreeing(noun.determiner, "DET", noun, case, feats), before=True
            )

    def _add_possessor(self, node: Node, noun: Participant, case: str | None) -> None:
        owner = noun.possessor
        if owner is None:
            return
        if owner.kind == "reflexive":
            feats = {"Poss": "Yes", "PronType": "Prs", "Reflex": "Yes"}
            node.attach("det", self._agreeing("own", "DET", noun, case, feats), before=True)
        elif owner.kind != "pronoun":
            genitive = self._noun_phrase(owner, "possessor")
            node.attach("nmod", genitive, before=self.profile.genitive_first)
        elif self.profile.isolating:
            node.attach("nmod", self._noun_phrase(owner, "possessor"), before=True)
        elif not self.profile.possessive_suffix:
            feats = {"Person": owner.person, "Poss": "Yes", "PronType": "Prs"}
            concept = POSSESSIVES[owner.number, owner.person]
            node.attach("det", self._agreeing(concept, "DET", noun, case, feats), before=True)

    def _add_adjective(self, node: Node, noun: Participant, case: str | None) -> None:
        if noun.adjective is not None:
            adjective = self._adjective(noun.adjective, noun, case, noun.degree)
            node.attach("amod", adjective, before=self.profile.adjective_first)

    def _adjective(self, concept: str, noun: Participant, case: str | None, degree: str) -> Node:
        synthetic = degree in self.profile.degrees
        feats = {"Degree": degree} if synthetic else {}
        adjective = self._agreeing(
            concept, "ADJ", noun, case, feats, degree if synthetic else "Pos"
        )
        if not synthetic and degree != "Pos":
            feats = {} if self.profile.degrees else {"Degree": degree}
            adjective.attach("advmod", self._word("more", "ADV", feats), before=True)
        return adjective

    def _add_relative(self, node: Node, noun: Participant, event: Event) -> None:
        if self.profile.relative == "participle":
            clause = self._clause(event, subject=False, participle=True)
            clause.deprel = "acl"
            node.left.insert(0, clause)
        elif self.profile.relative == "particle":
            clause = self._clause(event, subject=False)
            clause.attach("mark", self._word("which.rel", "PART"), before=False)
            clause.deprel = "acl:relcl"
            node.left.insert(0, clause)
        else:
            case = self.profile.roles["subject"].case
            pronoun = self._agreeing("who", "PRON", noun, case, {"PronType": "Rel"})
            clause = self._clause(event, subject=False)
            pronoun.deprel = "nsubj"
            clause.left.insert(0, pronoun)
            clause.left.insert(0, self._comma())
            node.attach("acl:relcl", clause, before=False)

    def _comma(self) -> Node:
        comma = self._punctuation(self.language.script.comma)
        comma.deprel = "punct"
        return comma

    # Verbs

    def _finite(self, concept: str, upos: str, event: Event, full: bool = True) -> Node:
        """A finite verb; an auxiliary (not ``full``) does not show aspect and voice."""
        profile = self.profile
        if profile.isolating:
            return self._word(concept, upos)
        subject = event.subject or Participant("pronoun")
        mood = event.mood if event.mood in profile.moods else "Ind"
        tense = event.tense if mood in ("Ind",) else None
        values: dict[str, str] = {}
        if full and profile.voices:
            values["Voice"] = event.voice if event.voice in profile.voices else "Act"
        if full and profile.aspects:
            values["Aspect"] = event.aspect
        if profile.negative_affix:
            values["Polarity"] = "Neg" if event.negative else "Pos"
        if tense:
            values["Tense"] = tense
        if profile.evidential and tense == "Past":
            values["Evident"] = "Nfh" if event.hearsay else "Fh"
        values["Mood"] = mood
        if "VERB" in profile.polite and (profile.agglutinative or subject.person == "2"):
            values["Polite"] = "Form" if event.polite else "Infm"
        affixes = [f"{category}={value}" for category, value in values.items()]
        feats = values | {"Number": subject.number, "VerbForm": "Fin"}
        if profile.past_agrees_in_gender and tense == "Past":
            gender = self._gender(subject) or "Masc"
            affixes += [theme(gender), case_number("Nom", subject.number)]
            feats["Gender"] = gender
        else:
            affixes.append(agreement(subject.person, subject.number))
            feats["Person"] = subject.person
        return self._word(concept, upos, feats, affixes, ["VerbForm=Inf"])

    def _nonfinite(self, concept: str, event: Event, form: str) -> Node:
        profile = self.profile
        if profile.isolating:
            return self._word(concept, "VERB")
        values: dict[str, str] = {}
        if profile.voices:
            values["Voice"] = event.voice if event.voice in profile.voices else "Act"
        if profile.aspects:
            values["Aspect"] = event.aspect
        values["VerbForm"] = form
        affixes = [f"{category}={value}" for category, value in values.items()]
        return self._word(concept, "VERB", values, affixes, ["VerbForm=Inf"])

    def _negation(self) -> Node:
        return self._word("not", "ADV" if self.profile.isolating else "PART", {"Polarity": "Neg"})

    # Clauses

    def _clause(
        self,
        event: Event,
        subject: bool = True,
        participle: bool = False,
        infinitive: bool = False,
    ) -> Node:
        """Express a clause, with or without its subject, finite or not."""
        if event.modal is not None:
            return self._modal_clause(event)
        if event.kind == "adjective":
            return self._finish(self._property_clause(event), event)
        profile = self.profile
        future = profile.future_auxiliary and event.tense == "Fut" and event.mood == "Ind"
        auxiliary = None
        if infinitive or participle:
            head = self._nonfinite(event.predicate, event, "Part" if participle else "Inf")
        elif future:
            head = self._nonfinite(event.predicate, event, "Inf")
            auxiliary = self._finite("will", "AUX", event, full=False)
        else:
            head = self._finite(event.predicate, "VERB", event)
        negation = None
        if event.negative and not (profile.negative_affix or infinitive):
            negation = self._negation()
        particle = None
        if profile.isolating and not infinitive:
            aspect = "Perf" if event.aspect == "Perf" else "Prog"
            particle = self._word(aspect.lower(), "AUX", {"Aspect": aspect})
        actor = None
        if subject and event.subject is not None and event.mood != "Imp":
            actor = self._noun_phrase(event.subject, "subject")
        passive = event.voice == "Pass"
        actor_relation = "nsubj:pass" if passive else "nsubj"
        target = self._noun_phrase(event.object, "object") if event.object else None
        obliques = [(role, self._noun_phrase(what, role)) for role, what in event.obliques]
        manner = self._word(event.manner, "ADV") if event.manner else None
        if event.time:
            head.attach("advmod", self._word(event.time, "ADV"), before=True)
        if profile.order == "VSO":
            head.attach("advmod", negation, before=True)
            head.attach(actor_relation, actor, before=False)
            head.attach("obj", target, before=False)
        elif profile.order == "SVO":
            head.attach(actor_relation, actor, before=True)
            head.attach("aux", auxiliary, before=True)
            head.attach("advmod", negation, before=True)
            head.attach("aux", particle, before=False)
            head.attach("obj", target, before=False)
        else:
            head.attach(actor_relation, actor, before=True)
        verb_last = profile.order == "SOV"
        head.attach("advmod", manner, before=verb_last)
        for role, oblique in obliques:
            relation = {"agent": "obl:agent", "recipient": "iobj"}.get(role, "obl")
            if relation == "iobj" and self._marking(role).adposition:
                relation = "obl"
            head.attach(relation, oblique, before=verb_last)
        if verb_last:
            head.attach("obj", target, before=True)
            head.attach("advmod", negation, before=True)
        return self._finish(head, event)

    def _property_clause(self, event: Event) -> Node:
        noun = event.subject or Participant("pronoun")
        case = self.profile.roles["subject"].case if self.profile.noun_case else None
        head = self._adjective(event.predicate, noun, case, event.degree)
        comparison, head.left = head.left, []
        imperative = event.mood == "Imp"
        actor = None if imperative else self._noun_phrase(noun, "subject")
        negative = event.negative and not self.profile.negative_affix
        negation = self._negation() if negative else None
        silent = not self.profile.present_copula and event.tense == "Pres" and event.mood == "Ind"
        copula = None if silent else self._finite("be", "AUX", event, full=False)
        if event.time:
            head.attach("advmod", self._word(event.time, "ADV"), before=True)
        if self.profile.order == "VSO":
            head.attach("advmod", negation, before=True)
            head.attach("cop", copula, before=True)
            head.attach("nsubj", actor, before=True)
        else:
            head.attach("nsubj", actor, before=True)
            head.attach("advmod", negation, before=True)
            head.attach("cop", copula, before=self.profile.order == "SVO")
        head.left += comparison
        return head

    def _modal_clause(self, event: Event) -> Node:
        """A modal verb with an infinitive; the subject depends on the modal."""
        profile = self.profile
        assert event.modal is not None
        head = self._finite(event.modal, "VERB", event)
        content = Event(
            "verb", event.predicate, None, event.object, event.obliques, None, event.manner
        )
        infinitive = self._clause(content, infinitive=True)
        if event.time:
            head.attach("advmod", self._word(event.time, "ADV"), before=True)
        actor = None
        if event.subject is not None:
            actor = self._noun_phrase(event.subject, "subject")
        negation = self._negation() if event.negative and not profile.negative_affix else None
        if profile.order == "VSO":
            head.attach("advmod", negation, before=True)
            head.attach("nsubj", actor, before=False)
        else:
            head.attach("nsubj", actor, before=True)
            head.attach("advmod", negation, before=True)
        head.attach("xcomp", infinitive, before=profile.order == "SOV")
        return self._finish(head, event)

    def _finish(self, head: Node, event: Event) -> Node:
        """Add the clauses that depend on this one."""
        if event.complement is not None:
            complement = self._clause(event.complement)
            complement.left.insert(0, self._marker("that"))
            complement.left.insert(0, self._comma())
            head.attach("ccomp", complement, before=False)
        if event.conjunct is not None and event.conjunction is not None:
            conjunct = self._gap(event.conjunct) if event.gapped else self._clause(event.conjunct)
            conjunction = self._word(event.conjunction, "CCONJ")
            conjunction.deprel = "cc"
            conjunct.left.insert(0, conjunction)
            if event.conjunction == "but":
                conjunct.left.insert(0, self._comma())
            head.attach("conj", conjunct, before=False)
        if event.condition is not None:
            condition = self._clause(event.condition)
            condition.left.insert(0, self._marker("if"))
            condition.right.append(self._comma())
            condition.deprel = "advcl"
            head.left.insert(0, condition)
        return head

    def _marker(self, concept: str) -> Node:
        marker = self._word(concept, "SCONJ")
        marker.deprel = "mark"
        return marker

    def _gap(self, event: Event) -> Node:
        """A clause without its verb: the subject is promoted, and the object is its orphan."""
        assert event.subject is not None
        assert event.object is not None
        subject = self._noun_phrase(event.subject, "subject")
        subject.attach("orphan", self._noun_phrase(event.object, "object"), before=False)
        subject.elided = self._finite(event.predicate, "VERB", event)
        return subject
