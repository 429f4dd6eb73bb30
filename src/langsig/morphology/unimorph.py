"""Convert Universal Dependencies features to UniMorph categories.

The basic mapping turns a row into a set of tags. The rules of the language change this set, and
each remaining tag is looked up in the table of categories. The tables are in ``data/``, where
``README.md`` names their sources.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from types import MappingProxyType

from langsig.languages import primary_code
from langsig.morphology.categories import CATEGORIES
from langsig.morphology.treebank import parse_features


@dataclass(frozen=True)
class Rule:
    """A rule of a language that changes the tags of a word if all its conditions hold.

    Conditions that are empty always hold.
    """

    has: frozenset[str] = frozenset()
    """Tags that must all be in the set."""
    lacks: frozenset[str] = frozenset()
    """Tags that must not be in the set."""
    exactly: frozenset[str] = frozenset()
    """Tags that must be the whole set."""
    beyond: frozenset[str] = frozenset()
    """Tags that must all be in the set, together with at least one other tag."""
    endings: tuple[str, ...] = ()
    """Endings of which the form must have one."""
    remove: frozenset[str] = frozenset()
    """Tags to remove."""
    add: frozenset[str] = frozenset()
    """Tags to add, after the removal."""

    def fires(self, tags: frozenset[str], form: str) -> bool:
        """Whether the rule applies to a set of tags and a form."""
        return (
            self.has <= tags
            and not self.lacks & tags
            and (not self.exactly or self.exactly == tags)
            and (not self.beyond or self.beyond < tags)
            and (not self.endings or form.endswith(self.endings))
        )

    def apply(self, tags: frozenset[str], form: str) -> frozenset[str]:
        """The tags after the rule, unchanged if it does not apply."""
        return tags - self.remove | self.add if self.fires(tags, form) else tags


@dataclass(frozen=True)
class Converter:
    """Converts the rows of one language.

    The result for each combination of UPOS and features is cached.
    """

    rules: tuple[Rule, ...] = ()
    """Rules of the language in the order of their application."""
    _cache: dict[tuple[str, str, str], Mapping[str, str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def tags(self, upos: str, feats: str, form: str = "") -> frozenset[str]:
        """Convert a row to UniMorph tags.

        Parameters
        ----------
        upos, feats, form
            Columns of CoNLL-U. The form only matters for two rules of Portuguese.

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
        """Convert a row to UniMorph categories.

        Parameters
        ----------
        upos, feats, form
            Columns of CoNLL-U, as in `tags`.

        Returns
        -------
        Mapping
            Value of each category that the row bears, in the order of `CATEGORIES`. If several
            tags belong to one category (``V`` and ``V.PTCP``), the last one in alphabetical order
            is used. In Polarity, a tag from the features takes precedence over one from a rule.
        """
        key = upos, feats, self._relevant_endings(form)
        if key not in self._cache:
            self._cache[key] = self._convert(upos, feats, form)
        return self._cache[key]

    @cached_property
    def _endings(self) -> tuple[str, ...]:
        return tuple(ending for rule in self.rules for ending in rule.endings)

    def _relevant_endings(self, form: str) -> str:
        """The endings of the form that rules can distinguish."""
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
            # Negative finite verbs of Finnish are annotated as NEG, and a rule adds POS.
            if category == "Polarity" and category in values and tag not in annotated:
                continue
            values[category] = value
        return MappingProxyType({name: values[name] for name in CATEGORIES if name in values})


@cache
def converter(language: str) -> Converter:
    """Get the converter of a language.

    Parameters
    ----------
    language
        Code as for :func:`langsig.languages.language_code`; subtags such as ``-DK`` do not count.
        The converter of a language without rules applies the basic mapping only.

    Raises
    ------
    InputError
        If `language` is not a code.
    """
    return Converter(_rule_table().get(primary_code(language), ()))


def conversion(language: str) -> str:
    """Which rules convert a language, in words, as commands print it.

    Examples
    --------
    >>> conversion("dan"), conversion("nl")
    ('converted by the rules of da', 'converted without rules, as there are none for nl')
    """
    code = primary_code(language)
    if code in _rule_table():
        return f"converted by the rules of {code}"
    return f"converted without rules, as there are none for {code}"


def basic_tags(upos: str, feats: str) -> frozenset[str]:
    """Map a row to UniMorph tags without the rules of a language.

    Parameters
    ----------
    upos, feats
        Columns of CoNLL-U, in upper or lower case.

    Notes
    -----
    Layered features other than ``[psor]`` add no tags: UniMorph expresses them as Argument
    Marking, which is not among the categories. Combinations for which the published converter
    fails with an error add no tags either.
    """
    features = [(name.lower(), value.lower()) for name, value in parse_features(feats)]
    tags = set(_mapping_table().get(("upos", upos.lower()), ()))
    for name, value in features:
        if "," in value:
            tags.update(_disjunction(name, value))
        else:
            tags.update(_mapping_table().get((name, value), ()))
    tags.update(_possession({name: value for name, value in features if "[psor]" in name}))
    return frozenset(tags)


def _disjunction(name: str, value: str) -> Iterator[str]:
    """Map several values of one feature, such as ``case=acc,nom``, to ``{ACC/NOM}``.

    Values are sorted, as in treebanks, since published rules rely on this order.
    """
    members = [
        _mapping_table()[name, single]
        for single in sorted({single.strip() for single in value.split(",")})
        if (name, single) in _mapping_table()
    ]
    joined = "/".join(" ".join(tags) for tags in members)
    composite = len(members) == 1 and "+" in joined
    if members and len(members[0]) == 1 and not composite:
        yield "{" + joined + "}"


_PSOR_NUMBERS = {"sing": "S", "plur": "P", "dual": "D"}


def _possession(features: Mapping[str, str]) -> Iterator[str]:
    """Map all ``[psor]`` features of a row to one tag of the possessor."""
    person = features.get("person[psor]", "")
    number = features.get("number[psor]", "")
    if not features or len(features) > 2 or "," in person + number:
        return
    if "none" in features.values():
        yield "PSSD"
    else:
        yield "PSS" + (person if person in {"1", "2", "3"} else "") + _PSOR_NUMBERS.get(number, "")


@cache
def _mapping_table() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Tags by feature and value in lower case; values without tags are left out."""
    return {
        (row["feature"].lower(), row["value"].lower()): tuple(row["tags"].split())
        for row in _read_table("mapping.csv")
        if row["tags"]
    }


@cache
def _category_table() -> Mapping[str, tuple[str, str]]:
    """Category and value by tag."""
    return {row["tag"]: (row["category"], row["value"]) for row in _read_table("categories.csv")}


@cache
def _rule_table() -> Mapping[str, tuple[Rule, ...]]:
    """Rules by language, in the order of application."""
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
    """Read a CSV file of ``data/``."""
    text = files("langsig.morphology").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
