import csv
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.errors import InputError
from langsig.morphology import CATEGORIES, Converter, basic_tags, converter

RULED = [
    "bg",
    "ca",
    "cs",
    "da",
    "de",
    "en",
    "es",
    "fi",
    "fr",
    "he",
    "hu",
    "it",
    "pl",
    "pt",
    "ro",
    "sl",
    "sv",
    "tr",
    "uk",
]
UNRULED = [
    "ar",
    "el",
    "et",
    "gl",
    "hi",
    "hr",
    "id",
    "ja",
    "ko",
    "nl",
    "ru",
    "sk",
    "vi",
    "zh",
    "qaa",
]


def joined(tags: frozenset[str]) -> str:
    return " ".join(sorted(tags))


@pytest.mark.parametrize(
    ("upos", "feats", "tags"),
    [
        ("NOUN", "_", "N"),
        ("AUX", "_", "V"),
        ("SCONJ", "_", "CONJ"),
        ("PUNCT", "_", ""),
        ("SYM", "_", ""),
        ("X", "Foreign=Yes", ""),
        ("_", "_", ""),
        ("PRON", "Number=Sing|Person=1|PronType=Prs", "1 PRO SG"),
        ("ADJ", "VerbForm=Part", "ADJ V.PTCP"),
        ("VERB", "VerbForm=Conv", "V V.CVB"),
        ("VERB", "VerbForm=Ger", "V V.MSDR"),
        ("VERB", "VerbForm=Sup", "V V.CVB"),
        ("VERB", "VerbForm=Gdv", "V V.CVB"),
        ("NOUN", "VerbForm=Vnoun", "N V.MSDR"),
        ("VERB", "VerbForm=Fin", "FIN V"),
        ("VERB", "VerbForm=Inf", "NFIN V"),
        ("VERB", "Tense=Imp", "IPFV V"),
        ("VERB", "Tense=Pqp", "PST+PRF V"),
        ("VERB", "Voice=Rcp", "RECP V"),
        ("VERB", "Voice=Cau", "CAUS V"),
        ("NOUN", "Definite=Cons", "N PSSD"),
        ("VERB", "Mood=Qot", "QUOT V"),
        ("PRON", "Reflex=Yes|Poss=Yes", "PRO REFL"),
        ("PART", "Negative=Neg", "PART"),
        ("PART", "Polarity=Neg", "NEG PART"),
        ("NOUN", "Case=Ine", "IN+ESS N"),
        ("NOUN", "Case=Add", "IN+ALL LGSPEC1 N"),
        ("NOUN", "Case=Del", "N"),
        ("NOUN", "Gender=Com", "MASC+FEM N"),
        # several values
        ("NOUN", "Case=Acc,Nom", "N {ACC/NOM}"),
        ("NOUN", "Case=Nom,Acc", "N {ACC/NOM}"),
        ("ADJ", "Degree=Cmp,Pos", "ADJ {CMPR}"),
        ("PRON", "PronType=Int,Rel", "PRO"),
        ("NOUN", "Gender=Com,Neut", "N {MASC+FEM/NEUT}"),
        ("NOUN", "Gender=Com,Other", "N"),
        ("NOUN", "Case=Add,Ill", "N"),
        # possession
        ("NOUN", "Number[psor]=Sing|Person[psor]=1", "N PSS1S"),
        ("NOUN", "Number[psor]=Plur|Person[psor]=2", "N PSS2P"),
        ("NOUN", "Number[psor]=Dual|Person[psor]=3", "N PSS3D"),
        ("NOUN", "Person[psor]=3", "N PSS3"),
        ("NOUN", "Number[psor]=Plur", "N PSSP"),
        ("DET", "Gender[psor]=Fem", "DET PSS"),
        ("DET", "Gender[psor]=Masc,Neut|Number[psor]=Sing", "DET PSSS"),
        ("NOUN", "Number[psor]=None|Person[psor]=3", "N PSSD"),
        ("NOUN", "Number[psor]=None|Person[psor]=None", "N PSSD"),
        ("NOUN", "Number[psed]=Sing", "N"),
        ("NOUN", "Case[gram]=Nom", "N"),
        # combinations for which the published converter fails
        ("NOUN", "Number[psor]=Plur,Sing|Person[psor]=3", "N"),
        ("NOUN", "Gender[psor]=Fem|Number[psor]=Sing|Person[psor]=3", "N"),
        ("AUX", "Number[erg]=Sing", "V"),
        ("NOUN", "Case[other]=Nom", "N"),
    ],
)
def test_basic_mapping(upos: str, feats: str, tags: str) -> None:
    assert joined(basic_tags(upos, feats)) == tags
    assert joined(converter("qaa").tags(upos, feats)) == tags


