import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
import vl_convert

from langsig.morphology import ALL_WORDS
from langsig.report import report_page

Inputs = Callable[..., dict[str, Any]]
SECTIONS = [
    "overview", "learning", "signatures", "findings", "trends", "spread", "correlations",
    "benchmarks", "distances", "trees", "variance", "baselines", "answers", "ranks",
    "factorisations", "coverage", "made-from",
]  # fmt: skip
NASTY = "<img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;\u2028"


class Page(HTMLParser):
    """What a browser sees: tags, the text of sections, and the scripts."""

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


def page_of(made: dict[str, Any]) -> str:
    return report_page(
        **made, parameters={"seed": 1, "note": "a < b"}, provenance={"Git revision": "abc123"}
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


@pytest.mark.parametrize(
    ("table", "section"),
    [
        ("learning", "learning"), ("average_signatures", "signatures"), ("findings", "findings"),
        ("trends", "trends"), ("spread", "spread"), ("correlations", "correlations"),
        ("benchmarks", "benchmarks"), ("distances", "distances"), ("trees", "trees"),
        ("variance_tests", "variance"), ("baseline_agreement", "baselines"),
        ("measure_tests", "answers"), ("ranks", "ranks"), ("factorizations", "factorisations"),
        ("coverage", "coverage"),
    ],
)  # fmt: skip
def test_a_section_is_drawn_only_if_its_table_is_there(
    inputs: Inputs, table: str, section: str
) -> None:
    made = inputs(3)
    del made["tables"][table]
    assert set(SECTIONS) - set(Page(page_of(made)).sections) == {section}


def test_a_run_without_any_table_or_metric_still_makes_a_page() -> None:
    html = report_page({}, metrics={}, parameters={}, provenance={})
    assert list(Page(html).sections) == ["overview", "made-from"]


@pytest.mark.parametrize("count", [3, 33])
def test_every_figure_compiles_and_every_name_of_data_is_there(inputs: Inputs, count: int) -> None:
    data = Page(page_of(inputs(count))).data
    assert len(data["figures"]) > 15
    for key, spec in data["figures"].items():
        vega = vl_convert.vegalite_to_vega(spec)
        names = set(re.findall(r'"data": \{"name": "(\w+)"\}', json.dumps(spec)))
        assert names <= set(data["sets"]), key
        signals = {signal["name"] for signal in vega["signals"]}
        assert {"chosen", "category", "ink", "faint"} <= signals, key


def test_figures_use_only_columns_that_are_there(page: Page) -> None:
    """Fields of encodings come from the table, from a transform, or are told of a language."""
    told = {"label", "name", "family", "genus", "group", "other_label", "other_name"}

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
        assert used <= columns | told, key


def test_every_table_of_the_page_has_its_data(page: Page) -> None:
    named = [a["data-table"] for _, a in page.tags if "data-table" in a]
    assert named and set(named) <= set(page.data["sets"])


def test_tables_arrive_whole(page: Page, inputs: Inputs) -> None:
    table = inputs(3, unlearnt=("qab",))["tables"]["average_signatures"]
    columns = page.data["sets"]["average_signatures"]
    assert list(columns) == list(table)
    languages = [columns["language"]["values"][code] for code in columns["language"]["codes"]]
    assert languages == table["language"].tolist()
    assert columns["layer"] == table["layer"].tolist()
    assert columns["average_signature"] == pytest.approx(table["average_signature"], rel=1e-4)


def test_what_is_missing_stays_missing(page: Page) -> None:
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


def test_text_of_data_is_text(inputs: Inputs) -> None:
    made = inputs(3)
    made["facts"] = made["facts"].assign(name=NASTY, family=NASTY, genus=NASTY)
    made["tables"] = {
        name: table.replace({"Case": NASTY}) for name, table in made["tables"].items()
    }
    html = report_page(**made, parameters={"x": NASTY}, provenance={"revision": NASTY})
    page = Page(html)
    assert [tag for tag, _ in page.tags if tag in {"img", "script"}] == ["script"] * 3
    assert NASTY in page.data["categories"]
    assert page.data["languages"][0]["name"] == NASTY
    assert NASTY.strip() in page.sections["made-from"]


def test_a_run_of_too_few_languages_for_any_test_makes_a_page(inputs: Inputs) -> None:
    made = inputs(2, layers=1)
    for name in ("correlations", "benchmarks", "tree_statistics", "variance_tests"):
        table = made["tables"][name]
        made["tables"][name] = table.assign(enough=False, p_adjusted=float("nan"))
    page = Page(page_of(made))
    assert list(page.sections) == SECTIONS
    for name in ("correlations", "benchmarks", "trees", "variance"):
        assert "0 of 0" in page.sections[name] or "none tested" in page.sections[name]
    assert not any(re.search(r"\bnan\b", text) for text in page.sections.values())


def test_page_of_the_paper_is_small(many: str) -> None:
    assert len(many.encode()) < 5_000_000


def test_tables_with_a_row_a_component_are_not_on_the_page(inputs: Inputs) -> None:
    made = inputs(3)
    made["tables"]["signatures"] = pd.DataFrame({"language": ["qaa"], "component": [12345]})
    assert "12345" not in json.dumps(Page(page_of(made)).data)


def test_parameters_and_provenance_are_printed(page: Page) -> None:
    assert "seed: 1" in page.sections["made-from"] and "a < b" in page.sections["made-from"]
    assert "abc123" in page.sections["made-from"]


def test_same_page_whenever_it_is_made(inputs: Inputs) -> None:
    assert page_of(inputs(3)) == page_of(inputs(3))


def test_each_section_says_how_sure_it_is_and_what_it_cannot_say(page: Page) -> None:
    for name in SECTIONS[:-1]:
        for head in ("What it says", "How sure", "What it cannot say"):
            assert head in page.sections[name], name
    marked = [name for name, text in page.sections.items() if "Language qab†" in text]
    assert set(marked) >= set(SECTIONS[:-1]) - {"findings", "ranks", "factorisations", "coverage"}


def test_layers_whose_fit_fails_are_known_to_the_page(page: Page) -> None:
    assert page.data["flagged"] == {ALL_WORDS: [1]}
    for spec in page.data["figures"].values():
        assert {"name": "flagged", "value": {}} in spec["params"], "the page fills it in"
