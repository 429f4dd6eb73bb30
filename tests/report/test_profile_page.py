import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from langsig.profiling import Profile
from langsig.report import difference_page, profile_page
from langsig.schemas import Fits, Languages, Outcomes, Predictors
from tests.profile_tables import THRESHOLD, codes, predictors_of, profile_of

NASTY = '<img src=x onerror="alert(1)"></script>&amp;'
SVG = (
    '<?xml version="1.0"?>\n<svg><defs><path id="a" d=""/></defs>'
    '<use xlink:href="#a" clip-path="url(#a)"/></svg>'
)
FIGURES = {"fits": SVG, "layers": SVG, "predictors": SVG}


class Page(HTMLParser):
    """Tags, text and tables of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.sections: dict[str, str] = {}
        self._section = ""
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self._section = str(dict(attrs)["id"])
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, text: str) -> None:
        if self._in_cell:
            self.tables[-1][-1][-1] += text
        self.sections[self._section] = self.sections.get(self._section, "") + text

    def text(self, section: str) -> str:
        return " ".join(self.sections[section].split())


def settings_of(profile: Profile, **changes: Any) -> dict[str, Any]:
    languages = profile.summary().index
    sizes = {"training": 1000, "measures": 4400, "test": 3000, "sentences": 500, "draws": 3}
    return {
        "model": "some/model",
        "languages": {language: f"UD_{language}" for language in languages},
        "reference": "upos",
        "precision": "bfloat16",
        "rank": 8,
        "sizes": sizes,
        **changes,
    }


def page_of(
    profile: Profile,
    *,
    languages: Languages | None = None,
    figures: dict[str, str] | None = None,
    **changes: Any,
) -> Page:
    settings = settings_of(profile, **changes)
    html = profile_page(profile, settings=settings, languages=languages, figures=figures or FIGURES)
    return Page(html)


def facts_of(count: int, name: str = "Language") -> Languages:
    names = codes(count)
    named = [f"{name} {code}" for code in names]
    return Languages(
        pd.DataFrame({"language": names, "name": named, "family": "Northern", "genus": None})
    )


def printed(value: float, digits: int) -> str:
    return "–" if np.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profile_of(9, without_retrieval=["qbb"])


@pytest.fixture(scope="module")
def page(profile: Profile) -> Page:
    return page_of(profile, languages=facts_of(9))


def test_the_table_has_the_values_of_every_language(profile: Profile, page: Page) -> None:
    head, *rows = page.tables[0]
    assert head == [
        "language", "fit", "95 % interval", "null", "random weights", "transfer", "probe",
        "selectivity", "retrieval", "sub-words per word",
    ]  # fmt: skip
    summary = profile.summary().sort_values("fit", ascending=False)
    columns = [
        "fit", "null", "untrained", "transfer", "probe", "selectivity", "retrieval", "fertility",
    ]  # fmt: skip
    for cells, (code, row) in zip(rows, summary.iterrows(), strict=True):
        assert cells[0] == f"Language {code} ({code})"
        assert cells[2] == f"{printed(row['low'], 3)} to {printed(row['high'], 3)}"
        assert [cells[1], *cells[3:]] == [printed(row[name], 3) for name in columns]
    (without,) = [cells for cells in rows if "–" in cells]
    assert without[0].endswith("(qbb)")


def test_without_parallel_sentences_there_is_no_retrieval() -> None:
    page = page_of(profile_of(4, without_retrieval=codes(4)))
    assert "retrieval" not in page.tables[0][0]
    assert "Retrieval was not measured" in page.text("measured")


def test_the_gain_at_masked_sub_words_is_shown_where_it_was_measured(profile: Profile) -> None:
    gain = {"outcome": "masked_gain", "language": "qaa", "value": 1.25, "draws": 1}
    frame = pd.concat([profile.outcomes.frame, pd.DataFrame([gain])], ignore_index=True)
    page = page_of(replace(profile, outcomes=Outcomes(frame)))
    head, *rows = page.tables[0]
    values = {cells[0]: cells[head.index("masked gain")] for cells in rows}
    assert values == {code: "1.250" if code == "qaa" else "–" for code in codes(9)}
    assert "in nat per sub-word" in page.text("languages")
    assert "nat" not in page_of(profile).text("languages").split()


def test_all_correlations_are_in_a_table(profile: Profile, page: Page) -> None:
    rows = page.tables[1][1:]
    table = profile.predictors.frame
    assert len(rows) == len(table)
    for cells, row in zip(rows, table.to_dict("records"), strict=True):
        if np.isnan(row["partial"]):
            assert cells[3:6] == ["–"] * 3
            continue
        low, high = (printed(row[end], 2) for end in ("low", "high"))
        assert cells[4] == f"{printed(row['partial'], 2)} ({low} to {high})"
        assert cells[8] == ("yes" if row["beyond"] else "no")


def test_what_was_measured_is_said(page: Page) -> None:
    text = page.text("measured")
    for phrase in (
        "9 languages", "some/model", "bfloat16", "0, the embeddings, to 4", "layers 1 to 3",
        "4,400 words", "1,000 words", "3,000 words", "3 draws", "deviation is 0.02 for transfer",
        "in 8 languages, with up to 500 parallel sentences",
    ):  # fmt: skip
        assert phrase in text, phrase


def test_languages_above_null_and_random_weights_are_counted(profile: Profile) -> None:
    frame = profile.fits.frame.assign(null=0.99, untrained=0.01)
    text = page_of(replace(profile, fits=Fits(frame))).text("fit")
    assert "above the null in none of 9 languages" in text
    assert "above the fit of random weights in 9 of 9 languages" in text
    untrained = replace(profile, fits=Fits(frame.assign(untrained=np.nan)))
    page = page_of(untrained, reference="untrained")
    assert "random weights in" not in page.text("fit")
    assert "random weights" not in page.tables[0][0]


def test_what_the_fit_predicts_is_said_with_the_threshold(page: Page) -> None:
    text = page.text("predictors")
    assert f"threshold of {THRESHOLD:.2f}" in text
    assert (
        "The fit predicts transfer from all other languages beyond sub-words per word and family: "
        "rank correlation 0.81, partial 0.71 (0.51 to 0.91), 9 languages."
    ) in text
    assert "For retrieval, the fit predicts nothing beyond sub-words per word and family" in text
    assert "partial −0.12 (−0.32 to 0.08)" in text
    assert "No other measure predicts anything" in text


def test_family_is_named_only_if_it_was_given(profile: Profile) -> None:
    assert "and family" not in page_of(profile).text("predictors")


def test_other_measures_that_predict_are_named(profile: Profile) -> None:
    frame = profile.predictors.frame
    others = frame.assign(measure=frame["measure"].replace({"fertility": "cka"}))
    others.loc[others["measure"] == "cka", ["partial", "low", "high"]] = 0.8, 0.6, 0.9
    others["beyond"] |= (others["measure"] == "cka") & (others["outcome"] == "probe")
    text = page_of(replace(profile, predictors=Predictors(others))).text("predictors")
    assert "predict beyond sub-words per word: accuracy of the probe (CKA)." in text


def test_with_few_languages_nothing_is_concluded(profile: Profile) -> None:
    few = replace(profile, predictors=predictors_of(3, correlations=False))
    text = page_of(few).text("predictors")
    assert "too few languages" in text
    assert "threshold" not in text.replace("partial", "").split("All measures")[0]


def test_names_are_escaped(profile: Profile) -> None:
    page = page_of(
        profile,
        languages=facts_of(9, NASTY),
        model=NASTY,
        precision=NASTY,
    )
    assert "img" not in {tag for tag, _ in page.tags}
    assert NASTY in page.text("measured")
    assert page.tables[0][1][0].startswith(NASTY)


def test_the_page_needs_no_script_and_no_network(page: Page) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "img", "object"}
    policy = next(
        attributes["content"] for tag, attributes in page.tags
        if tag == "meta" and "http-equiv" in attributes
    )  # fmt: skip
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_identifiers_of_figures_do_not_clash(page: Page) -> None:
    identifiers = [str(attributes["id"]) for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    referred = re.findall(r'(?:href="#|url\(#)([\w-]+)', page.html)
    assert len(referred) == 2 * len(FIGURES)
    assert set(referred) <= set(identifiers)
    assert "<?xml" not in page.html


def test_differences_are_counted_by_their_intervals() -> None:
    table = pd.DataFrame(
        {
            "fit": [0.1, -0.2, 0.02],
            "low": [0.05, -0.3, -0.01],
            "high": [0.15, -0.1, 0.05],
            "transfer": [0.3, -0.1, np.nan],
        },
        codes(3),
    )
    page = Page(
        difference_page(table, models=("one", NASTY), languages=None, figures={"differences": SVG})
    )
    assert page.tables[0] == [
        ["language", "fit", "95 % interval", "transfer"],
        ["qaa", "0.100", "0.050 to 0.150", "0.300"],
        ["qcc", "0.020", "−0.010 to 0.050", "–"],
        ["qbb", "−0.200", "−0.300 to −0.100", "−0.100"],
    ]
    text = page.text("differences")
    assert "The fit of 1 of 3 languages is higher in one, and that of 1 is lower" in text
    assert "img" not in {tag for tag, _ in page.tags}
    assert NASTY in text