# Language, UPOS, features, form, and tags after the rules. The first nine are published examples.
RULE_CASES = [
    ("en", "VERB", "Mood=Ind|Tense=Pres|VerbForm=Fin", "", "NFIN V"),
    ("en", "VERB", "Tense=Past|VerbForm=Part|Voice=Pass", "", "PST V V.PTCP"),
    ("de", "VERB", "VerbForm=Part", "", "PST V.PTCP"),
    (
        "es",
        "VERB",
        "Mood=Ind|Number=Sing|Person=3|Tense=Imp|VerbForm=Fin",
        "",
        "3 IND IPFV PST SG V",
    ),
    (
        "fi",
        "AUX",
        "Number=Sing|Person=3|Polarity=Neg|VerbForm=Fin|Voice=Act",
        "",
        "3 ACT NEG POS SG V",
    ),
    ("he", "NOUN", "Gender=Fem|Number=Sing", "", "N NDEF SG"),
    (
        "hu",
        "NOUN",
        "Case=Ine|Number=Sing|Number[psed]=None|Number[psor]=None|Person[psor]=None",
        "",
        "IN+ESS N PSSD SG",
    ),
    (
        "pt",
        "VERB",
        "Mood=Ind|Number=Sing|Person=3|Tense=Pqp|VerbForm=Fin",
        "",
        "3 IND PRF PST SG V",
    ),
    ("ro", "NOUN", "Case=Acc,Nom|Gender=Fem|Number=Sing", "", "N SG {ACC/NOM}"),
    ("bg", "VERB", "Aspect=Imp|Mood=Ind|Tense=Pres|VerbForm=Fin|Voice=Act", "", "IND PRS V"),
    ("bg", "VERB", "Aspect=Perf|Tense=Past|VerbForm=Part|Voice=Pass", "", "PASS PST V.PTCP"),
    ("bg", "ADJ", "Aspect=Imp|Tense=Pres|VerbForm=Part", "", "ACT PRS V.PTCP"),
    ("bg", "ADJ", "Aspect=Perf|VerbForm=Part|Voice=Pass", "", "PASS PST V.PTCP"),
    ("bg", "ADJ", "Degree=Sup", "", "ADJ SPRL"),
    ("ca", "VERB", "Gender=Masc|Number=Sing|Tense=Past|VerbForm=Part", "", "MASC PST SG V.PTCP"),
    ("ca", "VERB", "Mood=Ind|Tense=Pres|VerbForm=Fin", "", "IND PRS V"),
    ("ca", "VERB", "Mood=Ind|Tense=Past|VerbForm=Fin", "", "IND PFV PST V"),
    ("ca", "VERB", "Mood=Ind|Tense=Imp|VerbForm=Fin", "", "IND IPFV PST V"),
    ("ca", "VERB", "Mood=Cnd|Tense=Pres", "", "COND V"),
    ("ca", "VERB", "Mood=Imp|Tense=Pres", "", "IMP POS V"),
    ("ca", "VERB", "VerbForm=Ger", "", "PRS V.PTCP"),
    ("ca", "VERB", "Number=Sing|VerbForm=Ger", "", "SG V V.MSDR"),
    ("ca", "VERB", "Mood=Sub|Tense=Imp", "", "PST SBJV V"),
    ("ca", "X", "Mood=Sub|Tense=Imp", "", "IPFV SBJV"),
    ("cs", "ADJ", "Degree=Cmp|Gender=Masc|Polarity=Pos", "", "ADJ CMPR MASC"),
    ("cs", "NOUN", "Animacy=Inan|Case=Nom|Gender=Masc|Polarity=Pos", "", "N NOM"),
    ("cs", "VERB", "Polarity=Pos|Tense=Pres|VerbForm=Fin|Voice=Act", "", "PRS V"),
    ("cs", "VERB", "Polarity=Neg|Tense=Pres|VerbForm=Fin|Voice=Pass", "", "NEG PASS PRS V"),
    ("da", "VERB", "Tense=Pres|VerbForm=Fin", "", "PRS V"),
    ("da", "X", "VerbForm=Fin", "", "FIN"),
    ("de", "NOUN", "Gender=Masc|Number=Sing", "", "N SG"),
    ("de", "DET", "Gender=Masc,Neut", "", "DET"),
    ("de", "VERB", "Mood=Ind|VerbForm=Fin", "", "IND V"),
    ("de", "VERB", "Number=Sing|VerbForm=Part", "", "SG V V.PTCP"),
    ("en", "VERB", "Mood=Ind|Number=Sing|Person=3|Tense=Pres|VerbForm=Fin", "", "3 PRS SG V"),
    ("en", "VERB", "VerbForm=Ger", "", "PRS V V.PTCP"),
    ("es", "VERB", "Mood=Imp|VerbForm=Fin", "", "IMP POS V"),
    ("es", "VERB", "VerbForm=Part", "", "V V.PTCP"),
    ("es", "VERB", "Tense=Past|VerbForm=Part", "", "PST V.PTCP"),
    ("es", "VERB", "VerbForm=Ger", "", "PRS V.CVB"),
    ("es", "VERB", "Mood=Ind|Tense=Past", "", "IND PFV PST V"),
    ("es", "X", "Mood=Ind|Tense=Imp", "", "IND IPFV"),
    ("es", "VERB", "Mood=Sub|Tense=Imp", "", "PST SBJV V"),
    ("fi", "VERB", "Mood=Ind|VerbForm=Fin", "", "IND POS V"),
    ("fi", "VERB", "Case=Nom|Number=Sing|VerbForm=Part|Voice=Pass", "", "PASS PST V.PTCP"),
    ("fi", "VERB", "Case=Nom|Number=Sing|VerbForm=Part|Voice=Act", "", "ACT PST V.PTCP"),
    ("fi", "VERB", "Case=Nom|Number=Plur|VerbForm=Part|Voice=Act", "", "ACT NOM PL V V.PTCP"),
    ("fi", "VERB", "Number=Sing|VerbForm=Inf|Voice=Act", "", "NFIN V"),
    ("fr", "VERB", "Gender=Fem|Number=Plur|Tense=Past|VerbForm=Part", "", "PST V.PTCP"),
    ("fr", "VERB", "Mood=Ind|Tense=Pres|VerbForm=Fin", "", "IND PRS V"),
    ("fr", "VERB", "Mood=Ind|Tense=Past|VerbForm=Fin", "", "IND PFV PST V"),
    ("fr", "VERB", "Mood=Ind|Tense=Imp|VerbForm=Fin", "", "IND IPFV PST V"),
    ("fr", "VERB", "Mood=Cnd|Tense=Pres", "", "COND V"),
    ("fr", "VERB", "Mood=Imp|Tense=Pres", "", "IMP POS V"),
    ("fr", "VERB", "VerbForm=Ger", "", "PRS V.CVB"),
    ("he", "NOUN", "Gender=Fem,Masc|Number=Plur", "", "N NDEF PL"),
    ("he", "NOUN", "Definite=Cons|Gender=Masc|Number=Sing", "", "N PSSD SG"),
    ("he", "VERB", "Number=Sing|VerbForm=Part", "", "SG V.PTCP"),
    ("he", "VERB", "Polarity=Pos|Tense=Past|Voice=Act", "", "PST V"),
    ("hu", "VERB", "Mood=Ind|VerbForm=Fin|Voice=Act", "", "IND V"),
    ("hu", "VERB", "Tense=Pres|VerbForm=Inf", "", "NFIN V"),
    ("it", "VERB", "Gender=Masc|Number=Sing|Tense=Past|VerbForm=Part", "", "PST V.PTCP"),
    ("it", "VERB", "Mood=Ind|Tense=Pres|VerbForm=Fin", "", "IND PRS V"),
    ("it", "VERB", "Mood=Ind|Tense=Past|VerbForm=Fin", "", "IND PFV PST V"),
    ("it", "VERB", "Mood=Ind|Tense=Imp|VerbForm=Fin", "", "IND IPFV PST V"),
    ("it", "VERB", "Mood=Cnd|Tense=Pres", "", "COND V"),
    ("it", "VERB", "Mood=Imp|Tense=Pres", "", "IMP PRS V"),
    ("it", "VERB", "VerbForm=Ger", "", "PRS V.CVB"),
    ("pl", "NOUN", "Animacy=Hum|Gender=Masc|Number=Sing", "", "N SG"),
    ("pl", "ADJ", "Animacy=Hum|Gender=Masc|Number=Plur", "", "ADJ PL"),
    ("pl", "ADJ", "Animacy=Inan|Gender=Masc|Number=Sing", "", "ADJ MASC SG"),
    ("pl", "VERB", "Aspect=Perf|VerbForm=Inf", "", "NFIN V"),
    ("pl", "VERB", "Aspect=Perf|Tense=Past|VerbForm=Fin", "", "PFV PST V"),
    ("pl", "VERB", "Aspect=Imp|Mood=Ind|Tense=Pres|VerbForm=Fin|Voice=Act", "", "PRS V"),
    ("pt", "VERB", "Gender=Fem|Number=Sing|VerbForm=Part", "falada", "FEM PST SG V.PTCP"),
    ("pt", "VERB", "Tense=Pres|VerbForm=Part|Voice=Pass", "", "PRS PST V.PTCP"),
    ("pt", "VERB", "Tense=Pres|VerbForm=Part", "falado", "PRS V.PTCP"),
    ("pt", "VERB", "VerbForm=Part", "falado", "MASC PST SG V.PTCP"),
    ("pt", "VERB", "VerbForm=Part", "aberto", "MASC PST SG V.PTCP"),
    ("pt", "VERB", "VerbForm=Part", "aberta", "PST V.PTCP"),
    ("pt", "VERB", "VerbForm=Ger", "falando", "PRS V.PTCP"),
    ("pt", "VERB", "Mood=Ind|Tense=Pres|VerbForm=Fin", "", "IND PRS V"),
    ("pt", "VERB", "Mood=Ind|Tense=Past|VerbForm=Fin", "", "IND PFV PST V"),
    ("pt", "VERB", "Aspect=Imp|Tense=Past", "", "IPFV PST V"),
    ("pt", "VERB", "Mood=Ind|Tense=Imp", "", "IND IPFV PST V"),
    ("pt", "VERB", "Mood=Ind|Number=Plur|Person=3|VerbForm=Fin", "falaram", "3 IND PFV PL PST V"),
    ("pt", "VERB", "Mood=Ind|Number=Plur|Person=3|VerbForm=Fin", "falam", "3 IND PL V"),
    ("pt", "VERB", "Tense=Pres|Voice=Pass", "", "PRS V"),
    ("ro", "VERB", "Tense=Pres|VerbForm=Fin", "", "PRS V"),
    ("ro", "VERB", "Mood=Ind|Person=3|Tense=Past", "", "3 IND PFV PST V"),
    ("ro", "VERB", "Mood=Ind|Tense=Past", "", "IND PST V"),
    ("sl", "NOUN", "Animacy=Anim|Gender=Masc|Number=Dual", "", "DU N"),
    ("sl", "NOUN", "Animacy=Inan|Gender=Masc", "", "INAN N"),
    ("sv", "VERB", "Mood=Ind|Tense=Past|VerbForm=Fin", "", "IND PST V"),
    ("sv", "ADJ", "Case=Nom|Degree=Cmp", "", "ADJ CMPR"),
    ("sv", "ADJ", "Number=Sing|Tense=Past|VerbForm=Part", "", "ADJ SG"),
    ("sv", "ADJ", "Case=Nom|Number=Plur", "", "ADJ INDF PL"),
    ("sv", "ADJ", "Degree=Cmp|Number=Plur", "", "ADJ CMPR PL"),
    ("sv", "NOUN", "Gender=Com|Number=Sing", "", "N SG"),
    ("sv", "ADJ", "Definite=Def|Number=Sing", "", "ADJ DEF"),
    ("sv", "VERB", "Mood=Ind|Tense=Pres|VerbForm=Fin", "", "ACT IND PRS V"),
    ("sv", "VERB", "Mood=Imp|VerbForm=Fin|Voice=Act", "", "IMP V"),
    ("tr", "NOUN", "Case=Nom|Person=3", "", "N NOM"),
    ("tr", "VERB", "Person=3", "", "3 V"),
    ("uk", "NOUN", "Animacy=Inan|Case=Nom|Gender=Masc", "", "N NOM"),
    ("uk", "VERB", "Aspect=Perf|Mood=Ind|Tense=Past|VerbForm=Fin", "", "PST V"),
    ("uk", "VERB", "Aspect=Imp|VerbForm=Conv", "", "V.CVB"),
]


