import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
import vl_convert

from langsig.morphology import ALL_WORDS
from langsig.report import Results, report_page
from langsig.report.sections import sections_of
from langsig.schemas import Correlations, Languages, LearnedSignatures, Trends
from tests.report.tables import renamed

Inputs = Callable[..., Results]
SECTIONS = [
    "overview", "learning", "outcomes", "signatures", "learned", "findings", "trends",
    "spread",
    "correlations",
    "benchmarks", "distances", "trees", "variance", "baselines", "measures", "ranks",
    "factorisations", "coverage", "provenance",
]  # fmt: skip
NASTY = "<img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;\u2028"


class Page(HTMLParser):
    """The tags, the text of sections, and the scripts, as a browser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.sections: dict[str, str] = {}
        self.section = ""
        self.open_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self.section = str(dict(attrs)["id"])
        self.open_script = tag == "script"
        if self.open_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.section = "" if tag == "section" else self.section
        self.open_script = False

    def handle_data(self, text: str) -> None:
        if self.open_script:
            self.scripts[-1] += text
        if self.section:
            self.sections[self.section] = self.sections.get(self.section, "") + " " + text

    @property
    def data(self) -> Any:
        return json.loads(self.scripts[0])


def page_of(results: Results) -> str:
    return report_page(
        results,
        parameters={"seed": 1, "note": "a < b"},
        provenance={"Git revision": "abc123"},
    )


@pytest.fixture(scope="module")
def page(inputs: Inputs) -> Page:
    return Page(page_of(inputs(3, unlearnt=("qab",))))


@pytest.fixture(scope="module")
def many(inputs: Inputs) -> str:
    return page_of(inputs(33, layers=13, categories=17))


def test_all_sections_are_there_in_order_and_in_the_contents(page: Page) -> None:
    assert [attributes["id"] for tag, attributes in page.tags if tag == "section"] == SECTIONS
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links[1:] == [f"#{name}" for name in SECTIONS]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "section"),
    [
        ("learning_curves", "learning"), ("average_signatures", "signatures"),
        ("learned", "learned"),
        ("findings", "findings"), ("trends", "trends"), ("spread", "spread"),
        ("correlations", "correlations"), ("benchmarks", "benchmarks"), ("distances", "distances"),
        ("trees", "trees"), ("variance_tests", "variance"), ("baseline_agreement", "baselines"),
        ("measure_tests", "measures"), ("ranks", "ranks"), ("factorizations", "factorisations"),
        ("coverage", "coverage"),
    ],
)  # fmt: skip
def test_a_section_is_drawn_only_if_its_table_exists(
    inputs: Inputs, table: str, section: str
) -> None:
    results = inputs(3)
    for absent in (None, getattr(results, table).empty()):
        drawn = [part.key for part in sections_of(replace(results, **{table: absent}))]
        assert drawn == [key for key in SECTIONS if key not in {section, "provenance"}]


def test_why_levels_of_learned_signatures_are_withheld_is_on_the_page(inputs: Inputs) -> None:
    results = inputs(3)
    assert results.learned
    withheld = LearnedSignatures(results.learned.frame.assign(value=np.nan))
    results = replace(results, learned=withheld, learned_notes="The reference is not trained.")
    (section,) = (part for part in sections_of(results) if part.key == "learned")
    assert section.certainty == "The reference is not trained." and not section.figures


def test_outcomes_are_drawn_only_if_they_were_measured(inputs: Inputs) -> None:
    drawn = [part.key for part in sections_of(replace(inputs(3), profile=None))]
    assert drawn == [key for key in SECTIONS if key not in {"outcomes", "provenance"}]


def test_results_without_any_table_still_make_a_page() -> None:
    assert list(Page(page_of(Results())).sections) == ["overview", "provenance"]


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 33])
def test_every_figure_compiles_and_every_data_set_exists(inputs: Inputs, count: int) -> None:
    data = Page(page_of(inputs(count))).data
    assert len(data["figures"]) > 15
    for key, spec in data["figures"].items():
        vega = vl_convert.vegalite_to_vega(spec)
        names = set(re.findall(r'"data": \{"name": "(\w+)"\}', json.dumps(spec)))
        assert names <= set(data["sets"]), key
        signals = {signal["name"] for signal in vega["signals"]}
        assert {"chosen", "category", "ink", "faint"} <= signals, key


def test_figures_use_only_existing_columns(page: Page) -> None:
    """Fields of encodings come from the table, a transform, or the profile of a language."""
    profile = {"label", "name", "family", "genus", "group", "other_label", "other_name"}

    def parts(part: Any) -> Any:
        yield part
        for inner in (
            part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
        ):
            yield from parts(inner)

    for key, spec in page.data["figures"].items():
        whole = [part for part in parts(spec) if isinstance(part, dict)]
        names = {part["data"]["name"] for part in whole if isinstance(part.get("data"), dict)}
        columns = {column for name in names for column in page.data["sets"][name]}
        for part in whole:
            columns |= set(part["as"] if isinstance(part.get("as"), list) else [part.get("as")])
            columns |= set(part.get("flatten", []))
        used = {part["field"] for part in whole if isinstance(part.get("field"), str)}
        assert used <= columns | profile, key


def test_every_table_of_the_page_has_its_data(page: Page) -> None:
    named = [a["data-table"] for _, a in page.tags if "data-table" in a]
    assert named and set(named) <= set(page.data["sets"])


def test_tables_arrive_whole(page: Page, inputs: Inputs) -> None:
    table = inputs(3, unlearnt=("qab",)).average_signatures.frame
    columns = page.data["sets"]["average_signatures"]
    assert list(columns) == list(table)
    languages = [columns["language"]["values"][code] for code in columns["language"]["codes"]]
    assert languages == table["language"].tolist()
    assert columns["layer"] == table["layer"].tolist()
    assert columns["average_signature"] == pytest.approx(table["average_signature"], rel=1e-4)


def test_missing_values_stay_missing(page: Page) -> None:
    columns = page.data["sets"]["correlations"]
    assert None in columns["layer"]
    assert None in columns["p_adjusted"]


def test_policy_allows_the_scripts_of_the_page_and_nothing_else(page: Page) -> None:
    (policy,) = [
        str(attributes["content"])
        for tag, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy and "unsafe-eval" not in policy and "*" not in policy
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()) for s in page.scripts[1:]]
    assert len(digests) == 2
    assert re.search(r"script-src ([^;]*);", policy)[1] == " ".join(  # type: ignore[index]
        f"'sha256-{digest.decode()}'" for digest in digests
    )


def test_page_points_nowhere_else(page: Page) -> None:
    for tag, attributes in page.tags:
        assert "src" not in attributes and tag != "link"
        assert str(attributes.get("href", "#")).startswith("#")


@pytest.mark.slow
def test_text_of_data_is_text(inputs: Inputs) -> None:
    results = renamed(inputs(3), {"Case": NASTY})
    names = results.languages.frame.assign(name=NASTY, family=NASTY, genus=NASTY)
    html = report_page(
        replace(results, languages=Languages(names)),
        parameters={"x": NASTY},
        provenance={"revision": NASTY, NASTY: "1"},
    )
    page = Page(html)
    assert [tag for tag, _ in page.tags if tag in {"img", "script"}] == ["script"] * 3
    assert NASTY in page.data["categories"]
    assert page.data["languages"][0]["name"] == NASTY
    assert page.sections["provenance"].count(NASTY.strip()) >= 2


def without_tests(table: Correlations) -> Correlations:
    """The same table, as if there were too few languages for any test."""
    return type(table)(table.frame.assign(enough=False, p_adjusted=float("nan")))


@pytest.mark.slow
def test_results_with_too_few_languages_for_any_test_make_a_page(inputs: Inputs) -> None:
    results = inputs(2, layers=1)
    names = ("correlations", "benchmarks", "tree_statistics", "variance_tests")
    tables = {name: without_tests(getattr(results, name)) for name in names}
    page = Page(page_of(replace(results, **tables)))
    assert list(page.sections) == SECTIONS
    for name in ("correlations", "benchmarks", "trees", "variance"):
        assert "0 of 0" in page.sections[name] or "none tested" in page.sections[name]
    assert not any(re.search(r"\bnan\b", text) for text in page.sections.values())


def test_page_of_the_paper_is_small(many: str) -> None:
    assert len(many.encode()) < 5_000_000


def test_parameters_and_provenance_are_printed(page: Page) -> None:
    assert "seed: 1" in page.sections["provenance"] and "a < b" in page.sections["provenance"]
    assert "abc123" in page.sections["provenance"]


@pytest.mark.slow
def test_same_page_whenever_it_is_made(inputs: Inputs) -> None:
    assert page_of(inputs(3)) == page_of(inputs(3))


def test_each_section_has_a_result_its_certainty_and_its_limits(page: Page) -> None:
    for name in SECTIONS[:-1]:
        for head in ("Result", "Certainty", "Limits"):
            assert head in page.sections[name], name
    marked = [name for name, text in page.sections.items() if "Language qab†" in text]
    without_controls = {"findings", "outcomes", "ranks", "factorisations", "coverage"}
    assert set(marked) >= set(SECTIONS[:-1]) - without_controls


def test_the_script_gets_the_layers_whose_fit_failed_and_the_name_of_all_words(page: Page) -> None:
    assert page.data["failedLayers"] == {ALL_WORDS: [1]}
    assert page.data["allWords"] == page.data["categories"][0] == ALL_WORDS
    for spec in page.data["figures"].values():
        assert {"name": "failed", "value": {}} in spec["params"], "the page fills it in"


def test_script_and_template_name_no_category() -> None:
    for name in ("page.js", "page.html"):
        text = (files("langsig.report") / "page" / name).read_text(encoding="utf-8")
        assert ALL_WORDS not in text


@pytest.mark.slow
def test_no_text_of_the_page_says_nan_or_none(inputs: Inputs) -> None:
    page = Page(page_of(inputs(8, unlearnt=("qab", "experimental"))))
    for key in SECTIONS[:-1]:
        assert not re.search(r"\b(nan|None|NA)\b", page.sections[key].replace("None of", "")), key


@pytest.mark.slow
def test_trends_of_other_categories_alone_are_no_section(inputs: Inputs) -> None:
    results = inputs(3)
    trends = Trends(results.trends.frame.query("category != @ALL_WORDS"))
    assert "trends" not in [part.key for part in sections_of(replace(results, trends=trends))]
