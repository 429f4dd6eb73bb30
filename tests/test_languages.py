"""Codes of languages have one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.errors import InputError
from langsig.languages import (
    check_distinct,
    language_code,
    language_code_if_any,
    matching_language,
    primary_code,
)


@pytest.mark.parametrize(
    ("code", "usual", "primary"),
    [
        *((code, "da", "da") for code in ("da", "DA", "Da", "dan", "DAN")),
        *((code, "da-DK", "da") for code in ("da-DK", "da_DK", "dan_dk", "DA-dk")),
        *((code, "zh", "zh") for code in ("zh", "zho", "chi", "cmn")),
        ("zh_hant", "zh-Hant", "zh"),
        ("yue", "yue", "yue"),
        ("ekk", "et", "et"),
        ("nob", "nb", "nb"),
        ("nor", "no", "no"),
        ("qaa", "qaa", "qaa"),
        ("nan", "nan", "nan"),
        ("iw", "he", "he"),
    ],
)
def test_spellings_of_a_code_are_one(code: str, usual: str, primary: str) -> None:
    assert language_code(code) == language_code_if_any(code) == usual
    assert primary_code(code) == primary


@pytest.mark.parametrize(
    "name", ["", " ", "danish", "a b", "da.DK", "C", "da\n", "日本", "i-x", "1", 3]
)
def test_names_that_are_no_codes_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="language must be an ISO 639 code such as 'en', got"):
        language_code(name)
    assert language_code_if_any(name) == name


@pytest.mark.slow
@given(st.text() | st.from_regex(r"[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{1,8}){0,3}", fullmatch=True))
def test_the_usual_spelling_is_its_own(name: str) -> None:
    usual = language_code_if_any(name)
    assert language_code_if_any(usual) == usual


def test_two_spellings_of_one_code_are_refused() -> None:
    check_distinct("controls", ["da", "da-DK", "sv"])
    with pytest.raises(InputError, match="controls names da twice, as da and dan; remove one"):
        check_distinct("controls", ["da", "sv", "dan"])


@pytest.mark.parametrize(
    ("language", "names", "match"),
    [
        ("sv", ["en_XX", "sv_SE"], "sv_SE"),
        ("da", ["dan_Latn", "nob_Latn"], "dan_Latn"),
        ("no", ["dan_Latn", "nob_Latn", "nno_Latn"], "nob_Latn"),
        ("zh", ["zho_Hant", "zho_Hans"], "zho_Hans"),
        ("zh-TW", ["zho_Hans", "zho_Hant"], "zho_Hant"),
        ("pt-BR", ["pt_PT", "pt_BR"], "pt_BR"),
        ("sr", ["srp_Latn"], "srp_Latn"),
        ("qaa", ["qaa_XX"], "qaa_XX"),
        ("DA_dk", ["da"], "da"),
        ("da", ["no", "sv", "nb_NO"], None),
        ("hr", ["sr", "bs"], None),
        ("en", ["<s>", "__en__", "en-"], None),
        ("en", [], None),
    ],
)
def test_names_of_languages_match_by_code(
    language: str, names: list[str], match: str | None
) -> None:
    assert matching_language(language, names) == match