@pytest.mark.parametrize(("language", "upos", "feats", "form", "tags"), RULE_CASES)
def test_language_rules(language: str, upos: str, feats: str, form: str, tags: str) -> None:
    assert joined(converter(language).tags(upos, feats, form)) == tags


@pytest.mark.parametrize("language", RULED)
def test_every_rule_is_needed_for_some_case(language: str) -> None:
    rules = converter(language).rules
    cases = [case[1:] for case in RULE_CASES if case[0] == language]
    assert rules
    for index, rule in enumerate(rules):
        without = Converter(rules[:index] + rules[index + 1 :])
        wrong = [c for c in cases if joined(without.tags(*c[:3])) != c[3]]
        assert wrong, f"no case would fail without {rule}"


@pytest.mark.parametrize("language", UNRULED)
def test_other_languages_have_no_rules(language: str) -> None:
    assert converter(language).rules == ()


@pytest.mark.parametrize(
    ("language", "upos", "feats", "categories"),
    [
        ("qaa", "PUNCT", "_", {}),
        ("qaa", "NOUN", "_", {"Part of Speech": "N"}),
        ("qaa", "VERB", "VerbForm=Part", {"Part of Speech": "V.PTCP"}),
        ("qaa", "PROPN", "VerbForm=Vnoun", {"Part of Speech": "V.MSDR"}),
        ("qaa", "X", "Case=Acc,Nom", {}),
        ("qaa", "X", "Degree=Cmp,Pos", {"Comparison": "CMPR"}),
        ("qaa", "X", "Number=Plur,Other", {}),
        ("qaa", "X", "Definite=Com,Cons", {"Possession": "{PSSD}"}),
        ("qaa", "X", "Case=Ine", {"Case": "ESS+IN"}),
        ("qaa", "X", "Gender=Com", {"Gender": "FEM+MASC"}),
        ("qaa", "X", "Tense=Pqp", {"Tense": "PST+PRF"}),
        ("qaa", "X", "Tense=Imp", {"Aspect": "IPFV"}),
        ("qaa", "X", "Mood=Qot|Evident=Fh", {}),
        ("qaa", "X", "Case=Dis|Number=Grpa|VerbForm=Short", {}),
        ("qaa", "X", "Reflex=Yes", {"Valency": "REFL"}),
        ("qaa", "X", "Voice=Cau", {"Valency": "CAUS"}),
        ("qaa", "X", "Definite=Cons", {"Possession": "PSSD"}),
        ("qaa", "X", "Person[psor]=3", {"Possession": "PSS3"}),
        ("qaa", "X", "Polite=Form", {"Politeness": "FORM"}),
        ("qaa", "X", "Animacy=Anim|Person=3", {"Animacy": "ANIM", "Person": "3"}),
        ("he", "NOUN", "Number=Sing", {"Definiteness": "INDF", "Number": "SG"}),
        ("bg", "ADJ", "Degree=Sup", {"Comparison": "SPRL"}),
        # the treebank has NEG, and a rule adds POS
        ("fi", "AUX", "Polarity=Neg|VerbForm=Fin", {"Polarity": "NEG"}),
        ("fi", "AUX", "VerbForm=Fin", {"Polarity": "POS"}),
        ("es", "VERB", "Mood=Imp|Polarity=Neg", {"Polarity": "NEG", "Mood": "IMP"}),
    ],
)
def test_categories(language: str, upos: str, feats: str, categories: dict[str, str]) -> None:
    converted = dict(converter(language).categories(upos, feats))
    if "Part of Speech" not in categories:
        converted.pop("Part of Speech", None)
    assert converted == categories


