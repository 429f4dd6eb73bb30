"""Universal Dependencies features as UniMorph categories, by language.

A row becomes a set of tags by the basic mapping; the rules of its language change the set; what
is left is looked up category by category. The tables are in ``data/``, where ``README.md`` names
their source.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from types import MappingProxyType

from langsig.morphology.categories import CATEGORIES
from langsig.morphology.treebank import parse_features


@dataclass(frozen=True)
class Rule:
    """When a language's rule applies to a set of tags, and what it does to them.

    An empty condition always holds; all of them must hold.
    """

    has: frozenset[str] = frozenset()
    """All these are in the set."""
    lacks: frozenset[str] = frozenset()
    """None of these is in the set."""
    exactly: frozenset[str] = frozenset()
    """The set is this one."""
    beyond: frozenset[str] = frozenset()
    """All these are in the set, and at least one more."""
    endings: tuple[str, ...] = ()
    """The form ends in one of these."""
    remove: frozenset[str] = frozenset()
    add: frozenset[str] = frozenset()

    def fires(self, tags: frozenset[str], form: str) -> bool:
        return (
            self.has <= tags
            and not self.lacks & tags
            and (not self.exactly or self.exactly == tags)
            and (not self.beyond or self.beyond < tags)
            and (not self.endings or form.endswith(self.endings))
        )

    def apply(self, tags: frozenset[str], form: str) -> frozenset[str]:
        return tags - self.remove | self.add if self.fires(tags, form) else tags


@dataclass(frozen=True)
class Converter:
    """Converts rows of one language.

    Each combination of UPOS and features is converted once and then remembered.
    """

    rules: tuple[Rule, ...] = ()
    """Applied in this order, each to what the one before has left."""
    _remembered: dict[tuple[str, str, str], Mapping[str, str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def tags(self, upos: str, feats: str, form: str = "") -> frozenset[str]:
        """Give the UniMorph tags of a row after the rules of the language.

        Parameters
        ----------
        upos, feats, form
            The columns of CoNLL-U. The form matters to two rules of Portuguese only.

        Raises
        ------
        InputError
            If a feature has no ``=``.
        """
        tags = basic_tags(upos, feats)
        for rule in self.rules:
            tags = rule.apply(tags, form)
        return tags

    def categories(self, upos: str, feats: str, form: str = "") -> Mapping[str, str]:
        """Give the categories that a row bears and their values.

        Parameters
        ----------
        upos, feats, form
            As for `tags`.

        Returns
        -------
        Mapping
            Category to value, in the order of `CATEGORIES`. Where two tags of one category are
            left (``V`` and ``V.PTCP``), the last one in sorted order wins; in Polarity a tag of
            the treebank's own feature wins over one that a rule has added.
        """
        key = upos, feats, self._seen_of(form)
        if key not in self._remembered:
            self._remembered[key] = self._convert(upos, feats, form)
        return self._remembered[key]

    @cached_property
    def _endings(self) -> tuple[str, ...]:
        return tuple(ending for rule in self.rules for ending in rule.endings)

    def _seen_of(self, form: str) -> str:
        """Give all that any rule can see of the form."""
        if not self._endings:
            return ""
        return " ".join(ending for ending in self._endings if form.endswith(ending))

    def _convert(self, upos: str, feats: str, form: str) -> Mapping[str, str]:
        annotated = basic_tags(upos, feats)
        values: dict[str, str] = {}
        for tag in sorted(self.tags(upos, feats, form)):
            if tag not in _category_table():
                continue
            category, value = _category_table()[tag]
            # A negative finite verb of Finnish is annotated NEG, and a rule adds POS.
            if category == "Polarity" and category in values and tag not in annotated:
                continue
            values[category] = value
        return MappingProxyType({name: values[name] for name in CATEGORIES if name in values})


@cache
def converter(language: str) -> Converter:
    """Give the converter of a language.

    Parameters
    ----------
    language
        ISO 639-1 code. A language without rules, known or not, gets the basic mapping only.
    """
    return Converter(_rule_table().get(language, ()))


def basic_tags(upos: str, feats: str) -> frozenset[str]:
    """Map a row to UniMorph tags without the rules of any language.

    Parameters
    ----------
    upos, feats
        The columns of CoNLL-U.

    Notes
    -----
    Features in a layer other than ``[psor]`` add nothing: those that mean something to UniMorph
    give Argument Marking, which is not among the categories. Combinations that stop the published
    converter with an error add nothing either.
    """
    features = parse_features(feats)
    tags = set(_mapping_table().get(("UPOS", upos), ()))
    for name, value in features:
        if "," in value:
            tags.update(_disjunction(name, value))
        else:
            tags.update(_mapping_table().get((name, value), ()))
    tags.update(_possession({name: value for name, value in features if "[psor]" in name}))
    return frozenset(tags)


def _disjunction(name: str, value: str) -> Iterator[str]:
    """Map ``Case=Acc,Nom`` to ``{ACC/NOM}``, whatever the order of the values.

    Treebanks sort them, and the published rules that name a disjunction rely on it.
    """
    members = [
        _mapping_table()[name, single]
        for single in sorted(set(value.split(",")))
        if (name, single) in _mapping_table()
    ]
    joined = "/".join(" ".join(tags) for tags in members)
    composite = len(members) == 1 and "+" in joined
    if members and len(members[0]) == 1 and not composite:
        yield "{" + joined + "}"


_PSOR_NUMBERS = {"Sing": "S", "Plur": "P", "Dual": "D"}


def _possession(features: Mapping[str, str]) -> Iterator[str]:
    """Map all ``[psor]`` features of a row to one tag."""
    person = features.get("Person[psor]", "")
    number = features.get("Number[psor]", "")
    if not features or len(features) > 2 or "," in person + number:
        return
    if "None" in features.values():
        yield "PSSD"
    else:
        yield "PSS" + (person if person in {"1", "2", "3"} else "") + _PSOR_NUMBERS.get(number, "")


@cache
def _mapping_table() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Feature and value to tags; what maps to nothing is left out."""
    return {
        (row["feature"], row["value"]): tuple(row["tags"].split())
        for row in _read_table("mapping.csv")
        if row["tags"]
    }


@cache
def _category_table() -> Mapping[str, tuple[str, str]]:
    """Tag to category and value."""
    return {row["tag"]: (row["category"], row["value"]) for row in _read_table("categories.csv")}


@cache
def _rule_table() -> Mapping[str, tuple[Rule, ...]]:
    """Language to rules, in their order."""
    rules: dict[str, tuple[Rule, ...]] = {}
    for row in _read_table("rules.csv"):
        rule = Rule(
            has=frozenset(row["has"].split()),
            lacks=frozenset(row["lacks"].split()),
            exactly=frozenset(row["is"].split()),
            beyond=frozenset(row["beyond"].split()),
            endings=tuple(row["endings"].split()),
            remove=frozenset(row["remove"].split()),
            add=frozenset(row["add"].split()),
        )
        rules[row["language"]] = (*rules.get(row["language"], ()), rule)
    return rules


def _read_table(name: str) -> list[dict[str, str]]:
    text = files("langsig.morphology").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