def test_the_cache_distinguishes_portuguese_endings() -> None:
    convert = converter("pt")
    for form, gender in [("dita", None), ("dito", "MASC"), ("feita", None), ("falado", "MASC")]:
        assert convert.categories("VERB", "VerbForm=Part", form).get("Gender") == gender


def test_categories_are_those_of_the_paper() -> None:
    paper = Path(__file__).parents[1] / "data" / "paper_categories.csv"
    with paper.open(encoding="utf-8", newline="") as stream:
        assert sorted({row["category"] for row in csv.DictReader(stream)}) == list(CATEGORIES)


def test_features_without_a_value_are_refused() -> None:
    with pytest.raises(InputError, match="feature 'Case' is not of the form"):
        converter("de").categories("NOUN", "Case|Number=Sing")


VALUES = {
    "Animacy": ["Anim", "Inan", "Hum"],
    "Aspect": ["Imp", "Perf"],
    "Case": ["Nom", "Acc", "Ine", "Add", "Del"],
    "Definite": ["Def", "Ind", "Cons"],
    "Degree": ["Cmp", "Pos", "Sup"],
    "Gender": ["Masc", "Fem", "Neut", "Com"],
    "Mood": ["Ind", "Sub", "Imp", "Qot"],
    "Number": ["Sing", "Plur"],
    "Number[psor]": ["Sing", "None"],
    "Person": ["1", "3"],
    "Person[psor]": ["1", "None"],
    "Polarity": ["Neg", "Pos"],
    "Tense": ["Past", "Pres", "Pqp", "Imp"],
    "VerbForm": ["Fin", "Inf", "Part", "Ger"],
    "Voice": ["Act", "Pass", "Cau"],
}
languages = st.sampled_from([*RULED, "qaa"])
tags_of_speech = st.sampled_from(["NOUN", "ADJ", "VERB", "AUX", "DET", "X", "_"])
forms = st.sampled_from(["falado", "dito", "falaram", "x"])
features = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=6).flatmap(
    lambda names: st.fixed_dictionaries(
        {
            name: st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2, unique=True)
            for name in names
        }
    )
)


def feats_of(features: dict[str, list[str]]) -> str:
    return "|".join(f"{name}={','.join(values)}" for name, values in features.items()) or "_"


@pytest.mark.slow
@given(languages, tags_of_speech, forms, features, st.randoms())
def test_order_of_features_and_values_does_not_matter(
    language: str, upos: str, form: str, features: dict[str, list[str]], random
) -> None:
    shuffled = {
        name: random.sample(features[name], len(features[name]))
        for name in random.sample(list(features), len(features))
    }
    convert = converter(language)
    first = convert.tags(upos, feats_of(features), form)
    assert convert.tags(upos, feats_of(shuffled), form) == first
    assert convert.categories(upos, feats_of(shuffled), form) == convert.categories(
        upos, feats_of(features), form
    )


@pytest.mark.slow
@given(languages, tags_of_speech, forms, features)
def test_the_cache_changes_nothing_and_categories_are_in_order(
    language: str, upos: str, form: str, features: dict[str, list[str]]
) -> None:
    convert = converter(language)
    cached = convert.categories(upos, feats_of(features), form)
    fresh = Converter(convert.rules).categories(upos, feats_of(features), form)
    assert cached == fresh
    positions = [CATEGORIES.index(category) for category in cached]
    assert all(a < b for a, b in itertools.pairwise(positions))


@pytest.mark.parametrize("code", ["DA", "dan", "da-DK", "da_DK", "DAN"])
def test_rules_are_found_however_the_code_is_written(code: str) -> None:
    row = ("VERB", "Tense=Pres|VerbForm=Fin")
    assert converter(code).tags(*row) == converter("da").tags(*row) != converter("nl").tags(*row)


def test_upper_and_lower_case_and_spaces_do_not_matter() -> None:
    strict = "Case=Acc,Nom|Number=Plur|Number[psor]=Sing|Person[psor]=2"
    loose = "case=nom, acc | number = plur|NUMBER[PSOR]=SING | person[psor]=2"
    assert (
        basic_tags("noun", loose) == basic_tags("NOUN", strict) == {"N", "{ACC/NOM}", "PL", "PSS2S"}
    )
    assert converter("en").categories("Noun", loose) == converter("en").categories("NOUN", strict)


@pytest.mark.parametrize("code", ["a b", "", " ", "Danish language"])
def test_a_name_that_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(InputError, match="language must be an ISO 639 code"):
        converter(code)
